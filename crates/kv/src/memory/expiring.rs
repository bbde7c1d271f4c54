//! A map whose entries end at a time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use porta_core::Timestamp;

/// Expired entries removed by one insertion: more than one, so that the map shrinks faster than it grows; few, so that
/// no request pays for everything that ended while nobody came.
const SWEEP: usize = 4;

struct Slot<V> {
    value: V,
    expires_at: Timestamp,
}

/// `due` mirrors `entries` in the order of their end, so that sweeping never searches.
pub(super) struct Expiring<V> {
    entries: HashMap<Arc<str>, Slot<V>>,
    due: BTreeSet<(Timestamp, Arc<str>)>,
}

impl<V> Default for Expiring<V> {
    fn default() -> Self {
        Self { entries: HashMap::new(), due: BTreeSet::new() }
    }
}

impl<V> Expiring<V> {
    /// The value and its end, unless that is reached.
    pub(super) fn get(&self, key: &str, now: Timestamp) -> Option<(&V, Timestamp)> {
        self.entries.get(key).filter(|slot| now < slot.expires_at).map(|slot| (&slot.value, slot.expires_at))
    }

    pub(super) fn get_mut(&mut self, key: &str, now: Timestamp) -> Option<&mut V> {
        self.entries.get_mut(key).filter(|slot| now < slot.expires_at).map(|slot| &mut slot.value)
    }

    /// Stores or replaces, and sweeps a few others.
    pub(super) fn insert(&mut self, key: &str, value: V, expires_at: Timestamp, now: Timestamp) {
        let key = match self.entries.remove_entry(key) {
            Some((key, old)) => {
                let entry = (old.expires_at, key);
                self.due.remove(&entry);
                entry.1
            }
            None => Arc::from(key),
        };
        self.due.insert((expires_at, Arc::clone(&key)));
        self.entries.insert(key, Slot { value, expires_at });
        self.sweep(now);
    }

    /// Removes; `None` also when what was removed had ended already.
    pub(super) fn remove(&mut self, key: &str, now: Timestamp) -> Option<V> {
        let (key, slot) = self.entries.remove_entry(key)?;
        self.due.remove(&(slot.expires_at, key));
        (now < slot.expires_at).then_some(slot.value)
    }

    /// Everything that has not ended.
    pub(super) fn iter(&self, now: Timestamp) -> impl Iterator<Item = (&str, &V, Timestamp)> {
        self.entries
            .iter()
            .filter(move |(_, slot)| now < slot.expires_at)
            .map(|(key, slot)| (&**key, &slot.value, slot.expires_at))
    }

    /// Entries held, ended ones included.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn sweep(&mut self, now: Timestamp) {
        for _ in 0..SWEEP {
            match self.due.first() {
                Some((ends, _)) if *ends <= now => {}
                _ => return,
            }
            if let Some((_, key)) = self.due.pop_first() {
                self.entries.remove(&*key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn both_sides_agree_after_replacing_and_removing() {
        let mut map = Expiring::default();
        map.insert("a", 1, at(10), at(0));
        map.insert("a", 2, at(20), at(0));
        map.insert("b", 3, at(10), at(0));
        assert_eq!(map.remove("b", at(0)), Some(3));
        assert_eq!((map.len(), map.due.len()), (1, 1));
        assert_eq!(map.get("a", at(15)), Some((&2, at(20))));
        assert_eq!(map.get("a", at(20)), None);
        assert_eq!(map.remove("a", at(20)), None);
        assert_eq!((map.len(), map.due.len()), (0, 0));
    }

    /// What a soak sees as one step of memory: the marks of removed entries fill the table, so that it doubles once more
    /// than its entries need. After that they are cleared where they are, for ever.
    #[test]
    fn a_steady_crowd_keeps_to_twice_its_room() {
        const CROWD: i64 = 750;
        let mut map = Expiring::default();
        let mut room = Vec::new();
        for now in 0..300 * CROWD {
            map.insert(&now.to_string(), (), at(now + CROWD), at(now));
            if now % CROWD == CROWD - 1 {
                room.push(map.entries.capacity());
            }
        }
        assert_eq!(map.len(), 750);
        assert!(room.iter().all(|&now| now <= 2 * room[0]), "{room:?}");
    }

    #[test]
    fn insertions_sweep_a_bounded_number() {
        let mut map = Expiring::default();
        for n in 0..100 {
            map.insert(&n.to_string(), n, at(10), at(0));
        }
        map.insert("new", 0, at(30), at(20));
        assert_eq!(map.len(), 101 - SWEEP);
        for _ in 0..30 {
            map.insert("new", 0, at(30), at(20));
        }
        assert_eq!((map.len(), map.due.len()), (1, 1));
    }
}
