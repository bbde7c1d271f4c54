//! A map with expiry, whose entries are counted by kind.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use porta_core::Timestamp;

use super::kinds::Kind;
use super::usage::MemoryUsage;

/// Expired entries of the same kind that one insertion removes. More than one, so that the map shrinks faster than it
/// grows; few, so that no request pays for all that expired in an idle time. The background sweep does the rest.
const SWEEP: usize = 2;

/// Overhead of an entry beside its key and value: two partly filled tables, two allocations and their bookkeeping.
/// Measured with the example `entry_bytes` of this crate.
pub(super) const OVERHEAD: usize = 256;

/// Tables below this capacity are not shrunk.
const SMALL: usize = 64;

/// Size of a value beyond the fixed overhead.
pub(super) trait MemorySize {
    fn bytes(&self) -> usize;
}

impl MemorySize for u64 {
    fn bytes(&self) -> usize {
        0
    }
}

struct Slot<V> {
    value: V,
    expires_at: Timestamp,
    kind: Kind,
}

type ExpiryIndex = BTreeSet<(Timestamp, Arc<str>)>;

/// `by_expiry` holds the keys of `entries` by kind, sorted by expiry, so that neither sweeping nor eviction searches.
pub(super) struct ExpiringMap<V> {
    entries: HashMap<Arc<str>, Slot<V>>,
    by_expiry: [ExpiryIndex; Kind::COUNT],
}

impl<V> Default for ExpiringMap<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), by_expiry: Default::default() }
    }
}

fn entry_bytes<V: MemorySize>(key: &str, value: &V) -> usize {
    OVERHEAD + key.len() + value.bytes()
}

impl<V: MemorySize> ExpiringMap<V> {
    /// The value and its expiry; `None` when it has expired.
    pub(super) fn get(&self, key: &str, now: Timestamp) -> Option<(&V, Timestamp)> {
        self.entries.get(key).filter(|slot| now < slot.expires_at).map(|slot| (&slot.value, slot.expires_at))
    }

    /// Only for values whose size does not change.
    pub(super) fn get_mut(&mut self, key: &str, now: Timestamp) -> Option<&mut V> {
        self.entries.get_mut(key).filter(|slot| now < slot.expires_at).map(|slot| &mut slot.value)
    }

    /// Stores or replaces a value, and sweeps up to `SWEEP` expired entries of the kind.
    pub(super) fn insert(
        &mut self,
        key: &str,
        (kind, value): (Kind, V),
        expires_at: Timestamp,
        now: Timestamp,
        usage: &MemoryUsage,
    ) {
        let key = match self.entries.remove_entry(key) {
            Some((key, old)) => self.forget(key, &old, usage),
            None => Arc::from(key),
        };
        usage.add(kind, entry_bytes(&key, &value));
        self.by_expiry[kind.index()].insert((expires_at, Arc::clone(&key)));
        self.entries.insert(key, Slot { value, expires_at, kind });
        for _ in 0..SWEEP {
            if !self.drop_ended(kind, now, usage) {
                return;
            }
        }
    }

    /// Removes an entry; also returns `None` when it had already expired.
    pub(super) fn remove(&mut self, key: &str, now: Timestamp, usage: &MemoryUsage) -> Option<V> {
        let (key, slot) = self.entries.remove_entry(key)?;
        self.forget(key, &slot, usage);
        (now < slot.expires_at).then_some(slot.value)
    }

    /// Drops a removed entry from `by_expiry` and the usage counters; returns its key.
    fn forget(&mut self, key: Arc<str>, slot: &Slot<V>, usage: &MemoryUsage) -> Arc<str> {
        usage.remove(slot.kind, entry_bytes(&key, &slot.value));
        let entry = (slot.expires_at, key);
        self.by_expiry[slot.kind.index()].remove(&entry);
        entry.1
    }

    /// When the first entry of a kind expires.
    pub(super) fn first_expiry(&self, kind: Kind) -> Option<Timestamp> {
        self.by_expiry[kind.index()].first().map(|(ends, _)| *ends)
    }

    /// Removes the entry of a kind that expires first.
    pub(super) fn drop_first_expiring(&mut self, kind: Kind, usage: &MemoryUsage) -> bool {
        let Some((_, key)) = self.by_expiry[kind.index()].pop_first() else { return false };
        self.drop_entry(&key, usage);
        true
    }

    /// Takes out the entry of a kind that expires last.
    pub(super) fn take_latest(
        &mut self,
        kind: Kind,
        usage: &MemoryUsage,
    ) -> Option<(Arc<str>, V, Timestamp)> {
        let (expires_at, key) = self.by_expiry[kind.index()].pop_last()?;
        let slot = self.drop_entry(&key, usage)?;
        Some((key, slot.value, expires_at))
    }

    /// Removes up to `most` expired entries and returns how many.
    pub(super) fn sweep(&mut self, now: Timestamp, most: usize, usage: &MemoryUsage) -> usize {
        let mut swept = 0;
        for kind in Kind::all() {
            while swept < most && self.drop_ended(kind, now, usage) {
                swept += 1;
            }
        }
        swept
    }

    /// Frees capacity that a burst left behind.
    pub(super) fn shrink(&mut self) {
        let wanted = (self.entries.len() * 2).max(SMALL);
        if self.entries.capacity() > wanted * 2 {
            self.entries.shrink_to(wanted);
        }
    }

    pub(super) fn clear(&mut self, usage: &MemoryUsage) {
        for kind in Kind::all() {
            while self.drop_first_expiring(kind, usage) {}
        }
    }

    fn drop_ended(&mut self, kind: Kind, now: Timestamp, usage: &MemoryUsage) -> bool {
        self.first_expiry(kind).is_some_and(|ends| ends <= now) && self.drop_first_expiring(kind, usage)
    }

    /// Removes an entry that is no longer in `by_expiry`.
    fn drop_entry(&mut self, key: &str, usage: &MemoryUsage) -> Option<Slot<V>> {
        let slot = self.entries.remove(key)?;
        usage.remove(slot.kind, entry_bytes(key, &slot.value));
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn dues<V>(map: &ExpiringMap<V>) -> usize {
        map.by_expiry.iter().map(BTreeSet::len).sum()
    }

    /// `entries`, `by_expiry` and the usage counters agree on the number of entries.
    #[track_caller]
    fn assert_holds<V>(map: &ExpiringMap<V>, usage: &MemoryUsage, count: usize) {
        assert_eq!((map.entries.len(), dues(map), usage.all_entries()), (count, count, count));
        assert_eq!(usage.all_bytes() == 0, count == 0);
    }

    #[test]
    fn books_agree_after_replacing_and_removing() {
        let (mut map, usage) = (ExpiringMap::default(), MemoryUsage::default());
        map.insert("a", (Kind::Code, 1), at(10), at(0), &usage);
        map.insert("a", (Kind::Used, 2), at(20), at(0), &usage);
        map.insert("b", (Kind::Code, 3), at(10), at(0), &usage);
        assert_eq!((usage.entries(Kind::Code), usage.entries(Kind::Used)), (1, 1));
        assert_eq!(map.remove("b", at(0), &usage), Some(3));
        assert_holds(&map, &usage, 1);
        assert_eq!(map.get("a", at(15)), Some((&2, at(20))));
        assert_eq!(map.get("a", at(20)), None);
        assert_eq!(map.remove("a", at(20), &usage), None);
        assert_holds(&map, &usage, 0);
    }

    /// Explains a step of memory in soak tests: tombstones of removed entries fill the table, so it doubles once more
    /// than its entries need. After that they are cleared in place.
    #[test]
    fn a_steady_crowd_keeps_to_twice_its_room() {
        const CROWD: i64 = 750;
        let (mut map, usage) = (ExpiringMap::default(), MemoryUsage::default());
        let mut room = Vec::new();
        for now in 0..300 * CROWD {
            map.insert(&now.to_string(), (Kind::Other, 0), at(now + CROWD), at(now), &usage);
            if now % CROWD == CROWD - 1 {
                room.push(map.entries.capacity());
            }
        }
        assert_holds(&map, &usage, 750);
        assert!(room.iter().all(|&now| now <= 2 * room[0]), "{room:?}");
    }

    #[test]
    fn insertions_sweep_a_bounded_number() {
        let (mut map, usage) = (ExpiringMap::default(), MemoryUsage::default());
        for n in 0..100 {
            map.insert(&n.to_string(), (Kind::Other, n), at(10), at(0), &usage);
        }
        map.insert("new", (Kind::Other, 0), at(30), at(20), &usage);
        assert_holds(&map, &usage, 101 - SWEEP);
        for _ in 0..50 {
            map.insert("new", (Kind::Other, 0), at(30), at(20), &usage);
        }
        assert_holds(&map, &usage, 1);
    }

    #[test]
    fn a_sweep_removes_what_ended_and_gives_the_room_back() {
        let (mut map, usage) = (ExpiringMap::default(), MemoryUsage::default());
        for n in 0..10_000 {
            let kind = if n % 2 == 0 { Kind::Session } else { Kind::Noted };
            map.insert(&n.to_string(), (kind, n), at(10), at(0), &usage);
        }
        map.insert("stays", (Kind::Session, 0), at(30), at(0), &usage);
        assert_eq!(map.sweep(at(9), 100_000, &usage), 0);
        assert_eq!(map.sweep(at(10), 4_000, &usage), 4_000);
        assert_eq!(map.sweep(at(10), 100_000, &usage), 6_000);
        assert_holds(&map, &usage, 1);
        map.shrink();
        assert!(map.entries.capacity() <= 2 * SMALL, "{}", map.entries.capacity());
        assert_eq!(map.get("stays", at(20)), Some((&0, at(30))));
    }
}
