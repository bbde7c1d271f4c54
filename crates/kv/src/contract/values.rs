//! Values: unchanged, for their lifetime, one winner in every race.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{LONG, TimeControl, assert_until, bytes, named, race};
use crate::{Kv, Notice, RateLimit, Write};

pub(super) async fn a_value_is_kept_as_it_is(kv: &dyn Kv) {
    let every_byte: Bytes = (0..=u8::MAX).collect();
    let large: Bytes = (0..1_u32 << 20).map(|n| n.to_le_bytes()[0]).collect();
    for (name, value) in [("empty", Bytes::new()), ("binary", every_byte), ("large", large)] {
        let key = named(&format!("kept:{name}"));
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
        kv.put(&named(key), bytes(&n.to_string()), LONG).await.unwrap();
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(kv.get(&named(key)).await.unwrap(), Some(bytes(&n.to_string())), "{key:?}");
    }
    for key in keys {
        assert!(kv.take(&named(key)).await.unwrap().is_some(), "{key:?}");
    }
    let long = named(&"k".repeat(10_000));
    kv.put(&long, bytes("long"), LONG).await.unwrap();
    assert_eq!(kv.take(&long).await.unwrap(), Some(bytes("long")));
}

pub(super) async fn put_replaces(kv: &dyn Kv) {
    kv.put(&named("replace"), bytes("one"), LONG).await.unwrap();
    kv.put(&named("replace"), bytes("two"), LONG).await.unwrap();
    assert_eq!(kv.get(&named("replace")).await.unwrap(), Some(bytes("two")));
    assert_eq!(kv.get(&named("never stored")).await.unwrap(), None);
}

pub(super) async fn a_value_ends_at_its_lifetime(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    // The store started the lifetime before it answered, so before this `now`.
    let deadline = time.now() + unit;
    kv.put(&named("ends"), bytes("x"), unit).await.unwrap();
    assert_until(time, deadline, kv.get(&named("ends")).await.unwrap().is_some(), "there at once");
    time.pass(unit / 2).await;
    assert_until(
        time,
        deadline,
        kv.get(&named("ends")).await.unwrap().is_some(),
        "there at half its lifetime",
    );
    if time.is_exact() {
        let moment = Duration::from_micros(1);
        time.pass((unit / 2).saturating_sub(moment)).await;
        assert!(kv.get(&named("ends")).await.unwrap().is_some(), "there at its last moment");
        time.pass(moment).await;
    } else {
        time.pass(unit / 2).await;
    }
    assert_eq!(kv.get(&named("ends")).await.unwrap(), None);
    assert_eq!(kv.take(&named("ends")).await.unwrap(), None);
}

pub(super) async fn a_new_value_has_its_own_lifetime(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    kv.put(&named("renewed"), bytes("x"), unit).await.unwrap();
    kv.put(&named("shortened"), bytes("x"), LONG).await.unwrap();
    kv.put(&named("renewed"), bytes("y"), LONG).await.unwrap();
    kv.put(&named("shortened"), bytes("y"), unit).await.unwrap();
    time.pass(unit).await;
    assert_eq!(kv.get(&named("renewed")).await.unwrap(), Some(bytes("y")));
    assert_eq!(kv.get(&named("shortened")).await.unwrap(), None);
}

pub(super) async fn no_lifetime_stores_nothing(kv: &dyn Kv) {
    for nothing in [Duration::ZERO, Duration::from_micros(999)] {
        kv.put(&named("brief"), bytes("x"), LONG).await.unwrap();
        assert!(!kv.put_if_absent(&named("brief"), bytes("y"), nothing).await.unwrap(), "the place is taken");
        assert_eq!(kv.get(&named("brief")).await.unwrap(), Some(bytes("x")));
        kv.put(&named("brief"), bytes("y"), nothing).await.unwrap();
        assert_eq!(kv.get(&named("brief")).await.unwrap(), None);
        assert!(kv.put_if_absent(&named("brief"), bytes("y"), nothing).await.unwrap());
        assert_eq!(kv.get(&named("brief")).await.unwrap(), None);
    }
    kv.put(&named("for ever"), bytes("x"), Duration::MAX).await.unwrap();
    assert_eq!(kv.take(&named("for ever")).await.unwrap(), Some(bytes("x")));
}

pub(super) async fn an_ended_value_leaves_its_place(kv: &dyn Kv, time: &dyn TimeControl) {
    let unit = time.unit();
    let deadline = time.now() + unit;
    assert!(kv.put_if_absent(&named("place"), bytes("one"), unit).await.unwrap());
    let is_refused = !kv.put_if_absent(&named("place"), bytes("two"), unit).await.unwrap();
    assert_until(time, deadline, is_refused, "the place is taken");
    time.pass(unit * 2).await;
    assert!(kv.put_if_absent(&named("place"), bytes("three"), LONG).await.unwrap());
    assert_eq!(kv.get(&named("place")).await.unwrap(), Some(bytes("three")));
}

pub(super) async fn put_if_absent_has_one_winner(kv: &Arc<dyn Kv>) {
    let answers = race(64, |n| {
        let kv = Arc::clone(kv);
        async move { (n, kv.put_if_absent(&named("race:put"), bytes(&n.to_string()), LONG).await.unwrap()) }
    })
    .await;
    let winners: Vec<_> = answers.into_iter().filter(|(_, won)| *won).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(kv.get(&named("race:put")).await.unwrap(), Some(bytes(&winners[0].0.to_string())));
}

pub(super) async fn take_has_one_winner(kv: &Arc<dyn Kv>) {
    for round in 0..20 {
        kv.put(&named("race:take"), bytes(&round.to_string()), LONG).await.unwrap();
        let answers = race(32, |_| {
            let kv = Arc::clone(kv);
            async move { kv.take(&named("race:take")).await.unwrap() }
        })
        .await;
        let taken: Vec<_> = answers.into_iter().flatten().collect();
        assert_eq!(taken, [bytes(&round.to_string())]);
    }
}

pub(super) async fn write_does_all(kv: &dyn Kv, time: &dyn TimeControl) {
    let put = |key: &str, value: &str, ttl| Write::Put { key: named(key), value: bytes(value), ttl };
    let delete = |key: &str| Write::Delete { key: named(key) };
    let unit = time.unit();
    assert!(kv.write(Vec::new()).await.unwrap());
    kv.put(&named("write:old"), bytes("x"), LONG).await.unwrap();
    kv.put(&named("write:zero"), bytes("x"), LONG).await.unwrap();
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
    assert_eq!(kv.get(&named("write:a")).await.unwrap(), Some(bytes("1")));
    assert_eq!(kv.get(&named("write:old")).await.unwrap(), None);
    assert_eq!(kv.get(&named("write:zero")).await.unwrap(), None);
    assert_eq!(kv.get(&named("write:twice")).await.unwrap(), Some(bytes("last")), "in the order given");
    assert_eq!(kv.get(&named("write:back")).await.unwrap(), None, "in the order given");
    time.pass(unit).await;
    assert_eq!(kv.get(&named("write:brief")).await.unwrap(), None);
}

/// Every write moves a value between two places: in any order, exactly one is taken at the end.
pub(super) async fn write_is_seen_whole(kv: &Arc<dyn Kv>) {
    let write = |from: &str, to: &str, value: usize| {
        vec![
            Write::Delete { key: named(&format!("whole:{from}")) },
            Write::Put { key: named(&format!("whole:{to}")), value: bytes(&value.to_string()), ttl: LONG },
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
    let left = kv.get(&named("whole:left")).await.unwrap();
    let right = kv.get(&named("whole:right")).await.unwrap();
    assert!(left.is_some() != right.is_some(), "exactly one place holds a value: {left:?} {right:?}");
}

pub(super) async fn each_operation_is_one_command(kv: &dyn Kv) {
    let limits = [RateLimit { key: named("budget"), maximum: 10, window: LONG }];
    let notice = Notice { topic: "budget".to_owned(), key: String::new() };
    let deletes = ["budget", "other"].map(|key| Write::Delete { key: named(key) });
    let before = kv.commands();
    kv.put(&named("budget"), bytes("x"), LONG).await.unwrap();
    kv.get(&named("budget")).await.unwrap();
    kv.put_if_absent(&named("budget"), bytes("x"), LONG).await.unwrap();
    kv.consume(&named("budget"), LONG).await.unwrap();
    kv.take(&named("budget")).await.unwrap();
    kv.peek(&named("budget")).await.unwrap();
    kv.mark_used(&named("budget"), LONG).await.unwrap();
    kv.write(deletes.to_vec()).await.unwrap();
    kv.check(&limits).await.unwrap();
    kv.hit(&limits).await.unwrap();
    kv.put_limited(&named("budget"), bytes("x"), LONG, &limits).await.unwrap();
    kv.release(&[named("budget"), named("other")]).await.unwrap();
    kv.claim(&named("place"), &named("claim"), bytes("x"), LONG, &limits).await.unwrap();
    kv.release_and_put(&[named("budget")], &named("claim"), bytes("y"), LONG).await.unwrap();
    kv.put_in_group(&named("group"), 1, &named("budget"), bytes("x"), LONG).await.unwrap();
    kv.clear(&[named("budget"), named("other")]).await.unwrap();
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
