//! Times and durations as people read and write them.

use chrono::{DateTime, Local, TimeZone};

/// How many seconds each unit has, the longest first.
const UNITS: &[(u64, &str)] = &[(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];

/// A time of the API in the time zone of this machine. Text that is no time stays as it is.
pub(crate) fn local(rfc3339: &str) -> String {
    in_zone(rfc3339, &Local)
}

/// The same, or a dash.
pub(crate) fn local_or_dash(rfc3339: Option<&String>) -> String {
    super::or_dash(rfc3339.map(|text| local(text)))
}

fn in_zone<Z: TimeZone>(rfc3339: &str, zone: &Z) -> String
where
    Z::Offset: std::fmt::Display,
{
    match DateTime::parse_from_rfc3339(rfc3339) {
        Ok(time) => time.with_timezone(zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

/// Seconds as `30d` or `1h 30m`.
pub(crate) fn spelled(seconds: u64) -> String {
    let mut left = seconds;
    let mut parts = Vec::new();
    for (unit, letter) in UNITS {
        if left >= *unit {
            parts.push(format!("{}{letter}", left / unit));
            left %= unit;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn times_are_shown_where_the_operator_is() {
        let zone = FixedOffset::east_opt(2 * 3600).unwrap();
        assert_eq!(in_zone("2026-07-01T22:15:00.123456Z", &zone), "2026-07-02 00:15:00");
        assert_eq!(in_zone("2026-07-01T22:15:00-03:00", &zone), "2026-07-02 03:15:00");
        assert_eq!(in_zone("soon", &zone), "soon");
    }

    #[test]
    fn durations_are_spelled_in_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (900, "15m"),
            (5_400, "1h 30m"),
            (2_592_000, "30d"),
            (86_461, "1d 1m 1s"),
        ] {
            assert_eq!(spelled(seconds), text);
        }
    }
}
