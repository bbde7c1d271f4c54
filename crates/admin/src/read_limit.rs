//! How much one administrator or service account may read: so many requests a minute of one process. The count stays in
//! the process, because a command to the short-lived store would cost as much as a list.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use porta_core::Timestamp;
use uuid::Uuid;

use crate::error::{AdminError, Result};

const WINDOW: Duration = Duration::from_mins(1);
/// Readers who are remembered before those whose minute is over are forgotten.
const CAPACITY: usize = 1_000;

/// Counts the reads of everybody. A reader's minute begins with a read and ends by itself.
pub(crate) struct ReadLimit {
    /// `None`: reads are not counted.
    maximum: Option<u64>,
    windows: Mutex<HashMap<Uuid, Window>>,
}

struct Window {
    began: Timestamp,
    reads: u64,
}

impl ReadLimit {
    pub(crate) fn new(maximum: Option<u64>) -> Self {
        Self { maximum, windows: Mutex::default() }
    }

    /// Counts a read of whoever has this id.
    pub(crate) fn count(&self, reader: Uuid, now: Timestamp) -> Result<()> {
        let Some(maximum) = self.maximum else { return Ok(()) };
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= CAPACITY && !windows.contains_key(&reader) {
            windows.retain(|_, window| now.since(window.began) < WINDOW);
        }
        let window = windows.entry(reader).or_insert(Window { began: now, reads: 0 });
        if now.since(window.began) >= WINDOW {
            *window = Window { began: now, reads: 0 };
        }
        if window.reads >= maximum {
            let retry_after = WINDOW.saturating_sub(now.since(window.began));
            return Err(AdminError::Limited { retry_after, maximum });
        }
        window.reads += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);
    const ANA: Uuid = Uuid::from_u128(1);
    const BOB: Uuid = Uuid::from_u128(2);

    fn waits(limit: &ReadLimit, reader: Uuid, now: Timestamp) -> Option<Duration> {
        match limit.count(reader, now) {
            Ok(()) => None,
            Err(AdminError::Limited { retry_after, maximum: 2 }) => Some(retry_after),
            Err(other) => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn a_minute_begins_with_a_read_and_ends_by_itself() {
        let limit = ReadLimit::new(Some(2));
        assert_eq!(waits(&limit, ANA, NOW), None);
        assert_eq!(waits(&limit, ANA, NOW + Duration::from_secs(59)), None);
        let late = NOW + Duration::from_millis(59_400);
        assert_eq!(waits(&limit, ANA, late), Some(Duration::from_millis(600)));
        // A refused read does not make the minute longer, and others have minutes of their own.
        assert_eq!(waits(&limit, BOB, late), None);
        assert_eq!(waits(&limit, ANA, NOW + WINDOW), None);
        assert_eq!(waits(&limit, ANA, NOW + WINDOW), None);
        assert_eq!(waits(&limit, ANA, NOW + WINDOW), Some(WINDOW));
    }

    #[test]
    fn a_clock_that_goes_back_ends_no_minute_early() {
        let limit = ReadLimit::new(Some(2));
        assert_eq!(waits(&limit, ANA, NOW + WINDOW), None);
        assert_eq!(waits(&limit, ANA, NOW), None);
        assert_eq!(waits(&limit, ANA, NOW), Some(WINDOW));
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let limit = ReadLimit::new(None);
        assert!((0..100_000).all(|_| limit.count(ANA, NOW).is_ok()));
        assert!(limit.windows.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
    }

    #[test]
    fn who_has_not_read_for_a_minute_is_forgotten() {
        let limit = ReadLimit::new(Some(2));
        for reader in 0..1_000 {
            assert_eq!(waits(&limit, Uuid::from_u128(reader), NOW), None);
        }
        assert_eq!(waits(&limit, Uuid::max(), NOW + WINDOW), None);
        assert_eq!(limit.windows.lock().unwrap_or_else(PoisonError::into_inner).len(), 1);
    }
}
