//! Copies everything from one database to another, of the same or of the other kind.
//!
//! The source is read in one snapshot. The target is written in one transaction, which ends with reading every table back:
//! a copy that was cut off, or that differs, is no copy at all. Values stay as they are, sealed ones and digests too, so
//! that keys, tokens and passwords keep working.

mod digest;
mod error;
#[cfg(feature = "testing")]
mod schema;

use porta_store::StoreError;
use uuid::Uuid;

use crate::database::Database;
use crate::kernel::{Cell, Dialect, Row, Runner, Stmt, Tx, Value};
use crate::tables::{self, TABLES, Table};
use digest::RowDigest;

pub use crate::tables::NOT_COPIED;
pub use error::{CopyError, Side};
#[cfg(feature = "testing")]
pub use schema::{columns, keys};

/// PostgreSQL: how long to wait for those who write to the target.
const LOCK_TIMEOUT: &str = "SET LOCAL lock_timeout = '5s'";
/// PostgreSQL: one side is idle while the other one works.
const NO_IDLE_TIMEOUT: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";

/// A table with its number of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    pub table: &'static str,
    pub rows: u64,
}

/// A table that both databases have alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    pub table: &'static str,
    pub rows: u64,
    /// SHA-256 over all rows, in hexadecimal.
    pub digest: String,
}

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub table: &'static str,
    /// Rows of all tables so far.
    pub rows: u64,
    pub of: u64,
    /// They are read back from the target.
    pub is_check: bool,
}

/// Hears how far the work is.
pub type Observer<'o> = &'o (dyn Fn(Progress) + Send + Sync);

/// Checks both databases and counts what would be copied. Changes nothing.
pub async fn plan(from: &Database, to: &Database) -> Result<Vec<TableRows>, CopyError> {
    require_same_schema(from, to).await?;
    let mut target = to.kernel.begin_snapshot().await.map_err(on(Side::Target))?;
    require_empty(&mut target).await?;
    let mut source = open_source(from).await?;
    count(&mut source).await
}

/// Copies all tables. Dropped before its end, it leaves the target as it was.
pub async fn run(
    from: &Database,
    to: &Database,
    observer: Observer<'_>,
) -> Result<Vec<CopiedTable>, CopyError> {
    require_same_schema(from, to).await?;
    let mut source = open_source(from).await?;
    let mut target = open_target(to).await?;
    require_empty(&mut target).await?;
    let deleted = Runner::Unit(&mut target).execute(tables::deletion_of_migrated_organization(), &[]).await;
    deleted.map_err(on(Side::Target))?;
    let of = count(&mut source).await?.iter().map(|table| table.rows).sum();
    let copied = copy_all(&mut source, &mut target, of, observer).await?;
    let found = read_all(&mut target, of, observer).await?;
    if let Some((copied, _)) = copied.iter().zip(&found).find(|(copied, found)| copied != found) {
        return Err(CopyError::Differs(copied.table));
    }
    target.commit().await.map_err(on(Side::Target))?;
    Ok(copied)
}

/// Counts and digests of all tables.
#[cfg(feature = "testing")]
pub async fn digests(database: &Database) -> Result<Vec<CopiedTable>, CopyError> {
    let mut source = open_source(database).await?;
    read_all(&mut source, 0, &|_| {}).await
}

fn on(side: Side) -> impl Fn(StoreError) -> CopyError {
    move |source| CopyError::Store { side, source }
}

fn on_table(table: &Table) -> impl Fn(StoreError) -> CopyError {
    let table = table.name;
    move |source| CopyError::Table { table, source }
}

/// The list of tables is that of the newest schema of this program.
async fn require_same_schema(from: &Database, to: &Database) -> Result<(), CopyError> {
    for (side, database) in [(Side::Source, from), (Side::Target, to)] {
        let schema = database.schema().await.map_err(on(side))?;
        if !schema.unknown.is_empty() {
            return Err(CopyError::Newer { side, unknown: schema.unknown });
        }
        if !schema.pending.is_empty() {
            return Err(CopyError::Behind { side, pending: schema.pending });
        }
    }
    Ok(())
}

async fn open_source(from: &Database) -> Result<Tx, CopyError> {
    let mut source = from.kernel.begin_snapshot().await.map_err(on(Side::Source))?;
    if source.dialect() == Dialect::Postgres {
        source.command(NO_IDLE_TIMEOUT).await.map_err(on(Side::Source))?;
    }
    Ok(source)
}

/// Nobody else writes to the target from here on, so it stays empty until it is filled.
async fn open_target(to: &Database) -> Result<Tx, CopyError> {
    let mut target = to.kernel.begin().await.map_err(on(Side::Target))?;
    if target.dialect() == Dialect::Postgres {
        target.command(NO_IDLE_TIMEOUT).await.map_err(on(Side::Target))?;
        target.command(LOCK_TIMEOUT).await.map_err(on(Side::Target))?;
        let locked = Runner::Unit(&mut target).execute(&tables::lock(), &[]).await;
        locked.map_err(|error| match error {
            StoreError::Unavailable(_) => CopyError::InUse(error),
            other => on(Side::Target)(other),
        })?;
    }
    Ok(target)
}

/// Refuses a target with anything in it that no migration put there.
async fn require_empty(target: &mut Tx) -> Result<(), CopyError> {
    let mut found = Vec::new();
    for table in TABLES {
        let rows = if table.name == "organizations" {
            number(target, tables::count_of_changed_organizations()).await
        } else {
            number(target, &table.count()).await
        };
        let rows = rows.map_err(on(Side::Target))?;
        if rows > 0 {
            found.push((table.name, rows));
        }
    }
    if found.is_empty() { Ok(()) } else { Err(CopyError::NotEmpty(found)) }
}

async fn count(source: &mut Tx) -> Result<Vec<TableRows>, CopyError> {
    let mut all = Vec::with_capacity(TABLES.len());
    for table in TABLES {
        let rows = number(source, &table.count()).await.map_err(on_table(table))?;
        all.push(TableRows { table: table.name, rows });
    }
    Ok(all)
}

async fn number(tx: &mut Tx, stmt: &Stmt) -> porta_store::Result<u64> {
    let row = Runner::Unit(tx).row(stmt, &[]).await?;
    let counted = row.map(|row| row.reader(stmt.name).int()).transpose()?;
    Ok(counted.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
}

async fn copy_all(
    source: &mut Tx,
    target: &mut Tx,
    of_rows: u64,
    observer: Observer<'_>,
) -> Result<Vec<CopiedTable>, CopyError> {
    let mut copied = Vec::with_capacity(TABLES.len());
    let mut rows = 0;
    for table in TABLES {
        let mut pages = Pages::of(table);
        while let Some(page) = pages.next(source).await.map_err(on_table(table))? {
            rows += page.len() as u64;
            insert(table, target, &page).await.map_err(on_table(table))?;
            observer(Progress { table: table.name, rows, of: of_rows, is_check: false });
        }
        copied.push(pages.finish());
    }
    Ok(copied)
}

async fn read_all(
    database: &mut Tx,
    of_rows: u64,
    observer: Observer<'_>,
) -> Result<Vec<CopiedTable>, CopyError> {
    let mut read = Vec::with_capacity(TABLES.len());
    let mut rows = 0;
    for table in TABLES {
        let mut pages = Pages::of(table);
        while let Some(page) = pages.next(database).await.map_err(on_table(table))? {
            rows += page.len() as u64;
            observer(Progress { table: table.name, rows, of: of_rows, is_check: true });
        }
        read.push(pages.finish());
    }
    Ok(read)
}

async fn insert(table: &Table, target: &mut Tx, page: &[Vec<Cell>]) -> porta_store::Result<()> {
    let values: Vec<Value<'_>> = page.iter().flatten().map(Cell::value).collect();
    Runner::Unit(target).execute(&table.insert(page.len()), &values).await.map(drop)
}

/// Reads a table in the order of its key, a page at a time.
struct Pages {
    table: &'static Table,
    /// Key of the last row.
    after: Option<Vec<Cell>>,
    is_done: bool,
    digest: RowDigest,
}

impl Pages {
    fn of(table: &'static Table) -> Self {
        Self { table, after: None, is_done: false, digest: RowDigest::new() }
    }

    async fn next(&mut self, tx: &mut Tx) -> porta_store::Result<Option<Vec<Vec<Cell>>>> {
        if self.is_done {
            return Ok(None);
        }
        let stmt = self.table.page(self.after.is_none());
        let key: Vec<Value<'_>> = self.after.iter().flatten().map(Cell::value).collect();
        let rows = Runner::Unit(tx).rows(&stmt, &key).await?;
        let page: Vec<Vec<Cell>> =
            rows.iter().map(|row| self.cells(row)).collect::<porta_store::Result<_>>()?;
        for row in &page {
            self.digest.add(row)?;
        }
        self.is_done = page.len() < self.table.rows;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = Some(last[..self.table.key].iter().map(in_key).collect());
        Ok(Some(page))
    }

    fn cells(&self, row: &Row) -> porta_store::Result<Vec<Cell>> {
        let columns = self.table.columns.iter().enumerate();
        columns.map(|(at, (_, kind))| Cell::read(row, at, *kind)).collect()
    }

    fn finish(self) -> CopiedTable {
        CopiedTable { table: self.table.name, rows: self.digest.rows, digest: self.digest.hex() }
    }
}

/// A missing id has the place of the first one in the order.
fn in_key(cell: &Cell) -> Cell {
    match cell {
        Cell::Uuid(None) => Cell::Uuid(Some(Uuid::nil())),
        other => other.clone(),
    }
}
