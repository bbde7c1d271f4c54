//! The log: one JSON object per line in production, readable lines on a laptop (operations §7).

use std::fmt::Write as _;

use porta_config::{LogConfig, LogFormat, LogLevel};
use porta_core::{Clock as _, SystemClock};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging; called once.
pub(crate) fn start(config: LogConfig) {
    let level = match config.level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error | LogLevel::Fatal => LevelFilter::ERROR,
    };
    // Libraries below us speak only when something is wrong: their debug lines may carry statements or headers.
    let ours = tracing_subscriber::filter::Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("porta", level);
    let ours = ["config", "core", "directory", "http", "kv", "oidc", "pages", "signin", "store", "store_sql"]
        .iter()
        .fold(ours, |targets, room| targets.with_target(format!("porta_{room}"), level));
    let registry = tracing_subscriber::registry().with(ours);
    match config.format {
        LogFormat::Silent => {}
        LogFormat::Human => registry.with(tracing_subscriber::fmt::layer().with_target(false)).init(),
        LogFormat::Json => {
            registry.with(tracing_subscriber::fmt::layer().event_format(JsonLines::new())).init();
        }
    }
}

/// `{"level":30,"time":…,"pid":…,"hostname":…,"msg":…,…}`: the shape operators' tools already read.
struct JsonLines {
    pid: u32,
    hostname: String,
}

impl JsonLines {
    fn new() -> Self {
        let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self { pid: std::process::id(), hostname: hostname.trim().to_owned() }
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
        let mut fields = Fields(Map::new());
        event.record(&mut fields);
        let mut line = Map::new();
        line.insert("level".to_owned(), number(*event.metadata().level()).into());
        line.insert("time".to_owned(), (SystemClock.now().micros() / 1_000).into());
        line.insert("pid".to_owned(), self.pid.into());
        line.insert("hostname".to_owned(), self.hostname.as_str().into());
        line.insert("msg".to_owned(), fields.0.remove("message").unwrap_or_default());
        line.append(&mut fields.0);
        writeln!(writer, "{}", Value::Object(line))
    }
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        if write!(text, "{value:?}").is_ok() {
            self.0.insert(field.name().to_owned(), text.into());
        }
    }
}
