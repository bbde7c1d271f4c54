//! In-process short-lived store: for a single process without Redis, and for tests.
//!
//! Keys are spread over shards. Each has a lock that is held for a few hundred nanoseconds and never across an await.
//! An operation on several keys locks their shards in order, so it stays atomic and cannot deadlock. When a table is
//! resized, only its shard waits. Entries and bytes are limited, see [`kinds`].

mod commands;
mod expiring_map;
mod kinds;
mod shard;
mod shards;
mod snapshot;
mod usage;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, MutexGuard};

use porta_core::{Clock, Timestamp};
use tokio::sync::broadcast;

pub use self::snapshot::{SaveOutcome, SnapshotError};

use self::kinds::Kind;
use self::shard::Shard;
use self::shards::{LockedShards, SHARDS, Shards};
use self::usage::MemoryUsage;
use crate::{KvError, KvKey, NOTICE_BACKLOG, NoticeEvent, Result};

/// Entries that a sweep removes before it releases the lock.
const SWEEP_BATCH: usize = 256;

/// The in-process store. Expiry follows the injected clock exactly.
pub struct MemoryKv {
    clock: Arc<dyn Clock>,
    shards: Shards,
    usage: MemoryUsage,
    /// Set when the contents are saved for the next process, which then owns them.
    is_closed: AtomicBool,
    notices: broadcast::Sender<NoticeEvent>,
    commands: AtomicU64,
}

impl MemoryKv {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with(clock, MemoryUsage::default())
    }

    fn with(clock: Arc<dyn Clock>, usage: MemoryUsage) -> Self {
        Self {
            clock,
            shards: Shards::new(),
            usage,
            is_closed: AtomicBool::new(false),
            notices: broadcast::channel(NOTICE_BACKLOG).0,
            commands: AtomicU64::new(0),
        }
    }

    /// Number of values and counters held, including expired ones that were not swept yet.
    pub fn entries(&self) -> usize {
        self.usage.all_entries()
    }

    /// Their size, as calculated for the ceilings.
    pub fn bytes(&self) -> usize {
        self.usage.all_bytes()
    }

    /// Entries evicted before they expired, by kind.
    pub fn evicted(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Kind::all().map(|kind| (kind.name(), self.usage.evicted(kind)))
    }

    /// Removes expired entries and frees memory; returns how many were removed. Run by a background task, because
    /// requests only sweep the shards and kinds they write to.
    pub async fn sweep(&self) -> usize {
        let mut swept = 0;
        for number in 0..SHARDS {
            loop {
                let batch = self.shards.lock(number).sweep(self.clock.now(), SWEEP_BATCH, &self.usage);
                swept += batch;
                // Lets waiting requests on this thread run first.
                tokio::task::yield_now().await;
                if batch < SWEEP_BATCH {
                    break;
                }
            }
            self.shards.lock(number).shrink();
        }
        swept
    }

    /// Fails once the store is closed; otherwise reads the time. Called with the shards locked: saving sets `is_closed`
    /// before it locks any shard, and a value that expired while this waited for a lock is not returned.
    fn now(&self) -> Result<Timestamp> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(KvError::Unavailable("closed: contents were saved for the next start".to_owned()));
        }
        Ok(self.clock.now())
    }

    /// Counts a command and locks the shard of a key.
    fn enter(&self, key: &KvKey) -> Result<(MutexGuard<'_, Shard>, Timestamp)> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        let shard = self.shards.lock_of(key);
        let now = self.now()?;
        Ok((shard, now))
    }

    /// Counts a command and locks the shards of several keys.
    fn enter_each<'k>(&self, keys: impl Iterator<Item = &'k KvKey>) -> Result<(LockedShards<'_>, Timestamp)> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        let held = self.shards.lock_each_of(keys);
        let now = self.now()?;
        Ok((held, now))
    }

    /// Evicts until the kind and the total are below their ceilings. Call with no shard locked.
    fn evict_excess(&self, kind: Kind) {
        while self.usage.is_over(kind) && self.evict(kind) {}
        while self.usage.kind_to_evict().is_some_and(|first| self.evict(first)) {}
    }

    /// Evicts the entry of a kind that expires first; `false` when there is none.
    fn evict(&self, kind: Kind) -> bool {
        let first_expiry = (0..SHARDS)
            .filter_map(|number| self.shards.lock(number).first_expiry(kind).map(|ends| (ends, number)))
            .min();
        let Some((ends, number)) = first_expiry else { return false };
        // It may have been removed in the meantime; then the next one of this shard is evicted, or the caller retries.
        if self.shards.lock(number).drop_first_expiring(kind, &self.usage) && self.clock.now() < ends {
            self.usage.note_evicted(kind);
        }
        true
    }

    fn evict_excess_of(&self, mut kinds: Vec<Kind>) {
        kinds.dedup();
        for kind in kinds {
            self.evict_excess(kind);
        }
    }
}

#[cfg(test)]
mod tests;
