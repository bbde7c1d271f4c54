//! Which database to use, and how.

use std::path::PathBuf;
use std::time::Duration;

use porta_trust::Roots;

/// Which database to use.
#[derive(Clone)]
pub enum Target {
    /// A file; created with mode 0600 if missing.
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
    /// PostgreSQL: maximum of connections of this process. SQLite: readers, besides the one writer.
    pub max_connections: u32,
    /// Time limit of one statement. PostgreSQL enforces it itself.
    pub statement_timeout: Duration,
    /// Time limit for waiting for a connection; after that the request gets `Unavailable`.
    pub acquire_timeout: Duration,
    /// Statements that run longer, in milliseconds, are logged by name.
    pub slow_statement: Duration,
    /// PostgreSQL: trusted certificate authorities for the server's certificate, if `sslmode` verifies it.
    pub roots: Roots,
    /// PostgreSQL: connect through a transaction pooler, so that each transaction may get another session.
    pub is_pooled: bool,
}

impl DatabaseOptions {
    /// Defaults: 10 connections, 10 s per statement, 3 s to get a connection, statements over 1 s logged, the
    /// certificate authorities of this machine.
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

/// More than the number of statements, so that each is prepared once per connection.
pub(crate) const STATEMENT_CACHE: usize = 512;
