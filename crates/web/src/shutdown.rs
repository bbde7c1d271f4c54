//! Shutdown: the signal that asks for it, and the order in which connections end.
//!
//! ```text
//! serving ──SIGTERM or Ctrl-C──► draining: each response ends its connection ──time to drain──► closing: no new connections
//! ```

use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Signals of a graceful shutdown.
#[derive(Clone, Default)]
pub struct ShutdownSignals {
    /// From here on every response carries `Connection: close`. A proxy that pools connections has none left when the
    /// listener closes, so it loses no request that it may not retry.
    pub draining: CancellationToken,
    /// From here on no connection is accepted.
    pub closing: CancellationToken,
}

impl ShutdownSignals {
    /// Drains for `time`, then closes. Load balancers see the readiness check fail first; then the listener closes.
    pub async fn drain(&self, time: Duration) {
        self.draining.cancel();
        tracing::info!("draining");
        tokio::time::sleep(time).await;
        self.closing.cancel();
    }
}

/// Returns a token that SIGTERM or Ctrl-C cancels. Neither ends the process by itself afterwards. Call it first, so
/// that an early signal also leads to a graceful shutdown.
pub fn stop_signal() -> io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_closes_before_it_has_drained() {
        let signals = ShutdownSignals::default();
        let end = signals.clone();
        let drained = tokio::spawn(async move { end.drain(Duration::from_millis(300)).await });
        signals.draining.cancelled().await;
        assert!(!signals.closing.is_cancelled());
        drained.await.unwrap();
        assert!(signals.closing.is_cancelled());
    }
}
