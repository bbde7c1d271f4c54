//! The store in a Redis Cluster started by the test: every node redirects to the owner of our keys, and a replica takes
//! over.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for other code")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use porta_kv::contract::{self, named};
use porta_kv::{
    ConsumeOutcome, Kv, KvError, LimitOutcome, Notice, NoticeEvent, RateLimit, RedisKv, RedisOptions, Write,
    next_notice,
};

use super::store::RealTime;
use crate::support::{Cluster, Server};

const MINUTE: Duration = Duration::from_mins(1);

async fn connect(server: &Server) -> RedisKv {
    RedisKv::connect(RedisOptions::new(server.url().into(), "porta")).await.unwrap()
}

fn put(key: &str) -> Write {
    Write::Put { key: named(key), value: Bytes::from_static(b"x"), ttl: MINUTE }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_one_store_and_survives_its_owner() {
    let mut cluster = Cluster::start().await;
    let mut stores = Vec::new();
    for node in &cluster.nodes {
        stores.push(connect(node).await);
    }
    let other = RedisOptions::new(cluster.nodes[1].url().into(), "contract");
    let other = RedisKv::connect(other).await.unwrap();
    contract::run_all(Arc::new(other), &RealTime(Instant::now())).await;
    // Writes through one node are visible through all, including scripts with several keys.
    let limits: Vec<RateLimit> =
        ["a", "b", "c"].map(|key| RateLimit { key: named(key), maximum: 6, window: MINUTE }).into();
    for (number, store) in stores.iter().enumerate() {
        let keys = ["one", "two", "three"].map(|name| format!("{name}-{number}"));
        assert!(store.write(keys.iter().map(|key| put(key)).collect()).await.unwrap());
        assert_eq!(store.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
        for other in &stores {
            assert!(other.get(&named(&keys[2])).await.unwrap().is_some());
        }
        let next = &stores[(number + 1) % stores.len()];
        assert!(matches!(next.consume(&named(&keys[0]), MINUTE).await.unwrap(), ConsumeOutcome::Fresh(_)));
        assert!(matches!(
            store.consume(&named(&keys[0]), MINUTE).await.unwrap(),
            ConsumeOutcome::Replayed(_)
        ));
    }
    assert!(
        matches!(stores[0].hit(&limits).await.unwrap(), LimitOutcome::Limited { .. }),
        "counted together"
    );
    // Notices reach all subscribers, whichever node they are published on.
    let mut hears: Vec<_> = stores.iter().map(Kv::subscribe).collect();
    let notice = Notice { topic: "test".to_owned(), key: "k".to_owned() };
    stores[3].publish(&notice).await.unwrap();
    for receiver in &mut hears {
        let next = tokio::time::timeout(Duration::from_secs(5), next_notice(receiver)).await.unwrap();
        assert_eq!(next, Some(NoticeEvent::Notice(notice.clone())));
    }

    stores[0].put(&named("kept"), Bytes::from_static(b"x"), MINUTE).await.unwrap();
    // Replication is asynchronous: a failover keeps only what had reached the replica.
    tokio::time::sleep(Duration::from_millis(300)).await;
    cluster.owner("porta").await.stop().await;
    let away = Instant::now();
    for store in &stores {
        loop {
            match store.get(&named("kept")).await {
                Ok(value) => break assert!(value.is_some(), "the replica had it"),
                Err(error) => assert!(matches!(error, KvError::Unavailable(_)), "{error}"),
            }
            assert!(away.elapsed() < Duration::from_secs(30), "no replica took over");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    println!("a replica answered {:?} after its owner had gone", away.elapsed());
    assert_eq!(stores[0].take(&named("kept")).await.unwrap().as_deref(), Some(&b"x"[..]));
    assert_eq!(stores[5].get(&named("kept")).await.unwrap(), None);
}
