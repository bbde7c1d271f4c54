//! Clock-jump detector: whether the wall clock is plausible enough to delete rows by it.

use std::time::Duration;

use porta_core::Timestamp;

/// How far the wall clock may gain on the monotonic clock between two checks. Ordinary corrections stay below it.
const MAX_GAIN: Duration = Duration::from_mins(1);
/// A clock that jumped ahead and stayed there is trusted after this time.
const TRUST_AFTER: Duration = Duration::from_hours(1);

/// Compares the wall clock with the monotonic clock. Rows that a jumped clock makes look expired would be lost when the
/// clock is corrected, so nothing is deleted for a while after a jump.
pub(crate) struct ClockJumpDetector {
    /// Wall-clock time of the monotonic origin, while the clock was trusted.
    origin: Timestamp,
    jump: Option<Jump>,
}

struct Jump {
    /// The same by the clock that jumped.
    origin: Timestamp,
    /// Monotonic time of the jump.
    since: Duration,
}

impl ClockJumpDetector {
    /// Takes the clock at the start as right: nothing can tell otherwise.
    pub(crate) fn new(start: Timestamp) -> Self {
        Self { origin: start, jump: None }
    }

    /// Whether `now` is plausible, `steady` of monotonic time after the start.
    pub(crate) fn is_plausible(&mut self, now: Timestamp, steady: Duration) -> bool {
        let origin = now - steady;
        if origin.since(self.origin) > MAX_GAIN {
            match &self.jump {
                Some(jump) if origin.since(jump.origin) <= MAX_GAIN => {
                    if steady.saturating_sub(jump.since) < TRUST_AFTER {
                        return false;
                    }
                }
                // The first jump, or another one.
                _ => {
                    let seconds = origin.since(self.origin).as_secs();
                    tracing::warn!(seconds, "wall clock jumped ahead: expired rows are kept for an hour");
                    self.jump = Some(Jump { origin, since: steady });
                    return false;
                }
            }
        }
        self.origin = origin;
        self.jump = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_750_000_000);
    const MINUTE: Duration = Duration::from_mins(1);
    const HOUR: Duration = Duration::from_hours(1);

    /// One check a minute over a range of monotonic minutes, with the wall clock `ahead` of it.
    fn looks(watch: &mut ClockJumpDetector, minutes: std::ops::Range<u32>, ahead: Duration) -> Vec<bool> {
        minutes.map(|minute| watch.is_plausible(START + minute * MINUTE + ahead, minute * MINUTE)).collect()
    }

    #[test]
    fn a_clock_that_gains_a_little_is_believed() {
        let mut watch = ClockJumpDetector::new(START);
        for minute in 1..600 {
            let gained = minute * Duration::from_secs(50);
            assert!(watch.is_plausible(START + minute * MINUTE + gained, minute * MINUTE), "{minute}");
        }
    }

    #[test]
    fn a_clock_that_jumped_ahead_is_believed_as_soon_as_it_is_right_again() {
        let mut watch = ClockJumpDetector::new(START);
        assert_eq!(looks(&mut watch, 1..3, Duration::ZERO), [true, true]);
        assert_eq!(looks(&mut watch, 3..6, 2 * HOUR), [false, false, false]);
        assert_eq!(looks(&mut watch, 6..8, Duration::ZERO), [true, true]);
        assert_eq!(looks(&mut watch, 8..9, 2 * HOUR), [false], "the next jump is one, too");
    }

    #[test]
    fn a_clock_that_stays_ahead_is_believed_after_an_hour() {
        let mut watch = ClockJumpDetector::new(START);
        let looks = looks(&mut watch, 1..63, 2 * HOUR);
        assert_eq!(looks.iter().position(|believed| *believed), Some(60));
        assert!(looks[60..].iter().all(|believed| *believed));
    }

    #[test]
    fn another_jump_begins_another_hour() {
        let mut watch = ClockJumpDetector::new(START);
        assert!(looks(&mut watch, 1..60, 2 * HOUR).iter().all(|believed| !believed));
        assert!(looks(&mut watch, 60..120, 200 * HOUR).iter().all(|believed| !believed));
        assert_eq!(looks(&mut watch, 120..121, 200 * HOUR), [true]);
    }

    #[test]
    fn a_clock_that_went_back_is_believed_and_its_return_is_a_jump() {
        let mut watch = ClockJumpDetector::new(START + 3 * HOUR);
        assert_eq!(looks(&mut watch, 1..3, Duration::ZERO), [true, true]);
        assert_eq!(looks(&mut watch, 3..4, 3 * HOUR), [false]);
    }
}
