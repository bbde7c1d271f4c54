//! Telemetry: log, metrics, traces. Started once, before anything is logged.

use std::sync::Arc;

use anyhow::Context as _;
use porta_config::{Config, MetricsConfig};
use porta_store::Store;
use porta_web::observe::{MetricsExporter, TraceContext};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::services::ShortLivedBackend;
use super::{log, metrics_exporter, traces};

/// Handles needed after the start.
#[derive(Default)]
pub(crate) struct Telemetry {
    recorder: Option<metrics_exporter::Recorder>,
    traces: Option<Arc<traces::Exporter>>,
}

impl Telemetry {
    pub(crate) fn start(config: &Config) -> anyhow::Result<Self> {
        let exporter =
            config.traces.as_ref().map(|to| traces::Exporter::start(to, &config.roots)).transpose()?;
        let exporter = exporter.map(Arc::new);
        let spans = exporter.as_ref().map(|exporter| exporter.layer());
        tracing_subscriber::registry()
            .with(log::layer(config.log))
            .with(spans)
            .try_init()
            .context("the log was started twice")?;
        let recorder = match config.metrics {
            MetricsConfig::Off => None,
            MetricsConfig::Public | MetricsConfig::Private(_) => {
                Some(metrics_exporter::Recorder::install(config)?)
            }
        };
        Ok(Self { recorder, traces: exporter })
    }

    pub(crate) fn metrics_exporter(
        &self,
        store: &Arc<dyn Store>,
        short_lived: &ShortLivedBackend,
    ) -> Option<Arc<dyn MetricsExporter>> {
        let recorder = self.recorder.as_ref()?;
        let held = match short_lived {
            ShortLivedBackend::Redis => None,
            ShortLivedBackend::Memory { kv, .. } => Some(Arc::clone(kv)),
        };
        Some(Arc::new(recorder.exporter(Arc::clone(store), held)))
    }

    pub(crate) fn traces(&self) -> Option<Arc<dyn TraceContext>> {
        self.traces.clone().map(|exporter| exporter as Arc<dyn TraceContext>)
    }

    /// Exports the remaining spans, within a few seconds.
    pub(crate) async fn finish(self) {
        let Some(traces) = self.traces else { return };
        if let Err(error) = tokio::task::spawn_blocking(move || traces.finish()).await {
            tracing::debug!(%error, "the last traces were not sent");
        }
    }
}
