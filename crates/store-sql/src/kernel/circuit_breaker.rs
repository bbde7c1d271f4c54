//! Circuit breaker for new connections to the database. After a failure one caller at a time probes, with backoff; the
//! others fail fast instead of waiting for what the probe will learn.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use porta_core::{Backoff, OsEntropy};

#[derive(Default)]
pub(super) struct CircuitBreaker(Mutex<State>);

#[derive(Default)]
enum State {
    /// Everybody may connect.
    #[default]
    Closed,
    /// The last attempt failed. From `not_before` on one caller at a time may probe.
    Open { not_before: Instant, backoff: Backoff<'static>, is_probing: bool },
}

/// Permission to connect. Dropped without an outcome, it lets another caller probe.
pub(super) struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    began: Instant,
    is_probe: bool,
}

impl CircuitBreaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` while the breaker is open, or while another caller probes.
    pub(super) fn permit(&self, now: Instant) -> Option<Permit<'_>> {
        let is_probe = match &mut *self.state() {
            State::Closed => false,
            State::Open { not_before, is_probing, .. } => {
                if *is_probing || now < *not_before {
                    return None;
                }
                *is_probing = true;
                true
            }
        };
        Some(Permit { breaker: self, began: now, is_probe })
    }
}

impl Permit<'_> {
    /// Closes the breaker.
    pub(super) fn succeeded(self) {
        *self.breaker.state() = State::Closed;
    }

    /// Opens the breaker. The backoff counts from the beginning of the attempt: one that timed out has waited long enough.
    pub(super) fn failed(self) {
        let mut state = self.breaker.state();
        match &mut *state {
            State::Closed => {
                // Nothing that a test or a token could depend on needs this jitter: it is not injected.
                let mut backoff = Backoff::new(&OsEntropy);
                let not_before = self.began + backoff.wait();
                *state = State::Open { not_before, backoff, is_probing: false };
            }
            State::Open { not_before, backoff, .. } if self.is_probe => {
                *not_before = self.began + backoff.wait();
            }
            // Attempts that ran beside the one that opened the breaker count once.
            State::Open { .. } => {}
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.is_probe
            && let State::Open { is_probing, .. } = &mut *self.breaker.state()
        {
            *is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LONGEST: Duration = Duration::from_millis(500);

    #[test]
    fn a_closed_breaker_permits_everybody() {
        let breaker = CircuitBreaker::default();
        let now = Instant::now();
        let (first, second) = (breaker.permit(now).unwrap(), breaker.permit(now).unwrap());
        first.succeeded();
        drop(second);
        assert!(breaker.permit(now).is_some());
    }

    #[test]
    fn an_open_breaker_permits_one_probe_at_a_time_until_one_succeeds() {
        let breaker = CircuitBreaker::default();
        let began = Instant::now();
        breaker.permit(began).unwrap().failed();
        assert!(breaker.permit(began).is_none());
        let probe = breaker.permit(began + LONGEST).unwrap();
        assert!(breaker.permit(began + LONGEST).is_none(), "another caller probes");
        drop(probe);
        let probe = breaker.permit(began + LONGEST).expect("a probe that was dropped blocks nobody");
        probe.succeeded();
        let (_first, _second) = (breaker.permit(began).unwrap(), breaker.permit(began).unwrap());
    }

    #[test]
    fn concurrent_failures_count_once() {
        let breaker = CircuitBreaker::default();
        let began = Instant::now();
        let attempts: Vec<_> = (0..10).map(|_| breaker.permit(began).unwrap()).collect();
        attempts.into_iter().for_each(Permit::failed);
        assert!(breaker.permit(began + Duration::from_millis(50)).is_some());
    }

    #[test]
    fn the_backoff_grows_to_half_a_second_from_the_beginning_of_an_attempt() {
        let breaker = CircuitBreaker::default();
        let began = Instant::now();
        for attempt in 0..10 {
            breaker.permit(began + LONGEST * attempt).unwrap().failed();
        }
        let last = began + LONGEST * 9;
        assert!(breaker.permit(last + Duration::from_millis(240)).is_none());
        assert!(breaker.permit(last + LONGEST).is_some());
    }
}
