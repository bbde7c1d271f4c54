//! `porta serve`: the production process.
//!
//! ```text
//! start ─► ready ──SIGTERM──► draining (/ready says no) ─► no new connections ─► requests and mail finish ─► save ─► exit 0
//!                                                              └── grace over ──► save ─► exit 1
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use porta_config::{Config, MetricsConfig, Source};
use porta_core::OsEntropy;
use porta_kv::memory::SaveOutcome;
use porta_mail::Transport;
use porta_web::listen::{self, ConnectionTimeouts, PeerLimits};
use porta_web::shutdown::{ShutdownSignals, stop_signal};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::runtime::services::{Services, ShortLivedBackend, snapshot_file, trusted_proxies};
use crate::runtime::telemetry::Telemetry;
use crate::runtime::{background, configuration, mail, metrics_exporter, outbox, tls};

/// A database that does not answer must not delay the exit.
const FLUSH_WITHIN: Duration = Duration::from_secs(3);
/// Work on blocking threads, such as a DNS look-up, cannot be cancelled.
const THREADS_END_WITHIN: Duration = Duration::from_secs(1);

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run() -> Result<(), Failure> {
    block_on(async {
        let stop = stop_signal()?;
        start(prepare(&Source::process())?, stop).await
    })
}

/// Runs a server on a runtime with one worker per available processor.
pub(crate) fn block_on(server: impl Future<Output = anyhow::Result<()>>) -> Result<(), Failure> {
    tls::install_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::general(format!("cannot start: {e}")))?;
    let outcome = runtime.block_on(server).map_err(|error| Failure::general(format!("{error:#}")));
    runtime.shutdown_timeout(THREADS_END_WITHIN);
    outcome
}

/// Reads the configuration and starts telemetry.
pub(crate) fn prepare(source: &Source<'_>) -> anyhow::Result<(Config, Telemetry)> {
    let config = configuration::load(source)?;
    let telemetry = Telemetry::start(&config)?;
    for problem in config.safety.violations.iter().filter(|_| config.safety.is_skipped) {
        tracing::error!(event = "config.safety_skipped", %problem, "production safety check was skipped");
    }
    Ok((config, telemetry))
}

/// Opens the configured services and serves.
pub(crate) async fn start(
    (config, telemetry): (Config, Telemetry),
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let transport = mail::transport(&config)?;
    let relay = config.smtp.is_some().then(|| Arc::clone(&transport));
    let services = Services::open(&config, &telemetry, relay).await?;
    let listener = bind(&config.server.host, config.server.port).await?;
    tracing::info!(address = %listener.local_addr()?, issuer = config.server.issuer_base_url.as_str(), "porta is serving");
    let outcome = serve(services, &config, listener, transport, stop).await;
    telemetry.finish().await;
    outcome
}

pub(crate) async fn bind(host: &str, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((host, port)).await.with_context(|| format!("cannot listen on {host}:{port}"))
}

/// Serves until `stop`, then shuts down gracefully.
pub(crate) async fn serve(
    services: Services,
    config: &Config,
    listener: TcpListener,
    transport: Arc<dyn Transport>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let router = services.router();
    serve_with(router, services, config, listener, transport, stop).await
}

/// Like [`serve`], with an extended router.
pub(crate) async fn serve_with(
    router: Router,
    services: Services,
    config: &Config,
    listener: TcpListener,
    transport: Arc<dyn Transport>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let background_stop = CancellationToken::new();
    if let MetricsConfig::Private(address) = config.metrics
        && let Some(exporter) = services.metrics.clone()
    {
        metrics_exporter::serve_alone(address, exporter, config.server.keep_alive, background_stop.clone())
            .await?;
    }
    background::start(&services, &background_stop);
    let probes = services.probes.clone();
    let (drain, grace) = (config.server.drain, config.server.shutdown_grace);
    let timeouts = ConnectionTimeouts::new(config.server.keep_alive);
    let shutdown = ShutdownSignals::default();
    let end = shutdown.clone();
    let graceful = async move {
        stop.cancelled().await;
        probes.drain();
        end.drain(drain).await;
    };
    tokio::spawn(graceful);
    let outbox_worker = tokio::spawn(outbox::worker(&services, transport).run(shutdown.closing.clone()));
    let outbox_stopped = stop_outbox(outbox_worker, shutdown.closing.clone(), grace);
    let peers = PeerLimits::new(trusted_proxies(&config.server.trust_proxy));
    let requests = listen::serve(listener, peers, router, timeouts, shutdown, grace);
    let (finished, ()) = tokio::join!(requests, outbox_stopped);
    background_stop.cancel();
    let saved = save_short_lived(&services);
    match tokio::time::timeout(FLUSH_WITHIN, services.provider.secret_use.flush()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "last use of client secrets was not recorded"),
        Err(_) => tracing::warn!(error = "no answer in time", "last use of client secrets was not recorded"),
    }
    saved?;
    anyhow::ensure!(finished, "requests were still running after the grace period");
    tracing::info!("stopped");
    Ok(())
}

fn save_short_lived(services: &Services) -> anyhow::Result<()> {
    let ShortLivedBackend::Memory { kv, data_dir, .. } = &services.short_lived else { return Ok(()) };
    let now = services.shared.now();
    let saved = kv.save_snapshot(&snapshot_file(data_dir), now, &services.snapshot_keys, &OsEntropy)?;
    if saved.left_out > 0 {
        let SaveOutcome { entries, left_out } = saved;
        tracing::warn!(
            event = "short_lived.left_out",
            entries,
            left_out,
            "not all short-lived data was saved in time"
        );
    }
    Ok(())
}

/// Lets outbox items in progress finish within `grace` after `closing`.
async fn stop_outbox(mut worker: JoinHandle<()>, closing: CancellationToken, grace: Duration) {
    closing.cancelled().await;
    match tokio::time::timeout(grace, &mut worker).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the outbox worker ended early"),
        Err(_) => {
            worker.abort();
            tracing::warn!("outbox items were interrupted by shutdown; the next process executes them again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_does_not_end_does_not_hold_up_the_end() {
        let (release, held) = mpsc::channel::<()>();
        let begun = Instant::now();
        let (told, done) = mpsc::channel();
        // On a separate thread: without the limit this would never return.
        std::thread::spawn(move || {
            let outcome = block_on(async {
                tokio::task::spawn_blocking(move || held.recv());
                Ok(())
            });
            told.send(outcome.is_ok())
        });
        assert_eq!(done.recv_timeout(Duration::from_secs(10)), Ok(true));
        assert!(begun.elapsed() < Duration::from_secs(5));
        drop(release);
    }
}
