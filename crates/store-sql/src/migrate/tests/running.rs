//! The loop over migrations, run with the tests' own migrations.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::super::{MIGRATIONS, Migration, run_pending, status};
use crate::kernel::Kernel;
use crate::{Database, DatabaseOptions, Target};

/// An empty database for one test.
async fn empty(name: &str) -> (Database, String) {
    let url = std::env::var("TEST_DATABASE_URL").expect("run through scripts/with-services.sh");
    let name = format!("migrate_{name}_{}", std::process::id());
    let mut admin = PgConnection::connect(&url).await.unwrap();
    for sql in [format!("DROP DATABASE IF EXISTS {name}"), format!("CREATE DATABASE {name}")] {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let mut own = url::Url::parse(&url).unwrap();
    own.set_path(&name);
    let options = DatabaseOptions::new(Target::Postgres(own.to_string()));
    (Database::connect(&options).await.unwrap(), own.to_string())
}

const fn next(version: i64, name: &'static str, postgres: &'static str) -> Migration {
    Migration { version, name, postgres, sqlite: "" }
}

static WAITS: &[Migration] = &[
    next(9001, "9001_table", "CREATE TABLE t (a text);"),
    next(9002, "9002_wait", "ALTER TABLE t ADD COLUMN b text;"),
];

/// A long read blocks the migration: while it waits it lets other readers pass, and afterwards it succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn postgres_migration_that_waits_for_a_lock_holds_nobody_up() {
    let (database, url) = empty("lock").await;
    run_pending(&database.kernel, &WAITS[..1]).await.unwrap();
    let mut reader = PgConnection::connect(&url).await.unwrap();
    reader.execute("BEGIN; SELECT * FROM t").await.unwrap();
    let release = async {
        let mut other = PgConnection::connect(&url).await.unwrap();
        let mut longest = std::time::Duration::ZERO;
        let until = std::time::Instant::now() + std::time::Duration::from_secs(4);
        while std::time::Instant::now() < until {
            let asked = std::time::Instant::now();
            other.execute("SELECT * FROM t").await.unwrap();
            longest = longest.max(asked.elapsed());
        }
        reader.execute("COMMIT").await.unwrap();
        longest
    };
    let (ran, longest) = tokio::join!(run_pending(&database.kernel, WAITS), release);
    assert_eq!(ran.unwrap(), ["9002_wait"]);
    assert!(longest < std::time::Duration::from_millis(2_500), "a reader waited for {longest:?}");
}

static CONCURRENT: &[Migration] = &[
    next(9001, "9001_table", "CREATE TABLE t (a text);"),
    next(
        9002,
        "9002_index",
        "-- each statement by itself\nDROP INDEX CONCURRENTLY IF EXISTS later;\nCREATE INDEX CONCURRENTLY later ON t (a);\n",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn postgres_statements_that_must_be_by_themselves_are_and_may_be_run_again() {
    let (database, url) = empty("alone").await;
    assert_eq!(run_pending(&database.kernel, CONCURRENT).await.unwrap(), ["9001_table", "9002_index"]);
    // As after a crash between the statements and the ledger entry.
    let mut own = PgConnection::connect(&url).await.unwrap();
    own.execute("DELETE FROM porta_migrations WHERE version = 9002").await.unwrap();
    assert_eq!(run_pending(&database.kernel, CONCURRENT).await.unwrap(), ["9002_index"]);
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'later'::regclass";
    assert!(sqlx::query_scalar::<_, bool>(valid).fetch_one(&mut own).await.unwrap());
}

static NEWER: &[Migration] = &[next(9001, "9001_newer", "ALTER TABLE users ADD COLUMN newer text;")];

/// The previous version meets a newer schema: it has nothing to do and reports that it is ready.
async fn is_ahead(kernel: &Kernel) {
    run_pending(kernel, MIGRATIONS).await.unwrap();
    run_pending(kernel, NEWER).await.unwrap();
    assert!(run_pending(kernel, MIGRATIONS).await.unwrap().is_empty());
    let known = status(kernel).await.unwrap();
    assert_eq!(known.len(), MIGRATIONS.len());
    assert!(known.iter().all(|migration| migration.applied_at.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_that_is_ahead_is_served() {
    let (database, _) = empty("ahead").await;
    is_ahead(&database.kernel).await;
}
