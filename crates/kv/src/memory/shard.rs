//! A shard of the store, and the locks of several shards.

use std::sync::MutexGuard;
use std::time::Duration;

use bytes::Bytes;
use porta_core::Timestamp;

use super::expiring::{Expiring, Weighs};
use super::kinds::Kind;
use super::ledger::Ledger;
use crate::{Key, Limit, Place, whole_millis};

/// A stored value: [`crate::Kv::consume`] turns `Live` into `Used`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    Live(Bytes),
    Used(Bytes),
}

impl Weighs for Kept {
    fn bytes(&self) -> usize {
        match self {
            Self::Live(value) | Self::Used(value) => value.len(),
        }
    }
}

/// The keys of a group's values, oldest first.
pub(super) type Members = Vec<Box<str>>;

impl Weighs for Members {
    fn bytes(&self) -> usize {
        self.iter().map(|key| key.len() + 2 * size_of::<Box<str>>()).sum()
    }
}

#[derive(Default)]
pub(super) struct Shard {
    pub(super) values: Expiring<Kept>,
    pub(super) counters: Expiring<u64>,
    pub(super) groups: Expiring<Members>,
}

/// When a value with this lifetime expires; `None`: at once.
pub(super) fn end_of(ttl: Duration, now: Timestamp) -> Option<Timestamp> {
    match whole_millis(ttl) {
        0 => None,
        millis => Some(now + Duration::from_millis(millis)),
    }
}

impl Shard {
    /// Stores until `end`, or removes the value when `end` is `None`. Returns the kind that may have grown.
    pub(super) fn put(
        &mut self,
        key: &Key,
        value: Kept,
        end: Option<Timestamp>,
        now: Timestamp,
        ledger: &Ledger,
    ) -> Kind {
        let kind = match &value {
            Kept::Live(_) => Kind::of(key),
            Kept::Used(_) => Kind::of_used(key),
        };
        match end {
            Some(end) => self.values.insert(key, (kind, value), end, now, ledger),
            None => drop(self.values.remove(key, now, ledger)),
        }
        kind
    }

    pub(super) fn place(&self, key: &Key, now: Timestamp) -> Place {
        match self.values.get(key, now) {
            Some((Kept::Live(value), _)) => Place::Live(Bytes::copy_from_slice(value)),
            Some((Kept::Used(_), _)) => Place::Used,
            None => Place::Free,
        }
    }

    pub(super) fn live(&self, key: &Key, now: Timestamp) -> Option<&Bytes> {
        match self.values.get(key, now) {
            Some((Kept::Live(value), _)) => Some(value),
            Some((Kept::Used(_), _)) | None => None,
        }
    }

    /// How long a counter at its maximum refuses hits; `None` when it is below.
    pub(super) fn wait(&self, limit: &Limit, now: Timestamp) -> Option<Duration> {
        match self.counters.get(&limit.key, now) {
            Some((count, ends)) if *count >= limit.maximum => Some(ends.since(now)),
            None if limit.maximum == 0 => Some(limit.window),
            Some(_) | None => None,
        }
    }

    pub(super) fn count(&mut self, limit: &Limit, now: Timestamp, ledger: &Ledger) -> Kind {
        let kind = Kind::of(&limit.key);
        if let Some(count) = self.counters.get_mut(&limit.key, now) {
            *count = count.saturating_add(1);
        } else if let Some(end) = end_of(limit.window, now) {
            self.counters.insert(&limit.key, (kind, 1), end, now, ledger);
        }
        kind
    }

    /// Decrements a counter; one that reaches zero is deleted, with its window.
    pub(super) fn uncount(&mut self, key: &Key, now: Timestamp, ledger: &Ledger) {
        match self.counters.get_mut(key, now) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => drop(self.counters.remove(key, now, ledger)),
            None => {}
        }
    }

    pub(super) fn soonest(&self, kind: Kind) -> Option<Timestamp> {
        let all = [self.values.soonest(kind), self.counters.soonest(kind), self.groups.soonest(kind)];
        all.into_iter().flatten().min()
    }

    /// Removes the entry of a kind that expires first.
    pub(super) fn drop_soonest(&mut self, kind: Kind, ledger: &Ledger) -> bool {
        // Each kind is in one of the three maps, except `Kind::Other`.
        self.values.drop_soonest(kind, ledger)
            || self.counters.drop_soonest(kind, ledger)
            || self.groups.drop_soonest(kind, ledger)
    }

    /// Removes up to `most` expired entries of each map and returns how many.
    pub(super) fn sweep(&mut self, now: Timestamp, most: usize, ledger: &Ledger) -> usize {
        self.values.sweep(now, most, ledger)
            + self.counters.sweep(now, most, ledger)
            + self.groups.sweep(now, most, ledger)
    }

    pub(super) fn shrink(&mut self) {
        self.values.shrink();
        self.counters.shrink();
        self.groups.shrink();
    }

    pub(super) fn clear(&mut self, ledger: &Ledger) {
        self.values.clear(ledger);
        self.counters.clear(ledger);
        self.groups.clear(ledger);
    }
}

/// The locked shards of an operation. Always locked in the order of their numbers, which prevents deadlocks.
pub(super) struct Held<'a> {
    shards: Vec<(usize, MutexGuard<'a, Shard>)>,
}

impl<'a> Held<'a> {
    /// `shards` must be sorted by their numbers.
    pub(super) fn new(shards: Vec<(usize, MutexGuard<'a, Shard>)>) -> Self {
        Self { shards }
    }

    #[expect(clippy::expect_used, reason = "whoever asks has named every key before")]
    pub(super) fn shard(&mut self, number: usize) -> &mut Shard {
        let place = self.shards.binary_search_by_key(&number, |(n, _)| *n).expect("the shard is locked");
        &mut self.shards[place].1
    }
}
