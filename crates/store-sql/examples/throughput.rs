//! Statements per second on the PostgreSQL of `TEST_DATABASE_URL`, compared with what the server can do at most:
//! `cargo run --release -p porta-store-sql --example throughput`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a measurement for people"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use porta_core::session::{AccessToken, RefreshToken, TokenFamily};
use porta_core::{Entropy, OsEntropy, TokenDigest};
use porta_store::Store;
use porta_store::contract::fixture::{HOUR, NOW, TwoTenants};
use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinSet;

const TASKS: usize = 32;
const LENGTH: Duration = Duration::from_secs(5);

fn digest() -> TokenDigest {
    let entropy: &dyn Entropy = &OsEntropy;
    TokenDigest::of_bytes(&entropy.bytes::<32>())
}

/// Runs `TASKS` concurrent futures from `make`, each for `LENGTH`, and prints their total rate.
async fn measure<F: Future<Output = u64> + Send + 'static>(name: &str, make: impl Fn(usize, Instant) -> F) {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..TASKS {
        tasks.spawn(make(n, start + LENGTH));
    }
    let done: u64 = tasks.join_all().await.into_iter().sum();
    let seconds = start.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = done as f64 / seconds;
    println!("{name:<40} {rate:>9.0} per second");
}

fn family(w: &TwoTenants) -> (TokenFamily, AccessToken, RefreshToken) {
    let family = w.family();
    let access = AccessToken { expires_at: NOW + HOUR, ..w.access(family.id) };
    let refresh = w.refresh(family.id);
    (family, access, refresh)
}

#[tokio::main]
async fn main() {
    let db = TestDatabase::postgres().await;
    let w = TwoTenants::new(db.database.clone()).await;
    let org = w.acme.organization.id;
    let mut seeds = Vec::new();
    for _ in 0..2000 {
        let (family, access, refresh) = family(&w);
        w.repositories().tokens(org).issue(&family, &access, Some(&refresh)).await.unwrap();
        seeds.push((family, access, refresh));
    }
    let seeds = Arc::new(seeds);
    let Target::Postgres(url) = &db.target else { unreachable!("made by TestDatabase::postgres") };
    let pool = PgPoolOptions::new()
        .max_connections(10)
        .test_before_acquire(false)
        .connect_with(url.parse::<PgConnectOptions>().unwrap())
        .await
        .unwrap();
    sqlx::query("CREATE TABLE plain (id bytea PRIMARY KEY, n bigint NOT NULL)").execute(&pool).await.unwrap();
    sqlx::query("ANALYZE").execute(&pool).await.unwrap();

    measure("raw SELECT by primary key, driver's pool", |n, until| {
        let (pool, seeds) = (pool.clone(), Arc::clone(&seeds));
        async move {
            let mut done = 0;
            while Instant::now() < until {
                let key = seeds[(n * 61 + done) % seeds.len()].1.digest.as_bytes().as_slice();
                let sql = "SELECT scope, expires_at FROM access_tokens WHERE digest = $1";
                sqlx::query(sql).bind(key).fetch_all(&pool).await.unwrap();
                done += 1;
            }
            done as u64
        }
    })
    .await;
    let store: Arc<dyn Store> = db.database.clone();
    measure("SELECT 1, our pool", |_, until| {
        let store = Arc::clone(&store);
        async move {
            let mut done = 0;
            while Instant::now() < until {
                store.ping().await.unwrap();
                done += 1;
            }
            done
        }
    })
    .await;
    measure("access_facts", |n, until| {
        let (store, seeds) = (Arc::clone(&store), Arc::clone(&seeds));
        async move {
            let mut done = 0;
            while Instant::now() < until {
                let key = seeds[(n * 61 + done) % seeds.len()].1.digest;
                assert!(store.repositories().tokens(org).access_facts(&key, NOW).await.unwrap().is_some());
                done += 1;
            }
            done as u64
        }
    })
    .await;
    measure("userinfo_facts", |n, until| {
        let (store, seeds) = (Arc::clone(&store), Arc::clone(&seeds));
        async move {
            let mut done = 0;
            while Instant::now() < until {
                let key = seeds[(n * 61 + done) % seeds.len()].1.digest;
                assert!(store.repositories().tokens(org).userinfo_facts(&key, NOW).await.unwrap().is_some());
                done += 1;
            }
            done as u64
        }
    })
    .await;
    measure("refresh_facts", |n, until| {
        let (store, seeds) = (Arc::clone(&store), Arc::clone(&seeds));
        async move {
            let mut done = 0;
            while Instant::now() < until {
                let key = seeds[(n * 61 + done) % seeds.len()].2.digest;
                assert!(store.repositories().tokens(org).refresh_facts(&key, NOW).await.unwrap().is_some());
                done += 1;
            }
            done as u64
        }
    })
    .await;
    measure("raw one-row INSERT, driver's pool", |_, until| {
        let pool = pool.clone();
        async move {
            let mut done = 0;
            while Instant::now() < until {
                let sql = "INSERT INTO plain (id, n) VALUES ($1, 1)";
                sqlx::query(sql).bind(digest().as_bytes().as_slice()).execute(&pool).await.unwrap();
                done += 1;
            }
            done
        }
    })
    .await;
    measure("rotate", |n, until| {
        let (store, seeds) = (Arc::clone(&store), Arc::clone(&seeds));
        async move {
            let mut done = 0;
            let (family, access, mut current) = seeds[n].clone();
            while Instant::now() < until {
                let next = RefreshToken { digest: digest(), family: family.id, ..current.clone() };
                let access = AccessToken { digest: digest(), ..access.clone() };
                let mut all = store.repositories();
                assert!(
                    all.tokens(org)
                        .rotate(&current.digest, &next, &access, &current.digest, NOW)
                        .await
                        .unwrap()
                );
                current = next;
                done += 1;
            }
            done
        }
    })
    .await;
    let w = Arc::new(w);
    measure("issue", |_, until| {
        let w = Arc::clone(&w);
        async move {
            let mut done = 0;
            while Instant::now() < until {
                let (family, access, refresh) = family(&w);
                let mut all = w.repositories();
                assert!(all.tokens(org).issue(&family, &access, Some(&refresh)).await.unwrap());
                done += 1;
            }
            done
        }
    })
    .await;
}
