//! One connection to PostgreSQL or SQLite.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Executor as _, SqlSafeStr, SqlStr,
    Statement as _,
};

use super::Row;
use super::statement::Stmt;
use super::value::{Value, postgres_arguments, sqlite_arguments};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Postgres,
    Sqlite,
}

/// Opens connections.
#[derive(Debug, Clone)]
pub(crate) enum Connector {
    Postgres(Box<PgConnectOptions>),
    /// PostgreSQL through a transaction pooler, with the commands that begin a transaction there.
    Pooled(Box<PgConnectOptions>, Arc<str>),
    Sqlite(Box<SqliteConnectOptions>),
}

impl Connector {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) | Self::Pooled(..) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    pub(super) fn is_pooled(&self) -> bool {
        matches!(self, Self::Pooled(..))
    }

    /// The command that begins a transaction. `BEGIN IMMEDIATE` takes the write lock of SQLite up front; upgrading a
    /// read lock later could fail instead of waiting.
    pub(super) fn begin(&self) -> SqlStr {
        match self {
            Self::Postgres(_) => "BEGIN".into_sql_str(),
            // Built from constants and a number.
            Self::Pooled(_, begin) => AssertSqlSafe(Arc::clone(begin)).into_sql_str(),
            Self::Sqlite(_) => "BEGIN IMMEDIATE".into_sql_str(),
        }
    }

    pub(super) async fn connect(&self) -> Result<DbConnection, sqlx::Error> {
        Ok(match self {
            Self::Postgres(options) | Self::Pooled(options, _) => {
                DbConnection::Postgres(options.connect().await?)
            }
            Self::Sqlite(options) => DbConnection::Sqlite(options.connect().await?),
        })
    }
}

pub(crate) enum DbConnection {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Result of a statement.
#[derive(Default)]
pub(crate) struct QueryResult {
    pub(crate) rows: Vec<Row>,
    pub(crate) affected: u64,
}

impl DbConnection {
    /// Runs a statement to its end. On PostgreSQL that is the message after the commit: rows of `RETURNING` arrive
    /// before it, so stopping at the first row would acknowledge a write that may still fail. `keeps`: the session is
    /// ours, so the prepared statement can be reused.
    pub(super) async fn execute(
        &mut self,
        stmt: &Stmt,
        values: &[Value<'_>],
        keeps: bool,
    ) -> Result<QueryResult, sqlx::Error> {
        let mut answer = QueryResult::default();
        match self {
            Self::Postgres(connection) => {
                let keeps = keeps && !stmt.plans_with_values;
                let query =
                    sqlx::query_with(stmt.postgres.clone(), postgres_arguments(values)?).persistent(keeps);
                let mut stream = connection.fetch_many(query);
                while let Some(step) = stream.try_next().await? {
                    match step {
                        Either::Left(done) => answer.affected += done.rows_affected(),
                        Either::Right(row) => answer.rows.push(Row::Postgres(row)),
                    }
                }
            }
            Self::Sqlite(connection) => {
                let query = sqlx::query_with(stmt.sqlite.clone(), sqlite_arguments(values)?);
                let mut stream = connection.fetch_many(query);
                while let Some(step) = stream.try_next().await? {
                    match step {
                        Either::Left(done) => answer.affected += done.rows_affected(),
                        Either::Right(row) => answer.rows.push(Row::Sqlite(row)),
                    }
                }
            }
        }
        Ok(answer)
    }

    /// Prepares a statement without running it, and returns the number of its arguments. On SQLite it prepares every
    /// statement of a script.
    pub(super) async fn prepare(&mut self, stmt: &Stmt) -> Result<usize, sqlx::Error> {
        let parameters = |p: Option<Either<&[sqlx::postgres::PgTypeInfo], usize>>| match p {
            Some(Either::Left(types)) => types.len(),
            Some(Either::Right(count)) => count,
            None => 0,
        };
        Ok(match self {
            Self::Postgres(connection) => {
                let statement = connection.prepare(stmt.postgres.clone()).await?;
                parameters(statement.parameters())
            }
            Self::Sqlite(connection) => {
                for part in stmt.sqlite.as_str().split_inclusive(';') {
                    // A part of a constant script contains no input either.
                    connection.prepare(AssertSqlSafe(part).into_sql_str()).await?;
                }
                highest_argument(stmt.sqlite.as_str())
            }
        })
    }

    /// Runs a command without arguments or rows: transaction control, or a migration.
    pub(crate) async fn command(&mut self, sql: impl SqlSafeStr) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
        }
    }

    /// Writes a consistent copy while others read and write. SQLite only; PostgreSQL has `pg_dump`.
    pub(super) async fn copy_to(&mut self, path: &str) -> Result<(), sqlx::Error> {
        match self {
            Self::Postgres(_) => Err(sqlx::Error::Configuration("PostgreSQL is backed up by pg_dump".into())),
            Self::Sqlite(connection) => {
                sqlx::query("VACUUM INTO $1").bind(path).execute(connection).await.map(|_| ())
            }
        }
    }

    /// Drains an unfinished exchange with a ping. `true`: the server answered within `limit`.
    pub(super) async fn drain(&mut self, limit: Duration) -> bool {
        let ping = async {
            match self {
                Self::Postgres(connection) => connection.ping().await,
                Self::Sqlite(connection) => connection.ping().await,
            }
        };
        matches!(porta_task::timeout(limit, ping).await, Ok(Ok(())))
    }
}

/// The highest `n` of the `$n` in `sql`; 0 if there are none.
pub(crate) fn highest_argument(sql: &str) -> usize {
    sql.split('$')
        .skip(1)
        .filter_map(|rest| {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..digits].parse().ok()
        })
        .max()
        .unwrap_or(0)
}
