//! Maximum rate of one prepared statement on one row: SELECT by primary key, and INSERT with one commit each.

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};

use super::{ConnectionPool, POOL, Rates, TASKS, concurrently};
use crate::drive::{Step, Worker};

pub(crate) const SELECT: &str = "SELECT";
pub(crate) const INSERT: &str = "INSERT";

const ROWS: i64 = 100_000;
/// About the size of a token row.
const VALUE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\
                     0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const SCHEMA: &str = "
    DROP TABLE IF EXISTS bench_read;
    DROP TABLE IF EXISTS bench_write;
    CREATE TABLE bench_read (id BIGINT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE bench_write (id BIGINT PRIMARY KEY, value TEXT NOT NULL);
";
const FILL: &str = "
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
    INSERT INTO bench_read (id, value) SELECT i, 'a value of some length, as rows have' FROM n;
";
const READ: &str = "SELECT value FROM bench_read WHERE id = $1";
const WRITE: &str = "INSERT INTO bench_write (id, value) VALUES ($1, $2)";

/// One of the two databases, with the two statements.
trait Database: Sized {
    async fn read(&mut self, id: i64) -> Result<String>;
    async fn write(&mut self, id: i64) -> Result<()>;
}

impl Database for PgConnection {
    async fn read(&mut self, id: i64) -> Result<String> {
        Ok(sqlx::query_scalar(READ).bind(id).fetch_one(self).await?)
    }

    async fn write(&mut self, id: i64) -> Result<()> {
        sqlx::query(WRITE).bind(id).bind(VALUE).execute(self).await?;
        Ok(())
    }
}

impl Database for SqliteConnection {
    async fn read(&mut self, id: i64) -> Result<String> {
        Ok(sqlx::query_scalar(READ).bind(id).fetch_one(self).await?)
    }

    async fn write(&mut self, id: i64) -> Result<()> {
        sqlx::query(WRITE).bind(id).bind(VALUE).execute(self).await?;
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Work {
    Read,
    Write,
}

struct Statement<C> {
    shared: Rc<ConnectionPool<C>>,
    work: Work,
    next: i64,
    stride: i64,
}

impl<C: Database> Worker for Statement<C> {
    async fn step(&mut self) -> Result<Step> {
        let id = self.next;
        self.next += self.stride;
        match self.work {
            Work::Read => {
                let value = self.shared.with(async |c: &mut C| c.read(id % ROWS).await).await?;
                ensure!(!value.is_empty(), "a row is empty");
            }
            Work::Write => self.shared.with(async |c: &mut C| c.write(id).await).await?,
        }
        Ok(Step::Done)
    }
}

fn workers<C>(connections: Vec<C>, work: Work) -> Vec<Statement<C>> {
    let shared = Rc::new(ConnectionPool::new(connections));
    let stride = i64::try_from(TASKS).unwrap_or(i64::MAX);
    (0..stride).map(|next| Statement { shared: Rc::clone(&shared), work, next, stride }).collect()
}

pub(super) async fn postgres(url: &str, seconds: Duration) -> Result<Rates> {
    let mut first = PgConnection::connect(url).await?;
    sqlx::raw_sql(SCHEMA).execute(&mut first).await?;
    sqlx::raw_sql(FILL).execute(&mut first).await?;
    sqlx::raw_sql("ANALYZE bench_read").execute(&mut first).await?;
    let mut figures = Rates::new();
    for (name, work) in [(SELECT, Work::Read), (INSERT, Work::Write)] {
        let mut connections = Vec::with_capacity(POOL);
        for _ in 0..POOL {
            connections.push(PgConnection::connect(url).await?);
        }
        figures.insert(name.to_owned(), concurrently(workers(connections, work), seconds).await?);
    }
    Ok(figures)
}

/// Readers share as many connections as on PostgreSQL; writers share one connection, which is fastest on SQLite.
pub(super) async fn sqlite(directory: &Path, seconds: Duration) -> Result<Rates> {
    let options = SqliteConnectOptions::new()
        .filename(directory.join("limit.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut first = options.connect().await?;
    sqlx::raw_sql(SCHEMA).execute(&mut first).await?;
    // Filling in one transaction grows the WAL to its full length. Later commits overwrite it instead of extending the
    // file, as on a server that has run for a while.
    sqlx::raw_sql(FILL).execute(&mut first).await?;
    sqlx::raw_sql("PRAGMA wal_checkpoint(RESTART)").execute(&mut first).await?;
    let mut figures = Rates::new();
    for (name, work, size) in [(SELECT, Work::Read, POOL), (INSERT, Work::Write, 1)] {
        let mut connections = Vec::with_capacity(size);
        for _ in 0..size {
            connections.push(options.connect().await?);
        }
        figures.insert(name.to_owned(), concurrently(workers(connections, work), seconds).await?);
    }
    Ok(figures)
}
