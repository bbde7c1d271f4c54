//! Rows. The columns of an entity are read by name; what a statement computes is read in the order of the statement.

use std::marker::PhantomData;

use porta_core::{EntityId, Timestamp, TokenDigest};
use porta_store::{Result, StoreError};
use serde::de::DeserializeOwned;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgRow, PgValueFormat, PgValueRef};
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{Decode, Postgres, Row as _};
use uuid::Uuid;

use super::table::Columns;
use super::value::{POSTGRES_EPOCH, PgTime};

pub(crate) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

impl Decode<'_, Postgres> for PgTime {
    fn decode(value: PgValueRef<'_>) -> std::result::Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("timestamps are read in binary form".into());
        }
        let micros = i64::from_be_bytes(value.as_bytes()?.try_into()?);
        Ok(Self(Timestamp::from_micros(micros.saturating_add(POSTGRES_EPOCH))))
    }
}

/// A value at a position.
macro_rules! get {
    ($row:expr, $type:ty, $at:expr) => {{
        let at: usize = $at;
        let value = match $row {
            Row::Postgres(row) => row.try_get_unchecked::<$type, _>(at),
            Row::Sqlite(row) => row.try_get_unchecked::<$type, _>(at),
        };
        value.map_err(|e| StoreError::Failed(e.into()))
    }};
}
pub(super) use get;

impl Row {
    /// The columns of an entity at the beginning of the row.
    pub(crate) fn record<C: Columns>(&self) -> Record<'_, C> {
        self.record_at(0)
    }

    /// The columns of an entity from position `first` on.
    pub(crate) fn record_at<C: Columns>(&self, first: usize) -> Record<'_, C> {
        Record { row: self, first, columns: PhantomData }
    }

    /// A reader at the first column. Errors about inconsistent values name `table`.
    pub(crate) fn reader(&self, table: &'static str) -> Reader<'_> {
        Reader { row: self, at: 0, table }
    }

    fn opt_uuid(&self, at: usize) -> Result<Option<Uuid>> {
        get!(self, Option<Uuid>, at)
    }

    fn opt_time(&self, at: usize) -> Result<Option<Timestamp>> {
        match self {
            Self::Postgres(row) => {
                row.try_get_unchecked::<Option<PgTime>, _>(at).map(|t| t.map(|PgTime(time)| time))
            }
            Self::Sqlite(row) => {
                row.try_get_unchecked::<Option<i64>, _>(at).map(|t| t.map(Timestamp::from_micros))
            }
        }
        .map_err(|e| StoreError::Failed(e.into()))
    }

    fn opt_json<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>> {
        match self {
            Self::Postgres(row) => row.try_get_unchecked::<Option<Json<T>>, _>(at),
            Self::Sqlite(row) => row.try_get_unchecked::<Option<Json<T>>, _>(at),
        }
        .map(|v| v.map(|Json(value)| value))
        .map_err(|e| StoreError::Failed(e.into()))
    }
}

/// The columns of one entity in a row.
pub(crate) struct Record<'r, C> {
    row: &'r Row,
    /// Position of the first column.
    first: usize,
    columns: PhantomData<C>,
}

impl<C: Columns> Record<'_, C> {
    fn at(&self, column: C) -> usize {
        self.first + column.position()
    }

    pub(crate) fn flag(&self, column: C) -> Result<bool> {
        get!(self.row, bool, self.at(column))
    }

    pub(crate) fn int(&self, column: C) -> Result<i64> {
        get!(self.row, i64, self.at(column))
    }

    pub(crate) fn opt_int(&self, column: C) -> Result<Option<i64>> {
        get!(self.row, Option<i64>, self.at(column))
    }

    pub(crate) fn text(&self, column: C) -> Result<String> {
        get!(self.row, String, self.at(column))
    }

    pub(crate) fn opt_text(&self, column: C) -> Result<Option<String>> {
        get!(self.row, Option<String>, self.at(column))
    }

    pub(crate) fn bytes(&self, column: C) -> Result<Vec<u8>> {
        get!(self.row, Vec<u8>, self.at(column))
    }

    pub(crate) fn raw_uuid(&self, column: C) -> Result<Uuid> {
        get!(self.row, Uuid, self.at(column))
    }

    pub(crate) fn id<T: EntityId>(&self, column: C) -> Result<T> {
        self.raw_uuid(column).map(T::from_uuid)
    }

    pub(crate) fn opt_id<T: EntityId>(&self, column: C) -> Result<Option<T>> {
        Ok(self.row.opt_uuid(self.at(column))?.map(T::from_uuid))
    }

    /// Whether the id is there: a join may have found no row.
    pub(crate) fn has(&self, id: C) -> Result<bool> {
        Ok(self.row.opt_uuid(self.at(id))?.is_some())
    }

    pub(crate) fn opt_time(&self, column: C) -> Result<Option<Timestamp>> {
        self.row.opt_time(self.at(column))
    }

    pub(crate) fn time(&self, column: C) -> Result<Timestamp> {
        self.opt_time(column)?.ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn digest(&self, column: C) -> Result<TokenDigest> {
        TokenDigest::from_slice(&self.bytes(column)?).ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn opt_digest(&self, column: C) -> Result<Option<TokenDigest>> {
        let bytes = get!(self.row, Option<Vec<u8>>, self.at(column))?;
        bytes.map(|b| TokenDigest::from_slice(&b).ok_or_else(|| self.inconsistent(column))).transpose()
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&self, column: C) -> Result<Option<T>> {
        self.row.opt_json(self.at(column))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: C) -> Result<T> {
        self.opt_json(column)?.ok_or_else(|| self.inconsistent(column))
    }

    /// Reads a text that the domain parses.
    pub(crate) fn parsed<T>(&self, column: C, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        let word = self.text(column)?;
        parse(&word).ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn opt_parsed<T>(&self, column: C, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        self.opt_text(column)?.map(|word| parse(&word).ok_or_else(|| self.inconsistent(column))).transpose()
    }

    /// The error for a value or combination that the code never writes. The first id among the columns identifies the
    /// row.
    pub(crate) fn inconsistent(&self, column: C) -> StoreError {
        let id = C::ALL.iter().find(|column| column.name() == "id" || column.name().ends_with("_id"));
        let id = id.and_then(|id| self.row.opt_uuid(self.at(*id)).ok().flatten());
        let row = id.map_or_else(|| "without id".to_owned(), |id| id.to_string());
        StoreError::Inconsistent { table: C::TABLE, column: column.name(), row }
    }
}

/// Reads a row from left to right, so that the columns of one entity may be at any position of a joined row.
pub(crate) struct Reader<'r> {
    row: &'r Row,
    at: usize,
    table: &'static str,
}

impl<'r> Reader<'r> {
    fn step(&mut self) -> usize {
        let at = self.at;
        self.at += 1;
        at
    }

    /// Position of the next column.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// The columns of an entity from here on; the reader continues after them.
    pub(crate) fn record<C: Columns>(&mut self) -> Record<'r, C> {
        let first = self.at;
        self.at += C::ALL.len();
        self.row.record_at(first)
    }

    pub(crate) fn flag(&mut self) -> Result<bool> {
        get!(self.row, bool, self.step())
    }

    pub(crate) fn int(&mut self) -> Result<i64> {
        get!(self.row, i64, self.step())
    }

    pub(crate) fn opt_int(&mut self) -> Result<Option<i64>> {
        get!(self.row, Option<i64>, self.step())
    }

    pub(crate) fn text(&mut self) -> Result<String> {
        get!(self.row, String, self.step())
    }

    pub(crate) fn opt_text(&mut self) -> Result<Option<String>> {
        get!(self.row, Option<String>, self.step())
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>> {
        get!(self.row, Vec<u8>, self.step())
    }

    pub(crate) fn raw_uuid(&mut self) -> Result<Uuid> {
        get!(self.row, Uuid, self.step())
    }

    pub(crate) fn id<T: EntityId>(&mut self) -> Result<T> {
        self.raw_uuid().map(T::from_uuid)
    }

    pub(crate) fn opt_id<T: EntityId>(&mut self) -> Result<Option<T>> {
        let at = self.step();
        Ok(self.row.opt_uuid(at)?.map(T::from_uuid))
    }

    pub(crate) fn opt_time(&mut self) -> Result<Option<Timestamp>> {
        let at = self.step();
        self.row.opt_time(at)
    }

    pub(crate) fn time(&mut self, column: &'static str) -> Result<Timestamp> {
        self.opt_time()?.ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn digest(&mut self, column: &'static str) -> Result<TokenDigest> {
        TokenDigest::from_slice(&self.bytes()?).ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let at = self.step();
        self.row.opt_json(at)
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<T> {
        self.opt_json()?.ok_or_else(|| self.inconsistent(column))
    }

    /// Reads a text that the domain parses.
    pub(crate) fn parsed<T>(&mut self, column: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        let word = self.text()?;
        parse(&word).ok_or_else(|| self.inconsistent(column))
    }

    /// The error for a value that the code never writes.
    fn inconsistent(&self, column: &'static str) -> StoreError {
        StoreError::Inconsistent { table: self.table, column, row: "without id".to_owned() }
    }
}
