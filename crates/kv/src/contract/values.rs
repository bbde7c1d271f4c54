//! Values: unchanged, for their lifetime, one winner in every race.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{LONG, TimeControl, assert_until, bytes, race};
use crate::{Kv, Notice, RateLimit, Write};

pub(super) async fn a_value_is_kept_as_it_is(kv: &dyn Kv) {
    let every_byte: Bytes = (0..=u8::MAX).collect();
    let large: Bytes = (0..1_u32 << 20).map(|n| n.to_le_bytes()[0]).collect();
    for (name, value) in [("empty", Bytes::new()), ("binary", every_byte), ("large", large)] {
        let key = format!("kept:{name}");
        kv.put(&key, value.clone(), LONG).await.unwrap();
        assert_eq!(kv.get(&key).await.unwrap().as_ref(), Some(&value), "{name}");
        assert_eq!(kv.take(&key).await.unwrap(), Some(value.clone()), "{name}");
        assert_eq!(kv.take(&key).await.unwrap(), None, "{name}");
        kv.write(vec![Write::Put { key: key.clone(), value: value.clone(), ttl: LONG }]).await.unwrap();
        assert_eq!(kv.get(&key).await.unwrap(), Some(value), "{name}");
    }
}

pub(super) async fn odd_keys_are_different_keys(kv: &dyn Kv) {
    let keys = [
        "", " ", ":", "a", "A", "a ", " a", "a:b", "a:b:", "{a}:b", "{a}", "*", "?", "[a]", "\\", "\n", "\0",
        "é", "e\u{301}", "日本", "🔑", "v:a", "n:a", "'", "\"",
    ];
    for (n, key) in keys.iter().enumerate() {
        kv.put(key, bytes(&n.to_string()), LONG).await.unwrap();
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(kv.get(key).await.unwrap(), Some(bytes(&n.to_string())), "{key:?}");
    }
    for key in keys {
        assert!(kv.take(key).await.unwrap().is_some(), "{key:?}");
    }
    let long = "k".repeat(10_000);
    kv.put(&long, bytes("long"), LONG).await.unwrap();
    assert_eq!(kv.take(&long).await.unwrap(), Some(bytes("long")));
}

pub(super) async fn put_replaces(kv: &dyn Kv) {
    kv.put("replace", bytes("one"), LONG).await.unwrap();
    kv.put("replace", bytes("two"), LONG).await.unwrap();
    assert_eq!(kv.get("replace").await.unwrap(), Some(bytes("two")));
    assert_eq!(kv.get("never stored").await.unwrap(), None);
}

pub(super) async fn a_value_ends_at_its_lifetime(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    // The store started the lifetime before it answered, so before this `now`.
    let deadline = time.now() + unit;
    kv.put("ends", bytes("x"), unit).await.unwrap();
    assert_until(time, deadline, kv.get("ends").await.unwrap().is_some(), "there at once");
    time.pass(unit / 2).await;
    assert_until(time, deadline, kv.get("ends").await.unwrap().is_some(), "there at half its lifetime");
    if time.is_exact() {
        let moment = Duration::from_micros(1);
        time.pass((unit / 2).saturating_sub(moment)).await;
        assert!(kv.get("ends").await.unwrap().is_some(), "there at its last moment");
        time.pass(moment).await;
    } else {
        time.pass(unit / 2).await;
    }
    assert_eq!(kv.get("ends").await.unwrap(), None);
    assert_eq!(kv.take("ends").await.unwrap(), None);
}

pub(super) async fn a_new_value_has_its_own_lifetime(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    kv.put("renewed", bytes("x"), unit).await.unwrap();
    kv.put("shortened", bytes("x"), LONG).await.unwrap();
    kv.put("renewed", bytes("y"), LONG).await.unwrap();
    kv.put("shortened", bytes("y"), unit).await.unwrap();
    time.pass(unit).await;
    assert_eq!(kv.get("renewed").await.unwrap(), Some(bytes("y")));
    assert_eq!(kv.get("shortened").await.unwrap(), None);
}

pub(super) async fn no_lifetime_stores_nothing(kv: &dyn Kv) {
    for nothing in [Duration::ZERO, Duration::from_micros(999)] {
        kv.put("brief", bytes("x"), LONG).await.unwrap();
        assert!(!kv.put_if_absent("brief", bytes("y"), nothing).await.unwrap(), "the place is taken");
        assert_eq!(kv.get("brief").await.unwrap(), Some(bytes("x")));
        kv.put("brief", bytes("y"), nothing).await.unwrap();
        assert_eq!(kv.get("brief").await.unwrap(), None);
        assert!(kv.put_if_absent("brief", bytes("y"), nothing).await.unwrap());
        assert_eq!(kv.get("brief").await.unwrap(), None);
    }
    kv.put("for ever", bytes("x"), Duration::MAX).await.unwrap();
    assert_eq!(kv.take("for ever").await.unwrap(), Some(bytes("x")));
}

pub(super) async fn an_ended_value_leaves_its_place(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    let deadline = time.now() + unit;
    assert!(kv.put_if_absent("place", bytes("one"), unit).await.unwrap());
    let is_refused = !kv.put_if_absent("place", bytes("two"), unit).await.unwrap();
    assert_until(time, deadline, is_refused, "the place is taken");
    time.pass(unit * 2).await;
    assert!(kv.put_if_absent("place", bytes("three"), LONG).await.unwrap());
    assert_eq!(kv.get("place").await.unwrap(), Some(bytes("three")));
}

pub(super) async fn put_if_absent_has_one_winner(kv: &Arc<dyn Kv>) {
    let answers = race(64, |n| {
        let kv = Arc::clone(kv);
        async move { (n, kv.put_if_absent("race:put", bytes(&n.to_string()), LONG).await.unwrap()) }
    })
    .await;
    let winners: Vec<_> = answers.into_iter().filter(|(_, won)| *won).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(kv.get("race:put").await.unwrap(), Some(bytes(&winners[0].0.to_string())));
}

pub(super) async fn take_has_one_winner(kv: &Arc<dyn Kv>) {
    for round in 0..20 {
        kv.put("race:take", bytes(&round.to_string()), LONG).await.unwrap();
        let answers = race(32, |_| {
            let kv = Arc::clone(kv);
            async move { kv.take("race:take").await.unwrap() }
        })
        .await;
        let taken: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(taken, [bytes(&round.to_string())]);
    }
}

pub(super) async fn write_does_all(kv: &dyn Kv, time: &dyn TimeControl) {
    let put = |key: &str, value: &str, ttl| Write::Put { key: key.to_owned(), value: bytes(value), ttl };
    let delete = |key: &str| Write::Delete { key: key.to_owned() };
    let unit = time.unit();
    assert!(kv.write(Vec::new()).await.unwrap());
    kv.put("write:old", bytes("x"), LONG).await.unwrap();
    kv.put("write:zero", bytes("x"), LONG).await.unwrap();
    let answer = kv.write(vec![
        put("write:a", "1", LONG),
        delete("write:old"),
        put("write:zero", "x", Duration::ZERO),
        put("write:brief", "x", unit),
        put("write:twice", "first", LONG),
        put("write:twice", "last", LONG),
        put("write:back", "x", LONG),
        delete("write:back"),
        delete("write:never there"),
    ]);
    assert!(answer.await.unwrap(), "nothing asked for what was there");
    assert_eq!(kv.get("write:a").await.unwrap(), Some(bytes("1")));
    assert_eq!(kv.get("write:old").await.unwrap(), None);
    assert_eq!(kv.get("write:zero").await.unwrap(), None);
    assert_eq!(kv.get("write:twice").await.unwrap(), Some(bytes("last")), "in the order given");
    assert_eq!(kv.get("write:back").await.unwrap(), None, "in the order given");
    time.pass(unit).await;
    assert_eq!(kv.get("write:brief").await.unwrap(), None);
}

/// Every write moves a value between two places: in any order, exactly one is taken at the end.
pub(super) async fn write_is_seen_whole(kv: &Arc<dyn Kv>) {
    let write = |from: &str, to: &str, value: usize| {
        vec![
            Write::Delete { key: format!("whole:{from}") },
            Write::Put { key: format!("whole:{to}"), value: bytes(&value.to_string()), ttl: LONG },
        ]
    };
    race(16, |n| {
        let kv = Arc::clone(kv);
        async move {
            for round in 0..50 {
                let (from, to) = if (n + round) % 2 == 0 { ("left", "right") } else { ("right", "left") };
                kv.write(write(from, to, n)).await.unwrap();
            }
        }
    })
    .await;
    let left = kv.get("whole:left").await.unwrap();
    let right = kv.get("whole:right").await.unwrap();
    assert!(left.is_some() != right.is_some(), "exactly one place holds a value: {left:?} {right:?}");
}

pub(super) async fn each_operation_is_one_command(kv: &dyn Kv) {
    let limits = [RateLimit { key: "budget".to_owned(), maximum: 10, window: LONG }];
    let notice = Notice { topic: "budget".to_owned(), key: String::new() };
    let deletes = ["budget", "other"].map(|key| Write::Delete { key: key.to_owned() });
    let before = kv.commands();
    kv.put("budget", bytes("x"), LONG).await.unwrap();
    kv.get("budget").await.unwrap();
    kv.put_if_absent("budget", bytes("x"), LONG).await.unwrap();
    kv.consume("budget", LONG).await.unwrap();
    kv.take("budget").await.unwrap();
    kv.peek("budget").await.unwrap();
    kv.mark_used("budget", LONG).await.unwrap();
    kv.write(deletes.to_vec()).await.unwrap();
    kv.check(&limits).await.unwrap();
    kv.hit(&limits).await.unwrap();
    kv.put_limited("budget", bytes("x"), LONG, &limits).await.unwrap();
    kv.release(&["budget".to_owned(), "other".to_owned()]).await.unwrap();
    kv.claim("place", "claim", bytes("x"), LONG, &limits).await.unwrap();
    kv.release_and_put(&["budget".to_owned()], "claim", bytes("y"), LONG).await.unwrap();
    kv.put_in_group("group", 1, "budget", bytes("x"), LONG).await.unwrap();
    kv.clear(&["budget".to_owned(), "other".to_owned()]).await.unwrap();
    kv.publish(&notice).await.unwrap();
    kv.ping().await.unwrap();
    assert_eq!(kv.commands() - before, 18);
    // An empty write sends no command.
    kv.write(Vec::new()).await.unwrap();
    kv.check(&[]).await.unwrap();
    kv.hit(&[]).await.unwrap();
    kv.clear(&[]).await.unwrap();
    assert_eq!(kv.commands() - before, 18);
}
