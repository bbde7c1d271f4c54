//! The store with its own Redis ACL user, with the rights from `docs/operate/scale.md`.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for other code")]

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use porta_kv::contract::named;
use porta_kv::redis::ConnectError;
use porta_kv::{ConsumeOutcome, Kv, KvError, RedisKv, RedisOptions, Write, contract};

use super::store::{MINUTE, RealTime};
use crate::support::Server;

const PAGE: &str = include_str!("../../../../../docs/operate/scale.md");

/// The documented rules, as arguments of `ACL SETUSER`.
fn documented() -> Vec<&'static str> {
    let line = PAGE.lines().find(|line| line.starts_with("ACL SETUSER porta ")).unwrap();
    line.split_ascii_whitespace().collect()
}

/// A server with the documented user, whose password is `p@ss`, and the additional rules `more`.
async fn server(more: &[&str]) -> Server {
    let server = Server::start(&[]).await;
    let mut words = documented();
    for word in &mut words {
        if word.starts_with('>') {
            *word = ">p@ss";
        }
    }
    server.ask(&[&words[..], more].concat()).await;
    server
}

fn options(server: &Server, credentials: &str, instance: &str) -> RedisOptions {
    let url = format!("redis://{credentials}@127.0.0.1:{}", server.port);
    RedisOptions::new(url.into(), instance)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_with_the_documented_rights_is_enough() {
    let server = server(&[]).await;
    let kv = RedisKv::connect(options(&server, "porta:p%40ss", "porta")).await.unwrap();
    let log = server.ask(&["ACL", "LOG"]).await;
    assert_eq!(log, redis::Value::Array(vec![]), "nothing was asked for that it may not");
    contract::run_all(Arc::new(kv), &RealTime(Instant::now())).await;
    assert_eq!(server.ask(&["ACL", "LOG"]).await, redis::Value::Array(vec![]));
}

#[tokio::test]
async fn an_account_that_may_not_load_scripts_sends_their_text() {
    let server = server(&["-script"]).await;
    let kv = RedisKv::connect(options(&server, "porta:p%40ss", "porta")).await.unwrap();
    kv.put(&named("code"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
    assert_eq!(
        kv.consume(&named("code"), MINUTE).await.unwrap(),
        ConsumeOutcome::Fresh(Bytes::from_static(b"x"))
    );
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_and_not_asked_to_try_again() {
    let server = server(&[]).await;
    server.ask(&["ACL", "SETUSER", "gone", "off", ">p@ss", "~*", "&*", "+@all"]).await;
    server.ask(&["ACL", "SETUSER", "default", "off"]).await;
    for (credentials, instance) in [
        ("porta:hunter2", "porta"),
        ("nobody:p%40ss", "porta"),
        ("gone:p%40ss", "porta"),
        (":p%40ss", "porta"),
        // Authenticates, but has no rights on the keys of this instance.
        ("porta:p%40ss", "other"),
    ] {
        match RedisKv::connect(options(&server, credentials, instance)).await.err() {
            Some(ConnectError::Store(KvError::Unexpected(text))) => {
                assert!(!text.contains("hunter2") && !text.contains("p@ss"), "{text}");
            }
            other => panic!("{credentials} {instance}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_an_account_may_not_do_is_a_failure_and_never_an_answer() {
    let server = server(&["resetkeys", "%R~porta:*"]).await;
    let kv = RedisKv::connect(options(&server, "porta:p%40ss", "porta")).await.unwrap();
    assert_eq!(kv.get(&named("code")).await.unwrap(), None);
    let put = Write::Put { key: named("a"), value: Bytes::new(), ttl: MINUTE };
    for refused in [
        kv.put(&named("code"), Bytes::new(), MINUTE).await,
        kv.put_if_absent(&named("code"), Bytes::new(), MINUTE).await.map(drop),
        kv.take(&named("code")).await.map(drop),
        kv.consume(&named("code"), MINUTE).await.map(drop),
        kv.write(vec![put]).await.map(drop),
    ] {
        assert!(matches!(refused, Err(KvError::Unexpected(_))), "{refused:?}");
    }
}
