//! The store in Redis: the contract against `TEST_REDIS_URL`, and outages of servers that the test starts.
//!
//! These tests use real time: lifetimes are short, and the tests sleep.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for other code")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use porta_core::secret::hex;
use porta_core::{Entropy, OsEntropy};
use porta_kv::contract::{self, TimeControl, named};
use porta_kv::redis::ConnectError;
use porta_kv::{
    ConsumeOutcome, Kv, KvError, Notice, NoticeEvent, RateLimit, RedisKv, RedisOptions, Write, next_notice,
};

use crate::support::Server;

pub(super) const MINUTE: Duration = Duration::from_mins(1);

pub(super) struct RealTime(pub(super) Instant);

#[async_trait]
impl TimeControl for RealTime {
    fn unit(&self) -> Duration {
        Duration::from_millis(300)
    }

    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn pass(&self, by: Duration) {
        // Redis expires a key in the millisecond after its last.
        tokio::time::sleep(by + Duration::from_millis(5)).await;
    }

    fn is_exact(&self) -> bool {
        false
    }
}

fn test_url() -> String {
    std::env::var("TEST_REDIS_URL").expect(
        "TEST_REDIS_URL is not set: name a Redis these tests may use, such as redis://127.0.0.1:6379/1, \
         or leave them out with --skip redis",
    )
}

fn new_instance() -> String {
    let entropy: &dyn Entropy = &OsEntropy;
    format!("test-{}", hex(&entropy.bytes::<8>()))
}

async fn connect(url: &str, instance: &str) -> RedisKv {
    RedisKv::connect(RedisOptions::new(url.to_owned().into(), instance)).await.unwrap()
}

/// Retries until the store answers again.
pub(super) async fn until_back(kv: &RedisKv) {
    let start = Instant::now();
    while let Err(error) = kv.ping().await {
        assert!(matches!(error, KvError::Unavailable(_)), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10), "still away: {error}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) async fn next(receiver: &mut tokio::sync::broadcast::Receiver<NoticeEvent>) -> NoticeEvent {
    tokio::time::timeout(Duration::from_secs(10), next_notice(receiver)).await.unwrap().unwrap()
}

pub(super) fn notice(key: &str) -> Notice {
    Notice { topic: "test".to_owned(), key: key.to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    let kv = connect(&test_url(), &new_instance()).await;
    contract::run_all(Arc::new(kv), &RealTime(Instant::now())).await;
}

#[tokio::test]
async fn instances_in_one_database_do_not_meet() {
    let url = test_url();
    let one = connect(&url, &new_instance()).await;
    let other = connect(&url, &new_instance()).await;
    contract::instances_do_not_meet(&one, &other).await;
}

#[tokio::test]
async fn one_instance_in_two_databases_does_not_meet() {
    let server = Server::start(&[]).await;
    let one = connect(&format!("{}/0", server.url()), "porta").await;
    let other = connect(&format!("{}/1", server.url()), "porta").await;
    contract::instances_do_not_meet(&one, &other).await;
}

#[tokio::test]
async fn processes_of_one_instance_share_everything() {
    let (url, instance) = (test_url(), new_instance());
    let one = connect(&url, &instance).await;
    let other = connect(&url, &instance).await;
    let mut hears = [one.subscribe(), other.subscribe()];
    one.put(&named("shared"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
    assert_eq!(
        other.consume(&named("shared"), MINUTE).await.unwrap(),
        ConsumeOutcome::Fresh(Bytes::from_static(b"x"))
    );
    assert_eq!(
        one.consume(&named("shared"), MINUTE).await.unwrap(),
        ConsumeOutcome::Replayed(Bytes::from_static(b"x"))
    );
    other.publish(&notice("to all")).await.unwrap();
    for receiver in &mut hears {
        assert_eq!(next(receiver).await, NoticeEvent::Notice(notice("to all")));
    }
}

#[tokio::test]
async fn an_outage_fails_fast_and_ends_by_itself() {
    let mut server = Server::start(&[]).await;
    let kv = connect(&server.url(), "porta").await;
    let mut receiver = kv.subscribe();
    kv.put(&named("before"), Bytes::from_static(b"x"), MINUTE).await.unwrap();

    server.stop().await;
    let limits = [RateLimit { key: named("l"), maximum: 1, window: MINUTE }];
    for _ in 0..20 {
        let asked = Instant::now();
        assert!(matches!(kv.get(&named("before")).await, Err(KvError::Unavailable(_))));
        assert!(matches!(kv.consume(&named("before"), MINUTE).await, Err(KvError::Unavailable(_))));
        assert!(matches!(kv.hit(&limits).await, Err(KvError::Unavailable(_))));
        assert!(matches!(kv.publish(&notice("lost")).await, Err(KvError::Unavailable(_))));
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    server.restart().await;
    until_back(&kv).await;
    assert_eq!(kv.get(&named("before")).await.unwrap(), None, "this server forgets");
    assert_eq!(next(&mut receiver).await, NoticeEvent::Gap);
    kv.publish(&notice("after")).await.unwrap();
    assert_eq!(next(&mut receiver).await, NoticeEvent::Notice(notice("after")));

    // The scripts were loaded again with the connection.
    let before = kv.commands();
    kv.consume(&named("before"), MINUTE).await.unwrap();
    assert_eq!(kv.commands() - before, 1);
}

#[tokio::test]
async fn a_restart_between_two_requests_is_noticed_without_one() {
    let mut server = Server::start(&[]).await;
    let kv = connect(&server.url(), "porta").await;
    let mut receiver = kv.subscribe();
    server.stop().await;
    server.restart().await;
    assert_eq!(next(&mut receiver).await, NoticeEvent::Gap);
    // Both connections of the store come back without any request.
    until_clients(&server, 3).await;
    until_back(&kv).await;
}

#[tokio::test]
async fn a_silent_server_is_left_and_found_again() {
    let server = Server::start(&[]).await;
    let mut options = RedisOptions::new(server.url().into(), "porta");
    options.response_timeout = Duration::from_millis(200);
    options.connection_timeout = Duration::from_millis(300);
    let kv = RedisKv::connect(options).await.unwrap();
    let mut receiver = kv.subscribe();

    server.signal("STOP").await;
    let asked = Instant::now();
    assert!(matches!(kv.ping().await, Err(KvError::Unavailable(_))));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    // The connection has been detected as dead: requests now fail without waiting for the timeout.
    tokio::time::sleep(Duration::from_millis(800)).await;
    let mut quickest = Duration::MAX;
    for _ in 0..10 {
        let asked = Instant::now();
        assert!(matches!(kv.ping().await, Err(KvError::Unavailable(_))));
        quickest = quickest.min(asked.elapsed());
    }
    assert!(quickest < Duration::from_millis(100), "{quickest:?}");
    // Long enough for the subscription's PING to go unanswered.
    tokio::time::sleep(Duration::from_secs(6)).await;

    server.signal("CONT").await;
    until_back(&kv).await;
    assert_eq!(next(&mut receiver).await, NoticeEvent::Gap);
}

#[tokio::test]
async fn forgotten_scripts_are_sent_again() {
    let server = Server::start(&[]).await;
    let kv = connect(&server.url(), "porta").await;
    kv.put(&named("code"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
    server.ask(&["SCRIPT", "FLUSH"]).await;
    let before = kv.commands();
    assert_eq!(
        kv.consume(&named("code"), MINUTE).await.unwrap(),
        ConsumeOutcome::Fresh(Bytes::from_static(b"x"))
    );
    assert_eq!(kv.commands() - before, 2, "the refused digest and the text are both counted");
    assert_eq!(
        kv.consume(&named("code"), MINUTE).await.unwrap(),
        ConsumeOutcome::Replayed(Bytes::from_static(b"x"))
    );
    assert_eq!(kv.commands() - before, 3);
}

#[tokio::test]
async fn everything_stored_has_an_end() {
    let server = Server::start(&[]).await;
    let kv = connect(&server.url(), "porta").await;
    let limits = [RateLimit { key: named("l"), maximum: 1, window: MINUTE }];
    kv.put(&named("put"), Bytes::new(), MINUTE).await.unwrap();
    kv.put_if_absent(&named("absent"), Bytes::new(), MINUTE).await.unwrap();
    kv.put(&named("used"), Bytes::new(), MINUTE).await.unwrap();
    kv.consume(&named("used"), MINUTE).await.unwrap();
    kv.hit(&limits).await.unwrap();
    kv.hit(&limits).await.unwrap();
    for key in ["porta:v:put", "porta:v:absent", "porta:v:used", "porta:n:l"] {
        match server.ask(&["PTTL", key]).await {
            redis::Value::Int(left) => assert!(left > 0 && left <= 60_000, "{key}: {left}"),
            other => panic!("{key}: {other:?}"),
        }
    }
    assert_eq!(server.ask(&["DBSIZE"]).await, redis::Value::Int(4));
}

#[tokio::test]
async fn a_full_server_takes_nothing_new_and_changes_nothing_by_halves() {
    let server = Server::start(&["--maxmemory-policy", "noeviction"]).await;
    let kv = connect(&server.url(), "porta").await;
    let limits = [RateLimit { key: named("l"), maximum: 1, window: MINUTE }];
    let put = |key: &str| Write::Put { key: named(key), value: Bytes::new(), ttl: MINUTE };
    kv.put(&named("code"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
    for refused in [
        kv.put(&named("new"), Bytes::new(), MINUTE).await,
        kv.write(vec![put("new"), put("newer")]).await.map(drop),
        kv.hit(&limits).await.map(drop),
    ] {
        assert!(matches!(refused, Err(KvError::Unavailable(_))), "{refused:?}");
    }
    // The existing code can still be consumed, once.
    assert_eq!(
        kv.consume(&named("code"), MINUTE).await.unwrap(),
        ConsumeOutcome::Fresh(Bytes::from_static(b"x"))
    );
    assert_eq!(
        kv.consume(&named("code"), MINUTE).await.unwrap(),
        ConsumeOutcome::Replayed(Bytes::from_static(b"x"))
    );
    assert_eq!(server.ask(&["DBSIZE"]).await, redis::Value::Int(1));
}

/// A failover can turn the server into a replica between two requests.
#[tokio::test]
async fn a_replica_is_an_outage_to_every_write_and_keeps_what_it_has() {
    let server = Server::start(&[]).await;
    let kv = connect(&server.url(), "porta").await;
    let limits = [RateLimit { key: named("l"), maximum: 1, window: MINUTE }];
    for write in 0..7 {
        kv.put(&named("value"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
        kv.put(&named("used"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
        kv.consume(&named("used"), MINUTE).await.unwrap();
        server.ask(&["REPLICAOF", "127.0.0.1", "1"]).await;
        let answer = match write {
            0 => kv.consume(&named("value"), MINUTE).await.map(drop),
            1 => kv.take(&named("value")).await.map(drop),
            2 => kv.put(&named("value"), Bytes::new(), MINUTE).await,
            3 => kv.put_if_absent(&named("absent"), Bytes::new(), MINUTE).await.map(drop),
            4 => kv.hit(&limits).await.map(drop),
            5 => kv.put_limited(&named("value"), Bytes::new(), MINUTE, &limits).await.map(drop),
            _ => kv.consume(&named("used"), MINUTE).await.map(drop),
        };
        assert!(matches!(answer, Err(KvError::Unavailable(_))), "write {write}: {answer:?}");
        server.ask(&["REPLICAOF", "NO", "ONE"]).await;
        until_back(&kv).await;
        assert_eq!(kv.get(&named("value")).await.unwrap(), Some(Bytes::from_static(b"x")), "write {write}");
        assert_eq!(
            kv.consume(&named("used"), MINUTE).await.unwrap(),
            ConsumeOutcome::Replayed(Bytes::from_static(b"x"))
        );
    }
}

#[tokio::test]
async fn dropping_the_store_closes_its_connections() {
    let server = Server::start(&[]).await;
    let kv = connect(&server.url(), "porta").await;
    let mut receiver = kv.subscribe();
    until_clients(&server, 3).await;
    drop(kv);
    until_clients(&server, 1).await;
    assert_eq!(next_notice(&mut receiver).await, None);
}

/// Waits for `count` clients: the connections of the store, and the one that queries their number.
async fn until_clients(server: &Server, count: usize) {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let list: String = redis::from_redis_value(server.ask(&["CLIENT", "LIST"]).await).unwrap();
        if list.lines().count() == count {
            return;
        }
        assert!(Instant::now() < deadline, "{list}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn connecting_fails_soon_and_says_whether_to_try_again() {
    let mut server = Server::start(&["--requirepass", "p@ss"]).await;
    let address = format!("127.0.0.1:{}", server.port);
    let wrong = RedisOptions::new(format!("redis://:hunter2@{address}").into(), "porta");
    match RedisKv::connect(wrong).await.err() {
        Some(ConnectError::Store(KvError::Unexpected(text))) => {
            assert!(!text.contains("hunter2"), "{text}");
        }
        other => panic!("{other:?}"),
    }
    let right = format!("redis://default:p%40ss@{address}/2");
    connect(&right, "porta").await.ping().await.unwrap();

    server.stop().await;
    let asked = Instant::now();
    let error = RedisKv::connect(RedisOptions::new(right.into(), "porta")).await.err();
    assert!(matches!(error, Some(ConnectError::Store(KvError::Unavailable(_)))), "{error:?}");
    assert!(asked.elapsed() < Duration::from_secs(10));
}
