//! Opening the relational store for commands.

use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::time::Duration;

use porta_config::StorageConfig;
use porta_store::{Store, StoreError};
use porta_store_sql::Database;

use super::Failure;
use crate::runtime::services::open_database;

/// Commands log nothing about it unless asked to.
const SLOW_STATEMENT: Duration = Duration::from_secs(1);

/// Opens the database as it is, for commands that migrate or only look.
pub(super) async fn open(config: &StorageConfig) -> Result<Database, Failure> {
    if let StorageConfig::Embedded { data_dir } = config {
        // The server makes it when it makes its secrets; a command may come first.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .map_err(|e| Failure::general(format!("{} cannot be created: {e}", data_dir.display())))?;
    }
    open_database(config, SLOW_STATEMENT).await.map_err(|error| Failure::general(format!("{error:#}")))
}

/// Opens a database whose schema is the one of this program.
pub(super) async fn open_current(config: &StorageConfig) -> Result<Arc<dyn Store>, Failure> {
    let database = open(config).await?;
    match config {
        // One directory, one machine: nobody else decides about it.
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

/// Whether the database answers.
pub(super) async fn ping(config: &StorageConfig) -> Result<(), Failure> {
    open(config).await?.ping().await.map_err(failed)
}

#[expect(clippy::needless_pass_by_value, reason = "taken by map_err")]
pub(super) fn failed(error: StoreError) -> Failure {
    Failure::chain(&error)
}
