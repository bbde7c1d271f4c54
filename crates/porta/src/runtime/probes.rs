//! What `/health` and `/ready` ask, each within two seconds (operations §6).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use porta_http::{Probes, ReadyReport};
use porta_kv::Kv;
use porta_oidc::Engine;

/// Below the container probe's five seconds with room to spare.
const LIMIT: Duration = Duration::from_secs(2);

pub(crate) struct ServiceProbes {
    engine: Arc<Engine>,
    kv: Arc<dyn Kv>,
    draining: AtomicBool,
    /// Set once no migration was pending: a schema never goes back while this program runs.
    migrated: AtomicBool,
    /// Set once a signing key of this installation could be opened.
    keys_open: AtomicBool,
}

impl ServiceProbes {
    pub(crate) fn new(engine: Arc<Engine>, kv: Arc<dyn Kv>) -> Self {
        let [draining, migrated, keys_open] = [false; 3].map(AtomicBool::new);
        Self { engine, kv, draining, migrated, keys_open }
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
        match self.engine.store().pending_migrations().await {
            Ok(pending) if pending.is_empty() => {
                self.migrated.store(true, Ordering::Release);
                None
            }
            Ok(_) => Some("migrations_pending"),
            Err(_) => Some("unreachable"),
        }
    }

    /// A process with another `SIGNING_KEY_ENCRYPTION_KEY` than its installation would answer every sign-in with a
    /// failure: it must not get any.
    async fn key_problem(&self) -> Option<&'static str> {
        if self.keys_open.load(Ordering::Acquire) {
            return None;
        }
        match self.engine.opens_keys().await {
            Ok(Some(true)) => {
                self.keys_open.store(true, Ordering::Release);
                None
            }
            Ok(Some(false)) => Some("signing_keys_sealed"),
            // None to try yet: another process may make the first ones. What failed, the database check says.
            Ok(None) | Err(_) => None,
        }
    }
}

#[async_trait]
impl Probes for ServiceProbes {
    async fn database(&self) -> bool {
        match tokio::time::timeout(LIMIT, self.engine.store().ping()).await {
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
            let checks = async {
                match self.database_problem().await {
                    None => (None, self.key_problem().await),
                    problem => (problem, None),
                }
            };
            tokio::time::timeout(LIMIT, checks).await.unwrap_or((Some("unreachable"), None))
        };
        let ((database, keys), redis) = tokio::join!(database, self.redis());
        let draining = self.draining.load(Ordering::Acquire).then_some("draining");
        ReadyReport { database, redis: (!redis).then_some("unreachable"), process: draining.or(keys) }
    }
}
