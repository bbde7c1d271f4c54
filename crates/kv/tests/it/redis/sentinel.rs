//! A primary monitored by Sentinel: found by name, and found again after a failover.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, which clippy takes for other code")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use porta_kv::contract::named;
use porta_kv::redis::ConnectError;
use porta_kv::{Kv, KvError, RedisKv, RedisOptions, Sentinels, contract};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::store::{MINUTE, RealTime};
use crate::support::{Sentinel, Server, text};

/// The primary is called `anchorage`.
fn options(sentinels: &[u16], password: Option<&str>) -> RedisOptions {
    let addresses = sentinels.iter().map(|port| ("127.0.0.1".to_owned(), *port)).collect();
    let password = password.map(|password| password.to_owned().into());
    RedisOptions {
        sentinels: Some(Sentinels { addresses, password }),
        ..RedisOptions::new("redis://:p%40ss@anchorage/2".to_owned().into(), "porta")
    }
}

/// A port without a listener.
fn nobody() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

async fn reason(options: RedisOptions) -> KvError {
    match RedisKv::connect(options).await.err() {
        Some(ConnectError::Store(error)) => error,
        other => panic!("{other:?}"),
    }
}

const PASSWORD: &[&str] = &["--requirepass", "p@ss", "--masterauth", "p@ss"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_is_found_by_its_name_and_again_after_a_failover() {
    let mut primary = Server::start(PASSWORD).await;
    let port = primary.port.to_string();
    let follows = ["--replicaof", "127.0.0.1", &port, "--repl-diskless-sync-delay", "0"];
    let replica = Server::start(&[PASSWORD, &follows[..]].concat()).await;
    let state = async || text(&replica.ask_as("p@ss", &["INFO", "replication"]).await);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !state().await.contains("master_link_status:up") {
        assert!(Instant::now() < deadline, "no replica: {}", state().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sentinel = Sentinel::start("anchorage", primary.port, &["sentinel auth-pass anchorage p@ss"]).await;
    sentinel.until_it_knows_a_replica("anchorage").await;

    // The first sentinel in the list is down, which must not matter.
    let kv = Arc::new(RedisKv::connect(options(&[nobody(), sentinel.port], None)).await.unwrap());
    contract::run_all(Arc::<RedisKv>::clone(&kv), &RealTime(Instant::now())).await;
    kv.put(&named("kept"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
    // Replication is asynchronous: a failover keeps only what had reached the replica.
    tokio::time::sleep(Duration::from_millis(300)).await;
    primary.stop().await;
    let away = Instant::now();
    loop {
        match kv.put(&named("after"), Bytes::from_static(b"y"), MINUTE).await {
            Ok(()) => break,
            Err(error) => assert!(matches!(error, KvError::Unavailable(_)), "{error}"),
        }
        assert!(away.elapsed() < Duration::from_mins(1), "the replica did not take over");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(kv.get(&named("kept")).await.unwrap().as_deref(), Some(&b"x"[..]), "the replica had it");
}

#[tokio::test]
async fn without_a_sentinel_that_knows_the_name_there_is_no_primary() {
    let primary = Server::start(PASSWORD).await;
    let auth = "sentinel auth-pass elsewhere p@ss";
    let sentinel = Sentinel::start("elsewhere", primary.port, &[auth]).await;
    assert!(matches!(reason(options(&[nobody(), nobody()], None)).await, KvError::Unavailable(_)));
    assert!(matches!(reason(options(&[], None)).await, KvError::Unavailable(_)));
    let error = reason(options(&[sentinel.port], None)).await;
    assert!(error.to_string().contains("no primary of that name"), "{error}");
}

#[tokio::test]
async fn a_sentinel_that_asks_for_a_password_gets_its_own() {
    let primary = Server::start(PASSWORD).await;
    let lines = ["sentinel auth-pass anchorage p@ss", "requirepass s3ntinel"];
    let sentinel = Sentinel::start("anchorage", primary.port, &lines).await;
    for wrong in [None, Some("p@ss")] {
        let error = reason(options(&[sentinel.port], wrong)).await;
        assert!(!error.to_string().contains("p@ss"), "{error}");
    }
    RedisKv::connect(options(&[sentinel.port], Some("s3ntinel"))).await.unwrap().ping().await.unwrap();
}

/// A fake sentinel that always names `port` as the primary.
async fn liar(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let named = port.to_string();
    let answer = format!("*2\r\n$9\r\n127.0.0.1\r\n${}\r\n{named}\r\n", named.len());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = Vec::new();
            let mut bytes = [0; 1024];
            while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                asked.extend_from_slice(&bytes[..length]);
                let text = String::from_utf8_lossy(&asked).into_owned();
                let polite = text.matches("SETINFO").count();
                stream.write_all("+OK\r\n".repeat(polite).as_bytes()).await.unwrap();
                if text.contains("get-master-addr-by-name") {
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
                asked.clear();
            }
        }
    });
    own
}

#[tokio::test]
async fn a_server_that_is_no_primary_any_more_is_not_used() {
    let server = Server::start(PASSWORD).await;
    let sentinel = liar(server.port).await;
    let kv = RedisKv::connect(options(&[sentinel], None)).await.unwrap();
    server.ask_as("p@ss", &["REPLICAOF", "127.0.0.1", "1"]).await;
    let error = reason(options(&[sentinel], None)).await;
    assert!(matches!(&error, KvError::Unavailable(text) if text.contains("still name a replica")), "{error}");
    // An existing connection does not use it either.
    assert!(matches!(kv.put(&named("a"), Bytes::new(), MINUTE).await, Err(KvError::Unavailable(_))));
}
