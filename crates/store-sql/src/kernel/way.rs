//! The way to the database: open to everybody until an attempt to connect fails. Then one at a time tries it again, with
//! growing pauses in between, and the others need not wait to learn what it learns.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use porta_core::{Backoff, OsEntropy};

#[derive(Default)]
pub(super) struct Way(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Open,
    Closed {
        not_before: Instant,
        waits: Backoff<'static>,
        is_being_tried: bool,
    },
}

/// Leave to connect. Dropped without an outcome, it lets somebody else try.
pub(super) struct Attempt<'a> {
    way: &'a Way,
    began: Instant,
    /// The one who tries a closed way.
    is_trial: bool,
}

impl Way {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: it was in vain a moment ago, or somebody is trying.
    pub(super) fn enter(&self, now: Instant) -> Option<Attempt<'_>> {
        let is_trial = match &mut *self.state() {
            State::Open => false,
            State::Closed { not_before, is_being_tried, .. } => {
                if *is_being_tried || now < *not_before {
                    return None;
                }
                *is_being_tried = true;
                true
            }
        };
        Some(Attempt { way: self, began: now, is_trial })
    }
}

impl Attempt<'_> {
    pub(super) fn succeeded(self) {
        *self.way.state() = State::Open;
    }

    /// The pause counts from where the attempt began: one that was lost has waited long enough.
    pub(super) fn failed(self) {
        let mut state = self.way.state();
        match &mut *state {
            State::Open => {
                // Jitter decides nothing that a test or a token could depend on: it needs no injected randomness.
                let mut waits = Backoff::new(&OsEntropy);
                let not_before = self.began + waits.wait();
                *state = State::Closed { not_before, waits, is_being_tried: false };
            }
            State::Closed { not_before, waits, .. } if self.is_trial => {
                *not_before = self.began + waits.wait();
            }
            // One of those who were on their way when the first one failed.
            State::Closed { .. } => {}
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.is_trial
            && let State::Closed { is_being_tried, .. } = &mut *self.way.state()
        {
            *is_being_tried = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LONGEST: Duration = Duration::from_millis(500);

    #[test]
    fn an_open_way_is_everybodys() {
        let way = Way::default();
        let now = Instant::now();
        let (first, second) = (way.enter(now).unwrap(), way.enter(now).unwrap());
        first.succeeded();
        drop(second);
        assert!(way.enter(now).is_some());
    }

    #[test]
    fn after_a_failure_one_at_a_time_tries_until_one_succeeds() {
        let way = Way::default();
        let began = Instant::now();
        way.enter(began).unwrap().failed();
        assert!(way.enter(began).is_none());
        let trial = way.enter(began + LONGEST).unwrap();
        assert!(way.enter(began + LONGEST).is_none(), "it is being tried");
        drop(trial);
        let trial = way.enter(began + LONGEST).expect("who gave up does not stand in the way");
        trial.succeeded();
        let (_first, _second) = (way.enter(began).unwrap(), way.enter(began).unwrap());
    }

    #[test]
    fn failures_that_were_under_way_together_count_once() {
        let way = Way::default();
        let began = Instant::now();
        let attempts: Vec<_> = (0..10).map(|_| way.enter(began).unwrap()).collect();
        attempts.into_iter().for_each(Attempt::failed);
        assert!(way.enter(began + Duration::from_millis(50)).is_some());
    }

    #[test]
    fn pauses_grow_to_half_a_second_from_the_beginning_of_an_attempt() {
        let way = Way::default();
        let began = Instant::now();
        for attempt in 0..10 {
            way.enter(began + LONGEST * attempt).unwrap().failed();
        }
        let last = began + LONGEST * 9;
        assert!(way.enter(last + Duration::from_millis(240)).is_none());
        assert!(way.enter(last + LONGEST).is_some());
    }
}
