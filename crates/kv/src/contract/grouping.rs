//! Groups: at most so many live values, the oldest are deleted.

use std::sync::Arc;
use std::time::Duration;

use super::{LONG, TimeControl, assert_until, bytes, named, race};
use crate::{ConsumeOutcome, Kv};

async fn live(kv: &dyn Kv, keys: &[&str]) -> Vec<bool> {
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.push(kv.get(&named(key)).await.unwrap().is_some());
    }
    found
}

async fn put(kv: &dyn Kv, group: &str, most: usize, key: &str) {
    kv.put_in_group(&named(group), most, &named(key), bytes(key), LONG).await.unwrap();
}

pub(super) async fn of_more_than_so_many_the_oldest_go(kv: &dyn Kv) {
    for key in ["g1:a", "g1:b", "g1:c"] {
        put(kv, "g1", 3, key).await;
    }
    assert_eq!(live(kv, &["g1:a", "g1:b", "g1:c"]).await, [true; 3]);
    assert_eq!(kv.get(&named("g1:b")).await.unwrap(), Some(bytes("g1:b")));
    put(kv, "g1", 3, "g1:d").await;
    assert_eq!(live(kv, &["g1:a", "g1:b", "g1:c", "g1:d"]).await, [false, true, true, true]);
    assert_eq!(
        kv.consume(&named("g1:a"), LONG).await.unwrap(),
        ConsumeOutcome::Absent,
        "as if it had never been"
    );
    // Storing a member again makes it the newest.
    put(kv, "g1", 3, "g1:b").await;
    put(kv, "g1", 3, "g1:e").await;
    assert_eq!(live(kv, &["g1:b", "g1:c", "g1:d", "g1:e"]).await, [true, false, true, true]);
    // A smaller maximum applies at once; one value is always allowed.
    put(kv, "g1", 0, "g1:f").await;
    assert_eq!(live(kv, &["g1:b", "g1:d", "g1:e", "g1:f"]).await, [false, false, false, true]);
}

pub(super) async fn only_live_values_count(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    let deadline = time.now() + unit;
    put(kv, "g2", 3, "g2:stays").await;
    kv.put_in_group(&named("g2"), 3, &named("g2:ends"), bytes("x"), unit).await.unwrap();
    put(kv, "g2", 3, "g2:taken").await;
    kv.take(&named("g2:taken")).await.unwrap();
    put(kv, "g2", 3, "g2:new").await;
    let before = live(kv, &["g2:stays", "g2:ends", "g2:new"]).await;
    assert_until(time, deadline, before == [true; 3], "what was taken left its place");
    time.pass(unit).await;
    put(kv, "g2", 3, "g2:newer").await;
    assert_eq!(live(kv, &["g2:stays", "g2:new", "g2:newer"]).await, [true; 3], "what has ended, too");
}

pub(super) async fn a_used_value_stays_known(kv: &dyn Kv) {
    put(kv, "g3", 1, "g3:used").await;
    assert_eq!(kv.consume(&named("g3:used"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("g3:used")));
    for key in ["g3:a", "g3:b"] {
        put(kv, "g3", 1, key).await;
    }
    assert_eq!(
        kv.consume(&named("g3:used"), LONG).await.unwrap(),
        ConsumeOutcome::Replayed(bytes("g3:used"))
    );
    assert_eq!(live(kv, &["g3:a", "g3:b"]).await, [false, true]);
}

pub(super) async fn groups_do_not_meet(kv: &dyn Kv) {
    for group in ["g4", "g5", "g4:x"] {
        put(kv, group, 1, &format!("{group}:only")).await;
    }
    kv.put(&named("g4"), bytes("a value"), LONG).await.unwrap();
    put(kv, "g4", 1, "g4:other").await;
    assert_eq!(live(kv, &["g4:only", "g4:other", "g5:only", "g4:x:only"]).await, [false, true, true, true]);
    assert_eq!(kv.get(&named("g4")).await.unwrap(), Some(bytes("a value")), "a group is no value");
    assert_eq!(kv.get(&named("g5")).await.unwrap(), None);
}

pub(super) async fn what_is_stored_for_no_time_is_not_a_member(kv: &dyn Kv) {
    put(kv, "g6", 1, "g6:a").await;
    kv.put_in_group(&named("g6"), 2, &named("g6:b"), bytes("x"), Duration::ZERO).await.unwrap();
    assert_eq!(live(kv, &["g6:a", "g6:b"]).await, [true, false]);
    put(kv, "g6", 2, "g6:c").await;
    assert_eq!(live(kv, &["g6:a", "g6:c"]).await, [true, true]);
}

pub(super) async fn a_group_lasts_as_long_as_its_longest_value(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    put(kv, "g7", 2, "g7:long").await;
    kv.put_in_group(&named("g7"), 2, &named("g7:brief"), bytes("x"), unit).await.unwrap();
    time.pass(unit).await;
    put(kv, "g7", 1, "g7:new").await;
    assert_eq!(live(kv, &["g7:long", "g7:new"]).await, [false, true], "the long one is still known");
}

pub(super) async fn parallel_values_never_exceed_the_maximum(kv: &Arc<dyn Kv>) {
    const TASKS: usize = 32;
    const EACH: usize = 10;
    race(TASKS, |task| {
        let kv = Arc::clone(kv);
        async move {
            for n in 0..EACH {
                let key = named(&format!("race:group:{task}:{n}"));
                kv.put_in_group(&named("race:group"), 4, &key, bytes("x"), LONG).await.unwrap();
            }
        }
    })
    .await;
    let mut left = 0;
    for task in 0..TASKS {
        for n in 0..EACH {
            left += usize::from(kv.get(&named(&format!("race:group:{task}:{n}"))).await.unwrap().is_some());
        }
    }
    assert_eq!(left, 4);
}
