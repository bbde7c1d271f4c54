//! `claim`: first come, and the answer that others get.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, TimeControl, assert_until, bytes, named, race};
use crate::{ClaimOutcome, Kv, LimitOutcome, RateLimit};

fn limit(key: &str, maximum: u64) -> RateLimit {
    RateLimit { key: named(&format!("limit:claim:{key}")), maximum, window: LONG }
}

pub(super) async fn the_first_gets_it_and_others_what_is_stored(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    let deadline = time.now() + unit;
    assert_eq!(
        kv.claim(&named("claim:place"), &named("claim:form"), bytes(""), unit, &[]).await.unwrap(),
        ClaimOutcome::First
    );
    let again =
        kv.claim(&named("claim:place"), &named("claim:form"), bytes("other"), LONG, &[]).await.unwrap();
    assert_until(time, deadline, again == ClaimOutcome::Before(bytes("")), "it is under way");
    time.pass(unit * 2).await;
    assert_eq!(
        kv.claim(&named("claim:place"), &named("claim:form"), bytes("later"), LONG, &[]).await.unwrap(),
        ClaimOutcome::First
    );
    kv.put(&named("claim:form"), bytes("answer"), LONG).await.unwrap();
    assert_eq!(
        kv.claim(&named("claim:place"), &named("claim:form"), bytes(""), LONG, &[]).await.unwrap(),
        ClaimOutcome::Before(bytes("answer"))
    );
    // A lifetime of zero claims nothing.
    for _ in 0..2 {
        assert_eq!(
            kv.claim(&named("claim:brief place"), &named("claim:brief"), bytes("x"), Duration::ZERO, &[])
                .await
                .unwrap(),
            ClaimOutcome::First
        );
    }
}

pub(super) async fn limits_come_after_what_is_stored(kv: &dyn Kv) {
    let limits = [limit("narrow", 1), limit("wide", 9)];
    assert_eq!(
        kv.claim(&named("claim:place of one"), &named("claim:one"), bytes("one"), LONG, &limits)
            .await
            .unwrap(),
        ClaimOutcome::First
    );
    // A repetition is not counted and not limited.
    for _ in 0..3 {
        let again = kv
            .claim(&named("claim:place of one"), &named("claim:one"), bytes("x"), LONG, &limits)
            .await
            .unwrap();
        assert_eq!(again, ClaimOutcome::Before(bytes("one")));
    }
    let refused = kv
        .claim(&named("claim:place of two"), &named("claim:two"), bytes("two"), LONG, &limits)
        .await
        .unwrap();
    assert!(matches!(refused, ClaimOutcome::Limited { retry_after } if retry_after > Duration::ZERO));
    assert_eq!(kv.get(&named("claim:two")).await.unwrap(), None, "nothing is claimed that was not counted");
    let wide = [limit("wide", 2)];
    assert_eq!(kv.hit(&wide).await.unwrap(), LimitOutcome::Allowed);
    assert_ne!(kv.hit(&wide).await.unwrap(), LimitOutcome::Allowed, "one of the claims was counted");
}

/// Claiming one thing, another, then the first again claims the first anew.
pub(super) async fn only_the_newest_of_a_place_is_known(kv: &dyn Kv) {
    let claim = async |place: &str, key: &str| {
        kv.claim(&named(place), &named(key), bytes(key), LONG, &[]).await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(claim("claim:here", "claim:this").await, ClaimOutcome::First);
        assert_eq!(claim("claim:here", "claim:this").await, ClaimOutcome::Before(bytes("claim:this")));
        assert_eq!(claim("claim:here", "claim:that").await, ClaimOutcome::First);
        assert_eq!(claim("claim:here", "claim:that").await, ClaimOutcome::Before(bytes("claim:that")));
        // The newest of another place is independent.
        claim("claim:there", "claim:elsewhere").await;
        assert_eq!(claim("claim:here", "claim:that").await, ClaimOutcome::Before(bytes("claim:that")));
    }
}

pub(super) async fn one_claims_in_a_race(kv: &Arc<dyn Kv>) {
    for round in 0..20 {
        let answers = race(32, |n| {
            let kv = Arc::clone(kv);
            let limits = [limit(&format!("race:{round}"), 3)];
            async move {
                let (key, value) = (named(&format!("claim:race:{round}")), bytes(&n.to_string()));
                (n, kv.claim(&named("claim:race"), &key, value, LONG, &limits).await.unwrap())
            }
        })
        .await;
        let first: Vec<_> = answers.iter().filter(|(_, claimed)| *claimed == ClaimOutcome::First).collect();
        assert_eq!(first.len(), 1);
        let value = ClaimOutcome::Before(bytes(&first[0].0.to_string()));
        assert_eq!(answers.iter().filter(|(_, claimed)| *claimed == value).count(), 31);
        let left = [limit(&format!("race:{round}"), 3)];
        for _ in 0..2 {
            assert_eq!(kv.hit(&left).await.unwrap(), LimitOutcome::Allowed, "one was counted");
        }
        assert_ne!(kv.hit(&left).await.unwrap(), LimitOutcome::Allowed);
    }
}

pub(super) async fn an_answer_is_stored_and_counters_get_one_back(kv: &dyn Kv, time: &dyn TimeControl) {
    let limits = [limit("answered", 1), limit("answered too", 1)];
    let keys = limits.clone().map(|limit| limit.key);
    assert_eq!(
        kv.claim(&named("claim:place answered"), &named("claim:answered"), bytes(""), LONG, &limits)
            .await
            .unwrap(),
        ClaimOutcome::First
    );
    let unit = time.unit();
    let deadline = time.now() + unit;
    kv.release_and_put(&keys, &named("claim:answered"), bytes("done"), unit).await.unwrap();
    let stored = kv.get(&named("claim:answered")).await.unwrap();
    assert_until(time, deadline, stored == Some(bytes("done")), "the answer is there");
    assert_eq!(kv.hit(&limits).await.unwrap(), LimitOutcome::Allowed, "both got one back");
    time.pass(unit).await;
    assert_eq!(kv.get(&named("claim:answered")).await.unwrap(), None);
    kv.put(&named("claim:gone"), bytes("x"), LONG).await.unwrap();
    kv.release_and_put(&[], &named("claim:gone"), bytes("y"), Duration::ZERO).await.unwrap();
    assert_eq!(kv.get(&named("claim:gone")).await.unwrap(), None);
}
