//! What `/health` and `/ready` ask, each within two seconds (operations §6).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use porta_http::{Probes, ReadyReport};
use porta_kv::Kv;
use porta_store::Store;

/// Below the container probe's five seconds with room to spare.
const LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct ServiceProbes {
    store: Arc<dyn Store>,
    kv: Arc<dyn Kv>,
    draining: AtomicBool,
    /// Set once no migration was pending: a schema never goes back while this program runs.
    migrated: AtomicBool,
}

impl ServiceProbes {
    pub(crate) fn new(store: Arc<dyn Store>, kv: Arc<dyn Kv>) -> Self {
        Self { store, kv, draining: AtomicBool::new(false), migrated: AtomicBool::new(false) }
    }

    /// From now on `/ready` says no.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    async fn database_problem(&self) -> Option<&'static str> {
        if !self.database().await {
            return Some("unreachable");
        }
        if self.migrated.load(Ordering::Acquire) {
            return None;
        }
        match self.store.pending_migrations().await {
            Ok(pending) if pending.is_empty() => {
                self.migrated.store(true, Ordering::Release);
                None
            }
            Ok(_) => Some("migrations_pending"),
            Err(_) => Some("unreachable"),
        }
    }
}

#[async_trait]
impl Probes for ServiceProbes {
    async fn database(&self) -> bool {
        match tokio::time::timeout(LIMIT, self.store.ping()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "database check failed");
                false
            }
            Err(_) => false,
        }
    }

    async fn redis(&self) -> bool {
        match tokio::time::timeout(LIMIT, self.kv.ping()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "short-lived store check failed");
                false
            }
            Err(_) => false,
        }
    }

    async fn ready(&self) -> ReadyReport {
        let database = async {
            tokio::time::timeout(LIMIT, self.database_problem()).await.unwrap_or(Some("unreachable"))
        };
        let (database, redis) = tokio::join!(database, self.redis());
        ReadyReport {
            database,
            redis: (!redis).then_some("unreachable"),
            process: self.draining.load(Ordering::Acquire).then_some("draining"),
        }
    }
}
