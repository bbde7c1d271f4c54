//! What pending migrations would do to an installation in use.
//!
//! `migrations/locks.txt` lists for each migration the tables it touches, the lock PostgreSQL takes and for how long. A
//! test parses the migrations, compares them with the file, and refuses those that would block requests for longer than
//! a moment (decision D15).

use porta_store::Result;

use super::{MigrationStatus, status};
use crate::kernel::{Kernel, Runner, statements};

const LOCKS: &str = include_str!("../../../../migrations/locks.txt");

statements! {
    SIZES: Read = "SELECT relname::text, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables \
         WHERE schemaname = current_schema()",
        sqlite: "SELECT name, NULL, NULL FROM sqlite_master WHERE type = 'table'";
}

/// One step of a pending migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    pub migration: String,
    pub table: String,
    /// PostgreSQL's name of the lock.
    pub lock: &'static str,
    /// `moment`: requests may wait briefly. `beside`: takes long, but blocks no request.
    pub duration: &'static str,
    pub action: &'static str,
    /// The database's last estimate; `None` if the table does not exist or the database keeps no estimate.
    pub rows: Option<i64>,
    pub bytes: Option<i64>,
}

/// One line of `locks.txt`.
pub(crate) struct LockLine {
    pub(crate) migration: &'static str,
    table: &'static str,
    lock: &'static str,
    duration: &'static str,
    action: &'static str,
}

pub(crate) fn lines() -> impl Iterator<Item = LockLine> {
    LOCKS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut parts = line.split('\t');
        Some(LockLine {
            migration: parts.next()?,
            table: parts.next()?,
            lock: parts.next()?,
            duration: parts.next()?,
            action: parts.next()?,
        })
    })
}

pub(crate) async fn plan(kernel: &Kernel) -> Result<Vec<PlannedStep>> {
    let pending: Vec<String> = status(kernel)
        .await?
        .iter()
        .filter(|migration| migration.applied_at.is_none())
        .map(MigrationStatus::full_name)
        .collect();
    let mut sizes = Vec::new();
    for row in Runner::Auto(kernel).rows(&SIZES, &[]).await? {
        let mut r = row.reader("pg_stat_user_tables");
        sizes.push((r.text()?, r.opt_int()?, r.opt_int()?));
    }
    let step = |line: LockLine| {
        let size = sizes.iter().find(|(table, ..)| table == line.table);
        PlannedStep {
            migration: line.migration.to_owned(),
            table: line.table.to_owned(),
            lock: line.lock,
            duration: line.duration,
            action: line.action,
            rows: size.and_then(|(_, rows, _)| *rows),
            bytes: size.and_then(|(.., bytes)| *bytes),
        }
    };
    Ok(lines().filter(|line| pending.iter().any(|name| name == line.migration)).map(step).collect())
}
