//! The state of the installation.

use std::time::{Duration, Instant};

use porta_core::Timestamp;

use super::Queries;
use crate::Result;

/// What an operator wants to know about the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemState {
    /// Time of one round trip to the database.
    pub database_latency: Duration,
    /// Names of the migrations of this program that the database lacks.
    pub pending_migrations: Vec<String>,
    /// When the oldest of the active signing keys began to sign.
    pub oldest_key_since: Option<Timestamp>,
}

impl Queries {
    pub async fn system_state(&self) -> Result<SystemState> {
        let store = &self.deps.store;
        let began = Instant::now();
        store.ping().await?;
        let database_latency = began.elapsed();
        Ok(SystemState {
            database_latency,
            pending_migrations: store.pending_migrations().await?,
            oldest_key_since: store.oldest_signing_key_activation().await?,
        })
    }
}
