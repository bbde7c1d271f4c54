//! Why one database was not copied to the other.

use std::fmt;

use porta_store::StoreError;

/// One of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Source,
    Target,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Target => "target",
        })
    }
}

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Migrations of this program are missing there: one or more.
    #[error("{} migrations of the {side} are pending", .pending.len())]
    Behind { side: Side, pending: Vec<String> },
    /// A newer version of this program migrated it.
    #[error("a newer version has migrated the {side}: {}", .unknown.join(", "))]
    Newer { side: Side, unknown: Vec<String> },
    /// The target has rows that no migration put there: tables, with their numbers of rows.
    #[error("the target is not empty")]
    NotEmpty(Vec<(&'static str, u64)>),
    /// Somebody else writes to the target.
    #[error("the target is in use")]
    InUse(#[source] StoreError),
    /// A table of the target is not what was read from the source.
    #[error("{0} differs after it was copied")]
    Differs(&'static str),
    /// The rows of a table cannot be read, or the target does not take them.
    #[error("{table} cannot be copied")]
    Table {
        table: &'static str,
        #[source]
        source: StoreError,
    },
    /// A database does not answer as it should.
    #[error("the {side} cannot be used")]
    Store {
        side: Side,
        #[source]
        source: StoreError,
    },
}
