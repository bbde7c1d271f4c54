//! Runs statements, each on its own or inside a unit of work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use porta_store::{Result, StoreError};
use porta_task::round_trips;
use tokio::sync::Notify;

use super::Row;
use super::error::{classify, is_broken};
use super::link::{Answer, Flavor};
use super::pool::{Lease, Pool};
use super::statement::{Kind, Stmt};
use super::value::Value;

/// Pools and counters. PostgreSQL uses one pool for everything. SQLite uses one writer and a few readers: it serializes
/// writers anyway, and waiting in our queue is fair while waiting for its lock is not.
pub(crate) struct Kernel {
    pub(crate) writer: Arc<Pool>,
    pub(crate) reader: Arc<Pool>,
    pub(crate) round_trips: Arc<AtomicU64>,
    /// Notified after a commit that added to the outbox.
    pub(crate) outbox_bell: Arc<Notify>,
}

impl Kernel {
    pub(crate) fn flavor(&self) -> Flavor {
        self.writer.flavor()
    }

    fn count(&self) {
        round_trips::sql();
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    async fn execute(&self, stmt: &'static Stmt, values: &[Value<'_>]) -> Result<Answer> {
        match (self.flavor(), stmt.kind) {
            (_, Kind::Read) => self.read(stmt, values).await,
            (Flavor::Postgres, Kind::Write | Kind::Script) | (Flavor::Sqlite, Kind::Write) => {
                let mut lease = self.writer.acquire().await?;
                self.count();
                lease.execute(stmt, values).await.map_err(|e| failed(stmt, e))
            }
            (Flavor::Sqlite, Kind::Script) => {
                let mut lease = self.writer.acquire().await?;
                self.count();
                lease.begin().await.map_err(|e| failed(stmt, e))?;
                match lease.execute(stmt, values).await {
                    Ok(answer) => {
                        lease.commit().await.map_err(|e| failed(stmt, e))?;
                        Ok(answer)
                    }
                    Err(error) => {
                        // If the rollback fails, dropping the lease rolls back or closes the connection.
                        lease.rollback().await.ok();
                        Err(failed(stmt, error))
                    }
                }
            }
        }
    }

    /// Runs a read; once more on a new connection if the reused one turned out to be dead, since a read changes
    /// nothing.
    async fn read(&self, stmt: &'static Stmt, values: &[Value<'_>]) -> Result<Answer> {
        let mut lease = self.reader.acquire().await?;
        self.count();
        let error = match lease.execute(stmt, values).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !lease.reused || !is_broken(&error) || matches!(error, sqlx::Error::PoolTimedOut) {
            return Err(failed(stmt, error));
        }
        drop(lease);
        let mut lease = self.reader.acquire().await?;
        self.count();
        lease.execute(stmt, values).await.map_err(|e| failed(stmt, e))
    }

    pub(crate) async fn begin(&self) -> Result<Tx> {
        let mut lease = self.writer.acquire().await?;
        self.count();
        let begun = lease.begin().await;
        match begun {
            Err(error) if lease.reused && is_broken(&error) => {
                drop(lease);
                lease = self.writer.acquire().await?;
                self.count();
                lease.begin().await.map_err(classify)?;
            }
            other => other.map_err(classify)?,
        }
        Ok(Tx {
            lease,
            round_trips: Arc::clone(&self.round_trips),
            outbox_bell: Arc::clone(&self.outbox_bell),
            rings: false,
            has_savepoint: false,
            has_failed: false,
        })
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
    lease: Lease,
    round_trips: Arc<AtomicU64>,
    outbox_bell: Arc<Notify>,
    /// The outbox was added to: notify after the commit.
    rings: bool,
    has_savepoint: bool,
    /// A statement failed, and there was no rollback to a savepoint since.
    has_failed: bool,
}

impl Tx {
    fn count(&self) {
        round_trips::sql();
        self.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    async fn execute(&mut self, stmt: &'static Stmt, values: &[Value<'_>]) -> Result<Answer> {
        self.count();
        let result = self.lease.execute(stmt, values).await;
        result.map_err(|e| {
            self.has_failed = true;
            failed(stmt, e)
        })
    }

    /// Runs a command without arguments, for migrations.
    pub(crate) async fn command(&mut self, sql: &'static str) -> Result<()> {
        self.count();
        self.lease.command(sql).await.map_err(|e| {
            self.has_failed = true;
            classify(e)
        })
    }

    /// Like [`Self::command`], without a time limit.
    pub(crate) async fn unbounded(&mut self, sql: &'static str) -> Result<()> {
        self.count();
        self.lease.unbounded(sql).await.map_err(|e| {
            self.has_failed = true;
            classify(e)
        })
    }

    /// PostgreSQL answers the `COMMIT` of a failed transaction with a rollback and no error. Here it is an error, on
    /// both databases.
    pub(crate) async fn commit(mut self) -> Result<()> {
        self.count();
        if self.has_failed {
            self.lease.rollback().await.map_err(classify)?;
            return Err(StoreError::Failed(
                "a statement of this unit of work failed; nothing was kept".into(),
            ));
        }
        self.lease.commit().await.map_err(classify)?;
        if self.rings {
            self.outbox_bell.notify_one();
        }
        Ok(())
    }

    pub(crate) async fn savepoint(&mut self) -> Result<()> {
        self.count();
        let sql =
            if self.has_savepoint { "RELEASE SAVEPOINT mark; SAVEPOINT mark" } else { "SAVEPOINT mark" };
        self.lease.command(sql).await.map_err(|e| {
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
        self.lease.command("ROLLBACK TO SAVEPOINT mark").await.map_err(classify)?;
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

    pub(crate) async fn execute(&mut self, stmt: &'static Stmt, values: &[Value<'_>]) -> Result<Answer> {
        match self {
            Self::Auto(kernel) => kernel.execute(stmt, values).await,
            Self::Unit(tx) => tx.execute(stmt, values).await,
        }
    }

    pub(crate) async fn rows(&mut self, stmt: &'static Stmt, values: &[Value<'_>]) -> Result<Vec<Row>> {
        Ok(self.execute(stmt, values).await?.rows)
    }

    /// Runs a statement and returns its first row, if any.
    pub(crate) async fn row(&mut self, stmt: &'static Stmt, values: &[Value<'_>]) -> Result<Option<Row>> {
        Ok(self.execute(stmt, values).await?.rows.into_iter().next())
    }

    /// Runs a statement. `true`: a plain one changed a row, or a script returned one.
    pub(crate) async fn hits(&mut self, stmt: &'static Stmt, values: &[Value<'_>]) -> Result<bool> {
        let answer = self.execute(stmt, values).await?;
        Ok(match stmt.kind {
            Kind::Script => !answer.rows.is_empty(),
            Kind::Read | Kind::Write => answer.affected > 0,
        })
    }

    /// Notifies the waiter of the outbox, at once or after the commit of the unit of work.
    pub(crate) fn ring_outbox(&mut self) {
        match self {
            Self::Auto(kernel) => kernel.outbox_bell.notify_one(),
            Self::Unit(tx) => tx.rings = true,
        }
    }

    /// Runs an insert that selects the rows it refers to; `MissingReference` if it inserted nothing.
    pub(crate) async fn must_hit(
        &mut self,
        stmt: &'static Stmt,
        values: &[Value<'_>],
        reference: &str,
    ) -> Result<()> {
        if self.hits(stmt, values).await? {
            return Ok(());
        }
        Err(StoreError::MissingReference(reference.to_owned()))
    }
}
