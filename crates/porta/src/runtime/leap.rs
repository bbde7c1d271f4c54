//! Whether the clock may be believed when rows are removed by it.

use std::time::Duration;

use porta_core::Timestamp;

/// How far the clock may gain on steady time between two looks: more than any correction that is not a leap.
const GAIN: Duration = Duration::from_mins(1);
/// After so long, a clock that leapt ahead and stayed there is believed.
const DOUBT: Duration = Duration::from_hours(1);

/// Compares the clock with steady time. What was removed by a clock that leapt ahead is not there when the clock is put
/// right, so for a while after a leap nothing is.
pub(crate) struct LeapWatch {
    /// When steady time began, by a clock that is believed.
    origin: Timestamp,
    doubted: Option<Doubted>,
}

struct Doubted {
    /// When steady time began, by the clock that leapt.
    origin: Timestamp,
    /// Steady.
    since: Duration,
}

impl LeapWatch {
    /// Whether the clock was right at the start cannot be known.
    pub(crate) fn new(start: Timestamp) -> Self {
        Self { origin: start, doubted: None }
    }

    /// Whether to believe `now`, so much steady time after the start.
    pub(crate) fn believes(&mut self, now: Timestamp, steady: Duration) -> bool {
        let origin = now - steady;
        if origin.since(self.origin) > GAIN {
            match &self.doubted {
                Some(doubted) if origin.since(doubted.origin) <= GAIN => {
                    if steady.saturating_sub(doubted.since) < DOUBT {
                        return false;
                    }
                }
                // The first leap, or one more.
                _ => {
                    let seconds = origin.since(self.origin).as_secs();
                    tracing::warn!(seconds, "the clock leapt ahead: nothing is removed by it for an hour");
                    self.doubted = Some(Doubted { origin, since: steady });
                    return false;
                }
            }
        }
        self.origin = origin;
        self.doubted = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_seconds(1_750_000_000);
    const MINUTE: Duration = Duration::from_mins(1);
    const HOUR: Duration = Duration::from_hours(1);

    /// A look once a minute, from one minute of steady time to another, by a clock that is so far ahead.
    fn looks(watch: &mut LeapWatch, minutes: std::ops::Range<u32>, ahead: Duration) -> Vec<bool> {
        minutes.map(|minute| watch.believes(START + minute * MINUTE + ahead, minute * MINUTE)).collect()
    }

    #[test]
    fn a_clock_that_gains_a_little_is_believed() {
        let mut watch = LeapWatch::new(START);
        for minute in 1..600 {
            let gained = minute * Duration::from_secs(50);
            assert!(watch.believes(START + minute * MINUTE + gained, minute * MINUTE), "{minute}");
        }
    }

    #[test]
    fn a_clock_that_leapt_ahead_is_believed_as_soon_as_it_is_right_again() {
        let mut watch = LeapWatch::new(START);
        assert_eq!(looks(&mut watch, 1..3, Duration::ZERO), [true, true]);
        assert_eq!(looks(&mut watch, 3..6, 2 * HOUR), [false, false, false]);
        assert_eq!(looks(&mut watch, 6..8, Duration::ZERO), [true, true]);
        assert_eq!(looks(&mut watch, 8..9, 2 * HOUR), [false], "the next leap is one, too");
    }

    #[test]
    fn a_clock_that_stays_ahead_is_believed_after_an_hour() {
        let mut watch = LeapWatch::new(START);
        let looks = looks(&mut watch, 1..63, 2 * HOUR);
        assert_eq!(looks.iter().position(|believed| *believed), Some(60));
        assert!(looks[60..].iter().all(|believed| *believed));
    }

    #[test]
    fn another_leap_begins_another_hour() {
        let mut watch = LeapWatch::new(START);
        assert!(looks(&mut watch, 1..60, 2 * HOUR).iter().all(|believed| !believed));
        assert!(looks(&mut watch, 60..120, 200 * HOUR).iter().all(|believed| !believed));
        assert_eq!(looks(&mut watch, 120..121, 200 * HOUR), [true]);
    }

    #[test]
    fn a_clock_that_went_back_is_believed_and_its_return_is_a_leap() {
        let mut watch = LeapWatch::new(START + 3 * HOUR);
        assert_eq!(looks(&mut watch, 1..3, Duration::ZERO), [true, true]);
        assert_eq!(looks(&mut watch, 3..4, 3 * HOUR), [false]);
    }
}
