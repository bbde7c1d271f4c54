//! The database goes away, stalls or drops its connections, and requests are cancelled.

use std::sync::Arc;
use std::time::Duration;

use porta_core::{Timestamp, Version};
use porta_store::contract::fixture::{NOW, TwoTenants, organization};
use porta_store::{Store, StoreError};
use porta_store_sql::{Database, DatabaseOptions, Target};
use porta_testkit::database::TestDatabase;
use serde_json::json;
use sqlx::{Connection as _, Executor as _, PgConnection};

fn is_unavailable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_)))
}

async fn administrator(db: &TestDatabase) -> PgConnection {
    let Target::Postgres(url) = &db.target else { unreachable!("made by TestDatabase::postgres") };
    PgConnection::connect(url).await.unwrap()
}

/// Terminates every other connection to the database, as a server restart does.
async fn disconnect_everybody(connection: &mut PgConnection) {
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    connection.execute(kill).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_survive_a_restart_of_postgres() {
    let db = TestDatabase::postgres().await;
    let mut admin = administrator(&db).await;
    let w = TwoTenants::new(db.database.clone()).await;
    let mut seen = None;
    for _ in 0..3 {
        disconnect_everybody(&mut admin).await;
        let found = w.repositories().organizations().by_id(w.acme.organization.id).await.unwrap();
        assert!(found.is_some(), "a stale connection does not show");
        // All dead connections were discarded, so a write gets a new connection too.
        w.repositories().settings(None).set("session_ttl", &json!(1), seen, NOW).await.unwrap();
        seen = Some(seen.map_or(Version::FIRST, Version::next));
    }
    disconnect_everybody(&mut admin).await;
    let mut unit = w.store.begin().await.unwrap();
    unit.settings(None).set("session_ttl", &json!(2), seen, NOW).await.unwrap();
    // Losing the connection within a transaction is an error, not a silent partial write.
    disconnect_everybody(&mut admin).await;
    assert!(is_unavailable(&unit.settings(None).set("id_token_ttl", &json!(2), None, NOW).await));
    assert!(unit.commit().await.is_err());
    let settings = w.repositories().settings(None).all().await.unwrap();
    assert_eq!((settings.len(), settings.get("session_ttl")), (1, Some(&json!(1))));
    // Idle connections are checked before a write uses them.
    disconnect_everybody(&mut admin).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    w.repositories().settings(None).set("session_ttl", &json!(3), seen, NOW).await.unwrap();
}

#[tokio::test]
async fn no_postgres_is_unavailable() {
    let target = Target::Postgres("postgres://porta@127.0.0.1:9/porta".to_owned());
    let options =
        DatabaseOptions { acquire_timeout: Duration::from_millis(500), ..DatabaseOptions::new(target) };
    assert!(is_unavailable(&Database::connect(&options).await));
    // A server that accepts connections and never replies.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let target = Target::Postgres(format!("postgres://porta@127.0.0.1:{port}/porta"));
    let options =
        DatabaseOptions { acquire_timeout: Duration::from_millis(300), ..DatabaseOptions::new(target) };
    assert!(is_unavailable(&Database::connect(&options).await));
    let options = DatabaseOptions::new(Target::Postgres("mysql://secret@host/x".to_owned()));
    let refused = Database::connect(&options).await.unwrap_err();
    assert!(!format!("{refused:?}").contains("secret"));
}

#[tokio::test]
async fn waiting_has_an_end_on_postgres() {
    let db = TestDatabase::postgres().await;
    let options = DatabaseOptions {
        max_connections: 1,
        statement_timeout: Duration::from_millis(300),
        acquire_timeout: Duration::from_millis(300),
        ..DatabaseOptions::new(db.target.clone())
    };
    let small = Database::connect(&options).await.unwrap();
    let held = small.begin().await.unwrap();
    let asked = small.repositories().organizations().page(None, 1).await;
    assert!(is_unavailable(&asked), "no connection is free");
    small.ping().await.expect("a probe asks about the database, not about the pool");
    drop(held);
    small.repositories().organizations().page(None, 1).await.unwrap();
    // A row locked by another transaction.
    let mut admin = administrator(&db).await;
    admin.execute("BEGIN; UPDATE organizations SET name = 'held'").await.unwrap();
    let mut admins = small.repositories().organizations().page(None, 1).await.unwrap().items;
    let first = admins.remove(0);
    let stuck = small.repositories().organizations().update(&first).await;
    assert!(is_unavailable(&stuck), "57014: {stuck:?}");
    admin.execute("ROLLBACK").await.unwrap();
    assert!(small.repositories().organizations().update(&first).await.unwrap());
}

/// Cancelled requests leak neither connections nor locks.
async fn given_up(db: TestDatabase) {
    let w = Arc::new(TwoTenants::new(db.database.clone()).await);
    for n in 0..60 {
        let (store, o) = (Arc::clone(&w.store), organization(&format!("late-{n}"), &w.entropy));
        let work = async move {
            let mut unit = store.begin().await?;
            unit.organizations().insert(&o).await?;
            unit.organizations().by_id(o.id).await?;
            unit.commit().await
        };
        tokio::time::timeout(Duration::from_micros(n * 40), work).await.ok();
        let mut all = w.repositories();
        let lookup = async { all.organizations().by_id(w.acme.organization.id).await };
        tokio::time::timeout(Duration::from_micros(n * 10), lookup).await.ok();
    }
    let now: Timestamp = NOW;
    for n in 0..30 {
        w.repositories().settings(None).set(&format!("key-{n}"), &json!(n), None, now).await.unwrap();
        let seen = w.repositories().organizations().by_id(w.acme.organization.id).await.unwrap();
        assert_eq!(seen.as_ref(), Some(&w.acme.organization));
        w.store.begin().await.unwrap().commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_leaves_nothing_behind_on_postgres() {
    given_up(TestDatabase::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_leaves_nothing_behind_on_sqlite() {
    given_up(TestDatabase::sqlite().await).await;
}

/// Two processes on one file wait for each other instead of failing.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_share_a_sqlite_file() {
    let db = TestDatabase::sqlite().await;
    let another = db.another().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..40 {
        let store = Arc::clone(if n % 2 == 0 { &db.database } else { &another });
        tasks.spawn(async move {
            store.repositories().settings(None).set(&format!("key-{n}"), &json!(n), None, NOW).await.unwrap();
        });
    }
    tasks.join_all().await;
    assert_eq!(db.database.repositories().settings(None).all().await.unwrap().len(), 40);
}
