//! Number and size of entries by kind, over all shards.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::kinds::{Ceiling, Kind, TOTAL_BYTES};

#[derive(Default)]
struct KindUsage {
    entries: AtomicUsize,
    bytes: AtomicUsize,
    evicted: AtomicU64,
}

/// Updated under the locks of the shards, read without: the sums are exact when no operation is running.
pub(super) struct MemoryUsage {
    by_kind: [KindUsage; Kind::COUNT],
    ceilings: [Ceiling; Kind::COUNT],
    bytes: AtomicUsize,
    most_bytes: usize,
}

impl Default for MemoryUsage {
    fn default() -> Self {
        let mut ceilings = [Ceiling { entries: 0, bytes: 0 }; Kind::COUNT];
        for kind in Kind::all() {
            ceilings[kind.index()] = kind.ceiling();
        }
        Self { by_kind: Default::default(), ceilings, bytes: AtomicUsize::new(0), most_bytes: TOTAL_BYTES }
    }
}

impl MemoryUsage {
    /// With ceilings other than those of the table.
    #[cfg(test)]
    pub(super) fn with(kinds: &[(Kind, Ceiling)], most_bytes: usize) -> Self {
        let mut usage = Self { most_bytes, ..Self::default() };
        for (kind, ceiling) in kinds {
            usage.ceilings[kind.index()] = *ceiling;
        }
        usage
    }

    pub(super) fn add(&self, kind: Kind, bytes: usize) {
        let kind_usage = &self.by_kind[kind.index()];
        kind_usage.entries.fetch_add(1, Ordering::Relaxed);
        kind_usage.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&self, kind: Kind, bytes: usize) {
        let kind_usage = &self.by_kind[kind.index()];
        kind_usage.entries.fetch_sub(1, Ordering::Relaxed);
        kind_usage.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn note_evicted(&self, kind: Kind) {
        self.by_kind[kind.index()].evicted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn entries(&self, kind: Kind) -> usize {
        self.by_kind[kind.index()].entries.load(Ordering::Relaxed)
    }

    pub(super) fn evicted(&self, kind: Kind) -> u64 {
        self.by_kind[kind.index()].evicted.load(Ordering::Relaxed)
    }

    pub(super) fn all_entries(&self) -> usize {
        Kind::all().map(|kind| self.entries(kind)).sum()
    }

    pub(super) fn all_bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the kind exceeds its ceiling.
    pub(super) fn is_over(&self, kind: Kind) -> bool {
        let (kind_usage, ceiling) = (&self.by_kind[kind.index()], self.ceilings[kind.index()]);
        kind_usage.entries.load(Ordering::Relaxed) > ceiling.entries
            || kind_usage.bytes.load(Ordering::Relaxed) > ceiling.bytes
    }

    /// The kind to evict from when the total exceeds its ceiling; `None` when it does not.
    pub(super) fn kind_to_evict(&self) -> Option<Kind> {
        if self.all_bytes() <= self.most_bytes {
            return None;
        }
        Kind::all().find(|kind| self.entries(*kind) > 0)
    }
}
