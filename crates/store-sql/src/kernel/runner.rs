//! Runs statements, each on its own or inside a unit of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use porta_store::{Result, StoreError};
use porta_task::round_trips;
use tokio::sync::Notify;

use super::Row;
use super::connection::{Dialect, QueryResult};
use super::error::{classify, is_broken};
use super::faults::{self, FaultHook, Operation};
use super::list::List;
use super::pool::{Pool, PooledConnection};
use super::statement::{Kind, Stmt};
use super::value::Value;

/// Pools and counters. PostgreSQL uses one pool for everything. SQLite uses one writer and a few readers: it serializes
/// writers anyway, and waiting in our queue is fair while waiting for its lock is not.
pub(crate) struct Kernel {
    pub(crate) writer: Arc<Pool>,
    pub(crate) reader: Arc<Pool>,
    pub(crate) round_trips: Arc<AtomicU64>,
    /// Notified after a commit that added to the outbox.
    pub(crate) outbox_notify: Arc<Notify>,
    /// Set by tests only.
    pub(crate) faults: Option<FaultHook>,
}

impl Kernel {
    pub(crate) fn dialect(&self) -> Dialect {
        self.writer.dialect()
    }

    /// The same pools and counters, with faults.
    #[cfg(feature = "testing")]
    pub(crate) fn with_faults(&self, fails: FaultHook) -> Self {
        Self {
            writer: Arc::clone(&self.writer),
            reader: Arc::clone(&self.reader),
            round_trips: Arc::clone(&self.round_trips),
            outbox_notify: Arc::clone(&self.outbox_notify),
            faults: Some(fails),
        }
    }

    /// Fails if a test wants the operation to.
    pub(crate) fn check_fault(&self, operation: Operation) -> Result<()> {
        faults::check(self.faults.as_ref(), operation)
    }

    fn count(&self) {
        round_trips::sql();
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    async fn execute(&self, stmt: &Stmt, values: &[Value<'_>]) -> Result<QueryResult> {
        self.check_fault(Operation::Statement(stmt.name))?;
        match (self.dialect(), stmt.kind) {
            (_, Kind::Read) => self.read(stmt, values).await,
            (Dialect::Postgres, Kind::Write | Kind::Script) | (Dialect::Sqlite, Kind::Write) => {
                let mut pooled = self.writer.acquire().await?;
                self.count();
                pooled.execute(stmt, values).await.map_err(|e| failed(stmt, e))
            }
            (Dialect::Sqlite, Kind::Script) => {
                let mut pooled = self.writer.acquire().await?;
                self.count();
                pooled.begin().await.map_err(|e| failed(stmt, e))?;
                match pooled.execute(stmt, values).await {
                    Ok(answer) => {
                        pooled.commit().await.map_err(|e| failed(stmt, e))?;
                        Ok(answer)
                    }
                    Err(error) => {
                        // If the rollback fails, dropping the connection rolls back or closes the connection.
                        pooled.rollback().await.ok();
                        Err(failed(stmt, error))
                    }
                }
            }
        }
    }

    /// Runs a read; once more on a new connection if the reused one turned out to be dead, since a read changes
    /// nothing.
    async fn read(&self, stmt: &Stmt, values: &[Value<'_>]) -> Result<QueryResult> {
        let mut pooled = self.reader.acquire().await?;
        self.count();
        let error = match pooled.execute(stmt, values).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !pooled.reused || !is_broken(&error) || matches!(error, sqlx::Error::PoolTimedOut) {
            return Err(failed(stmt, error));
        }
        drop(pooled);
        let mut pooled = self.reader.acquire().await?;
        self.count();
        pooled.execute(stmt, values).await.map_err(|e| failed(stmt, e))
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        self.check_fault(Operation::Begin)?;
        let mut pooled = self.writer.acquire().await?;
        self.count();
        let begun = pooled.begin().await;
        match begun {
            Err(error) if pooled.reused && is_broken(&error) => {
                drop(pooled);
                pooled = self.writer.acquire().await?;
                self.count();
                pooled.begin().await.map_err(classify)?;
            }
            other => other.map_err(classify)?,
        }
        Ok(self.transaction(pooled))
    }

    /// A transaction that sees one state of the database, and changes nothing.
    pub(crate) async fn begin_snapshot(&self) -> Result<Tx> {
        self.check_fault(Operation::Begin)?;
        let mut pooled = self.reader.acquire().await?;
        self.count();
        pooled.begin_snapshot().await.map_err(classify)?;
        Ok(self.transaction(pooled))
    }

    fn transaction(&self, pooled: PooledConnection) -> Tx {
        Tx {
            pooled,
            round_trips: Arc::clone(&self.round_trips),
            outbox_notify: Arc::clone(&self.outbox_notify),
            faults: self.faults.clone(),
            notifies_outbox: false,
            has_savepoint: false,
            has_failed: false,
        }
    }
}

fn failed(stmt: &Stmt, error: sqlx::Error) -> StoreError {
    let error = classify(error);
    if matches!(error, StoreError::Failed(_) | StoreError::Unavailable(_)) {
        tracing::debug!(statement = stmt.name, "statement failed");
    }
    error
}

/// An open transaction; dropped without a commit, it is rolled back.
pub(crate) struct Tx {
    pooled: PooledConnection,
    round_trips: Arc<AtomicU64>,
    outbox_notify: Arc<Notify>,
    faults: Option<FaultHook>,
    /// The outbox was added to: notify after the commit.
    notifies_outbox: bool,
    has_savepoint: bool,
    /// A statement failed, and there was no rollback to a savepoint since.
    has_failed: bool,
}

impl Tx {
    pub(crate) fn dialect(&self) -> Dialect {
        self.pooled.dialect()
    }

    fn count(&self) {
        round_trips::sql();
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    async fn execute(&mut self, stmt: &Stmt, values: &[Value<'_>]) -> Result<QueryResult> {
        if let Err(fault) = faults::check(self.faults.as_ref(), Operation::StatementOfUnit(stmt.name)) {
            self.has_failed = true;
            return Err(fault);
        }
        self.count();
        let result = self.pooled.execute(stmt, values).await;
        result.map_err(|e| {
            self.has_failed = true;
            failed(stmt, e)
        })
    }

    /// Runs a command without arguments, for migrations.
    pub(crate) async fn command(&mut self, sql: &'static str) -> Result<()> {
        self.count();
        self.pooled.command(sql).await.map_err(|e| {
            self.has_failed = true;
            classify(e)
        })
    }

    /// Like [`Self::command`], without a time limit.
    pub(crate) async fn command_without_timeout(&mut self, sql: &'static str) -> Result<()> {
        self.count();
        self.pooled.command_without_timeout(sql).await.map_err(|e| {
            self.has_failed = true;
            classify(e)
        })
    }

    /// PostgreSQL answers the `COMMIT` of a failed transaction with a rollback and no error. Here it is an error, on
    /// both databases.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.count();
        if self.has_failed {
            self.pooled.rollback().await.map_err(classify)?;
            return Err(StoreError::Failed(
                "a statement of this unit of work failed; nothing was kept".into(),
            ));
        }
        self.pooled.commit().await.map_err(classify)?;
        if self.notifies_outbox {
            self.outbox_notify.notify_one();
        }
        Ok(())
    }

    pub(crate) async fn savepoint(&mut self) -> Result<()> {
        self.count();
        let sql =
            if self.has_savepoint { "RELEASE SAVEPOINT mark; SAVEPOINT mark" } else { "SAVEPOINT mark" };
        self.pooled.command(sql).await.map_err(|e| {
            self.has_failed = true;
            classify(e)
        })?;
        self.has_savepoint = true;
        Ok(())
    }

    pub(crate) async fn rollback_to_savepoint(&mut self) -> Result<()> {
        if !self.has_savepoint {
            return Err(StoreError::Failed("no savepoint was set".into()));
        }
        self.count();
        self.pooled.command("ROLLBACK TO SAVEPOINT mark").await.map_err(classify)?;
        self.has_failed = false;
        Ok(())
    }
}

/// What a repository runs its statements on: by themselves or in a transaction.
pub(crate) enum Runner<'a> {
    Auto(&'a Kernel),
    Unit(&'a mut Tx),
}

/// Several atomic statements: in the surrounding unit of work, or in a transaction of their own.
pub(crate) enum Scope<'a> {
    Own(Tx),
    Joined(&'a mut Tx),
}

impl Scope<'_> {
    pub(crate) fn run(&mut self) -> Runner<'_> {
        match self {
            Self::Own(tx) => Runner::Unit(tx),
            Self::Joined(tx) => Runner::Unit(tx),
        }
    }

    /// Commits an own transaction; without this call it is rolled back.
    pub(crate) async fn finish(self) -> Result<()> {
        match self {
            Self::Own(tx) => tx.commit().await,
            Self::Joined(_) => Ok(()),
        }
    }
}

impl Runner<'_> {
    pub(crate) async fn scope(&mut self) -> Result<Scope<'_>> {
        Ok(match self {
            Self::Auto(kernel) => Scope::Own(kernel.begin().await?),
            Self::Unit(tx) => Scope::Joined(tx),
        })
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Auto(kernel) => kernel.dialect(),
            Self::Unit(tx) => tx.dialect(),
        }
    }

    pub(crate) async fn execute(&mut self, stmt: &Stmt, values: &[Value<'_>]) -> Result<QueryResult> {
        match self {
            Self::Auto(kernel) => kernel.execute(stmt, values).await,
            Self::Unit(tx) => tx.execute(stmt, values).await,
        }
    }

    pub(crate) async fn rows(&mut self, stmt: &Stmt, values: &[Value<'_>]) -> Result<Vec<Row>> {
        Ok(self.execute(stmt, values).await?.rows)
    }

    /// Runs a list that was built for [`Self::dialect`].
    pub(crate) async fn list(&mut self, list: List<'_>) -> Result<Vec<Row>> {
        let (stmt, values) = list.finish();
        self.rows(&stmt, &values).await
    }

    /// Counts the rows of a list, up to `at_most`.
    pub(crate) async fn count(&mut self, list: List<'_>, at_most: u64) -> Result<u64> {
        let (stmt, values) = list.counted(at_most).finish();
        let row = self.row(&stmt, &values).await?;
        let counted = row.map(|row| row.reader(stmt.name).int()).transpose()?;
        Ok(counted.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
    }

    /// Runs a statement and returns its first row, if any.
    pub(crate) async fn row(&mut self, stmt: &Stmt, values: &[Value<'_>]) -> Result<Option<Row>> {
        Ok(self.execute(stmt, values).await?.rows.into_iter().next())
    }

    /// Runs a statement. `true`: a plain one changed a row, or a script returned one.
    pub(crate) async fn affects_row(&mut self, stmt: &Stmt, values: &[Value<'_>]) -> Result<bool> {
        let answer = self.execute(stmt, values).await?;
        Ok(match stmt.kind {
            Kind::Script => !answer.rows.is_empty(),
            Kind::Read | Kind::Write => answer.affected > 0,
        })
    }

    /// Notifies the waiter of the outbox, at once or after the commit of the unit of work.
    pub(crate) fn notify_outbox_waiter(&mut self) {
        match self {
            Self::Auto(kernel) => kernel.outbox_notify.notify_one(),
            Self::Unit(tx) => tx.notifies_outbox = true,
        }
    }

    /// Runs an insert that selects the rows it refers to; `MissingReference` if it inserted nothing.
    pub(crate) async fn must_affect_row(
        &mut self,
        stmt: &Stmt,
        values: &[Value<'_>],
        reference: &str,
    ) -> Result<()> {
        if self.affects_row(stmt, values).await? {
            return Ok(());
        }
        Err(StoreError::MissingReference(reference.to_owned()))
    }

    /// Runs an update that is guarded by the version of the row. If it changed nothing, `version` reads the current
    /// version: an existing row was changed since it was read, which is the error `Stale`. `false`: no such row.
    pub(crate) async fn update_version(
        &mut self,
        update: &Stmt,
        values: &[Value<'_>],
        version: &Stmt,
        key: &[Value<'_>],
        kind: &'static str,
    ) -> Result<bool> {
        if self.affects_row(update, values).await? {
            return Ok(true);
        }
        match self.row(version, key).await? {
            Some(_) => Err(StoreError::Stale(kind)),
            None => Ok(false),
        }
    }
}
