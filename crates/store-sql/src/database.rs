//! The database: connecting, maintenance, and the implementation of [`Store`].

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use porta_core::signing_key::SigningKey;
use porta_core::{Entropy, OsEntropy, Timestamp};
use porta_store::{PoolState, Repositories, Result, Store, StoreError, SweepOutcome, UnitOfWork};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use uuid::Uuid;

use crate::kernel::{Connector, Dialect, Kernel, Operation, Pool, Runner, classify};
use crate::migrate::plan::PlannedStep;
use crate::migrate::{self, MigrationStatus, SchemaState};
use crate::options::{DatabaseOptions, STATEMENT_CACHE, Target};
use crate::postgres;
use crate::sweep::{EmptyFamilyScan, sweep};
use crate::unit::{AutoCommit, SqlUnitOfWork};

pub struct Database {
    pub(crate) kernel: Kernel,
    /// One connection outside the pools, for [`Store::ping`].
    probe: Arc<Pool>,
    empty_family_scan: EmptyFamilyScan,
    /// Identifies this process as the holder of leases.
    instance: Uuid,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({:?})", self.kernel.dialect())
    }
}

impl Database {
    /// Opens one connection to check that the database is reachable. Runs no migrations.
    pub async fn connect(options: &DatabaseOptions) -> Result<Self> {
        let (writer, reader, writers, readers) = match &options.target {
            Target::Postgres(url) => {
                let connector = postgres::connector(url, options)?;
                (connector.clone(), connector, options.max_connections, 0)
            }
            Target::Sqlite(path) => {
                create_private(path)?;
                let write = sqlite(path, options.acquire_timeout);
                let read = write.clone().pragma("query_only", "on");
                let (write, read) = (Connector::Sqlite(Box::new(write)), Connector::Sqlite(Box::new(read)));
                (write, read, 1, options.max_connections)
            }
        };
        // The server enforces `statement_timeout` itself. This longer limit is for a server that does not answer at
        // all.
        let answer = options.statement_timeout + Duration::from_secs(5);
        let writer = Pool::new(writer, writers, options.acquire_timeout, answer, options.slow_statement);
        let reader = match writer.dialect() {
            Dialect::Postgres => Arc::clone(&writer),
            Dialect::Sqlite => {
                Pool::new(reader, readers, options.acquire_timeout, answer, options.slow_statement)
            }
        };
        first_connection(&writer).await?;
        let probe = reader.for_probes();
        let kernel = Kernel {
            writer,
            reader,
            round_trips: Arc::default(),
            outbox_notify: Arc::default(),
            faults: None,
        };
        let entropy: &dyn Entropy = &OsEntropy;
        Ok(Self {
            kernel,
            probe,
            empty_family_scan: EmptyFamilyScan::default(),
            instance: Uuid::from_bytes(entropy.bytes::<16>()),
        })
    }

    /// The same database over the same connections, where operations fail if `fails` says so.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn with_faults(&self, fails: crate::FaultHook) -> Self {
        Self {
            kernel: self.kernel.with_faults(fails),
            probe: Arc::clone(&self.probe),
            empty_family_scan: EmptyFamilyScan::default(),
            instance: self.instance,
        }
    }

    /// Runs all pending migrations and returns their names. Several instances may call it at once.
    pub async fn migrate_up(&self) -> Result<Vec<String>> {
        migrate::up(&self.kernel).await
    }

    /// Every migration of this program, with the time it was applied.
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>> {
        migrate::status(&self.kernel).await
    }

    /// How the schema stands to this program. An error if a migration was applied from another file.
    pub async fn schema(&self) -> Result<SchemaState> {
        migrate::state(&self.kernel).await
    }

    /// Writes a consistent copy of a SQLite database to a new file with mode 0600, while others read and write. The
    /// file must not exist.
    pub async fn copy_to(&self, path: &Path) -> Result<()> {
        let unusable = |problem: &str| StoreError::Failed(format!("{}: {problem}", path.display()).into());
        let text = path.to_str().ok_or_else(|| unusable("not a name SQLite can read"))?;
        if path.exists() {
            return Err(unusable("it is there already"));
        }
        // SQLite accepts an empty file as target; creating it first gives it mode 0600 from the start.
        create_private(path)?;
        // `VACUUM INTO` does not change this database, but a `query_only` reader refuses it.
        let mut pooled = self.kernel.writer.acquire().await?;
        pooled.copy_to(text).await.map_err(classify)
    }

    /// The steps that the pending migrations would take.
    pub async fn migration_plan(&self) -> Result<Vec<PlannedStep>> {
        migrate::plan::plan(&self.kernel).await
    }

    /// Prepares every statement of the program without running it. Returns the names of those the database refuses,
    /// with the reason: none if the schema is up to date.
    pub async fn refused_statements(&self) -> Result<Vec<(&'static str, String)>> {
        let mut pooled = self.kernel.writer.acquire().await?;
        let mut refused = Vec::new();
        for stmt in crate::registry::statements() {
            let expected = crate::kernel::highest_argument(stmt.sqlite.as_str());
            match pooled.prepare(stmt).await {
                Ok(found) if found == expected => {}
                Ok(found) => {
                    refused.push((stmt.name, format!("takes {found} arguments, its twin {expected}")));
                }
                Err(error) => refused.push((stmt.name, error.to_string())),
            }
        }
        for stmt in crate::tables::statements() {
            if let Err(error) = pooled.prepare(&stmt).await {
                refused.push((stmt.name, error.to_string()));
            }
        }
        Ok(refused)
    }
}

/// How often a SQLite database is tried that somebody else is making at the same moment.
const FIRST_TRIES: u32 = 20;
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Opens the first connection. Of two processes that make a SQLite database at once only one can change its journal mode;
/// SQLite refuses the other at once instead of letting it wait.
async fn first_connection(writer: &Arc<Pool>) -> Result<()> {
    for _ in 0..FIRST_TRIES {
        match writer.acquire().await {
            Err(StoreError::Unavailable(_)) if writer.dialect() == Dialect::Sqlite => {
                tokio::time::sleep(FIRST_PAUSE).await;
            }
            outcome => return outcome.map(drop),
        }
    }
    writer.acquire().await.map(drop)
}

/// `synchronous = FULL`, not `NORMAL`: in WAL mode `NORMAL` survives a killed process, but a power failure may lose the
/// last commits, which were already acknowledged.
fn sqlite(path: &Path, busy: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(busy)
        .statement_cache_capacity(STATEMENT_CACHE)
        .disable_statement_logging()
}

/// Creates the file with mode 0600. SQLite gives its WAL and shared-memory files the mode of the database file.
fn create_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Unavailable(error.into())),
    }
}

#[async_trait]
impl Store for Database {
    fn repositories(&self) -> Box<dyn Repositories + '_> {
        Box::new(AutoCommit(&self.kernel))
    }

    async fn begin(&self) -> Result<Box<dyn UnitOfWork>> {
        Ok(Box::new(SqlUnitOfWork(self.kernel.begin().await?)))
    }

    async fn ping(&self) -> Result<()> {
        self.kernel.check_fault(Operation::Ping)?;
        let mut pooled = self.probe.acquire().await?;
        pooled.execute(crate::ping::statement(), &[]).await.map(drop).map_err(classify)
    }

    async fn pending_migrations(&self) -> Result<Vec<String>> {
        let all = self.migrations().await?;
        Ok(all.into_iter().filter(|m| m.applied_at.is_none()).map(|m| m.full_name()).collect())
    }

    async fn sweep(&self, now: Timestamp, audit_before: Timestamp, batch: u32) -> Result<SweepOutcome> {
        sweep(&self.kernel, &self.empty_family_scan, self.instance, now, audit_before, batch).await
    }

    async fn wait_for_outbox_item(&self) {
        self.kernel.outbox_notify.notified().await;
    }

    fn pool(&self) -> PoolState {
        let (writer, reader) = (self.kernel.writer.state(), self.kernel.reader.state());
        match self.kernel.dialect() {
            Dialect::Postgres => writer,
            Dialect::Sqlite => writer + reader,
        }
    }

    async fn newest_signing_key(&self) -> Result<Option<SigningKey>> {
        crate::signing_keys::newest(&mut Runner::Auto(&self.kernel)).await
    }

    async fn oldest_signing_key_activation(&self) -> Result<Option<Timestamp>> {
        crate::signing_keys::oldest_since(&mut Runner::Auto(&self.kernel)).await
    }

    async fn issuer_base(&self) -> Result<Option<String>> {
        crate::installation::issuer_base(&mut Runner::Auto(&self.kernel)).await
    }

    async fn remember_issuer_base(&self, issuer_base: &str, now: Timestamp) -> Result<bool> {
        crate::installation::remember_issuer_base(&mut Runner::Auto(&self.kernel), issuer_base, now).await
    }

    fn round_trips(&self) -> u64 {
        self.kernel.round_trips.load(Ordering::Relaxed)
    }
}
