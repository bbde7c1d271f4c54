use std::time::Instant;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;

/// A pool to a server that closes every connection, and the number of attempts it saw.
async fn refusing() -> (Arc<Pool>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let options = PgConnectOptions::new().host("127.0.0.1").port(port).username("porta").password("none");
    let second = Duration::from_secs(1);
    (Pool::new(Connector::Postgres(Box::new(options)), 10, second, second, second), attempts)
}

/// A pool of two connections whose file can no longer be opened, and its one connection.
async fn one_of_two() -> (Arc<Pool>, PooledConnection) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("porta.db");
    std::fs::write(&file, b"").unwrap();
    let options = SqliteConnectOptions::new().filename(&file);
    let minute = Duration::from_mins(1);
    let pool = Pool::new(Connector::Sqlite(Box::new(options)), 2, minute, minute, minute);
    let pooled = pool.acquire().await.unwrap();
    (pool, pooled)
}

#[tokio::test]
async fn who_cannot_connect_is_given_what_comes_back() {
    let (pool, pooled) = one_of_two().await;
    drop(pooled);
    let pooled = pool.acquire().await.unwrap();
    let mut people = JoinSet::new();
    for _ in 0..20 {
        let pool = Arc::clone(&pool);
        people.spawn(async move { pool.acquire().await.map(drop) });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(people.try_join_next().is_none(), "they wait");
    drop(pooled);
    assert!(people.join_all().await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn nobody_waits_for_what_does_not_come_back() {
    let (pool, mut pooled) = one_of_two().await;
    let asked = Instant::now();
    assert!(matches!(pool.acquire().await, Err(StoreError::Unavailable(_))), "none ever came back");
    drop(pooled);
    pooled = pool.acquire().await.unwrap();
    // As after a connection was found dead.
    pool.forget_idle();
    assert!(matches!(pool.acquire().await, Err(StoreError::Unavailable(_))));
    assert!(asked.elapsed() < CONNECT_TIMEOUT);
    // One was returned just now, so it waits for another one, but none is returned in time.
    drop(pooled);
    pooled = pool.acquire().await.unwrap();
    assert!(matches!(pool.acquire().await, Err(StoreError::Unavailable(_))));
    assert!(asked.elapsed() >= CONNECT_TIMEOUT);
    drop(pooled);
}

#[tokio::test]
async fn an_outage_is_met_by_few_attempts_however_many_ask() {
    let (pool, attempts) = refusing().await;
    let until = Instant::now() + Duration::from_secs(2);
    let mut people = JoinSet::new();
    for _ in 0..50 {
        let pool = Arc::clone(&pool);
        people.spawn(async move {
            while Instant::now() < until {
                let asked = Instant::now();
                assert!(matches!(pool.acquire().await, Err(StoreError::Unavailable(_))));
                assert!(asked.elapsed() < Duration::from_secs(1), "nobody waits for it");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
    }
    people.join_all().await;
    let attempts = attempts.load(Ordering::Relaxed);
    // First ten at once, the size of the pool, then with pauses that grow to half a second.
    assert!((11..30).contains(&attempts), "{attempts}");
}
