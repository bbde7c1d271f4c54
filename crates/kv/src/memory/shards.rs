//! All shards of the store, and the locks of several.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use porta_core::Timestamp;

use super::kinds::Kind;
use super::shard::Shard;
use super::usage::MemoryUsage;
use crate::{KvKey, LimitOutcome, RateLimit};

/// Enough shards that the largest table of one has a few thousand entries, which are moved within a millisecond.
pub(super) const SHARDS: usize = 64;

pub(super) struct Shards {
    shards: Vec<Mutex<Shard>>,
    /// Maps keys to shards. Seeded at random, so that nobody can fill one shard on purpose.
    hashing: RandomState,
}

impl Shards {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hashing: RandomState::new() }
    }

    fn number(&self, key: &str) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "a remainder below 64")]
        let number = (self.hashing.hash_one(key) % SHARDS as u64) as usize;
        number
    }

    pub(super) fn lock(&self, number: usize) -> MutexGuard<'_, Shard> {
        // No operation can panic with a shard half changed, so lock poisoning is ignored.
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the shard of a key.
    pub(super) fn lock_of(&self, key: &KvKey) -> MutexGuard<'_, Shard> {
        self.lock(self.number(key.as_str()))
    }

    /// Locks the shards of these keys.
    pub(super) fn lock_each_of<'k>(&self, keys: impl Iterator<Item = &'k KvKey>) -> LockedShards<'_> {
        let mut numbers: Vec<usize> = keys.map(|key| self.number(key.as_str())).collect();
        numbers.sort_unstable();
        numbers.dedup();
        self.lock_in_order(numbers.into_iter())
    }

    pub(super) fn lock_all(&self) -> LockedShards<'_> {
        self.lock_in_order(0..SHARDS)
    }

    /// `numbers` must be sorted.
    fn lock_in_order(&self, numbers: impl Iterator<Item = usize>) -> LockedShards<'_> {
        LockedShards { all: self, locked: numbers.map(|number| (number, self.lock(number))).collect() }
    }
}

/// The locked shards of an operation. Always locked in the order of their numbers, which prevents deadlocks.
pub(super) struct LockedShards<'a> {
    all: &'a Shards,
    locked: Vec<(usize, MutexGuard<'a, Shard>)>,
}

impl LockedShards<'_> {
    /// The shard of a key.
    #[expect(clippy::expect_used, reason = "whoever asks has named every key before")]
    pub(super) fn shard_of(&mut self, key: &str) -> &mut Shard {
        let number = self.all.number(key);
        let place = self.locked.binary_search_by_key(&number, |(n, _)| *n).expect("the shard is locked");
        &mut self.locked[place].1
    }

    /// Whether every counter is below its maximum.
    pub(super) fn check(&mut self, limits: &[RateLimit], now: Timestamp) -> LimitOutcome {
        let waits = limits.iter().filter_map(|limit| self.shard_of(limit.key.as_str()).wait(limit, now));
        match waits.max() {
            None => LimitOutcome::Allowed,
            Some(wait) => LimitOutcome::Limited { retry_after: wait.max(Duration::from_millis(1)) },
        }
    }

    /// Increments the counters, unless one is at its maximum. Adds to `kinds` the kinds that may have grown.
    pub(super) fn count(
        &mut self,
        limits: &[RateLimit],
        now: Timestamp,
        usage: &MemoryUsage,
        kinds: &mut Vec<Kind>,
    ) -> LimitOutcome {
        let outcome = self.check(limits, now);
        if outcome == LimitOutcome::Allowed {
            for limit in limits {
                kinds.push(self.shard_of(limit.key.as_str()).count(limit, now, usage));
            }
        }
        outcome
    }
}
