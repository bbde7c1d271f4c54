//! The store through PgBouncer in transaction mode: it keeps its guarantees and leaves no state in a session, because
//! another client uses it next.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use porta_store::contract::fixture::{NOW, TwoTenants, organization};
use porta_store::{Store, StoreError};
use porta_store_sql::{Database, DatabaseOptions, MigrationStatus, Target};
use porta_testkit::database::{self, TestDatabase};
use porta_testkit::pooler::PgBouncer;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, Row as _};
use tokio::task::JoinSet;

/// Server sessions of the pooler: fewer than the clients want.
const SESSIONS: u32 = 6;

struct FreshStore {
    store: Arc<dyn Store>,
    _behind: PooledDatabase,
}

/// A database accessed through a pooler.
struct PooledDatabase {
    pooler: PgBouncer,
    database: TestDatabase,
}

impl PooledDatabase {
    async fn a_pooler(database: TestDatabase) -> Self {
        Self { pooler: PgBouncer::before(direct(&database), SESSIONS).await, database }
    }

    fn url(&self) -> String {
        self.pooler.through(direct(&self.database))
    }

    fn options(&self) -> DatabaseOptions {
        DatabaseOptions {
            is_pooled: true,
            acquire_timeout: Duration::from_secs(20),
            ..DatabaseOptions::new(Target::Postgres(self.url()))
        }
    }

    async fn open(&self) -> Database {
        database::connect(&self.options()).await.unwrap()
    }
}

fn direct(database: &TestDatabase) -> &str {
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    url
}

impl FreshStore {
    async fn behind_a_pooler() -> Self {
        let behind = PooledDatabase::a_pooler(TestDatabase::postgres().await).await;
        Self { store: Arc::new(behind.open().await), _behind: behind }
    }
}

/// The contract tests of transactions, locks and row races; the others only use single statements.
mod contract {
    use super::FreshStore;
    porta_store::contract_tests! { @cases FreshStore::behind_a_pooler().await;
        credentials: racing_a_reset, racing_a_challenge;
        factor_races: steps, recovery_codes, email_codes;
        keys: racing_for_the_first_key, racing_to_promote;
        one_time: in_a_unit, racing_to_consume, racing_to_issue;
        outbox: a_claim_is_exclusive_until_it_ends, racing_workers;
        own_account: racing_passwords;
        races: issuing, rotating, withdrawing_a_grant_while_issuing;
        sessions: racing_consents;
        sign_in: success, racing_failures;
        sweeping: one_sweeper_at_a_time;
        tokens: issuing, refresh_and_rotation;
        units: commit_and_drop, savepoints, a_failed_unit_keeps_nothing;
    }
}

/// The pooler rejects a connection with startup parameters, which the store sends unless `is_pooled` is set.
#[tokio::test]
async fn who_does_not_say_so_is_refused_by_the_pooler() {
    let behind = PooledDatabase::a_pooler(TestDatabase::postgres().await).await;
    let options = DatabaseOptions { is_pooled: false, ..behind.options() };
    let refused = Database::connect(&options).await.unwrap_err();
    let StoreError::Unavailable(source) = &refused else { panic!("{refused:?}") };
    assert!(source.to_string().contains("unsupported startup parameter"), "{source}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_migration_runs_once_however_many_instances_start() {
    let behind = PooledDatabase::a_pooler(TestDatabase::empty_postgres().await).await;
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let instance = behind.open().await;
        tasks.spawn(async move { instance.migrate_up().await.unwrap() });
    }
    let mut ran: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    ran.sort();
    let all = behind.open().await.migrations().await.unwrap();
    assert_eq!(ran, all.iter().map(MigrationStatus::full_name).collect::<Vec<_>>());
    // The advisory lock is released, so the next version is not locked out.
    let mut admin = PgConnection::connect(direct(&behind.database)).await.unwrap();
    let left = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    for tries in 0.. {
        let held: i64 = sqlx::query_scalar(left).fetch_one(&mut admin).await.unwrap();
        if held == 0 {
            break;
        }
        assert!(tries < 100, "{held} locks are held");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_statement_has_its_end_here_too() {
    let behind = PooledDatabase::a_pooler(TestDatabase::postgres().await).await;
    let options = DatabaseOptions { statement_timeout: Duration::from_millis(300), ..behind.options() };
    let store = database::connect(&options).await.unwrap();
    let mut admin = PgConnection::connect(direct(&behind.database)).await.unwrap();
    admin.execute("BEGIN; UPDATE organizations SET name = 'held'").await.unwrap();
    let first = store.repositories().organizations().page(None, 1).await.unwrap().items.remove(0);
    let stuck = store.repositories().organizations().update(&first).await;
    assert!(matches!(stuck, Err(StoreError::Unavailable(_))), "57014: {stuck:?}");
    admin.execute("ROLLBACK").await.unwrap();
    assert!(store.repositories().organizations().update(&first).await.unwrap());
}

/// The answer to `question` as the next client of a session sees it.
async fn next_borrower(url: &str, question: &'static str) -> String {
    let options = PgConnectOptions::from_str(url).unwrap().extra_float_digits(None::<i8>);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(question).fetch_one(&mut connection).await.unwrap().get::<String, _>(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_in_a_session() {
    let behind = PooledDatabase::a_pooler(TestDatabase::postgres().await).await;
    let w = TwoTenants::new(Arc::new(behind.open().await)).await;
    for n in 0..20 {
        w.repositories().settings(None).set(&format!("key-{n}"), &json!(n), None, NOW).await.unwrap();
        w.store.begin().await.unwrap().commit().await.unwrap();
    }
    for _ in 0..SESSIONS * 2 {
        let url = behind.url();
        assert_eq!(next_borrower(&url, "SHOW statement_timeout").await, "0");
        assert_eq!(next_borrower(&url, "SHOW idle_in_transaction_session_timeout").await, "0");
        let prepared = "SELECT count(*)::text FROM pg_prepared_statements WHERE name <> ''";
        assert_eq!(next_borrower(&url, prepared).await, "0");
    }
}

/// Cancelled requests return their sessions.
#[tokio::test(flavor = "multi_thread")]
async fn giving_up_costs_no_session() {
    let behind = PooledDatabase::a_pooler(TestDatabase::postgres().await).await;
    let w = TwoTenants::new(Arc::new(behind.open().await)).await;
    for n in 0..60 {
        let (store, o) = (Arc::clone(&w.store), organization(&format!("late-{n}"), &w.entropy));
        let work = async move {
            let mut unit = store.begin().await?;
            unit.organizations().insert(&o).await?;
            unit.organizations().by_id(o.id).await?;
            unit.commit().await
        };
        tokio::time::timeout(Duration::from_micros(n * 80), work).await.ok();
        let mut all = w.repositories();
        let lookup = async { all.organizations().by_id(w.acme.organization.id).await };
        tokio::time::timeout(Duration::from_micros(n * 20), lookup).await.ok();
    }
    for n in 0..30 {
        w.repositories().settings(None).set(&format!("key-{n}"), &json!(n), None, NOW).await.unwrap();
        let seen = w.repositories().organizations().by_id(w.acme.organization.id).await.unwrap();
        assert_eq!(seen.as_ref(), Some(&w.acme.organization));
    }
}

/// Sessions that the server terminated are replaced, by the pooler and by the store.
#[tokio::test(flavor = "multi_thread")]
async fn reads_survive_the_end_of_every_session() {
    let behind = PooledDatabase::a_pooler(TestDatabase::postgres().await).await;
    let w = TwoTenants::new(Arc::new(behind.open().await)).await;
    let mut admin = PgConnection::connect(direct(&behind.database)).await.unwrap();
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for _ in 0..3 {
        admin.execute(kill).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let found = w.repositories().organizations().by_id(w.acme.organization.id).await.unwrap();
        assert!(found.is_some());
    }
}
