//! The relational store, as commands open it, and the keys beside it.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use porta_config::StorageConfig;
use porta_store::{Store, StoreError};
use porta_store_sql::Database;

use crate::failure::Failure;
use crate::runtime::services::open_database;

/// Threshold of slow-statement warnings, which only `--verbose` shows.
const SLOW_STATEMENT: Duration = Duration::from_secs(1);

/// Path of the generated secrets, where the environment does not provide them.
pub(super) fn secrets_file(data_dir: &Path) -> PathBuf {
    data_dir.join("secrets.env")
}

/// Opens the database without migrating it, for commands that migrate or only read.
pub(super) async fn open(config: &StorageConfig) -> Result<Database, Failure> {
    if let StorageConfig::Embedded { data_dir } = config {
        // The server creates it with its secrets; a command may run before that.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .map_err(|e| Failure::general(format!("{} cannot be created: {e}", data_dir.display())))?;
    }
    open_database(config, SLOW_STATEMENT).await.map_err(|error| Failure::general(format!("{error:#}")))
}

/// Opens a database and makes sure that its schema is current.
pub(super) async fn open_current(config: &StorageConfig) -> Result<Arc<dyn Store>, Failure> {
    let database = open(config).await?;
    match config {
        // One process owns the directory, so migrating is safe.
        StorageConfig::Embedded { .. } => {
            database.migrate_up().await.map_err(failed)?;
        }
        StorageConfig::Postgres(_) => {
            let pending = database.pending_migrations().await.map_err(failed)?;
            if !pending.is_empty() {
                let problem =
                    format!("{} migrations are pending; run `porta migrate up` first", pending.len());
                return Err(Failure::general(problem));
            }
        }
    }
    Ok(Arc::new(database))
}

/// Checks that the database answers.
pub(super) async fn ping(config: &StorageConfig) -> Result<(), Failure> {
    open(config).await?.ping().await.map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "taken by map_err")]
pub(super) fn failed(error: StoreError) -> Failure {
    Failure::chain(&error)
}
