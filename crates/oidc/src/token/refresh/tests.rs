use std::time::Duration;

use porta_core::EntityId as _;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const WINDOW: Duration = Duration::from_secs(10);

fn digest(text: &str) -> TokenDigest {
    TokenDigest::of(text)
}

/// Rotated a second ago by the browser that asks again.
fn rotated() -> RefreshToken {
    RefreshToken {
        digest: digest("old"),
        family: porta_core::TokenFamilyId::from_uuid(uuid::Uuid::nil()),
        expires_at: NOW + Duration::from_hours(1),
        created_at: NOW - Duration::from_mins(1),
        rotated_at: Some(NOW - Duration::from_secs(1)),
        successor: Some(digest("next")),
        rotated_by: Some(digest("browser")),
        shared_at: None,
    }
}

fn judged(token: &RefreshToken, successor_rotated: bool, fingerprint: &str, is_proven: bool) -> TokenReuse {
    judged_since(token.rotated_at, token, successor_rotated, fingerprint, is_proven)
}

fn judged_since(
    since: Option<Timestamp>,
    token: &RefreshToken,
    successor_rotated: bool,
    fingerprint: &str,
    is_proven: bool,
) -> TokenReuse {
    let (next, known) = (digest("next"), [digest("under a newer key"), digest(fingerprint)]);
    let presented = ReusedToken {
        token,
        since,
        successor_rotated,
        successor: Some(&next),
        caller_fingerprints: &known,
        is_proven,
    };
    presented.classify(NOW, WINDOW)
}

#[test]
fn a_retry_is_honest_while_it_looks_like_the_first_use() {
    assert_eq!(judged(&rotated(), false, "browser", false), TokenReuse::Same);
    assert_eq!(judged(&rotated(), false, "browser", true), TokenReuse::Same);
    assert_eq!(judged(&rotated(), false, "thief", false), TokenReuse::Replay("another_caller"));
    assert_eq!(judged(&rotated(), false, "machine", true), TokenReuse::Elsewhere(digest("next")));
    let before_upgrade = RefreshToken { rotated_by: None, ..rotated() };
    assert_eq!(
        judged(&before_upgrade, false, "browser", false),
        TokenReuse::Same,
        "rotated by an older version"
    );
}

/// The rotation was slow and waited for its row: the window begins when the successor is stored.
#[test]
fn the_window_begins_with_the_successor() {
    let waited = RefreshToken { rotated_at: Some(NOW - WINDOW), ..rotated() };
    let within = NOW - WINDOW + Duration::from_micros(1);
    for (since, expected) in [
        (Some(NOW), TokenReuse::Same),
        (Some(NOW + Duration::from_secs(1)), TokenReuse::Same),
        (Some(within), TokenReuse::Same),
        (Some(NOW - WINDOW), TokenReuse::Replay("late")),
        (Some(NOW - 2 * WINDOW), TokenReuse::Replay("late")),
        (None, TokenReuse::Replay("late")),
    ] {
        assert_eq!(judged_since(since, &waited, false, "browser", false), expected, "{since:?}");
    }
    assert_eq!(
        judged_since(Some(NOW), &waited, false, "thief", false),
        TokenReuse::Replay("another_caller"),
        "a longer wait lets nobody else in"
    );
}

#[test]
fn whoever_comes_too_late_is_no_honest_retry_whatever_they_look_like() {
    let late = RefreshToken { rotated_at: Some(NOW - WINDOW), ..rotated() };
    let elsewhere = RefreshToken { successor: Some(digest("another key")), ..rotated() };
    for (fingerprint, is_proven) in [("browser", false), ("browser", true), ("thief", true)] {
        assert_eq!(judged(&late, false, fingerprint, is_proven), TokenReuse::Replay("late"));
        assert_eq!(judged(&rotated(), true, fingerprint, is_proven), TokenReuse::Replay("successor_used"));
        assert_eq!(judged(&elsewhere, false, fingerprint, is_proven), TokenReuse::Replay("key_replaced"));
    }
}
