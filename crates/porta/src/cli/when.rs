//! Points in time as people write them.

use porta_core::settings::parse_duration;
use porta_core::{Clock as _, SystemClock, Timestamp};

/// `30d` or `12h` ago. Anything else is for the server to read: a day, or RFC 3339.
pub(super) fn ago(text: String) -> String {
    before(SystemClock.now(), &text).map_or(text, Timestamp::rfc3339)
}

fn before(now: Timestamp, text: &str) -> Option<Timestamp> {
    // A number alone is no span here: it may be a year.
    if !text.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let seconds = parse_duration(text).and_then(|seconds| u64::try_from(seconds).ok())?;
    Some(now - std::time::Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_before_now_and_other_words_are_left_alone() {
        let now = Timestamp::parse_rfc3339("2026-03-31T10:00:00Z").unwrap();
        for (text, expected) in [
            ("30d", Some("2026-03-01T10:00:00Z")),
            ("12h", Some("2026-03-30T22:00:00Z")),
            ("2026-11-30", None),
            ("2026", None),
            ("2026-11-30T00:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(before(now, text).map(Timestamp::rfc3339).as_deref(), expected, "{text}");
        }
    }
}
