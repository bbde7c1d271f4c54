//! Traces: exports our spans in batches to a collector (OTLP over HTTP, protobuf). Off unless a collector is
//! configured; a span then costs one load and one comparison.

use std::time::Duration;

use anyhow::Context as _;
use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use porta_config::TracesConfig;
use porta_trust::Roots;
use porta_web::observe::TraceContext;
use secrecy::ExposeSecret as _;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

use super::http_client;

/// An unavailable collector must not delay shutdown.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);

pub(crate) struct Exporter {
    provider: SdkTracerProvider,
    propagator: TraceContextPropagator,
}

impl Exporter {
    pub(crate) fn start(config: &TracesConfig, roots: &Roots) -> anyhow::Result<Self> {
        let endpoint = format!("{}/v1/traces", config.endpoint.as_str().trim_end_matches('/'));
        let headers = config.headers.iter().map(|(n, v)| (n.clone(), v.expose_secret().to_owned())).collect();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client(config, roots)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(EXPORT_TIMEOUT)
            .with_headers(headers)
            .build()
            .context("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used")?;
        let resource = Resource::builder_empty()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sampled)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Self { provider, propagator: TraceContextPropagator::new() })
    }

    /// Exports only our own spans: those of libraries may contain SQL statements or headers.
    pub(crate) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let scope = InstrumentationScope::builder("porta").build();
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer_with_scope(scope))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target("porta::trace", LevelFilter::TRACE))
            .boxed()
    }

    pub(crate) fn finish(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(EXPORT_TIMEOUT) {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}

/// HTTP client for the collector. Built on a separate thread, because it starts a runtime, which must not happen inside
/// another one.
fn client(config: &TracesConfig, roots: &Roots) -> anyhow::Result<reqwest::blocking::Client> {
    let believed = http_client::trusted_certificates(roots, &config.endpoint)?;
    let builder = reqwest::blocking::Client::builder().tls_certs_only(believed).timeout(EXPORT_TIMEOUT);
    let building = std::thread::spawn(move || builder.build());
    let built = building.join().map_err(|_| anyhow::anyhow!("the thread that sets it up ended early"))?;
    built.context("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used")
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

impl TraceContext for Exporter {
    fn set_parent(&self, span: &Span, headers: &HeaderMap) {
        let parent = self.propagator.extract(&Headers(headers));
        if parent.span().span_context().is_valid()
            && let Err(error) = span.set_parent(parent)
        {
            tracing::debug!(%error, "the caller's trace context was not applied");
        }
    }

    fn trace_id(&self, span: &Span) -> Option<String> {
        let context = span.context();
        let span = context.span();
        let found = span.span_context();
        (found.is_valid() && found.is_sampled()).then(|| found.trace_id().to_string())
    }
}
