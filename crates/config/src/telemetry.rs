//! Log, metrics and traces of a process.

use std::net::SocketAddr;

use porta_core::string_enum;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::Environment;
use crate::reader::{Reader, SecretInput};
use crate::variable::{
    LOG_LEVEL, METRICS_BIND, METRICS_ENABLED, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS,
    OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER_ARG,
};

string_enum! {
    pub enum LogLevel { Debug = "debug", Info = "info", Warn = "warn", Error = "error", Fatal = "fatal" }
}

string_enum! {
    /// Follows the environment: production writes JSON, development text for people, tests nothing.
    pub enum LogFormat { Json = "json", Human = "human", Silent = "silent" }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    pub level: LogLevel,
    pub format: LogFormat,
}

impl LogConfig {
    pub(crate) fn read(reader: &mut Reader<'_>, environment: Environment) -> Self {
        let format = match environment {
            Environment::Production => LogFormat::Json,
            Environment::Development => LogFormat::Human,
            Environment::Test => LogFormat::Silent,
        };
        Self { level: reader.word(LOG_LEVEL).and_then(LogLevel::parse).unwrap_or(LogLevel::Info), format }
    }
}

/// Where `/metrics` is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricsConfig {
    Off,
    /// On the same port as everything else.
    Public,
    /// On a separate listener only.
    Private(SocketAddr),
}

impl MetricsConfig {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Self {
        let bind = reader.text(METRICS_BIND);
        let address = bind.as_deref().map(str::parse::<SocketAddr>);
        if let Some(Err(_)) = address {
            let remedy = "use for example 127.0.0.1:9464 or [::1]:9464";
            reader.note(METRICS_BIND, "it is not an address and a port", remedy);
        }
        match (reader.boolean(METRICS_ENABLED), address) {
            (Some(false), _) | (None, None) => Self::Off,
            (_, Some(Ok(address))) => Self::Private(address),
            (Some(true), None) | (_, Some(Err(_))) => Self::Public,
        }
    }
}

/// Where traces go: OTLP over HTTP, in protobuf.
#[derive(Debug, Clone)]
pub struct TracesConfig {
    /// The collector, without `/v1/traces`.
    pub endpoint: Url,
    /// Sent with each export, for collectors that require authentication.
    pub headers: Vec<(String, SecretString)>,
    pub service_name: String,
    /// Sampling rate of traces that begin here, 0 to 1. A trace that began elsewhere keeps the sampling decision made
    /// there.
    pub sampled: f64,
}

impl TracesConfig {
    /// `None`: no endpoint, so no traces.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let headers = read_headers(reader);
        let sampled = read_share(reader);
        let service_name = reader.text(OTEL_SERVICE_NAME);
        let endpoint = reader.text(OTEL_EXPORTER_OTLP_ENDPOINT)?;
        let endpoint = Url::parse(&endpoint).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                // The URL is shown with the configuration, so credentials belong in the headers.
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        let Some(endpoint) = endpoint else {
            let remedy = "use for example http://collector:4318";
            reader.note(OTEL_EXPORTER_OTLP_ENDPOINT, "it is not the address of a collector", remedy);
            return None;
        };
        let service_name =
            service_name.as_deref().or(OTEL_SERVICE_NAME.default).unwrap_or("porta").to_owned();
        Some(Self { endpoint, headers, service_name, sampled })
    }
}

/// `name=value`, comma separated, percent-encoded (OpenTelemetry, OTLP exporter configuration).
fn read_headers(reader: &mut Reader<'_>) -> Vec<(String, SecretString)> {
    let SecretInput::Value(text) = reader.secret(OTEL_EXPORTER_OTLP_HEADERS) else { return Vec::new() };
    let mut headers = Vec::new();
    for (index, item) in text.expose_secret().split(',').map(str::trim).filter(|i| !i.is_empty()).enumerate()
    {
        match item.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() => {
                let value =
                    percent_encoding::percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
                headers.push((name.trim().to_owned(), SecretString::from(value)));
            }
            _ => reader.note(
                OTEL_EXPORTER_OTLP_HEADERS,
                format!("item {} is not name=value", index + 1),
                "use name=value, separated by commas",
            ),
        }
    }
    headers
}

fn read_share(reader: &mut Reader<'_>) -> f64 {
    let Some(text) = reader.text(OTEL_TRACES_SAMPLER_ARG) else { return 1.0 };
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => share,
        _ => {
            reader.note(OTEL_TRACES_SAMPLER_ARG, "it is not a share from 0 to 1", "use for example 0.1");
            1.0
        }
    }
}
