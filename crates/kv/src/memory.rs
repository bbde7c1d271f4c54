//! In-process short-lived store: for a single process without Redis, and for tests.
//!
//! Keys are spread over shards. Each has a lock that is held for a few hundred nanoseconds and never across an await.
//! An operation on several keys locks their shards in order, so it stays atomic and cannot deadlock. When a table is
//! resized, only its shard waits. Entries and bytes are limited, see [`kinds`].

mod commands;
mod expiring_map;
mod kinds;
mod shard;
mod snapshot;
mod usage;

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use porta_core::{Clock, Timestamp};
use tokio::sync::broadcast;

pub use self::snapshot::{SaveOutcome, SnapshotError};

use self::kinds::Kind;
use self::shard::{LockedShards, Shard};
use self::usage::MemoryUsage;
use crate::{KvError, KvKey, LimitOutcome, NOTICE_BACKLOG, NoticeEvent, RateLimit, Result};

/// Enough shards that the largest table of one has a few thousand entries, which are moved within a millisecond.
const SHARDS: usize = 64;
/// Entries that a sweep removes before it releases the lock.
const SWEEP_BATCH: usize = 256;

/// The in-process store. Expiry follows the injected clock exactly.
pub struct MemoryKv {
    clock: Arc<dyn Clock>,
    shards: Vec<Mutex<Shard>>,
    /// Maps keys to shards. Seeded at random, so that nobody can fill one shard on purpose.
    hashing: RandomState,
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
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hashing: RandomState::new(),
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
                let batch = self.lock(number).sweep(self.clock.now(), SWEEP_BATCH, &self.usage);
                swept += batch;
                // Lets waiting requests on this thread run first.
                tokio::task::yield_now().await;
                if batch < SWEEP_BATCH {
                    break;
                }
            }
            self.lock(number).shrink();
        }
        swept
    }

    fn number(&self, key: &str) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder below 64")]
        let number = (self.hashing.hash_one(key) % SHARDS as u64) as usize;
        number
    }

    fn lock(&self, number: usize) -> MutexGuard<'_, Shard> {
        // No operation can panic with a shard half changed, so lock poisoning is ignored.
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
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
        let shard = self.lock(self.number(key.as_str()));
        let now = self.now()?;
        Ok((shard, now))
    }

    /// Counts a command and locks the shards with these numbers.
    fn enter_all(&self, mut numbers: Vec<usize>) -> Result<(LockedShards<'_>, Timestamp)> {
        self.commands.fetch_add(1, Ordering::Relaxed);
        numbers.sort_unstable();
        numbers.dedup();
        let held = LockedShards::new(numbers.into_iter().map(|number| (number, self.lock(number))).collect());
        let now = self.now()?;
        Ok((held, now))
    }

    fn numbers<'a>(&self, keys: impl Iterator<Item = &'a KvKey>) -> Vec<usize> {
        keys.map(|key| self.number(key.as_str())).collect()
    }

    /// Evicts until the kind and the total are below their ceilings. Call with no shard locked.
    fn evict_excess(&self, kind: Kind) {
        while self.usage.is_over(kind) && self.evict(kind) {}
        while self.usage.kind_to_evict().is_some_and(|first| self.evict(first)) {}
    }

    /// Evicts the entry of a kind that expires first; `false` when there is none.
    fn evict(&self, kind: Kind) -> bool {
        let first_expiry = (0..SHARDS)
            .filter_map(|number| self.lock(number).first_expiry(kind).map(|ends| (ends, number)))
            .min();
        let Some((ends, number)) = first_expiry else { return false };
        // It may have been removed in the meantime; then the next one of this shard is evicted, or the caller retries.
        if self.lock(number).drop_first_expiring(kind, &self.usage) && self.clock.now() < ends {
            self.usage.note_evicted(kind);
        }
        true
    }

    fn verdict(&self, held: &mut LockedShards<'_>, limits: &[RateLimit], now: Timestamp) -> LimitOutcome {
        let waits =
            limits.iter().filter_map(|limit| held.shard(self.number(limit.key.as_str())).wait(limit, now));
        match waits.max() {
            None => LimitOutcome::Allowed,
            Some(wait) => LimitOutcome::Limited { retry_after: wait.max(Duration::from_millis(1)) },
        }
    }

    /// Increments the counters, unless one is at its maximum. Adds to `kinds` the kinds that may have grown.
    fn count(
        &self,
        held: &mut LockedShards<'_>,
        limits: &[RateLimit],
        now: Timestamp,
        kinds: &mut Vec<Kind>,
    ) -> LimitOutcome {
        let verdict = self.verdict(held, limits, now);
        if verdict == LimitOutcome::Allowed {
            for limit in limits {
                kinds.push(held.shard(self.number(limit.key.as_str())).count(limit, now, &self.usage));
            }
        }
        verdict
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
