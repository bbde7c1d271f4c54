//! A shard of the store.

use std::time::Duration;

use bytes::Bytes;
use porta_core::Timestamp;

use super::expiring_map::{ExpiringMap, MemorySize};
use super::kinds::Kind;
use super::usage::MemoryUsage;
use crate::{KvKey, RateLimit, ValueState, whole_millis};

/// A stored value: [`crate::Kv::consume`] turns `Live` into `Used`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoredValue {
    Live(Bytes),
    Used(Bytes),
}

impl MemorySize for StoredValue {
    fn bytes(&self) -> usize {
        match self {
            Self::Live(value) | Self::Used(value) => value.len(),
        }
    }
}

/// The keys of a group's values, oldest first.
pub(super) type Members = Vec<Box<str>>;

impl MemorySize for Members {
    fn bytes(&self) -> usize {
        self.iter().map(|key| key.len() + 2 * size_of::<Box<str>>()).sum()
    }
}

#[derive(Default)]
pub(super) struct Shard {
    pub(super) values: ExpiringMap<StoredValue>,
    pub(super) counters: ExpiringMap<u64>,
    pub(super) groups: ExpiringMap<Members>,
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
        key: &KvKey,
        value: StoredValue,
        end: Option<Timestamp>,
        now: Timestamp,
        usage: &MemoryUsage,
    ) -> Kind {
        let kind = match &value {
            StoredValue::Live(_) => key.kind(),
            StoredValue::Used(_) => key.kind().when_used(),
        };
        match end {
            Some(end) => self.values.insert(key.as_str(), (kind, value), end, now, usage),
            None => drop(self.values.remove(key.as_str(), now, usage)),
        }
        kind
    }

    pub(super) fn place(&self, key: &str, now: Timestamp) -> ValueState {
        match self.values.get(key, now) {
            Some((StoredValue::Live(value), _)) => ValueState::Live(Bytes::copy_from_slice(value)),
            Some((StoredValue::Used(_), _)) => ValueState::Used,
            None => ValueState::Absent,
        }
    }

    pub(super) fn live(&self, key: &str, now: Timestamp) -> Option<&Bytes> {
        match self.values.get(key, now) {
            Some((StoredValue::Live(value), _)) => Some(value),
            Some((StoredValue::Used(_), _)) | None => None,
        }
    }

    /// How long a counter at its maximum refuses hits; `None` when it is below.
    pub(super) fn wait(&self, limit: &RateLimit, now: Timestamp) -> Option<Duration> {
        match self.counters.get(limit.key.as_str(), now) {
            Some((count, ends)) if *count >= limit.maximum => Some(ends.since(now)),
            None if limit.maximum == 0 => Some(limit.window),
            Some(_) | None => None,
        }
    }

    pub(super) fn count(&mut self, limit: &RateLimit, now: Timestamp, usage: &MemoryUsage) -> Kind {
        let kind = limit.key.kind();
        if let Some(count) = self.counters.get_mut(limit.key.as_str(), now) {
            *count = count.saturating_add(1);
        } else if let Some(end) = end_of(limit.window, now) {
            self.counters.insert(limit.key.as_str(), (kind, 1), end, now, usage);
        }
        kind
    }

    /// Decrements a counter; one that reaches zero is deleted, with its window.
    pub(super) fn decrement(&mut self, key: &str, now: Timestamp, usage: &MemoryUsage) {
        match self.counters.get_mut(key, now) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => drop(self.counters.remove(key, now, usage)),
            None => {}
        }
    }

    pub(super) fn first_expiry(&self, kind: Kind) -> Option<Timestamp> {
        let all = [
            self.values.first_expiry(kind),
            self.counters.first_expiry(kind),
            self.groups.first_expiry(kind),
        ];
        all.into_iter().flatten().min()
    }

    /// Removes the entry of a kind that expires first.
    pub(super) fn drop_first_expiring(&mut self, kind: Kind, usage: &MemoryUsage) -> bool {
        // Each kind is in one of the three maps, except `Kind::Other`.
        self.values.drop_first_expiring(kind, usage)
            || self.counters.drop_first_expiring(kind, usage)
            || self.groups.drop_first_expiring(kind, usage)
    }

    /// Removes up to `most` expired entries of each map and returns how many.
    pub(super) fn sweep(&mut self, now: Timestamp, most: usize, usage: &MemoryUsage) -> usize {
        self.values.sweep(now, most, usage)
            + self.counters.sweep(now, most, usage)
            + self.groups.sweep(now, most, usage)
    }

    pub(super) fn shrink(&mut self) {
        self.values.shrink();
        self.counters.shrink();
        self.groups.shrink();
    }

    pub(super) fn clear(&mut self, usage: &MemoryUsage) {
        self.values.clear(usage);
        self.counters.clear(usage);
        self.groups.clear(usage);
    }
}
