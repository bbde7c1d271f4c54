//! Counters over fixed windows.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, TimeControl, assert_until, bytes, named, race};
use crate::{Kv, LimitOutcome, RateLimit};

fn limit(key: &str, maximum: u64, window: Duration) -> RateLimit {
    RateLimit { key: named(&format!("limit:{key}")), maximum, window }
}

#[track_caller]
fn wait_of(verdict: LimitOutcome) -> Duration {
    match verdict {
        LimitOutcome::Limited { retry_after } => {
            assert!(retry_after > Duration::ZERO, "waiting for no time would be an allowance");
            retry_after
        }
        LimitOutcome::Allowed => Duration::ZERO,
    }
}

pub(super) async fn hits_up_to_the_maximum(kv: &dyn Kv, time: &dyn TimeControl) {
    let window = time.unit() * 2;
    let limits = [limit("plain", 3, window)];
    let deadline = time.now() + window;
    for _ in 0..3 {
        let verdict = kv.hit(&limits).await.unwrap();
        assert_until(time, deadline, verdict == LimitOutcome::Allowed, "below the maximum");
    }
    let wait = wait_of(kv.hit(&limits).await.unwrap());
    assert_until(time, deadline, wait > Duration::ZERO && wait <= window, "at the maximum");
    time.pass(wait).await;
    assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed, "waiting as told helps");
}

pub(super) async fn the_first_hit_starts_the_window(kv: &dyn Kv, time: &dyn TimeControl) {
    let window = time.unit();
    let limits = [limit("window", 2, window)];
    let deadline = time.now() + window;
    kv.hit(&limits).await.unwrap();
    time.pass(window / 2).await;
    kv.hit(&limits).await.unwrap();
    let wait = wait_of(kv.hit(&limits).await.unwrap());
    assert_until(time, deadline, wait > Duration::ZERO, "both were counted");
    assert!(wait <= window / 2, "the second hit does not prolong the window: {wait:?}");
    if wait > Duration::ZERO {
        // Refused hits do not extend the window either.
        time.pass(window / 2).await;
        assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    }
}

pub(super) async fn all_counters_or_none(kv: &dyn Kv, time: &dyn TimeControl) {
    let narrow = limit("narrow", 1, LONG);
    let wide = limit("wide", 3, LONG);
    let both = [wide.clone(), narrow.clone()];
    assert_eq!(kv.hit(&both).await.unwrap(), LimitOutcome::Allowed);
    for _ in 0..5 {
        let wait = wait_of(kv.hit(&both).await.unwrap());
        assert!(wait > Duration::ZERO && wait <= LONG, "the narrow one refuses: {wait:?}");
    }
    // No refused hit reached the wide counter: two of three are left.
    let wide = [wide];
    assert_eq!(kv.hit(&wide).await.unwrap(), LimitOutcome::Allowed);
    assert_eq!(kv.hit(&wide).await.unwrap(), LimitOutcome::Allowed);
    assert!(wait_of(kv.hit(&wide).await.unwrap()) > Duration::ZERO);

    // A refused hit starts no window.
    let brief = [limit("brief", 1, time.unit()), narrow];
    assert!(wait_of(kv.hit(&brief).await.unwrap()) > time.unit());
    assert_eq!(kv.hit(&brief[..1]).await.unwrap(), LimitOutcome::Allowed);
}

pub(super) async fn check_counts_nothing(kv: &dyn Kv, time: &dyn TimeControl) {
    let limits = [limit("check", 1, LONG), limit("check other", 1, time.unit())];
    for _ in 0..5 {
        assert_eq!(kv.check(&limits).await.unwrap(), LimitOutcome::Allowed);
    }
    assert_eq!(kv.hit(&limits[..1]).await.unwrap(), LimitOutcome::Allowed);
    let wait = wait_of(kv.check(&limits).await.unwrap());
    assert!(wait > LONG / 2 && wait <= LONG, "{wait:?}");
    assert_eq!(kv.check(&limits[1..]).await.unwrap(), LimitOutcome::Allowed);
}

pub(super) async fn the_longest_wait_is_told(kv: &dyn Kv, time: &dyn TimeControl) {
    let limits = [limit("long", 1, LONG), limit("longer", 1, LONG * 2), limit("free", 9, time.unit())];
    assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    for verdict in [kv.hit(&limits).await.unwrap(), kv.check(&limits).await.unwrap()] {
        let wait = wait_of(verdict);
        assert!(wait > LONG && wait <= LONG * 2, "{wait:?}");
    }
}

pub(super) async fn parallel_hits_never_exceed_the_maximum(kv: &Arc<dyn Kv>) {
    let verdicts = race(64, |n| {
        let kv = Arc::clone(kv);
        // One counter shared by all, one for each pair.
        let limits = [limit("parallel", 20, LONG), limit(&format!("parallel:{}", n / 2), 1, LONG)];
        async move {
            let mut allowed = 0;
            for _ in 0..3 {
                if kv.hit(&limits).await.unwrap() == LimitOutcome::Allowed {
                    allowed += 1;
                }
            }
            allowed
        }
    })
    .await;
    assert_eq!(verdicts.iter().sum::<u64>(), 20);
    assert!(verdicts.iter().all(|allowed| *allowed <= 1));
}

pub(super) async fn released_hits_leave_room_in_the_same_window(kv: &dyn Kv, time: &dyn TimeControl) {
    let window = time.unit();
    let limits = [limit("released", 2, window)];
    let keys = limits.clone().map(|limit| limit.key);
    let deadline = time.now() + window;
    for _ in 0..2 {
        assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    }
    kv.release(&keys).await.unwrap();
    assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    let wait = wait_of(kv.hit(&limits).await.unwrap());
    assert_until(time, deadline, wait > Duration::ZERO && wait <= window, "the window goes on");
    // More releases than hits, and a counter that does not exist: never below zero, never a value.
    let unknown = named("limit:never counted");
    kv.put(&keys[0], bytes("value"), LONG).await.unwrap();
    for _ in 0..5 {
        kv.release(&[keys[0].clone(), unknown.clone()]).await.unwrap();
    }
    let twice = [limit("released", 2, LONG), limit("never counted", 2, LONG)];
    for _ in 0..2 {
        assert_eq!(kv.hit(&twice).await.unwrap(), LimitOutcome::Allowed);
    }
    assert_ne!(kv.hit(&twice).await.unwrap(), LimitOutcome::Allowed);
    assert_eq!(kv.get(&keys[0]).await.unwrap(), Some(bytes("value")));
    kv.release(&[]).await.unwrap();
}

/// Each task releases what it took: never more at once than allowed, and none are left in the end.
pub(super) async fn parallel_releases_lose_nothing(kv: &Arc<dyn Kv>) {
    let under_way = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let allowed = race(32, |_| {
        let (kv, under_way) = (Arc::clone(kv), Arc::clone(&under_way));
        async move {
            let limits = [limit("race:release", 5, LONG)];
            let mut allowed = 0;
            for _ in 0..20 {
                if kv.hit(&limits).await.unwrap() == LimitOutcome::Allowed {
                    allowed += 1;
                    let now = under_way.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
                    assert!(now <= 5, "{now} under way");
                    tokio::task::yield_now().await;
                    under_way.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    kv.release(&[limits[0].key.clone()]).await.unwrap();
                }
            }
            allowed
        }
    })
    .await;
    assert!(allowed.iter().sum::<u64>() >= 5);
    let all = [limit("race:release", 1, LONG)];
    assert_eq!(kv.hit(&all).await.unwrap(), LimitOutcome::Allowed, "nothing is left under way");
}

pub(super) async fn clear_forgets_counters_only(kv: &dyn Kv) {
    let limits = [limit("clear", 1, LONG), limit("clear too", 1, LONG)];
    let keys = limits.clone().map(|limit| limit.key);
    kv.put(&keys[0], bytes("value"), LONG).await.unwrap();
    assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    assert_ne!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    assert_eq!(kv.get(&keys[1]).await.unwrap(), None, "a counter is no value");
    kv.clear(&keys).await.unwrap();
    assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    assert_eq!(kv.get(&keys[0]).await.unwrap(), Some(bytes("value")), "a value is no counter");
}

pub(super) async fn a_maximum_of_zero_allows_nothing(kv: &dyn Kv) {
    let limits = [limit("closed", 0, LONG)];
    assert_eq!(kv.check(&limits).await.unwrap(), LimitOutcome::Limited { retry_after: LONG });
    assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Limited { retry_after: LONG });
    let unlimited = [limit("open", u64::MAX, LONG)];
    assert_eq!(kv.hit(&unlimited).await.unwrap(), LimitOutcome::Allowed);
    let no_window = [limit("no window", 1, Duration::ZERO)];
    assert_eq!(kv.hit(&no_window).await.unwrap(), LimitOutcome::Allowed);
    assert_eq!(kv.hit(&no_window).await.unwrap(), LimitOutcome::Allowed, "a window of no length never fills");
}

pub(super) async fn a_limited_value_is_counted_and_stored_or_neither(kv: &dyn Kv, time: &dyn TimeControl) {
    let limits = [limit("store", 2, LONG), limit("store too", 9, LONG)];
    for key in ["one", "two"] {
        let verdict = kv.put_limited(&named(key), bytes(key), LONG, &limits).await.unwrap();
        assert_eq!((verdict, kv.get(&named(key)).await.unwrap()), (LimitOutcome::Allowed, Some(bytes(key))));
    }
    kv.put(&named("kept"), bytes("old"), LONG).await.unwrap();
    for key in ["three", "kept"] {
        let wait = wait_of(kv.put_limited(&named(key), bytes("new"), LONG, &limits).await.unwrap());
        assert!(wait > Duration::ZERO && wait <= LONG, "{wait:?}");
    }
    assert_eq!(kv.get(&named("three")).await.unwrap(), None);
    assert_eq!(kv.get(&named("kept")).await.unwrap(), Some(bytes("old")));
    // A refused call is counted by neither counter; a stored value counts like a hit.
    let other = [limit("store too", 3, LONG)];
    assert_eq!(kv.hit(&other).await.unwrap(), LimitOutcome::Allowed);
    assert_ne!(kv.hit(&other).await.unwrap(), LimitOutcome::Allowed);
    kv.clear(&[limits[0].key.clone()]).await.unwrap();
    let unit = time.unit();
    assert_eq!(
        kv.put_limited(&named("kept"), bytes("new"), unit, &limits).await.unwrap(),
        LimitOutcome::Allowed
    );
    time.pass(unit).await;
    assert_eq!(kv.get(&named("kept")).await.unwrap(), None, "its own lifetime, not the window's");
}

pub(super) async fn a_value_without_limits_is_only_stored(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    assert_eq!(kv.put_limited(&named("free"), bytes(""), unit, &[]).await.unwrap(), LimitOutcome::Allowed);
    time.pass(unit).await;
    assert_eq!(kv.get(&named("free")).await.unwrap(), None);
    kv.put(&named("free"), bytes("x"), LONG).await.unwrap();
    let gone = kv
        .put_limited(&named("free"), bytes("y"), Duration::ZERO, &[limit("nothing", 1, LONG)])
        .await
        .unwrap();
    assert_eq!(
        (gone, kv.get(&named("free")).await.unwrap()),
        (LimitOutcome::Allowed, None),
        "no lifetime stores nothing"
    );
    let closed = [limit("never", 0, LONG)];
    let verdict = kv.put_limited(&named("free"), bytes("y"), LONG, &closed).await.unwrap();
    assert_eq!(
        (verdict, kv.get(&named("free")).await.unwrap()),
        (LimitOutcome::Limited { retry_after: LONG }, None)
    );
}

pub(super) async fn parallel_limited_values_never_exceed_the_maximum(kv: &Arc<dyn Kv>) {
    let stored = race(64, |n| {
        let kv = Arc::clone(kv);
        async move {
            let key = named(&format!("race:limited:{n}"));
            let limits = [limit("race:limited", 20, LONG)];
            let verdict = kv.put_limited(&key, bytes("x"), LONG, &limits).await.unwrap();
            let is_there = kv.get(&key).await.unwrap().is_some();
            assert_eq!(is_there, verdict == LimitOutcome::Allowed);
            is_there
        }
    })
    .await;
    assert_eq!(stored.iter().filter(|is_there| **is_there).count(), 20);
}
