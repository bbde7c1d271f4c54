//! Examines a SQLite file that is to become the store of a server, before it does.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use porta_store::Result;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

use crate::kernel::{Connector, Kernel, Pool, Row, Runner, Stmt, statements};
use crate::migrate::{self, SchemaState};

/// Reading a whole file may take long.
const TIMEOUT: Duration = Duration::from_hours(1);

statements! {
    DAMAGE: Read = "SELECT 'ok'", sqlite: "PRAGMA integrity_check(5)";
    /// Tables with rows that refer to a missing one.
    BROKEN_REFERENCES: Read = "SELECT relname::text FROM pg_class WHERE FALSE",
        sqlite: "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check";
}

/// What is in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// What SQLite finds wrong; nothing in a whole file.
    pub damage: Vec<String>,
    pub schema: SchemaState,
}

/// Examines a file that nobody uses. Its log is merged into it, so that the file is all there is.
pub async fn examine(path: &Path) -> Result<Examined> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Delete)
        .disable_statement_logging();
    let pool = Pool::new(Connector::Sqlite(Box::new(options)), 1, TIMEOUT, TIMEOUT, TIMEOUT);
    let kernel = Kernel {
        writer: Arc::clone(&pool),
        reader: pool,
        round_trips: Arc::default(),
        outbox_notify: Arc::default(),
        faults: None,
    };
    let mut damage = texts(&kernel, &DAMAGE).await?;
    damage.retain(|line| line != "ok");
    if damage.is_empty() {
        let broken = texts(&kernel, &BROKEN_REFERENCES).await?;
        damage.extend(broken.iter().map(|table| format!("rows of {table} refer to missing ones")));
    }
    Ok(Examined { damage, schema: migrate::state(&kernel).await? })
}

async fn texts(kernel: &Kernel, stmt: &'static Stmt) -> Result<Vec<String>> {
    let rows = Runner::Auto(kernel).rows(stmt, &[]).await?;
    rows.iter().map(|row: &Row| row.reader(stmt.name).text()).collect()
}
