//! Log: one JSON object per line in production, readable lines in development (docs/operations.md, Logs).

use porta_config::{LogConfig, LogFormat, LogLevel};
use porta_core::{Clock as _, SystemClock};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The layer that writes the log; `None` when it is silent.
pub(crate) fn layer<S>(config: LogConfig) -> Option<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = match config.format {
        LogFormat::Silent => return None,
        LogFormat::Human => tracing_subscriber::fmt::layer().with_target(false).boxed(),
        LogFormat::Json => tracing_subscriber::fmt::layer().event_format(JsonLines::new()).boxed(),
    };
    Some(layer.with_filter(targets(config.level)).boxed())
}

/// Libraries log only warnings and errors: their debug lines may contain SQL statements or headers.
fn targets(level: LogLevel) -> Targets {
    const ROOMS: [&str; 14] = [
        "config",
        "core",
        "directory",
        "http",
        "kv",
        "mail",
        "oidc",
        "outbox",
        "pages",
        "session",
        "signin",
        "store",
        "store_sql",
        "web",
    ];
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Fatal => LevelFilter::ERROR,
    };
    let ours = Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("porta", level);
    ROOMS.iter().fold(ours, |targets, room| targets.with_target(format!("porta_{room}"), level))
}

/// `{"level":30,"time":…,"pid":…,"hostname":…,"msg":…,…}`: the format that operators' tools already parse.
struct JsonLines {
    pid: u32,
    /// As JSON.
    hostname: String,
}

impl JsonLines {
    fn new() -> Self {
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self { pid: std::process::id(), hostname: quoted(hostname.trim()) }
    }
}

const fn number(level: Level) -> u8 {
    match level {
        Level::TRACE => 10,
        Level::DEBUG => 20,
        Level::INFO => 30,
        Level::WARN => 40,
        Level::ERROR => 50,
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> std::fmt::Result {
        let mut line = Line { json: String::with_capacity(512), message: None };
        event.record(&mut line);
        let message = line.message.unwrap_or_default();
        let level = number(*event.metadata().level());
        let time = SystemClock.now().micros() / 1_000;
        let Self { pid, hostname } = self;
        write!(writer, r#"{{"level":{level},"time":{time},"pid":{pid},"hostname":{hostname},"msg":"#)?;
        writer.write_str(&quoted(&message))?;
        writer.write_str(&line.json)?;
        writer.write_str("}\n")
    }
}

/// A string as JSON, with quotes.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Members of a JSON object, each preceded by a comma. Written directly, without building a tree of values for each
/// line.
struct Line {
    json: String,
    message: Option<String>,
}

impl Line {
    /// `value` is JSON.
    fn push(&mut self, field: &Field, value: &str) {
        // Field names are our own identifiers and need no escaping.
        self.json.extend([",\"", field.name(), "\":", value]);
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = Some(value.to_owned());
        } else {
            self.push(field, &quoted(value));
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, &value.to_string());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, &value.to_string());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no NaN and no infinities.
        let text = if value.is_finite() { value.to_string() } else { "null".to_owned() };
        self.push(field, &text);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, if value { "true" } else { "false" });
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex, PoisonError};

    use serde_json::{Value, json};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    pub(in crate::runtime) struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Sink {
        pub(in crate::runtime) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_speak_only_when_something_is_wrong() {
        let debug = targets(LogLevel::Debug);
        for ours in ["porta", "porta::access", "porta_oidc::token", "porta_store_sql", "porta_web::listen"] {
            assert!(debug.would_enable(ours, &Level::DEBUG), "{ours}");
        }
        for library in ["sqlx::query", "hyper", "lettre", "redis", "axum::rejection"] {
            assert!(!debug.would_enable(library, &Level::INFO), "{library}");
            assert!(debug.would_enable(library, &Level::WARN), "{library}");
        }
        let error = targets(LogLevel::Error);
        assert!(!error.would_enable("sqlx", &Level::WARN) && !error.would_enable("porta_http", &Level::WARN));
    }

    #[test]
    fn a_line_is_one_json_object_whatever_it_carries() {
        let sink = Sink::default();
        let out = sink.clone();
        let layer = tracing_subscriber::fmt::layer().event_format(JsonLines::new());
        let layer = layer.with_writer(move || out.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let hostile = "a\"b\\\n\u{1}\u{2028}";
            let (id, method) = (format_args!("{}", 7), "GET");
            tracing::warn!(
                text = hostile, %method, ?hostile, %id, big = u64::MAX, small = -1, ratio = 0.5,
                none = f64::NAN, yes = true, "said \"so\"\n{hostile}"
            );
            tracing::info!("second");
        });
        let text = sink.text();
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{text}");
        let hostile = "a\"b\\\n\u{1}\u{2028}";
        assert_eq!(lines[0]["msg"], format!("said \"so\"\n{hostile}"));
        assert_eq!(lines[0]["text"], hostile);
        assert_eq!(lines[0]["method"], "GET");
        assert_eq!((&lines[0]["level"], &lines[1]["level"]), (&json!(40), &json!(30)));
        assert_eq!((&lines[0]["big"], &lines[0]["small"]), (&json!(u64::MAX), &json!(-1)));
        assert_eq!(
            (&lines[0]["ratio"], &lines[0]["none"], &lines[0]["yes"]),
            (&json!(0.5), &Value::Null, &json!(true))
        );
        assert!(lines[0]["time"].is_i64() && lines[0]["pid"].is_u64() && lines[0]["hostname"].is_string());
    }
}
