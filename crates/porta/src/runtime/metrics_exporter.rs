//! `/metrics`: renders what the crates count through the `metrics` facade and adds values that are read at scrape time.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use porta_config::Config;
use porta_core::metrics::{self, Metric, MetricKind};
use porta_core::{Clock as _, SystemClock};
use porta_kv::MemoryKv;
use porta_store::Store;
use porta_web::client_address::TrustedProxies;
use porta_web::listen::{ConnectionTimeouts, PeerLimits, serve};
use porta_web::observe::{MetricsExporter, exposition};
use porta_web::shutdown::ShutdownSignals;
use procfs::process::{LimitValue, Process};
use tokio_util::sync::CancellationToken;

/// Seconds. The reference's alert threshold is 0.5 s, so there is a bucket on either side of it.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Histogram samples are kept in memory until they are sorted into buckets.
const SORT_EVERY: Duration = Duration::from_secs(5);
/// A scrape must not hang when the database does.
const QUERY_TIMEOUT: Duration = Duration::from_secs(2);

pub(crate) struct Recorder(PrometheusHandle);

impl Recorder {
    pub(crate) fn install(config: &Config) -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(metrics::HTTP_DURATION.to_owned()), BUCKETS)?
            .install_recorder()
            .context("the metrics recorder was installed twice")?;
        for metric in metrics::ALL.iter().filter(|metric| !is_written_here(metric)) {
            match metric.kind {
                MetricKind::Counter => ::metrics::describe_counter!(metric.name, metric.help),
                MetricKind::Gauge => ::metrics::describe_gauge!(metric.name, metric.help),
                MetricKind::Histogram => ::metrics::describe_histogram!(metric.name, metric.help),
            }
            // Present from the first scrape on, so that `rate()` starts at zero.
            if metric.kind == MetricKind::Counter && metric.labels.is_empty() {
                ::metrics::counter!(metric.name).absolute(0);
            }
        }
        ::metrics::gauge!(metrics::BUILD_INFO, "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        let skipped = if config.safety.is_skipped { config.safety.violations.len() } else { 0 };
        set(metrics::PROD_SAFETY_SKIPPED, skipped);
        let sorting = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SORT_EVERY).await;
                sorting.run_upkeep();
            }
        });
        Ok(Self(handle))
    }

    pub(crate) fn exporter(
        &self,
        store: Arc<dyn Store>,
        short_lived: Option<Arc<MemoryKv>>,
    ) -> PrometheusExporter {
        PrometheusExporter { handle: self.0.clone(), store, short_lived }
    }
}

pub(crate) struct PrometheusExporter {
    handle: PrometheusHandle,
    store: Arc<dyn Store>,
    short_lived: Option<Arc<MemoryKv>>,
}

#[async_trait]
impl MetricsExporter for PrometheusExporter {
    async fn text(&self) -> String {
        let pool = self.store.pool();
        set(metrics::DB_POOL_IN_USE, pool.in_use);
        set(metrics::DB_POOL_IDLE, pool.idle);
        set(metrics::DB_POOL_WAITING, pool.waiting);
        if let Some(kv) = &self.short_lived {
            set(metrics::SHORT_LIVED_ENTRIES, kv.entries());
            set(metrics::SHORT_LIVED_BYTES, kv.bytes());
            for (kind, evicted) in kv.evicted() {
                ::metrics::counter!(metrics::SHORT_LIVED_EVICTED, "kind" => kind).absolute(evicted);
            }
        }
        let mut text = self.handle.render();
        // Written directly: a gauge of the facade would keep its last value when there is no key any more.
        if let Ok(Ok(Some(since))) =
            tokio::time::timeout(QUERY_TIMEOUT, self.store.oldest_signing_key_activation()).await
        {
            line(&mut text, metrics::SIGNING_KEY_AGE, SystemClock.now().since(since).as_secs_f64());
        }
        match process() {
            Ok(values) => values.into_iter().for_each(|(name, value)| line(&mut text, name, value)),
            Err(error) => tracing::debug!(%error, "process metrics could not be read"),
        }
        text
    }
}

fn is_written_here(metric: &Metric) -> bool {
    metric.name.starts_with("process_") || metric.name == metrics::SIGNING_KEY_AGE
}

/// Process metrics under the names that all Prometheus clients use. Written directly, because CPU seconds are
/// fractional counters, which the facade does not support.
fn process() -> procfs::ProcResult<Vec<(&'static str, f64)>> {
    let own = Process::myself()?;
    let (stat, status, limits) = (own.stat()?, own.status()?, own.limits()?);
    let per_second = procfs::ticks_per_second().max(1);
    let seconds = |ticks: u64| {
        let micros = ticks.saturating_mul(1_000_000) / per_second;
        Duration::from_micros(micros).as_secs_f64()
    };
    let bytes = |kilobytes: Option<u64>| float(kilobytes.unwrap_or_default().saturating_mul(1024));
    let boot = procfs::boot_time_secs()?;
    let mut values = vec![
        (metrics::PROCESS_CPU_USER, seconds(stat.utime)),
        (metrics::PROCESS_CPU_SYSTEM, seconds(stat.stime)),
        (metrics::PROCESS_CPU, seconds(stat.utime + stat.stime)),
        (metrics::PROCESS_START, float(boot) + seconds(stat.starttime)),
        (metrics::PROCESS_RESIDENT, bytes(status.vmrss)),
        (metrics::PROCESS_VIRTUAL, bytes(status.vmsize)),
        (metrics::PROCESS_HEAP, bytes(status.vmdata)),
        (metrics::PROCESS_OPEN_FDS, float(own.fd_count()?.try_into().unwrap_or(u64::MAX))),
    ];
    if let LimitValue::Value(most) = limits.max_open_files.soft_limit {
        values.push((metrics::PROCESS_MAX_FDS, float(most)));
    }
    Ok(values)
}

fn line(text: &mut String, name: &str, value: f64) {
    let Some(metric) = metrics::ALL.iter().find(|metric| metric.name == name) else { return };
    let kind = if metric.kind == MetricKind::Counter { "counter" } else { "gauge" };
    let help = metric.help;
    // Writing to a string cannot fail.
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
}

#[expect(clippy::cast_precision_loss, reason = "bytes, ticks and counts far below 2^53")]
fn float(value: u64) -> f64 {
    value as f64
}

fn set(name: &'static str, value: usize) {
    ::metrics::gauge!(name).set(float(value.try_into().unwrap_or(u64::MAX)));
}

/// Serves `/metrics` only, on its own listener, until `stop`.
pub(crate) async fn serve_alone(
    address: SocketAddr,
    exporter: Arc<dyn MetricsExporter>,
    keep_alive: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("METRICS_BIND: cannot listen on {address}"))?;
    let app = Router::new().route("/metrics", get(async move || exposition(&*exporter).await));
    let shutdown = ShutdownSignals { closing: stop, ..ShutdownSignals::default() };
    let peers = PeerLimits::new(TrustedProxies::Never);
    let timeouts = ConnectionTimeouts::new(keep_alive);
    tokio::spawn(serve(listener, peers, app, timeouts, shutdown, Duration::ZERO));
    Ok(())
}

#[cfg(test)]
mod tests {
    use porta_testkit::TestApp;

    use super::*;

    #[tokio::test]
    async fn the_age_of_a_key_is_there_as_long_as_there_is_a_key() {
        let handle = PrometheusBuilder::new().build_recorder().handle();
        let scraped = async |app: TestApp| {
            let store = Arc::clone(&app.store);
            let scrape = PrometheusExporter { handle: handle.clone(), store, short_lived: None };
            scrape.text().await
        };
        let with = scraped(TestApp::embedded_with_fixture().await).await;
        assert!(with.contains("\nporta_signing_key_age_seconds "), "{with}");
        let without = scraped(TestApp::embedded().await).await;
        assert!(!without.contains("porta_signing_key_age_seconds"), "{without}");
    }
}
