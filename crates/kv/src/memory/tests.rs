//! Tests of the in-process store only: ceilings, sweeping, and the time limit of saving.

use std::time::Duration;

use bytes::Bytes;
use porta_core::seal::Keyring;
use porta_core::{ManualClock, SeededEntropy};

use super::kinds::{Ceiling, TOTAL_BYTES};
use super::*;
use crate::{ConsumeOutcome, Kv as _, RateLimit, Write};

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn named(text: &str) -> KvKey {
    KvKey::from_text(text)
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW))
}

fn small(kinds: &[(Kind, Ceiling)], most_bytes: usize) -> MemoryKv {
    MemoryKv::with(clock(), MemoryUsage::with(kinds, most_bytes))
}

fn entries(entries: usize) -> Ceiling {
    Ceiling { entries, bytes: usize::MAX }
}

async fn put(kv: &MemoryKv, key: &str, ttl: Duration) {
    kv.put(&named(key), Bytes::from_static(b"value"), ttl).await.unwrap();
}

async fn is_there(kv: &MemoryKv, key: &str) -> bool {
    kv.get(&named(key)).await.unwrap().is_some()
}

fn evicted(kv: &MemoryKv, kind: Kind) -> u64 {
    kv.usage.evicted(kind)
}

#[tokio::test]
async fn over_its_ceiling_a_kind_loses_what_ends_soonest() {
    let kv = small(&[(Kind::Interaction, entries(10))], TOTAL_BYTES);
    put(&kv, "o:session:s", MINUTE).await;
    for n in 1..=10 {
        put(&kv, &format!("o:interaction:{n}"), MINUTE * n).await;
    }
    assert_eq!(evicted(&kv, Kind::Interaction), 0);
    put(&kv, "o:interaction:new", HOUR).await;
    put(&kv, "o:interaction:newer", HOUR).await;
    for (key, stays) in
        [("1", false), ("2", false), ("3", true), ("10", true), ("new", true), ("newer", true)]
    {
        assert_eq!(is_there(&kv, &format!("o:interaction:{key}")).await, stays, "{key}");
    }
    assert!(is_there(&kv, "o:session:s").await, "another kind pays for nothing");
    assert_eq!((evicted(&kv, Kind::Interaction), kv.entries()), (2, 11));
}

/// However much anonymous clients write, no session or code is evicted.
#[tokio::test]
async fn what_anybody_can_write_crowds_out_nothing_that_was_earned() {
    let strangers = [
        Kind::Noted,
        Kind::Logout,
        Kind::Interaction,
        Kind::Answer,
        Kind::Counter,
        Kind::GuessCounter,
        Kind::Other,
    ];
    let ceilings: Vec<_> = strangers.map(|kind| (kind, entries(20))).into();
    let kv = small(&ceilings, 200_000);
    let earned = ["o:session:1", "o:code:1", "o:client-token:1", "o:account-setup:1"];
    for key in earned {
        // These expire sooner than anything anonymous clients store.
        put(&kv, key, MINUTE).await;
    }
    kv.put(&named("o:code:used"), Bytes::new(), MINUTE).await.unwrap();
    kv.consume(&named("o:code:used"), MINUTE).await.unwrap();
    let large = Bytes::from(vec![0; 4_096]);
    for n in 0..500 {
        for kind in ["interaction", "logout", "logout-request", "noted", "answer", "unheard-of"] {
            kv.put(&named(&format!("o:{kind}:{n}")), large.clone(), HOUR).await.unwrap();
        }
        for kind in ["token", "interaction", "login", "2fa"] {
            let limit = RateLimit { key: named(&format!("o:limit:{kind}:{n}")), maximum: 1, window: HOUR };
            kv.put_limited(&named(&format!("o:interaction:limited:{n}")), large.clone(), HOUR, &[limit])
                .await
                .unwrap();
        }
    }
    for key in earned {
        assert!(is_there(&kv, key).await, "{key}");
    }
    assert_eq!(
        kv.consume(&named("o:code:used"), MINUTE).await.unwrap(),
        ConsumeOutcome::Replayed(Bytes::new())
    );
    assert!(kv.bytes() <= 200_000 && kv.entries() < 130, "{} in {}", kv.entries(), kv.bytes());
    for kind in Kind::all().filter(|kind| !strangers.contains(kind)) {
        assert_eq!(evicted(&kv, kind), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn when_everything_is_too_much_kinds_go_in_the_stated_order() {
    let kv = small(&[], 40 * 1_000);
    let value = Bytes::from(vec![0; 1_000]);
    let order =
        ["noted", "logout", "interaction", "unknown", "account-setup", "client-token", "code", "session"];
    for kind in order {
        kv.put(&named(&format!("o:{kind}:x")), value.clone(), MINUTE).await.unwrap();
    }
    kv.put(&named("o:code:used"), value.clone(), MINUTE).await.unwrap();
    kv.consume(&named("o:code:used"), MINUTE).await.unwrap();
    let mut gone = Vec::new();
    for n in 0..60 {
        kv.put(&named(&format!("o:session:{n}")), value.clone(), HOUR).await.unwrap();
        for kind in order {
            if !gone.contains(&kind) && !is_there(&kv, &format!("o:{kind}:x")).await {
                gone.push(kind);
            }
        }
        let used = kv.consume(&named("o:code:used"), MINUTE).await.unwrap();
        if used == ConsumeOutcome::Absent && !gone.contains(&"used") {
            gone.push("used");
        }
    }
    let expected = [
        "noted",
        "logout",
        "interaction",
        "unknown",
        "account-setup",
        "client-token",
        "code",
        "used",
        "session",
    ];
    assert_eq!(gone, expected, "and of sessions the one that ends soonest");
    assert!(kv.bytes() <= 40_000);
}

#[tokio::test]
async fn bytes_have_a_ceiling_too_and_the_newest_is_kept() {
    let kv = small(&[(Kind::Interaction, Ceiling { entries: 100, bytes: 10_000 })], TOTAL_BYTES);
    for n in 0..20 {
        kv.put(&named(&format!("o:interaction:{n}")), Bytes::from(vec![0; 1_000]), MINUTE + MINUTE * n)
            .await
            .unwrap();
    }
    assert!(kv.bytes() <= 10_000 && kv.entries() >= 7, "{} in {}", kv.entries(), kv.bytes());
    assert!(is_there(&kv, "o:interaction:19").await);
    // Replacing and removing free their bytes.
    kv.put(&named("o:interaction:19"), Bytes::new(), HOUR).await.unwrap();
    kv.write(vec![Write::Delete { key: named("o:interaction:18") }]).await.unwrap();
    let left = kv.entries();
    put(&kv, "o:interaction:new", HOUR).await;
    assert_eq!(kv.entries(), left + 1, "there is room again");
}

/// An idle server keeps no expired entries.
#[tokio::test]
async fn what_ended_is_swept_though_nobody_comes() {
    let clock = clock();
    let kv = MemoryKv::new(clock.clone());
    for n in 0..30_000 {
        put(&kv, &format!("o:session:{n}"), MINUTE).await;
        let limit = RateLimit { key: named(&format!("o:limit:login:{n}")), maximum: 1, window: MINUTE };
        kv.hit(&[limit]).await.unwrap();
    }
    kv.put_in_group(&named("o:codes:g"), 4, &named("o:code:1"), Bytes::new(), MINUTE).await.unwrap();
    put(&kv, "o:session:stays", HOUR).await;
    assert_eq!((kv.sweep().await, kv.entries()), (0, 60_003));
    clock.advance(MINUTE);
    assert_eq!((kv.sweep().await, kv.entries()), (60_002, 1));
    assert!(is_there(&kv, "o:session:stays").await);
}

/// Operations that name the same keys in different orders do not deadlock, and each is atomic.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn operations_over_several_shards_are_whole_and_end() {
    let kv = Arc::new(MemoryKv::new(clock()));
    let keys: Vec<KvKey> = (0..8).map(|n| named(&format!("o:session:{n}"))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_u8 {
        let (kv, mut keys) = (Arc::clone(&kv), keys.clone());
        keys.rotate_left(usize::from(task));
        tasks.spawn(async move {
            for round in 0..200_u16 {
                let value = Bytes::from(vec![task, round.to_le_bytes()[0], round.to_le_bytes()[1]]);
                let put = |key: &KvKey| Write::Put { key: key.clone(), value: value.clone(), ttl: MINUTE };
                kv.write(keys.iter().map(put).collect()).await.unwrap();
                kv.put_in_group(
                    &named("o:codes:g"),
                    2,
                    &named(&format!("o:code:{task}:{round}")),
                    value,
                    MINUTE,
                )
                .await
                .unwrap();
                if round % 20 == 0 {
                    kv.sweep().await;
                }
            }
        });
    }
    tasks.join_all().await;
    let mut values = Vec::new();
    for key in &keys {
        values.push(kv.get(key).await.unwrap().unwrap());
    }
    assert!(values.iter().all(|value| *value == values[0]), "{values:?}");
    assert_eq!(kv.entries(), 8 + 2 + 1);
}

/// When time is over, sessions are already saved: what is left out comes from the other end of the order.
#[tokio::test]
async fn a_save_ends_in_time_and_begins_with_sessions() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("snapshot");
    let ring = Keyring::new(&[[1; 32]], "test");
    let save =
        |kv: &MemoryKv, within| kv.save_within(within, &path, NOW, &ring, &SeededEntropy::new(1)).unwrap();

    let kv = MemoryKv::new(clock());
    put(&kv, "o:session:1", MINUTE).await;
    assert_eq!(save(&kv, Duration::ZERO), SaveOutcome { entries: 0, left_out: 1 });
    assert_eq!(MemoryKv::new(clock()).load_snapshot(&path, &ring).unwrap(), 0, "a whole file all the same");

    // How much is saved within the limit depends on the machine.
    for within in [1, 2, 4, 8, 16, 32, 64] {
        let kv = MemoryKv::new(clock());
        for n in 0..3_000 {
            put(&kv, &format!("o:interaction:{n}"), HOUR).await;
            put(&kv, &format!("o:session:{n}"), MINUTE).await;
        }
        let saved = save(&kv, Duration::from_millis(within));
        assert_eq!(saved.entries + saved.left_out, 6_000);
        let after = MemoryKv::new(clock());
        assert_eq!(after.load_snapshot(&path, &ring).unwrap(), saved.entries);
        let (sessions, others) = (after.usage.entries(Kind::Session), after.usage.entries(Kind::Interaction));
        assert!(sessions == 3_000 || others == 0, "{sessions} sessions, {others} others");
    }
}

#[tokio::test]
async fn a_saved_store_gives_its_memory_back_while_it_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let ring = Keyring::new(&[[1; 32]], "test");
    let kv = MemoryKv::new(clock());
    for n in 0..1_000 {
        kv.put(&named(&format!("o:session:{n}")), Bytes::from(vec![0; 2_000]), MINUTE).await.unwrap();
    }
    let saved =
        kv.save_snapshot(&directory.path().join("snapshot"), NOW, &ring, &SeededEntropy::new(1)).unwrap();
    assert_eq!((saved.entries, saved.left_out, kv.entries(), kv.bytes()), (1_000, 0, 0, 0));
}
