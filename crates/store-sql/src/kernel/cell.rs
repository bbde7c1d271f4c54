//! Values of rows that go from one database to the other: each is read from either, and is an argument for either.

use porta_core::Timestamp;
use porta_store::{Result, StoreError};
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Row as _};
use uuid::Uuid;

use super::row::{Row, get};
use super::value::{PgTime, Value};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Uuid,
    /// An id in a key that may be missing.
    Owner,
    Text,
    Bytes,
    /// Never missing.
    Bool,
    Int,
    Time,
    Json,
}

/// A value; `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Bool(bool),
    Int(Option<i64>),
    Time(Option<Timestamp>),
    /// JSON text without blanks.
    Json(Option<String>),
}

impl Cell {
    pub(crate) fn read(row: &Row, at: usize, column: ColumnType) -> Result<Self> {
        Ok(match column {
            ColumnType::Uuid | ColumnType::Owner => Self::Uuid(get!(row, Option<Uuid>, at)?),
            ColumnType::Text => Self::Text(get!(row, Option<String>, at)?),
            ColumnType::Bytes => Self::Bytes(get!(row, Option<Vec<u8>>, at)?),
            ColumnType::Bool => Self::Bool(get!(row, bool, at)?),
            ColumnType::Int => Self::Int(get!(row, Option<i64>, at)?),
            ColumnType::Time => Self::Time(time(row, at)?),
            ColumnType::Json => Self::Json(json(row, at)?.as_deref().map(compact)),
        })
    }

    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Uuid(id) => Value::Uuid(*id),
            Self::Text(text) => Value::Text(text.as_deref()),
            Self::Bytes(bytes) => Value::Bytes(bytes.as_deref()),
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Int(number) => Value::Int(*number),
            Self::Time(time) => Value::Time(*time),
            Self::Json(json) => Value::Json(json.clone()),
        }
    }
}

fn time(row: &Row, at: usize) -> Result<Option<Timestamp>> {
    match row {
        Row::Postgres(row) => {
            row.try_get_unchecked::<Option<PgTime>, _>(at).map(|time| time.map(|PgTime(time)| time))
        }
        Row::Sqlite(row) => {
            row.try_get_unchecked::<Option<i64>, _>(at).map(|time| time.map(Timestamp::from_micros))
        }
    }
    .map_err(|e| StoreError::Failed(e.into()))
}

/// `jsonb` as text.
struct PgJsonText(String);

impl Decode<'_, Postgres> for PgJsonText {
    fn decode(value: PgValueRef<'_>) -> std::result::Result<Self, BoxDynError> {
        if value.format() != PgValueFormat::Binary {
            return Err("JSON is read in binary form".into());
        }
        // The first byte is the version of that form.
        let (_, text) = value.as_bytes()?.split_first().ok_or("JSON without a version")?;
        Ok(Self(String::from_utf8(text.to_vec())?))
    }
}

fn json(row: &Row, at: usize) -> Result<Option<String>> {
    match row {
        Row::Postgres(row) => {
            row.try_get_unchecked::<Option<PgJsonText>, _>(at).map(|json| json.map(|PgJsonText(text)| text))
        }
        Row::Sqlite(row) => row.try_get_unchecked::<Option<String>, _>(at),
    }
    .map_err(|e| StoreError::Failed(e.into()))
}

/// Takes the blanks between the parts of JSON text out. PostgreSQL writes them, and the program and the CHECK constraints
/// of SQLite expect none.
fn compact(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut is_in_text, mut is_escaped) = (false, false);
    for c in json.chars() {
        if !is_in_text && c.is_ascii_whitespace() {
            continue;
        }
        out.push(c);
        if is_escaped {
            is_escaped = false;
        } else if c == '"' {
            is_in_text = !is_in_text;
        } else if c == '\\' {
            is_escaped = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::compact;

    #[test]
    fn blanks_stay_only_inside_of_texts() {
        for (given, kept) in [
            (r#"["password", "magic_link"]"#, r#"["password","magic_link"]"#),
            (
                r#"{"a b": " c\" , d\\", "e": [1, 2.50, true, null]}"#,
                r#"{"a b":" c\" , d\\","e":[1,2.50,true,null]}"#,
            ),
            (" \"a\\\\\" ", "\"a\\\\\""),
            ("12", "12"),
        ] {
            assert_eq!(compact(given), kept);
        }
    }
}
