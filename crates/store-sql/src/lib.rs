//! SQL implementation of the repositories for PostgreSQL and SQLite (decision D1), and its migrations.

mod administrators;
mod applications;
mod audit;
mod branding;
mod clients;
pub mod copy;
mod counts;
mod database;
mod examine;
mod exports;
mod installation;
mod kernel;
mod migrate;
mod one_time;
mod options;
mod organizations;
mod outbox;
mod people;
mod ping;
mod postgres;
mod registry;
mod rights;
mod sealed;
mod second_factors;
mod sessions;
mod settings;
mod signing_keys;
mod statistics;
mod sweep;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;
mod unit;
mod users;

pub use database::Database;
pub use examine::{Examined, examine};
pub use kernel::{FaultHook, Operation};
pub use migrate::plan::PlannedStep;
pub use migrate::{MigrationStatus, SchemaState, migration_set};
pub use options::{DatabaseOptions, Target};

/// Unique constraints of the schema: the columns as SQLite reports them, and the name that `StoreError::Conflict`
/// carries.
pub fn unique_rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    kernel::UNIQUE_RULES.iter().copied()
}
