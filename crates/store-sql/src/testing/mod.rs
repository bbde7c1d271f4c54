//! Databases for tests. They need statements of their own, and only this crate knows sqlx.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up should stop and say why"
)]

mod administrator;
mod locked_rows;
mod server;
mod template;

pub use locked_rows::LockedRows;
pub use server::ThrowawayDatabase;
pub use template::{Draft, Template};

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

/// Writes the SQLite database at `path` to `copy` as one file without a log, whatever connections are still open.
pub async fn copy_sqlite(path: &Path, copy: &Path) {
    let mut connection =
        SqliteConnectOptions::new().filename(path).connect().await.expect("the file can be opened");
    let sql = format!("VACUUM INTO '{}'", copy.display());
    connection.execute(AssertSqlSafe(sql)).await.expect("the file can be copied");
    connection.close().await.ok();
}
