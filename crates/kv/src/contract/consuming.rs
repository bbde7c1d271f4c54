//! Single use: one `Fresh`, then `Replayed` for `remember`, then `Absent`.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, TimeControl, assert_until, bytes, named, race};
use crate::{ConsumeOutcome, Kv, ValueState, Write};

pub(super) async fn first_fresh_then_replayed_then_absent(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    assert_eq!(kv.consume(&named("code"), LONG).await.unwrap(), ConsumeOutcome::Absent);
    // A used value is kept for `remember`, whatever was left of its lifetime.
    kv.put(&named("code"), bytes("grant"), LONG).await.unwrap();
    let deadline = time.now() + unit;
    assert_eq!(kv.consume(&named("code"), unit).await.unwrap(), ConsumeOutcome::Fresh(bytes("grant")));
    let second = kv.consume(&named("code"), LONG).await.unwrap();
    assert_until(time, deadline, second == ConsumeOutcome::Replayed(bytes("grant")), "remembered at once");
    time.pass(unit / 2).await;
    let third = kv.consume(&named("code"), LONG).await.unwrap();
    assert_until(time, deadline, third == ConsumeOutcome::Replayed(bytes("grant")), "still remembered");
    time.pass(unit / 2).await;
    assert_eq!(
        kv.consume(&named("code"), LONG).await.unwrap(),
        ConsumeOutcome::Absent,
        "a replay prolongs nothing"
    );

    kv.put(&named("code"), bytes("short"), unit).await.unwrap();
    if kv.consume(&named("code"), LONG).await.unwrap() == ConsumeOutcome::Fresh(bytes("short")) {
        time.pass(unit).await;
        assert_eq!(kv.consume(&named("code"), LONG).await.unwrap(), ConsumeOutcome::Replayed(bytes("short")));
    }
}

pub(super) async fn a_live_value_ends_unused(kv: &dyn Kv, time: &dyn TimeControl) {
    kv.put(&named("unused"), bytes("x"), time.unit()).await.unwrap();
    time.pass(time.unit()).await;
    assert_eq!(kv.consume(&named("unused"), LONG).await.unwrap(), ConsumeOutcome::Absent);
}

pub(super) async fn a_used_value_is_seen_by_consume_alone(kv: &dyn Kv) {
    kv.put(&named("used"), bytes("x"), LONG).await.unwrap();
    assert_eq!(kv.consume(&named("used"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("x")));
    assert_eq!(kv.get(&named("used")).await.unwrap(), None);
    assert_eq!(kv.take(&named("used")).await.unwrap(), None);
    assert!(!kv.put_if_absent(&named("used"), bytes("y"), LONG).await.unwrap());
    assert_eq!(kv.consume(&named("used"), LONG).await.unwrap(), ConsumeOutcome::Replayed(bytes("x")));
    kv.write(vec![Write::Delete { key: named("used") }]).await.unwrap();
    assert_eq!(kv.consume(&named("used"), LONG).await.unwrap(), ConsumeOutcome::Absent);

    kv.put(&named("used"), bytes(""), LONG).await.unwrap();
    assert_eq!(kv.consume(&named("used"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("")));
    assert_eq!(kv.consume(&named("used"), LONG).await.unwrap(), ConsumeOutcome::Replayed(bytes("")));
    kv.put(&named("used"), bytes("new"), LONG).await.unwrap();
    assert_eq!(kv.get(&named("used")).await.unwrap(), Some(bytes("new")));
    assert_eq!(kv.consume(&named("used"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("new")));
}

pub(super) async fn nothing_is_remembered_for_no_time(kv: &dyn Kv) {
    kv.put(&named("forgotten"), bytes("x"), LONG).await.unwrap();
    assert_eq!(
        kv.consume(&named("forgotten"), Duration::ZERO).await.unwrap(),
        ConsumeOutcome::Fresh(bytes("x"))
    );
    assert_eq!(kv.consume(&named("forgotten"), LONG).await.unwrap(), ConsumeOutcome::Absent);
}

pub(super) async fn one_fresh_in_a_race(kv: &Arc<dyn Kv>) {
    const KEYS: usize = 200;
    const TASKS: usize = 8;
    for key in 0..KEYS {
        kv.put(&named(&format!("race:consume:{key}")), bytes(&key.to_string()), LONG).await.unwrap();
    }
    let answers = race(TASKS, |_| {
        let kv = Arc::clone(kv);
        async move {
            let mut answers = Vec::with_capacity(KEYS);
            for key in 0..KEYS {
                answers.push(kv.consume(&named(&format!("race:consume:{key}")), LONG).await.unwrap());
            }
            answers
        }
    })
    .await;
    for key in 0..KEYS {
        let value = bytes(&key.to_string());
        let count =
            |wanted: &ConsumeOutcome| answers.iter().filter(|of_task| of_task[key] == *wanted).count();
        assert_eq!(count(&ConsumeOutcome::Fresh(value.clone())), 1, "key {key}");
        assert_eq!(count(&ConsumeOutcome::Replayed(value)), TASKS - 1, "key {key}");
    }
}

pub(super) async fn peek_tells_live_used_and_free_apart(kv: &dyn Kv, time: &dyn TimeControl) {
    assert_eq!(kv.peek(&named("look")).await.unwrap(), ValueState::Absent);
    kv.put(&named("look"), bytes("x"), LONG).await.unwrap();
    assert_eq!(kv.peek(&named("look")).await.unwrap(), ValueState::Live(bytes("x")));
    assert_eq!(
        kv.peek(&named("look")).await.unwrap(),
        ValueState::Live(bytes("x")),
        "looking uses nothing up"
    );
    let ends = time.now() + time.unit();
    assert_eq!(kv.consume(&named("look"), time.unit()).await.unwrap(), ConsumeOutcome::Fresh(bytes("x")));
    let place = kv.peek(&named("look")).await.unwrap();
    assert_until(time, ends, place == ValueState::Used, "used");
    time.pass(time.unit()).await;
    assert_eq!(kv.peek(&named("look")).await.unwrap(), ValueState::Absent, "no longer remembered");
    kv.put(&named("look"), bytes(""), LONG).await.unwrap();
    assert_eq!(
        kv.peek(&named("look")).await.unwrap(),
        ValueState::Live(bytes("")),
        "an empty value is a value"
    );
}

pub(super) async fn a_retired_value_leaves_its_place_used(kv: &dyn Kv, time: &dyn TimeControl) {
    assert_eq!(kv.mark_used(&named("retire"), LONG).await.unwrap(), ValueState::Absent);
    assert_eq!(
        kv.peek(&named("retire")).await.unwrap(),
        ValueState::Absent,
        "nothing is remembered of what never was"
    );
    kv.put(&named("retire"), bytes("x"), LONG).await.unwrap();
    assert_eq!(kv.mark_used(&named("retire"), LONG).await.unwrap(), ValueState::Live(bytes("x")));
    for _ in 0..2 {
        assert_eq!(kv.mark_used(&named("retire"), LONG).await.unwrap(), ValueState::Used);
        assert_eq!(kv.peek(&named("retire")).await.unwrap(), ValueState::Used);
    }
    assert_eq!(kv.get(&named("retire")).await.unwrap(), None);
    assert_eq!(kv.take(&named("retire")).await.unwrap(), None);
    assert!(!kv.put_if_absent(&named("retire"), bytes("y"), LONG).await.unwrap());
    assert_eq!(
        kv.consume(&named("retire"), LONG).await.unwrap(),
        ConsumeOutcome::Replayed(bytes("")),
        "the value is gone"
    );

    kv.put(&named("retire"), bytes("x"), LONG).await.unwrap();
    assert_eq!(kv.mark_used(&named("retire"), time.unit()).await.unwrap(), ValueState::Live(bytes("x")));
    time.pass(time.unit()).await;
    assert_eq!(
        kv.mark_used(&named("retire"), LONG).await.unwrap(),
        ValueState::Absent,
        "remembered for so long"
    );
    kv.put(&named("retire"), bytes("x"), LONG).await.unwrap();
    assert_eq!(kv.mark_used(&named("retire"), Duration::ZERO).await.unwrap(), ValueState::Live(bytes("x")));
    assert_eq!(kv.peek(&named("retire")).await.unwrap(), ValueState::Absent, "remembered for no time");
}

pub(super) async fn one_retires_in_a_race(kv: &Arc<dyn Kv>) {
    for round in 0..50 {
        let key = named(&format!("race:retire:{round}"));
        kv.put(&key, bytes("x"), LONG).await.unwrap();
        let places = race(8, |_| {
            let (kv, key) = (Arc::clone(kv), key.clone());
            async move { kv.mark_used(&key, LONG).await.unwrap() }
        })
        .await;
        assert_eq!(places.iter().filter(|place| **place == ValueState::Live(bytes("x"))).count(), 1);
        assert_eq!(places.iter().filter(|place| **place == ValueState::Used).count(), 7);
    }
}
