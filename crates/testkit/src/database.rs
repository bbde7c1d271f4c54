//! One database per test: a SQLite file, or a database on a PostgreSQL server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use porta_core::{Clock as _, SystemClock, Timestamp};
use porta_store::StoreError;
use porta_store_sql::testing::ThrowawayDatabase;
use porta_store_sql::{Database, DatabaseOptions, Target};

/// A database; dropped with this value.
pub struct TestDatabase {
    pub database: Arc<Database>,
    pub target: Target,
    /// When its contents were written: the start time of a test that uses it.
    pub as_of: Timestamp,
    _file: Option<tempfile::TempDir>,
    _throwaway: Option<ThrowawayDatabase>,
}

impl TestDatabase {
    /// An empty database, not migrated.
    pub async fn empty_postgres() -> Self {
        Self::throwaway(ThrowawayDatabase::empty().await).await
    }

    pub(crate) async fn throwaway(throwaway: ThrowawayDatabase) -> Self {
        let target = Target::Postgres(throwaway.url().to_owned());
        Self { _throwaway: Some(throwaway), ..Self::on(target, None).await }
    }

    /// An empty file, not migrated.
    pub async fn empty_sqlite() -> Self {
        let (directory, target) = empty_file();
        Self::on(target, Some(directory)).await
    }

    /// What is at `target`; `file`: the directory that holds it.
    pub(crate) async fn on(target: Target, file: Option<tempfile::TempDir>) -> Self {
        Self {
            database: open(&target).await,
            target,
            as_of: SystemClock.now(),
            _file: file,
            _throwaway: None,
        }
    }

    /// The same database as another process would open it.
    pub async fn another(&self) -> Arc<Database> {
        open(&self.target).await
    }
}

/// A path in a directory of its own.
pub(crate) fn empty_file() -> (tempfile::TempDir, Target) {
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let target = Target::Sqlite(directory.path().join("porta.db"));
    (directory, target)
}

async fn open(target: &Target) -> Arc<Database> {
    let options =
        DatabaseOptions { acquire_timeout: Duration::from_secs(20), ..DatabaseOptions::new(target.clone()) };
    Arc::new(connect(&options).await.expect("the test database accepts connections"))
}

/// Connects as the product does, but tries again for 20 s: on a busy machine a single attempt may take longer than the
/// product waits for one.
pub async fn connect(options: &DatabaseOptions) -> Result<Database, StoreError> {
    let give_up_at = Instant::now() + Duration::from_secs(20);
    loop {
        match Database::connect(options).await {
            Err(StoreError::Unavailable(_)) if Instant::now() < give_up_at => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            result => return result,
        }
    }
}
