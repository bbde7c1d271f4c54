//! Connection pool.
//!
//! sqlx's own pool sends one extra round trip and starts a task each time a connection is returned: half of all traffic
//! for statements as short as ours. Here a connection that finished its statement is returned at once. One that was
//! abandoned in the middle is first drained by a task, and a dropped transaction is rolled back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use porta_core::metrics;
use porta_store::{PoolState, StoreError};
use porta_task::timeout;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tracing::Instrument as _;

use super::circuit_breaker::CircuitBreaker;
use super::connection::{Connector, DbConnection, Dialect, QueryResult};
use super::error::{classify, is_broken, unavailable};
use super::statement::Stmt;
use super::value::Value;

/// A connection that was idle for longer is pinged before it is used.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);
/// Time limit of that ping. Short, so that a peer that vanished silently is given up quickly and requests are served as
/// soon as new connections can be made.
const PING_TIMEOUT: Duration = Duration::from_secs(1);
/// Time limit of one attempt to connect over a network. Short, so that attempts whose packets were lost do not outlive
/// an outage. Opening a SQLite file can only be slow, so it gets the caller's whole timeout.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// Time limit of a probe; its caller allows two seconds in all.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1_500);

struct IdleConnection {
    connection: DbConnection,
    since: Instant,
}

pub(crate) struct Pool {
    connector: Connector,
    size: usize,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    idle: Mutex<Vec<IdleConnection>>,
    /// When a connection was last returned after use; `None` again once one was found dead.
    last_returned_at: Mutex<Option<Instant>>,
    returned: Notify,
    breaker: CircuitBreaker,
    acquire_timeout: Duration,
    /// Longer than the server's own limit: only for a server that does not answer at all.
    answer_timeout: Duration,
    /// Statements that run longer, in milliseconds, are logged by name.
    slow: Duration,
}

/// Counts one waiting caller while it exists.
struct WaitingCount<'a>(&'a AtomicUsize);

impl<'a> WaitingCount<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WaitingCount<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub(crate) fn new(
        connector: Connector,
        size: u32,
        acquire_timeout: Duration,
        answer_timeout: Duration,
        slow: Duration,
    ) -> Arc<Self> {
        let size = usize::try_from(size.max(1)).unwrap_or(1);
        Arc::new(Self {
            connector,
            size,
            waiting: AtomicUsize::new(0),
            permits: Arc::new(Semaphore::new(size)),
            idle: Mutex::new(Vec::with_capacity(size)),
            last_returned_at: Mutex::default(),
            returned: Notify::new(),
            breaker: CircuitBreaker::default(),
            acquire_timeout,
            answer_timeout,
            slow,
        })
    }

    /// A separate pool with one connection, outside this pool's limit.
    pub(crate) fn with_one_connection(&self) -> Arc<Self> {
        Self::new(self.connector.clone(), 1, self.acquire_timeout, self.answer_timeout, self.slow)
    }

    pub(crate) fn state(&self) -> PoolState {
        PoolState {
            in_use: self.size - self.permits.available_permits(),
            idle: self.idle().len(),
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    /// A separate pool with one connection for probes, which ask whether the database answers, not whether this pool is
    /// busy.
    pub(crate) fn for_probes(&self) -> Arc<Self> {
        Self::new(self.connector.clone(), 1, PROBE_TIMEOUT, PROBE_TIMEOUT, self.slow)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.connector.dialect()
    }

    /// Whether connections go through a transaction pooler: no session state outlives a transaction.
    pub(crate) fn is_pooled(&self) -> bool {
        self.connector.is_pooled()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<IdleConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_returned_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.last_returned_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes all idle connections: after one was found dead, the others most likely are too.
    pub(crate) fn forget_idle(&self) {
        self.idle().clear();
        *self.last_returned_at() = None;
    }

    fn give_back(&self, connection: DbConnection) {
        let now = Instant::now();
        self.idle().push(IdleConnection { connection, since: now });
        *self.last_returned_at() = Some(now);
        self.returned.notify_one();
    }

    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<PooledConnection, StoreError> {
        let free = Arc::clone(&self.permits).try_acquire_owned();
        let permit = if let Ok(permit) = free {
            permit
        } else {
            let _waiting = WaitingCount::on(&self.waiting);
            timeout(self.acquire_timeout, Arc::clone(&self.permits).acquire_owned())
                .await
                .map_err(|_| unavailable("no free database connection in time"))?
                .map_err(|_| unavailable("the pool is closed"))?
        };
        loop {
            let Some(IdleConnection { mut connection, since }) = self.idle().pop() else { break };
            if matches!(connection, DbConnection::Sqlite(_))
                || since.elapsed() < PING_AFTER_IDLE
                || connection.drain(PING_TIMEOUT).await
            {
                return Ok(PooledConnection::new(connection, Arc::clone(self), permit, true));
            }
            self.forget_idle();
        }
        match self.connect().await {
            Ok(connection) => Ok(PooledConnection::new(connection, Arc::clone(self), permit, false)),
            // If the machine is too busy to connect in time or the server accepts no more connections, those in use
            // still work: wait for one of them.
            Err(error) => match self.next_returned().await {
                Some(connection) => Ok(PooledConnection::new(connection, Arc::clone(self), permit, true)),
                None => Err(error),
            },
        }
    }

    /// The next connection that another caller returns. `None` at once if none was returned recently, as in an outage.
    async fn next_returned(&self) -> Option<DbConnection> {
        let is_served = self.last_returned_at().is_some_and(|at| at.elapsed() < CONNECT_TIMEOUT);
        if !is_served || self.state().in_use < 2 {
            return None;
        }
        let next = async {
            loop {
                if let Some(IdleConnection { connection, .. }) = self.idle().pop() {
                    return connection;
                }
                self.returned.notified().await;
            }
        };
        timeout(CONNECT_TIMEOUT.min(self.acquire_timeout), next).await.ok()
    }

    async fn connect(&self) -> Result<DbConnection, StoreError> {
        let permit = self
            .breaker
            .permit(Instant::now())
            .ok_or_else(|| unavailable("the database could not be reached a moment ago"))?;
        let limit = match self.connector.dialect() {
            Dialect::Postgres => CONNECT_TIMEOUT.min(self.acquire_timeout),
            Dialect::Sqlite => self.acquire_timeout,
        };
        let error = match timeout(limit, self.connector.connect()).await {
            Ok(Ok(connection)) => {
                permit.succeeded();
                return Ok(connection);
            }
            Ok(Err(error)) => match classify(error) {
                StoreError::Failed(source) => StoreError::Unavailable(source),
                other => other,
            },
            Err(_) => unavailable("the database did not accept a connection in time"),
        };
        permit.failed();
        Err(error)
    }
}

/// A connection borrowed from the pool. Dropping it returns it.
pub(crate) struct PooledConnection {
    connection: Option<DbConnection>,
    pool: Arc<Pool>,
    permit: Option<OwnedSemaphorePermit>,
    /// Was used before, so the server may have closed it since.
    pub(crate) reused: bool,
    /// A statement was sent and its response was not read to the end.
    busy: bool,
    in_transaction: bool,
}

impl PooledConnection {
    fn new(connection: DbConnection, pool: Arc<Pool>, permit: OwnedSemaphorePermit, reused: bool) -> Self {
        Self {
            connection: Some(connection),
            pool,
            permit: Some(permit),
            reused,
            busy: false,
            in_transaction: false,
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.pool.dialect()
    }

    async fn guarded<T>(
        &mut self,
        run: impl AsyncFnOnce(&mut DbConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let Some(connection) = self.connection.as_mut().filter(|_| !self.busy) else {
            return Err(sqlx::Error::PoolClosed);
        };
        self.busy = true;
        let result = timeout(self.pool.answer_timeout, run(connection)).await;
        self.busy = false;
        let error = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => error,
            Err(_) => sqlx::Error::PoolTimedOut,
        };
        if is_broken(&error) {
            self.connection = None;
            self.pool.forget_idle();
        }
        Err(error)
    }

    pub(crate) async fn execute(
        &mut self,
        stmt: &Stmt,
        values: &[Value<'_>],
    ) -> Result<QueryResult, sqlx::Error> {
        let span =
            tracing::trace_span!(target: "porta::trace", "sql", otel.kind = "client", statement = stmt.name);
        let started = Instant::now();
        let answer = self.run(stmt, values).instrument(span).await;
        let took = started.elapsed();
        if took > self.pool.slow {
            ::metrics::counter!(metrics::DB_SLOW_STATEMENTS).increment(1);
            let duration_ms = took.as_secs_f64() * 1_000.0;
            tracing::warn!(event = "db.slow_statement", statement = stmt.name, duration_ms, "slow statement");
        }
        answer
    }

    async fn run(&mut self, stmt: &Stmt, values: &[Value<'_>]) -> Result<QueryResult, sqlx::Error> {
        let is_pooled = self.pool.is_pooled();
        if !is_pooled || self.in_transaction {
            return self.guarded(async |connection| connection.execute(stmt, values, !is_pooled).await).await;
        }
        // A statement takes two messages, parse and execute; a transaction keeps both in one server session.
        self.begin().await?;
        match self.guarded(async |connection| connection.execute(stmt, values, false).await).await {
            Ok(answer) => {
                self.commit().await?;
                Ok(answer)
            }
            Err(error) => {
                // If the rollback fails, dropping the connection rolls back or closes the connection.
                self.rollback().await.ok();
                Err(error)
            }
        }
    }

    pub(crate) async fn prepare(&mut self, stmt: &Stmt) -> Result<usize, sqlx::Error> {
        self.guarded(async |connection| connection.prepare(stmt).await).await
    }

    pub(crate) async fn command(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.guarded(async |connection| connection.command(sql).await).await
    }

    /// Runs a command without a time limit.
    pub(crate) async fn command_without_timeout(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self.connection.as_mut().filter(|_| !self.busy) {
            Some(connection) => connection.command(sql).await,
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// Without a time limit, like [`Self::unbounded`].
    pub(crate) async fn copy_to(&mut self, path: &str) -> Result<(), sqlx::Error> {
        match self.connection.as_mut().filter(|_| !self.busy) {
            Some(connection) => connection.copy_to(path).await,
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        self.in_transaction = true;
        let sql = self.pool.connector.begin();
        let result = self.guarded(async |connection| connection.command(sql).await).await;
        // Behind a pooler this is several commands: `BEGIN` may have succeeded although a later one failed.
        self.in_transaction = result.is_ok() || self.pool.is_pooled();
        result
    }

    /// Begins a transaction that sees one state of the database, whatever others write meanwhile. On SQLite it does not
    /// keep them from writing.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), sqlx::Error> {
        match self.dialect() {
            Dialect::Postgres => {
                self.begin().await?;
                self.command("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await
            }
            Dialect::Sqlite => {
                self.in_transaction = true;
                self.command("BEGIN DEFERRED").await
            }
        }
    }

    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.command("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.command("ROLLBACK").await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Closes the connection instead of returning it, which releases its locks.
    pub(crate) fn close(&mut self) {
        self.connection = None;
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        let (Some(mut connection), Some(permit)) = (self.connection.take(), self.permit.take()) else {
            return;
        };
        let pool = Arc::clone(&self.pool);
        if !self.busy && !self.in_transaction {
            pool.give_back(connection);
            return;
        }
        // Without a runtime the connection is closed, which also rolls the transaction back.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let in_transaction = self.in_transaction;
        runtime.spawn(async move {
            let limit = pool.answer_timeout;
            let drained = connection.drain(limit).await;
            let undone =
                !in_transaction || matches!(timeout(limit, connection.command("ROLLBACK")).await, Ok(Ok(())));
            if drained && undone {
                pool.give_back(connection);
            }
            drop(permit);
        });
    }
}

#[cfg(test)]
mod tests;
