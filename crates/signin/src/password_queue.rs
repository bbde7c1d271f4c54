//! Queue of passwords to hash, served round-robin by organization. A flood of sign-ins in one organization delays
//! neither other organizations nor known browsers in its own.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use porta_core::OrganizationId;

/// Whose password it is: decides its place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePriority {
    /// `None`: of no single organization, as in provisioning.
    pub organization: Option<OrganizationId>,
    /// Has a link, a session or a known browser.
    pub is_known: bool,
}

impl QueuePriority {
    pub const PROVEN: Self = Self { organization: None, is_known: true };
}

/// The queue is full: retry later.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct QueueFull;

struct OrganizationQueue<T> {
    organization: Option<OrganizationId>,
    known: VecDeque<T>,
    strangers: VecDeque<T>,
}

struct State<T> {
    /// Non-empty lanes; the first is served next.
    lanes: VecDeque<OrganizationQueue<T>>,
    waiting: usize,
    running: usize,
    is_closed: bool,
}

pub(crate) struct PasswordQueue<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    capacity: usize,
}

enum Admission {
    Free,
    /// Takes the place of the last stranger in this lane.
    Evict(usize),
}

impl<T> State<T> {
    fn admission(&self, priority: QueuePriority, capacity: usize) -> Option<Admission> {
        let own = self.lanes.iter().find(|lane| lane.organization == priority.organization);
        let own = own.map_or(0, |lane| lane.strangers.len());
        // Strangers of one organization get at most half of the capacity, so that the wait stays bearable.
        if !priority.is_known && own >= (capacity / 2).max(1) {
            return None;
        }
        if self.waiting + self.running < capacity {
            return Some(Admission::Free);
        }
        let lanes = self.lanes.iter().enumerate().map(|(index, lane)| (lane.strangers.len(), index));
        let (most, index) = lanes.max()?;
        let gives_way = if priority.is_known { most > 0 } else { most > own + 1 };
        gives_way.then_some(Admission::Evict(index))
    }

    fn drop_last_stranger(&mut self, index: usize) {
        let lane = &mut self.lanes[index];
        self.waiting -= usize::from(lane.strangers.pop_back().is_some());
        if lane.known.is_empty() && lane.strangers.is_empty() {
            self.lanes.remove(index);
        }
    }

    fn next(&mut self) -> Option<T> {
        let mut lane = self.lanes.pop_front()?;
        let item = lane.known.pop_front().or_else(|| lane.strangers.pop_front());
        if !lane.known.is_empty() || !lane.strangers.is_empty() {
            self.lanes.push_back(lane);
        }
        item
    }
}

impl<T> PasswordQueue<T> {
    /// At most `capacity` items wait or are processed at once.
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State { lanes: VecDeque::new(), waiting: 0, running: 0, is_closed: false };
        Self { state: Mutex::new(state), arrived: Condvar::new(), capacity }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an item. If the queue is full, it may evict the last stranger of the organization with the most strangers;
    /// the evicted item is dropped.
    pub(crate) fn push(&self, priority: QueuePriority, item: T) -> Result<(), QueueFull> {
        let mut state = self.state();
        if let Admission::Evict(index) = state.admission(priority, self.capacity).ok_or(QueueFull)? {
            state.drop_last_stranger(index);
        }
        let index = state.lanes.iter().position(|lane| lane.organization == priority.organization);
        let index = index.unwrap_or_else(|| {
            let (known, strangers) = (VecDeque::new(), VecDeque::new());
            state.lanes.push_back(OrganizationQueue {
                organization: priority.organization,
                known,
                strangers,
            });
            state.lanes.len() - 1
        });
        let lane = &mut state.lanes[index];
        if priority.is_known {
            lane.known.push_back(item);
        } else {
            lane.strangers.push_back(item);
        }
        state.waiting += 1;
        drop(state);
        self.arrived.notify_one();
        Ok(())
    }

    /// Whether [`Self::push`] would refuse.
    pub(crate) fn is_full(&self, priority: QueuePriority) -> bool {
        self.state().admission(priority, self.capacity).is_none()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// Waits for the next item and processes it; `false` after [`Self::close`].
    pub(crate) fn work(&self, on: impl FnOnce(T)) -> bool {
        let mut state = self.state();
        let item = loop {
            if state.is_closed {
                return false;
            }
            if let Some(item) = state.next() {
                break item;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        state.waiting -= 1;
        state.running += 1;
        drop(state);
        on(item);
        self.state().running -= 1;
        true
    }

    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.arrived.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use porta_core::{SeededEntropy, Timestamp};

    use super::*;

    fn organizations<const N: usize>() -> [OrganizationId; N] {
        let entropy = SeededEntropy::new(1);
        std::array::from_fn(|_| OrganizationId::new(Timestamp::from_seconds(1_750_000_000), &entropy))
    }

    fn stranger(organization: OrganizationId) -> QueuePriority {
        QueuePriority { organization: Some(organization), is_known: false }
    }

    fn known(organization: OrganizationId) -> QueuePriority {
        QueuePriority { is_known: true, ..stranger(organization) }
    }

    fn drained(queue: &PasswordQueue<&'static str>) -> Vec<&'static str> {
        let mut all = Vec::new();
        while queue.waiting() > 0 {
            queue.work(|item| all.push(item));
        }
        all
    }

    #[test]
    fn organizations_take_turns_and_who_is_known_goes_first() {
        let [storm, calm] = organizations();
        let queue = PasswordQueue::new(100);
        for item in ["s1", "s2", "s3"] {
            queue.push(stranger(storm), item).unwrap();
        }
        queue.push(stranger(calm), "c1").unwrap();
        queue.push(known(storm), "known").unwrap();
        queue.push(QueuePriority::PROVEN, "shown").unwrap();
        assert_eq!(drained(&queue), ["known", "c1", "shown", "s1", "s2", "s3"]);
    }

    #[test]
    fn strangers_of_one_organization_get_half() {
        let [storm, calm] = organizations();
        let queue = PasswordQueue::new(8);
        for _ in 0..4 {
            queue.push(stranger(storm), "s").unwrap();
        }
        assert!(queue.is_full(stranger(storm)));
        assert_eq!(queue.push(stranger(storm), "no"), Err(QueueFull));
        for _ in 0..3 {
            queue.push(known(storm), "known").unwrap();
        }
        assert!(!queue.is_full(stranger(calm)));
        queue.push(stranger(calm), "c").unwrap();
        assert_eq!(drained(&queue), ["known", "c", "known", "known", "s", "s", "s", "s"]);
        assert!(!queue.is_full(stranger(storm)));
    }

    #[test]
    fn the_organization_with_most_strangers_makes_room() {
        let [storm, calm, other] = organizations();
        let queue = PasswordQueue::new(6);
        for item in ["s1", "s2", "s3"] {
            queue.push(stranger(storm), item).unwrap();
        }
        for item in ["c1", "c2", "c3"] {
            queue.push(stranger(calm), item).unwrap();
        }
        queue.push(stranger(other), "o1").unwrap();
        queue.push(known(other), "known").unwrap();
        assert_eq!(queue.waiting(), 6);
        // Two and two are left: evicting one for another organization would not even them out further.
        queue.push(stranger(other), "o2").unwrap_err();
        assert!(queue.is_full(stranger(other)) && queue.is_full(stranger(calm)));
        assert!(!queue.is_full(known(calm)));
        assert_eq!(drained(&queue), ["s1", "c1", "known", "s2", "c2", "o1"]);
    }

    #[test]
    fn who_is_known_takes_no_place_from_their_like() {
        let [one, two] = organizations();
        let queue = PasswordQueue::new(2);
        queue.push(known(one), "a").unwrap();
        queue.push(stranger(one), "stranger").unwrap();
        queue.push(known(two), "b").unwrap();
        assert_eq!(queue.push(known(one), "c"), Err(QueueFull));
        assert!(queue.is_full(QueuePriority::PROVEN));
        assert_eq!(drained(&queue), ["a", "b"]);
        for priority in [known(one), stranger(one), QueuePriority::PROVEN] {
            assert_eq!(PasswordQueue::new(0).push(priority, ""), Err(QueueFull));
        }
    }

    #[test]
    fn what_is_worked_on_keeps_its_place() {
        let [one] = organizations();
        let queue = PasswordQueue::new(1);
        queue.push(stranger(one), "a").unwrap();
        queue.work(|_| {
            assert_eq!(queue.push(known(one), "b"), Err(QueueFull));
            assert_eq!(queue.push(stranger(one), "b"), Err(QueueFull));
        });
        queue.push(stranger(one), "b").unwrap();
        queue.close();
        assert!(!queue.work(|_| panic!("it is closed")));
    }
}
