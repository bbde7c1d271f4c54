//! Statement arguments. They borrow from the caller and are encoded directly into the driver's buffer.

use porta_core::{EntityId, Timestamp, TokenDigest};
use serde::Serialize;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo};
use sqlx::sqlite::SqliteArguments;
use sqlx::types::Json;
use sqlx::{Arguments as _, Encode, Postgres, Type};
use uuid::Uuid;

/// One argument; `None` is a NULL of that type.
#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    Bool(bool),
    Int(Option<i64>),
    Text(Option<&'a str>),
    Bytes(Option<&'a [u8]>),
    Uuid(Option<Uuid>),
    Time(Option<Timestamp>),
    /// JSON text.
    Json(Option<String>),
}

pub(crate) fn flag(value: bool) -> Value<'static> {
    Value::Bool(value)
}
pub(crate) fn int(value: i64) -> Value<'static> {
    Value::Int(Some(value))
}
pub(crate) fn text(value: &str) -> Value<'_> {
    Value::Text(Some(value))
}
pub(crate) fn opt_text(value: Option<&str>) -> Value<'_> {
    Value::Text(value)
}
pub(crate) fn uuid(id: impl EntityId) -> Value<'static> {
    Value::Uuid(Some(id.uuid()))
}
pub(crate) fn opt_uuid(id: Option<impl EntityId>) -> Value<'static> {
    Value::Uuid(id.map(EntityId::uuid))
}
pub(crate) fn at(time: Timestamp) -> Value<'static> {
    Value::Time(Some(time))
}
pub(crate) fn opt_at(time: Option<Timestamp>) -> Value<'static> {
    Value::Time(time)
}
pub(crate) fn bytes(value: &[u8]) -> Value<'_> {
    Value::Bytes(Some(value))
}
pub(crate) fn digest(digest: &TokenDigest) -> Value<'_> {
    Value::Bytes(Some(digest.as_bytes()))
}
pub(crate) fn opt_digest(digest: Option<&TokenDigest>) -> Value<'_> {
    Value::Bytes(digest.map(|d| d.as_bytes().as_slice()))
}
/// JSON of any serializable value; serializing our types never fails.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> Value<'static> {
    Value::Json(Some(serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())))
}
pub(crate) fn opt_json(value: Option<&impl Serialize>) -> Value<'static> {
    value.map_or(Value::Json(None), |v| json(v))
}

/// Microseconds between the Unix epoch and PostgreSQL's epoch, 2000-01-01.
pub(super) const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// `timestamptz` in its binary wire format, without calendar conversion.
pub(super) struct PgTime(pub(super) Timestamp);

impl Type<Postgres> for PgTime {
    fn type_info() -> PgTypeInfo {
        <time::OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for PgTime {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend_from_slice(&(self.0.micros().saturating_sub(POSTGRES_EPOCH)).to_be_bytes());
        Ok(IsNull::No)
    }
}

/// `jsonb` from text that is already JSON.
struct PgJson<'a>(&'a str);

impl Type<Postgres> for PgJson<'_> {
    fn type_info() -> PgTypeInfo {
        <Json<()> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for PgJson<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        // Version byte of the binary format.
        buffer.push(1);
        buffer.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }
}

pub(super) fn postgres_arguments(values: &[Value<'_>]) -> Result<PgArguments, sqlx::Error> {
    let mut out = PgArguments::default();
    out.reserve(values.len(), values.len() * 24);
    for value in values {
        match value {
            Value::Bool(v) => out.add(*v),
            Value::Int(v) => out.add(*v),
            Value::Text(v) => out.add(*v),
            Value::Bytes(v) => out.add(*v),
            Value::Uuid(v) => out.add(*v),
            Value::Time(v) => out.add(v.map(PgTime)),
            Value::Json(v) => out.add(v.as_deref().map(PgJson)),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}

pub(super) fn sqlite_arguments(values: &[Value<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut out = SqliteArguments::default();
    out.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Bool(v) => out.add(*v),
            Value::Int(v) => out.add(*v),
            Value::Text(v) => out.add(v.map(str::to_owned)),
            Value::Bytes(v) => out.add(v.map(<[u8]>::to_vec)),
            Value::Uuid(v) => out.add(*v),
            Value::Time(v) => out.add(v.map(Timestamp::micros)),
            Value::Json(v) => out.add(v.clone()),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(out)
}
