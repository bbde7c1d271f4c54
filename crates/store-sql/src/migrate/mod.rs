//! Migrations: forward only (decision D15), with the same numbers and names for both databases, one transaction each.
//!
//! Not `sqlx::migrate`: on PostgreSQL its lock blocks, and a waiting `pg_advisory_lock` holds a snapshot that
//! concurrent index builds wait for. On SQLite it has no lock, so two processes that start together both run the first
//! file. What remains after replacing lock and ledger is the loop below.

pub(crate) mod plan;
#[cfg(test)]
mod tests;

use std::time::Duration;

use porta_core::{Clock as _, SystemClock, Timestamp, TokenDigest};
use porta_store::{Result, StoreError};

use crate::kernel::{
    Dialect, Kernel, PooledConnection, Runner, Value, at, classify, digest, int, statements, text,
    unavailable,
};

struct Migration {
    version: i64,
    /// Including the number.
    name: &'static str,
    postgres: &'static str,
    sqlite: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal;)+) => {
        &[$(Migration {
            version: $version,
            name: $name,
            postgres: include_str!(concat!("../../../../migrations/postgres/", $name, ".sql")),
            sqlite: include_str!(concat!("../../../../migrations/sqlite/", $name, ".sql")),
        }),+]
    };
}

/// In order. A released file never changes.
const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_organizations";
    2 "0002_applications";
    3 "0003_clients";
    4 "0004_users";
    5 "0005_rights";
    6 "0006_tokens";
    7 "0007_signing_keys";
    8 "0008_audit";
    9 "0009_second_factors";
    10 "0010_background";
    11 "0011_seed";
    12 "0012_tokens_valid_since";
    13 "0013_one_live_code";
    14 "0014_credential_epoch";
    15 "0015_token_callers";
    16 "0016_recovery_code_keys";
    17 "0017_standard_claims";
    18 "0018_installation";
    19 "0019_versions";
    20 "0020_names";
    21 "0021_client_lists";
    22 "0022_claim_display_names";
    23 "0023_audit_entities";
    24 "0024_people";
    28 "0028_role_holders";
    29 "0029_audit_indexes";
    30 "0030_lookups";
    32 "0032_search";
    35 "0035_outbox_and_sessions";
    36 "0036_temporary_passwords";
};

/// First line of a migration whose statements PostgreSQL does not run in a transaction (`CREATE INDEX CONCURRENTLY`).
/// Each of them is idempotent, so that it can run again after a crash.
const WITHOUT_TRANSACTION: &str = "-- each statement by itself\n";

impl Migration {
    fn runs_without_transaction(&self, dialect: Dialect) -> bool {
        dialect == Dialect::Postgres && self.postgres.starts_with(WITHOUT_TRANSACTION)
    }

    fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Postgres => self.postgres,
            Dialect::Sqlite => self.sqlite,
        }
    }
}

/// One migration of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    pub version: i64,
    /// Without the number.
    pub name: String,
    /// `None`: pending.
    pub applied_at: Option<Timestamp>,
}

impl MigrationStatus {
    /// `0001_organizations`.
    pub fn full_name(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }
}

/// How the schema of a database stands to this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// No migration ran: the database is empty, or is not one of this program.
    pub is_new: bool,
    /// Migrations that have not run.
    pub pending: Vec<String>,
    /// Migrations of a newer version of this program.
    pub unknown: Vec<String>,
}

/// A digest over all PostgreSQL migrations; names the template database of the tests.
pub fn migration_set() -> String {
    let all: String = MIGRATIONS.iter().flat_map(|m| [m.name, m.postgres]).collect();
    TokenDigest::of(&all).hex()[..16].to_owned()
}

const LEDGER_POSTGRES: &str = "CREATE TABLE IF NOT EXISTS porta_migrations (version bigint PRIMARY KEY, \
    name text NOT NULL, checksum bytea NOT NULL, applied_at timestamptz NOT NULL)";
const LEDGER_SQLITE: &str = "CREATE TABLE IF NOT EXISTS porta_migrations (version INTEGER NOT NULL PRIMARY KEY, \
    name TEXT NOT NULL, checksum BLOB NOT NULL, applied_at INTEGER NOT NULL) STRICT";

statements! {
    HAS_LEDGER: Read = "SELECT to_regclass('porta_migrations') IS NOT NULL",
        sqlite: "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'porta_migrations')";
    APPLIED: Read = "SELECT version, name, checksum, applied_at FROM porta_migrations ORDER BY version";
    RECORD: Write = "INSERT INTO porta_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)";
    TRY_LOCK: Read = "SELECT pg_try_advisory_lock($1)", sqlite: "SELECT TRUE WHERE $1 IS NOT NULL";
    /// Behind a pooler the next transaction may get another session, so the lock must belong to the transaction.
    TRY_LOCK_FOR_THE_TRANSACTION: Read = "SELECT pg_try_advisory_xact_lock($1)",
        sqlite: "SELECT TRUE WHERE $1 IS NOT NULL";
}

/// Key of the advisory lock: "porta" and a one.
const LOCK: i64 = 0x70_6f_72_74_61_01;
const POLL: Duration = Duration::from_millis(200);
/// The transaction that holds the lock is idle while migrations run and must not time out.
const NO_IDLE_TIMEOUT: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";
/// Polls of the lock before giving up: five minutes.
const LOCK_POLLS: u32 = 5 * 60 * 5;
/// A statement that waits for a table lock makes every later statement on that table queue behind it. It gives up after
/// a second, lets them pass, and is tried again.
const LOCK_TIMEOUT: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '1s'";
const LOCK_PAUSE: Duration = Duration::from_secs(1);
const LOCK_TRIES: u32 = 60;

/// A row of the ledger.
struct AppliedMigration {
    version: i64,
    name: String,
    checksum: TokenDigest,
    at: Timestamp,
}

impl Migration {
    /// Whether the ledger has this migration. An error if it was applied from another file.
    fn has_run(&self, ledger: &[AppliedMigration], dialect: Dialect) -> Result<bool> {
        let Some(before) = ledger.iter().find(|entry| entry.version == self.version) else {
            return Ok(false);
        };
        if before.checksum.same_as(&TokenDigest::of(self.sql(dialect))) {
            return Ok(true);
        }
        let problem = format!(
            "migration {} was applied from another file (then named {}); a released migration never changes",
            self.name, before.name
        );
        Err(StoreError::Failed(problem.into()))
    }
}

/// The applied migrations; empty for a new database.
async fn ledger(kernel: &Kernel) -> Result<Vec<AppliedMigration>> {
    let mut run = Runner::Auto(kernel);
    let is_there = match run.row(&HAS_LEDGER, &[]).await? {
        Some(row) => row.reader("porta_migrations").flag()?,
        None => false,
    };
    if is_there { applied(&mut run).await } else { Ok(Vec::new()) }
}

async fn applied(run: &mut Runner<'_>) -> Result<Vec<AppliedMigration>> {
    let rows = run.rows(&APPLIED, &[]).await?;
    rows.iter()
        .map(|row| {
            let mut r = row.reader("porta_migrations");
            Ok(AppliedMigration {
                version: r.int()?,
                name: r.text()?,
                checksum: r.digest("checksum")?,
                at: r.time("applied_at")?,
            })
        })
        .collect()
}

pub(crate) async fn status(kernel: &Kernel) -> Result<Vec<MigrationStatus>> {
    let applied = ledger(kernel).await?;
    Ok(MIGRATIONS
        .iter()
        .map(|m| MigrationStatus {
            version: m.version,
            name: m.name.split_once('_').map_or(m.name, |(_, name)| name).to_owned(),
            applied_at: applied.iter().find(|a| a.version == m.version).map(|a| a.at),
        })
        .collect())
}

/// An error if a migration was applied from another file.
pub(crate) async fn state(kernel: &Kernel) -> Result<SchemaState> {
    let ledger = ledger(kernel).await?;
    let mut pending = Vec::new();
    for migration in MIGRATIONS {
        if !migration.has_run(&ledger, kernel.dialect())? {
            pending.push(migration.name.to_owned());
        }
    }
    let is_unknown = |entry: &&AppliedMigration| MIGRATIONS.iter().all(|m| m.version != entry.version);
    let unknown = ledger.iter().filter(is_unknown).map(|entry| entry.name.clone()).collect();
    Ok(SchemaState { is_new: ledger.is_empty(), pending, unknown })
}

pub(crate) async fn up(kernel: &Kernel) -> Result<Vec<String>> {
    // With nothing pending, skip the lock: after a crash it stays held for a while.
    if is_up_to_date(kernel).await? {
        return Ok(Vec::new());
    }
    let lock = lock(kernel).await?;
    let result = run_pending(kernel, MIGRATIONS).await;
    if let Some(mut lock) = lock {
        lock.close();
    }
    result
}

async fn is_up_to_date(kernel: &Kernel) -> Result<bool> {
    let ledger = ledger(kernel).await?;
    for migration in MIGRATIONS {
        if !migration.has_run(&ledger, kernel.dialect())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the lock. PostgreSQL: polls for it on a separate connection; closing that releases it. SQLite needs none: its
/// write transaction is the lock.
async fn lock(kernel: &Kernel) -> Result<Option<PooledConnection>> {
    if kernel.dialect() == Dialect::Sqlite {
        return Ok(None);
    }
    let own = kernel.writer.with_one_connection();
    for _ in 0..LOCK_POLLS {
        let mut pooled = own.acquire().await?;
        let try_lock = if own.is_pooled() {
            pooled.begin().await.map_err(classify)?;
            pooled.command(NO_IDLE_TIMEOUT).await.map_err(classify)?;
            &TRY_LOCK_FOR_THE_TRANSACTION
        } else {
            &TRY_LOCK
        };
        let answer = pooled.execute(try_lock, &[int(LOCK)]).await.map_err(classify)?;
        if let Some(row) = answer.rows.first()
            && row.reader("lock").flag()?
        {
            return Ok(Some(pooled));
        }
        drop(pooled);
        tokio::time::sleep(POLL).await;
    }
    Err(unavailable("another instance has been migrating the database for too long"))
}

async fn run_pending(kernel: &Kernel, migrations: &'static [Migration]) -> Result<Vec<String>> {
    let mut done = Vec::new();
    let mut ledger = kernel.begin().await?;
    ledger
        .command(match kernel.dialect() {
            Dialect::Postgres => LEDGER_POSTGRES,
            Dialect::Sqlite => LEDGER_SQLITE,
        })
        .await?;
    ledger.commit().await?;
    for migration in migrations {
        let mut tries = 0;
        let has_run = loop {
            match run_one(kernel, migration).await {
                // Most likely a lock timeout: another transaction uses the table for long.
                Err(error @ StoreError::Unavailable(_)) if tries < LOCK_TRIES => {
                    tries += 1;
                    tracing::warn!(migration = migration.name, %error, tries, "migration is blocked and will be retried");
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                outcome => break outcome?,
            }
        };
        if has_run {
            tracing::info!(migration = migration.name, "migrated");
            done.push(migration.name.to_owned());
        }
    }
    Ok(done)
}

/// Runs one migration and records it. `false`: it had been applied before.
async fn run_one(kernel: &Kernel, migration: &'static Migration) -> Result<bool> {
    let dialect = kernel.dialect();
    let sql = migration.sql(dialect);
    let checksum = TokenDigest::of(sql);
    let mut tx = kernel.begin().await?;
    // Checked inside the transaction, because on SQLite another process may have run it meanwhile.
    let known = applied(&mut Runner::Unit(&mut tx)).await?;
    if migration.has_run(&known, dialect)? {
        return Ok(false);
    }
    if migration.runs_without_transaction(dialect) {
        tx.commit().await?;
        run_without_transaction(kernel, sql).await?;
        tx = kernel.begin().await?;
    } else {
        if dialect == Dialect::Postgres {
            tx.command(LOCK_TIMEOUT).await?;
        }
        tx.command_without_timeout(sql).await?;
    }
    let values: [Value<'_>; 4] =
        [int(migration.version), text(migration.name), digest(&checksum), at(SystemClock.now())];
    Runner::Unit(&mut tx).execute(&RECORD, &values).await?;
    tx.commit().await?;
    Ok(true)
}

/// Runs the statements outside a transaction, on a separate connection: its settings end with it.
async fn run_without_transaction(kernel: &Kernel, sql: &'static str) -> Result<()> {
    let own = kernel.writer.with_one_connection();
    let mut pooled = own.acquire().await?;
    // A session of a pooler has none of our limits, and a setting would stay with it.
    if !own.is_pooled() {
        pooled.command("SET statement_timeout = 0; SET lock_timeout = 0").await.map_err(classify)?;
    }
    for statement in sql.split_inclusive(';').filter(|part| part.trim_end().ends_with(';')) {
        pooled.command_without_timeout(statement).await.map_err(|error| explained(statement, error))?;
    }
    pooled.close();
    Ok(())
}

/// Not every role may create an extension, and not every server has its files. Somebody else has to help then.
fn explained(statement: &str, error: sqlx::Error) -> StoreError {
    let error = classify(error);
    let (StoreError::Failed(source), Some((_, extension))) =
        (&error, statement.split_once("CREATE EXTENSION IF NOT EXISTS "))
    else {
        return error;
    };
    let extension = extension.trim_end_matches(';');
    let problem = format!(
        "PostgreSQL refuses to create the extension {extension} ({source}); let a role that may run \
         CREATE EXTENSION {extension} in this database (most systems have its files in the package \
         postgresql-contrib), then migrate again"
    );
    StoreError::Failed(problem.into())
}
