//! The database as the rest of the program meets it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use porta_core::signing_key::SigningKey;
use porta_core::{Entropy, OsEntropy, Timestamp};
use porta_store::{PoolState, Repositories, Result, Store, StoreError, Swept, UnitOfWork};
use porta_trust::Roots;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use uuid::Uuid;

use crate::kernel::{Connector, Flavor, Kernel, Pool, Runner, classify, statements};
use crate::migrate::plan::PlannedStep;
use crate::migrate::{self, MigrationStatus};
use crate::postgres;
use crate::sweep::{Rounds, sweep};
use crate::unit::{Single, Unit};

statements! {
    PING: Read = "SELECT 1";
}

/// Where the data lives.
#[derive(Clone)]
pub enum Target {
    /// A file, made with mode 0600 when it is not there.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database?sslmode=…`; not printed.
    Postgres(String),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "Sqlite({})", path.display()),
            Self::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    pub target: Target,
    /// PostgreSQL: connections of this process. SQLite: readers, beside the one writer.
    pub max_connections: u32,
    /// What a single statement may take; PostgreSQL enforces it itself.
    pub statement_timeout: Duration,
    /// How long a request waits for a connection before it is told that storage is unavailable.
    pub acquire_timeout: Duration,
    /// A statement that runs longer is logged by its name.
    pub slow_statement: Duration,
    /// PostgreSQL: whom its certificate must come from, where the URL asks for that.
    pub roots: Roots,
    /// PostgreSQL: a pooler stands between, and a connection leads to another session after each transaction.
    pub is_pooled: bool,
}

impl DatabaseOptions {
    /// The defaults: 10 connections of our own, 10 seconds for a statement, 3 for a connection, logged beyond one; the
    /// authorities of this machine.
    pub fn new(target: Target) -> Self {
        Self {
            target,
            max_connections: 10,
            statement_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(3),
            slow_statement: Duration::from_secs(1),
            roots: Roots::system(),
            is_pooled: false,
        }
    }
}

/// More than there are statements, so that each is prepared once per connection.
pub(crate) const STATEMENT_CACHE: usize = 512;

pub struct Database {
    pub(crate) kernel: Kernel,
    /// Beside the pool.
    probe: Arc<Pool>,
    rounds: Rounds,
    /// This process among the holders of leases.
    instance: Uuid,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({:?})", self.kernel.flavor())
    }
}

impl Database {
    /// Opens one connection to see that the database is there; migrates nothing.
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
        // The server answers first; this is for one that does not answer at all.
        let answer = options.statement_timeout + Duration::from_secs(5);
        let writer = Pool::new(writer, writers, options.acquire_timeout, answer, options.slow_statement);
        let reader = match writer.flavor() {
            Flavor::Postgres => Arc::clone(&writer),
            Flavor::Sqlite => {
                Pool::new(reader, readers, options.acquire_timeout, answer, options.slow_statement)
            }
        };
        drop(writer.acquire().await?);
        let probe = reader.for_probes();
        let kernel = Kernel { writer, reader, round_trips: Arc::default(), outbox_bell: Arc::default() };
        let entropy: &dyn Entropy = &OsEntropy;
        Ok(Self {
            kernel,
            probe,
            rounds: Rounds::default(),
            instance: Uuid::from_bytes(entropy.bytes::<16>()),
        })
    }

    /// Brings the schema up to date and returns the names of the migrations it ran. Safe to call from several
    /// instances at once.
    pub async fn migrate_up(&self) -> Result<Vec<String>> {
        migrate::up(&self.kernel).await
    }

    /// Every migration this program has, and when it was applied.
    pub async fn migrations(&self) -> Result<Vec<MigrationStatus>> {
        migrate::status(&self.kernel).await
    }

    /// Writes a consistent copy of an embedded database to a file that must not exist, with mode 0600, while others go
    /// on reading and writing.
    pub async fn copy_to(&self, path: &Path) -> Result<()> {
        let unusable = |problem: &str| StoreError::Failed(format!("{}: {problem}", path.display()).into());
        let text = path.to_str().ok_or_else(|| unusable("not a name SQLite can read"))?;
        if path.exists() {
            return Err(unusable("it is there already"));
        }
        // Empty, which SQLite accepts, and closed to others from the beginning.
        create_private(path)?;
        // It writes no page of this database, but readers may not run it.
        let mut lease = self.kernel.writer.acquire().await?;
        lease.copy_to(text).await.map_err(classify)
    }

    /// What the pending migrations would do.
    pub async fn migration_plan(&self) -> Result<Vec<PlannedStep>> {
        migrate::plan::plan(&self.kernel).await
    }

    /// Lets the database read every statement of the program without running any, and returns the names of those it
    /// refuses, with its reason: none, once the schema is up to date.
    pub async fn refused_statements(&self) -> Result<Vec<(&'static str, String)>> {
        let mut lease = self.kernel.writer.acquire().await?;
        let mut refused = Vec::new();
        for stmt in crate::registry::statements() {
            let expected = crate::kernel::highest_argument(stmt.sqlite);
            match lease.prepare(stmt).await {
                Ok(found) if found == expected => {}
                Ok(found) => {
                    refused.push((stmt.name, format!("takes {found} arguments, its twin {expected}")));
                }
                Err(error) => refused.push((stmt.name, error.to_string())),
            }
        }
        Ok(refused)
    }
}

/// FULL, not NORMAL: in WAL mode NORMAL survives a killed process but may lose the last commits with the power, and
/// those were acknowledged.
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

/// SQLite gives its companion files the mode of the database file.
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
        Box::new(Single(&self.kernel))
    }

    async fn begin(&self) -> Result<Box<dyn UnitOfWork>> {
        Ok(Box::new(Unit(self.kernel.begin().await?)))
    }

    async fn ping(&self) -> Result<()> {
        let mut lease = self.probe.acquire().await?;
        lease.execute(&PING, &[]).await.map(drop).map_err(classify)
    }

    async fn pending_migrations(&self) -> Result<Vec<String>> {
        let all = self.migrations().await?;
        Ok(all.into_iter().filter(|m| m.applied_at.is_none()).map(|m| m.full_name()).collect())
    }

    async fn sweep(&self, now: Timestamp, audit_before: Timestamp, batch: u32) -> Result<Swept> {
        sweep(&self.kernel, &self.rounds, self.instance, now, audit_before, batch).await
    }

    async fn outbox_filled(&self) {
        self.kernel.outbox_bell.notified().await;
    }

    fn pool(&self) -> PoolState {
        let (writer, reader) = (self.kernel.writer.state(), self.kernel.reader.state());
        match self.kernel.flavor() {
            Flavor::Postgres => writer,
            Flavor::Sqlite => writer + reader,
        }
    }

    async fn newest_signing_key(&self) -> Result<Option<SigningKey>> {
        crate::signing_keys::newest(&mut Runner::Auto(&self.kernel)).await
    }

    async fn oldest_signing_since(&self) -> Result<Option<Timestamp>> {
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
