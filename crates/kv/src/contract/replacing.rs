//! `Replace`: only over live values, and the whole write or nothing.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, TimeControl, bytes, named, race};
use crate::{ConsumeOutcome, Kv, ValueState, Write};

fn put(key: &str, value: &str) -> Write {
    Write::Put { key: named(key), value: bytes(value), ttl: LONG }
}

fn replace(key: &str, value: &str) -> Write {
    lasting(key, value, LONG)
}

fn lasting(key: &str, value: &str, ttl: Duration) -> Write {
    Write::Replace { key: named(key), value: bytes(value), ttl }
}

fn delete(key: &str) -> Write {
    Write::Delete { key: named(key) }
}

pub(super) async fn replace_keeps_to_what_is_there(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    assert!(!kv.write(vec![replace("there", "new")]).await.unwrap(), "never stored");
    assert_eq!(kv.get(&named("there")).await.unwrap(), None);

    kv.put(&named("there"), bytes("old"), unit).await.unwrap();
    if kv.write(vec![replace("there", "new")]).await.unwrap() {
        time.pass(unit).await;
        assert_eq!(kv.get(&named("there")).await.unwrap(), Some(bytes("new")), "its lifetime is its own");
    }
    kv.put(&named("there"), bytes("old"), LONG).await.unwrap();
    assert!(kv.write(vec![lasting("there", "brief", unit)]).await.unwrap());
    time.pass(unit).await;
    assert!(!kv.write(vec![replace("there", "late")]).await.unwrap(), "ended");
    assert_eq!(kv.get(&named("there")).await.unwrap(), None);

    kv.put(&named("there"), bytes("old"), LONG).await.unwrap();
    assert!(kv.write(vec![lasting("there", "x", Duration::ZERO)]).await.unwrap());
    assert_eq!(kv.get(&named("there")).await.unwrap(), None, "no lifetime removes");

    kv.put(&named("there"), bytes(""), LONG).await.unwrap();
    assert!(kv.write(vec![replace("there", "after nothing")]).await.unwrap(), "an empty value is a value");
    kv.take(&named("there")).await.unwrap();
    assert!(!kv.write(vec![replace("there", "back")]).await.unwrap(), "taken");
    assert_eq!(kv.get(&named("there")).await.unwrap(), None);
}

pub(super) async fn one_missing_value_stops_the_whole_write(kv: &dyn Kv) {
    kv.put(&named("whole:kept"), bytes("old"), LONG).await.unwrap();
    kv.put(&named("whole:other"), bytes("old"), LONG).await.unwrap();
    let writes = vec![
        put("whole:new", "x"),
        put("whole:kept", "x"),
        replace("whole:other", "x"),
        replace("whole:missing", "x"),
        delete("whole:kept"),
    ];
    assert!(!kv.write(writes).await.unwrap());
    assert_eq!(kv.get(&named("whole:new")).await.unwrap(), None);
    assert_eq!(kv.get(&named("whole:missing")).await.unwrap(), None);
    assert_eq!(kv.get(&named("whole:kept")).await.unwrap(), Some(bytes("old")));
    assert_eq!(kv.get(&named("whole:other")).await.unwrap(), Some(bytes("old")));
}

pub(super) async fn what_was_there_before_the_write_counts(kv: &dyn Kv) {
    assert!(!kv.write(vec![put("before", "x"), replace("before", "y")]).await.unwrap());
    assert_eq!(kv.get(&named("before")).await.unwrap(), None);
    kv.put(&named("before"), bytes("old"), LONG).await.unwrap();
    assert!(kv.write(vec![delete("before"), replace("before", "new")]).await.unwrap());
    assert_eq!(kv.get(&named("before")).await.unwrap(), Some(bytes("new")), "in the order given");
}

pub(super) async fn a_used_value_is_not_replaced(kv: &dyn Kv) {
    kv.put(&named("spent"), bytes("x"), LONG).await.unwrap();
    assert_eq!(kv.consume(&named("spent"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("x")));
    assert!(!kv.write(vec![replace("spent", "again")]).await.unwrap());
    assert_eq!(kv.consume(&named("spent"), LONG).await.unwrap(), ConsumeOutcome::Replayed(bytes("x")));
}

/// One task takes while many replace: in any order, nothing is stored afterwards and one value was taken.
pub(super) async fn nothing_taken_comes_back(kv: &Arc<dyn Kv>) {
    for round in 0..20 {
        let key = format!("race:replace:{round}");
        kv.put(&named(&key), bytes("first"), LONG).await.unwrap();
        let taken = race(16, |n| {
            let (kv, key) = (Arc::clone(kv), key.clone());
            async move {
                if n == 8 {
                    return kv.take(&named(&key)).await.unwrap().is_some();
                }
                let mark = format!("{key}:{n}");
                let written = kv.write(vec![put(&mark, "x"), replace(&key, &mark)]).await.unwrap();
                assert_eq!(kv.get(&named(&mark)).await.unwrap().is_some(), written, "all or nothing");
                false
            }
        })
        .await;
        assert_eq!(taken.iter().filter(|took| **took).count(), 1);
        assert_eq!(kv.get(&named(&key)).await.unwrap(), None, "round {round}");
    }
}

fn unless_used(key: &str, value: &str, ttl: Duration) -> Write {
    Write::PutUnlessUsed { key: named(key), value: bytes(value), ttl }
}

pub(super) async fn unless_used_stores_anew_and_over_what_lives(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    assert!(kv.write(vec![unless_used("unless", "first", LONG)]).await.unwrap(), "nothing is there");
    assert!(kv.write(vec![unless_used("unless", "second", LONG)]).await.unwrap(), "over a live value");
    assert_eq!(kv.get(&named("unless")).await.unwrap(), Some(bytes("second")));
    kv.mark_used(&named("unless"), LONG).await.unwrap();
    assert!(!kv.write(vec![put("unless:other", "x"), unless_used("unless", "late", LONG)]).await.unwrap());
    assert_eq!(kv.peek(&named("unless")).await.unwrap(), ValueState::Used);
    assert_eq!(kv.get(&named("unless:other")).await.unwrap(), None, "all or nothing");

    kv.put(&named("unless"), bytes("x"), LONG).await.unwrap();
    assert_eq!(kv.consume(&named("unless"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("x")));
    assert!(!kv.write(vec![unless_used("unless", "late", LONG)]).await.unwrap(), "consumed is used");

    kv.put(&named("unless"), bytes("x"), LONG).await.unwrap();
    kv.mark_used(&named("unless"), unit).await.unwrap();
    time.pass(unit).await;
    assert!(kv.write(vec![unless_used("unless", "anew", unit)]).await.unwrap(), "no longer remembered");
    time.pass(unit).await;
    assert_eq!(kv.get(&named("unless")).await.unwrap(), None, "it has a lifetime");
}

/// One task retires while many write: in any order, the key stays retired.
pub(super) async fn nothing_retired_comes_back(kv: &Arc<dyn Kv>) {
    for round in 0..20 {
        let key = format!("race:unless:{round}");
        kv.put(&named(&key), bytes("first"), LONG).await.unwrap();
        race(16, |n| {
            let (kv, key) = (Arc::clone(kv), key.clone());
            async move {
                if n == 8 {
                    assert!(matches!(kv.mark_used(&named(&key), LONG).await.unwrap(), ValueState::Live(_)));
                } else {
                    kv.write(vec![unless_used(&key, "again", LONG)]).await.unwrap();
                }
            }
        })
        .await;
        assert_eq!(kv.peek(&named(&key)).await.unwrap(), ValueState::Used, "round {round}");
    }
}
