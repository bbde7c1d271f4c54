//! Rows, read column by column in the order of the statement.

use porta_core::{EntityId, Timestamp, TokenDigest};
use porta_store::{Result, StoreError};
use serde::de::DeserializeOwned;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgRow, PgValueFormat, PgValueRef};
use sqlx::sqlite::SqliteRow;
use sqlx::types::Json;
use sqlx::{Decode, Postgres, Row as _};
use uuid::Uuid;

use super::value::{POSTGRES_EPOCH, PgTime};

pub(crate) enum Row {
    Postgres(PgRow),
    Sqlite(SqliteRow),
}

impl Row {
    /// A reader at the first column. Errors about inconsistent values name `table`.
    pub(crate) fn reader(&self, table: &'static str) -> Reader<'_> {
        Reader { row: self, at: 0, table, identity: None }
    }
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

/// Reads a row from left to right, so that the reader of one entity works at any position of a joined row.
pub(crate) struct Reader<'r> {
    row: &'r Row,
    at: usize,
    table: &'static str,
    identity: Option<Uuid>,
}

macro_rules! native {
    ($($(#[$meta:meta])* $name:ident -> $type:ty;)+) => { $(
        $(#[$meta])*
        pub(crate) fn $name(&mut self) -> Result<$type> {
            let at = self.step();
            match self.row {
                Row::Postgres(row) => row.try_get_unchecked::<$type, _>(at),
                Row::Sqlite(row) => row.try_get_unchecked::<$type, _>(at),
            }
            .map_err(|e| StoreError::Failed(e.into()))
        }
    )+ };
}

impl Reader<'_> {
    fn step(&mut self) -> usize {
        let at = self.at;
        self.at += 1;
        at
    }

    native! {
        flag -> bool;
        int -> i64;
        opt_int -> Option<i64>;
        text -> String;
        opt_text -> Option<String>;
        bytes -> Vec<u8>;
        opt_bytes -> Option<Vec<u8>>;
        raw_uuid -> Uuid;
        opt_raw_uuid -> Option<Uuid>;
    }

    /// From here on, errors about inconsistent values name `table`.
    pub(crate) fn in_table(&mut self, table: &'static str) -> &mut Self {
        self.table = table;
        self.identity = None;
        self
    }

    /// Skips columns.
    pub(crate) fn skip(&mut self, columns: usize) {
        self.at += columns;
    }

    /// Reads an id. The first one identifies the row in errors.
    pub(crate) fn id<T: EntityId>(&mut self) -> Result<T> {
        let id = self.raw_uuid()?;
        self.identity.get_or_insert(id);
        Ok(T::from_uuid(id))
    }

    pub(crate) fn opt_id<T: EntityId>(&mut self) -> Result<Option<T>> {
        Ok(self.opt_raw_uuid()?.map(T::from_uuid))
    }

    pub(crate) fn opt_time(&mut self) -> Result<Option<Timestamp>> {
        let at = self.step();
        match self.row {
            Row::Postgres(row) => {
                row.try_get_unchecked::<Option<PgTime>, _>(at).map(|t| t.map(|PgTime(time)| time))
            }
            Row::Sqlite(row) => {
                row.try_get_unchecked::<Option<i64>, _>(at).map(|t| t.map(Timestamp::from_micros))
            }
        }
        .map_err(|e| StoreError::Failed(e.into()))
    }

    pub(crate) fn time(&mut self, column: &'static str) -> Result<Timestamp> {
        self.opt_time()?.ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn digest(&mut self, column: &'static str) -> Result<TokenDigest> {
        TokenDigest::from_slice(&self.bytes()?).ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn opt_digest(&mut self, column: &'static str) -> Result<Option<TokenDigest>> {
        self.opt_bytes()?
            .map(|b| TokenDigest::from_slice(&b).ok_or_else(|| self.inconsistent(column)))
            .transpose()
    }

    pub(crate) fn opt_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>> {
        let at = self.step();
        match self.row {
            Row::Postgres(row) => row.try_get_unchecked::<Option<Json<T>>, _>(at),
            Row::Sqlite(row) => row.try_get_unchecked::<Option<Json<T>>, _>(at),
        }
        .map(|v| v.map(|Json(value)| value))
        .map_err(|e| StoreError::Failed(e.into()))
    }

    pub(crate) fn json<T: DeserializeOwned>(&mut self, column: &'static str) -> Result<T> {
        self.opt_json()?.ok_or_else(|| self.inconsistent(column))
    }

    /// Reads a text that the domain parses.
    pub(crate) fn parsed<T>(&mut self, column: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T> {
        let word = self.text()?;
        parse(&word).ok_or_else(|| self.inconsistent(column))
    }

    pub(crate) fn opt_parsed<T>(
        &mut self,
        column: &'static str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        self.opt_text()?.map(|word| parse(&word).ok_or_else(|| self.inconsistent(column))).transpose()
    }

    /// The error for a value or combination that the code never writes.
    pub(crate) fn inconsistent(&self, column: &'static str) -> StoreError {
        let row = self.identity.map_or_else(|| "without id".to_owned(), |id| id.to_string());
        StoreError::Inconsistent { table: self.table, column, row }
    }
}
