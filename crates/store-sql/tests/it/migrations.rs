//! Migrations: on an empty database, concurrently, repeatedly, and with a changed file.

use std::time::Duration;

use porta_store::{Store, StoreError};
use porta_store_sql::{DatabaseOptions, Target};
use porta_testkit::database::{self, TestDatabase};
use tokio::task::JoinSet;

async fn fresh_and_again(db: TestDatabase) {
    let before = db.database.migrations().await.unwrap();
    assert!(before.iter().all(|m| m.applied_at.is_none()));
    assert_eq!(db.database.pending_migrations().await.unwrap().len(), before.len());
    let ran = db.database.migrate_up().await.unwrap();
    assert_eq!(ran, before.iter().map(porta_store_sql::MigrationStatus::full_name).collect::<Vec<_>>());
    let after = db.database.migrations().await.unwrap();
    assert!(after.iter().all(|m| m.applied_at.is_some()));
    assert!(db.database.pending_migrations().await.unwrap().is_empty());
    assert!(db.database.migrate_up().await.unwrap().is_empty(), "nothing is left to do");
    assert_eq!(db.database.migrations().await.unwrap(), after);
    // Again with rows in the tables.
    porta_store::contract::fixture::TwoTenants::new(db.database.clone()).await;
    assert!(db.database.migrate_up().await.unwrap().is_empty());
}

/// Eight instances start at once: each migration runs once, and all instances start.
async fn side_by_side(db: TestDatabase) {
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let instance = db.another().await;
        tasks.spawn(async move { instance.migrate_up().await.unwrap() });
    }
    let mut ran: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    ran.sort();
    let all = db.database.migrations().await.unwrap();
    assert_eq!(ran, all.iter().map(porta_store_sql::MigrationStatus::full_name).collect::<Vec<_>>());
}

/// The advisory lock of a migrating instance uses no connection of its pool.
async fn with_one_connection(target: Target) {
    let options = DatabaseOptions { max_connections: 1, ..DatabaseOptions::new(target) };
    let database = database::connect(&options).await.unwrap();
    assert!(!database.migrate_up().await.unwrap().is_empty());
}

fn is_changed_checksum(result: Result<Vec<String>, StoreError>) -> bool {
    matches!(result, Err(StoreError::Failed(source)) if source.to_string().contains("0002_applications"))
}

mod sqlite {
    use super::*;
    use sqlx::{ConnectOptions as _, Executor as _};

    #[tokio::test]
    async fn fresh_and_again() {
        super::fresh_and_again(TestDatabase::empty_sqlite().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn side_by_side() {
        super::side_by_side(TestDatabase::empty_sqlite().await).await;
    }

    #[tokio::test]
    async fn with_one_connection() {
        let db = TestDatabase::empty_sqlite().await;
        super::with_one_connection(db.target.clone()).await;
    }

    #[tokio::test]
    async fn a_changed_file_is_refused() {
        let db = TestDatabase::sqlite().await;
        let Target::Sqlite(path) = &db.target else { unreachable!("made by TestDatabase::sqlite") };
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = options.connect().await.unwrap();
        let change = "UPDATE porta_migrations SET checksum = zeroblob(32) WHERE version = 2";
        connection.execute(change).await.unwrap();
        assert!(is_changed_checksum(db.database.migrate_up().await));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_reads_the_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let db = TestDatabase::empty_sqlite().await;
        db.database.migrate_up().await.unwrap();
        let Target::Sqlite(path) = &db.target else { unreachable!("made by TestDatabase::empty_sqlite") };
        for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
        }
    }
}

mod postgres {
    use super::*;
    use sqlx::{Connection as _, Executor as _};

    #[tokio::test]
    async fn fresh_and_again() {
        super::fresh_and_again(TestDatabase::empty_postgres().await).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn side_by_side() {
        super::side_by_side(TestDatabase::empty_postgres().await).await;
    }

    #[tokio::test]
    async fn with_one_connection() {
        let db = TestDatabase::empty_postgres().await;
        super::with_one_connection(db.target.clone()).await;
    }

    /// A host that vanished during a migration still holds the advisory lock for a while.
    #[tokio::test]
    async fn who_has_nothing_to_migrate_waits_for_nobody() {
        let db = TestDatabase::postgres().await;
        let Target::Postgres(url) = &db.target else { unreachable!("made by TestDatabase::postgres") };
        let mut holder = sqlx::PgConnection::connect(url).await.unwrap();
        holder.execute("SELECT pg_advisory_lock(x'706f72746101'::bigint)").await.unwrap();
        let up = tokio::time::timeout(Duration::from_secs(3), db.database.migrate_up());
        assert!(up.await.expect("at once").unwrap().is_empty());
        // An instance with a pending migration waits.
        holder.execute("DELETE FROM porta_migrations WHERE version = 13").await.unwrap();
        let up = tokio::time::timeout(Duration::from_secs(1), db.database.migrate_up());
        assert!(up.await.is_err());
    }

    #[tokio::test]
    async fn a_changed_file_is_refused() {
        let db = TestDatabase::postgres().await;
        let Target::Postgres(url) = &db.target else { unreachable!("made by TestDatabase::postgres") };
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let change =
            "UPDATE porta_migrations SET checksum = decode(repeat('00', 32), 'hex') WHERE version = 2";
        connection.execute(change).await.unwrap();
        assert!(is_changed_checksum(db.database.migrate_up().await));
    }
}
