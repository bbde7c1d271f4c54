//! A map whose entries end at a time and are reckoned by their kind.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use porta_core::Timestamp;

use super::kinds::Kind;
use super::ledger::Ledger;

/// Expired entries of a kind removed by one insertion of that kind: more than one, so that the map shrinks faster than
/// it grows; few, so that no request pays for everything that ended while nobody came. The background does the rest.
const SWEEP: usize = 2;

/// What keeping an entry costs beside its key and value: two tables that are not full, two allocations, and their
/// books. Measured by the tests `bytes_of_…` of this crate.
pub(super) const OVERHEAD: usize = 256;

/// Below this a table is not worth making smaller.
const SMALL: usize = 64;

/// What a value takes by itself.
pub(super) trait Weighs {
    fn bytes(&self) -> usize;
}

impl Weighs for u64 {
    fn bytes(&self) -> usize {
        0
    }
}

struct Slot<V> {
    value: V,
    expires_at: Timestamp,
    kind: Kind,
}

type Due = BTreeSet<(Timestamp, Arc<str>)>;

/// `due` mirrors `entries` in the order of their end, for each kind, so that neither sweeping nor making room searches.
pub(super) struct Expiring<V> {
    entries: HashMap<Arc<str>, Slot<V>>,
    due: [Due; Kind::COUNT],
}

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), due: Default::default() }
    }
}

fn reckoned<V: Weighs>(key: &str, value: &V) -> usize {
    OVERHEAD + key.len() + value.bytes()
}

impl<V: Weighs> Expiring<V> {
    /// The value and its end, unless that is reached.
    pub(super) fn get(&self, key: &str, now: Timestamp) -> Option<(&V, Timestamp)> {
        self.entries.get(key).filter(|slot| now < slot.expires_at).map(|slot| (&slot.value, slot.expires_at))
    }

    /// For values that weigh the same whatever they are.
    pub(super) fn get_mut(&mut self, key: &str, now: Timestamp) -> Option<&mut V> {
        self.entries.get_mut(key).filter(|slot| now < slot.expires_at).map(|slot| &mut slot.value)
    }

    /// Stores or replaces, and sweeps a few others of the kind.
    pub(super) fn insert(
        &mut self,
        key: &str,
        (kind, value): (Kind, V),
        expires_at: Timestamp,
        now: Timestamp,
        ledger: &Ledger,
    ) {
        let key = match self.entries.remove_entry(key) {
            Some((key, old)) => self.forget(key, &old, ledger),
            None => Arc::from(key),
        };
        ledger.add(kind, reckoned(&key, &value));
        self.due[kind.index()].insert((expires_at, Arc::clone(&key)));
        self.entries.insert(key, Slot { value, expires_at, kind });
        for _ in 0..SWEEP {
            if !self.drop_ended(kind, now, ledger) {
                return;
            }
        }
    }

    /// Removes; `None` also when what was removed had ended already.
    pub(super) fn remove(&mut self, key: &str, now: Timestamp, ledger: &Ledger) -> Option<V> {
        let (key, slot) = self.entries.remove_entry(key)?;
        self.forget(key, &slot, ledger);
        (now < slot.expires_at).then_some(slot.value)
    }

    /// Takes a removed entry out of the books; gives its key back.
    fn forget(&mut self, key: Arc<str>, slot: &Slot<V>, ledger: &Ledger) -> Arc<str> {
        ledger.remove(slot.kind, reckoned(&key, &slot.value));
        let entry = (slot.expires_at, key);
        self.due[slot.kind.index()].remove(&entry);
        entry.1
    }

    /// When the entry of a kind ends that ends soonest.
    pub(super) fn soonest(&self, kind: Kind) -> Option<Timestamp> {
        self.due[kind.index()].first().map(|(ends, _)| *ends)
    }

    /// Removes the entry of a kind that ends soonest.
    pub(super) fn drop_soonest(&mut self, kind: Kind, ledger: &Ledger) -> bool {
        let Some((_, key)) = self.due[kind.index()].pop_first() else { return false };
        self.drop_entry(&key, ledger);
        true
    }

    /// Takes the entry of a kind out that ends last.
    pub(super) fn take_latest(&mut self, kind: Kind, ledger: &Ledger) -> Option<(Arc<str>, V, Timestamp)> {
        let (expires_at, key) = self.due[kind.index()].pop_last()?;
        let slot = self.drop_entry(&key, ledger)?;
        Some((key, slot.value, expires_at))
    }

    /// Removes up to `most` entries that ended, and says how many.
    pub(super) fn sweep(&mut self, now: Timestamp, most: usize, ledger: &Ledger) -> usize {
        let mut swept = 0;
        for kind in Kind::all() {
            while swept < most && self.drop_ended(kind, now, ledger) {
                swept += 1;
            }
        }
        swept
    }

    /// Gives room back that a crowd left behind.
    pub(super) fn shrink(&mut self) {
        let wanted = (self.entries.len() * 2).max(SMALL);
        if self.entries.capacity() > wanted * 2 {
            self.entries.shrink_to(wanted);
        }
    }

    /// Removes everything.
    pub(super) fn clear(&mut self, ledger: &Ledger) {
        for kind in Kind::all() {
            while self.drop_soonest(kind, ledger) {}
        }
    }

    fn drop_ended(&mut self, kind: Kind, now: Timestamp, ledger: &Ledger) -> bool {
        self.soonest(kind).is_some_and(|ends| ends <= now) && self.drop_soonest(kind, ledger)
    }

    /// Removes an entry that is no longer due.
    fn drop_entry(&mut self, key: &str, ledger: &Ledger) -> Option<Slot<V>> {
        let slot = self.entries.remove(key)?;
        ledger.remove(slot.kind, reckoned(key, &slot.value));
        Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn dues<V>(map: &Expiring<V>) -> usize {
        map.due.iter().map(BTreeSet::len).sum()
    }

    /// Both sides and the ledger agree on how many there are.
    #[track_caller]
    fn assert_holds<V>(map: &Expiring<V>, ledger: &Ledger, count: usize) {
        assert_eq!((map.entries.len(), dues(map), ledger.all_entries()), (count, count, count));
        assert_eq!(ledger.all_bytes() == 0, count == 0);
    }

    #[test]
    fn books_agree_after_replacing_and_removing() {
        let (mut map, ledger) = (Expiring::default(), Ledger::default());
        map.insert("a", (Kind::Code, 1), at(10), at(0), &ledger);
        map.insert("a", (Kind::Used, 2), at(20), at(0), &ledger);
        map.insert("b", (Kind::Code, 3), at(10), at(0), &ledger);
        assert_eq!((ledger.entries(Kind::Code), ledger.entries(Kind::Used)), (1, 1));
        assert_eq!(map.remove("b", at(0), &ledger), Some(3));
        assert_holds(&map, &ledger, 1);
        assert_eq!(map.get("a", at(15)), Some((&2, at(20))));
        assert_eq!(map.get("a", at(20)), None);
        assert_eq!(map.remove("a", at(20), &ledger), None);
        assert_holds(&map, &ledger, 0);
    }

    /// What a soak sees as one step of memory: the marks of removed entries fill the table, so that it doubles once more
    /// than its entries need. After that they are cleared where they are, for ever.
    #[test]
    fn a_steady_crowd_keeps_to_twice_its_room() {
        const CROWD: i64 = 750;
        let (mut map, ledger) = (Expiring::default(), Ledger::default());
        let mut room = Vec::new();
        for now in 0..300 * CROWD {
            map.insert(&now.to_string(), (Kind::Other, 0), at(now + CROWD), at(now), &ledger);
            if now % CROWD == CROWD - 1 {
                room.push(map.entries.capacity());
            }
        }
        assert_holds(&map, &ledger, 750);
        assert!(room.iter().all(|&now| now <= 2 * room[0]), "{room:?}");
    }

    #[test]
    fn insertions_sweep_a_bounded_number() {
        let (mut map, ledger) = (Expiring::default(), Ledger::default());
        for n in 0..100 {
            map.insert(&n.to_string(), (Kind::Other, n), at(10), at(0), &ledger);
        }
        map.insert("new", (Kind::Other, 0), at(30), at(20), &ledger);
        assert_holds(&map, &ledger, 101 - SWEEP);
        for _ in 0..50 {
            map.insert("new", (Kind::Other, 0), at(30), at(20), &ledger);
        }
        assert_holds(&map, &ledger, 1);
    }

    #[test]
    fn a_sweep_removes_what_ended_and_gives_the_room_back() {
        let (mut map, ledger) = (Expiring::default(), Ledger::default());
        for n in 0..10_000 {
            let kind = if n % 2 == 0 { Kind::Session } else { Kind::Noted };
            map.insert(&n.to_string(), (kind, n), at(10), at(0), &ledger);
        }
        map.insert("stays", (Kind::Session, 0), at(30), at(0), &ledger);
        assert_eq!(map.sweep(at(9), 100_000, &ledger), 0);
        assert_eq!(map.sweep(at(10), 4_000, &ledger), 4_000);
        assert_eq!(map.sweep(at(10), 100_000, &ledger), 6_000);
        assert_holds(&map, &ledger, 1);
        map.shrink();
        assert!(map.entries.capacity() <= 2 * SMALL, "{}", map.entries.capacity());
        assert_eq!(map.get("stays", at(20)), Some((&0, at(30))));
    }
}
