//! Points in time in requests.

use std::ops::RangeInclusive;

use porta_core::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// What a request may say.
pub(crate) const HINT: &str = "use RFC 3339 such as 2030-01-31T12:00:00Z, or a date such as 2030-01-31";
/// The years 1970 to 9999, in milliseconds.
const MILLIS: RangeInclusive<i64> = 0..=253_402_300_799_999;

/// A point in time: RFC 3339, or a date, which means its beginning in UTC. In JSON also milliseconds since 1970, as a
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) Timestamp);

impl Moment {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_date = text.len() == "2030-01-31".len();
        let text = if is_date { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let time = Timestamp::parse_rfc3339(&text)?;
        MILLIS.contains(&time.micros().div_euclid(1_000)).then_some(Self(time))
    }

    fn of_millis(millis: i64) -> Option<Self> {
        MILLIS.contains(&millis).then(|| Self(Timestamp::from_micros(millis * 1_000)))
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let description = "RFC 3339, a date, which means its beginning in UTC, or milliseconds since 1970.";
        ObjectBuilder::new()
            .schema_type([Type::String, Type::Integer].into_iter().collect::<SchemaType>())
            .minimum(Some(*MILLIS.start()))
            .maximum(Some(*MILLIS.end()))
            .description(Some(description))
            .into()
    }
}

impl ToSchema for Moment {}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let moment = match Value::deserialize(deserializer)? {
            Value::String(text) => Self::parse(&text),
            Value::Number(number) => number.as_i64().and_then(Self::of_millis),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        moment.ok_or_else(|| D::Error::custom(HINT))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Option<i64> {
        serde_json::from_value::<Moment>(value).ok().map(|moment| moment.0.micros())
    }

    #[test]
    fn three_forms_are_read() {
        let noon = Some(1_896_091_200_000_000);
        assert_eq!(read(json!("2030-01-31T12:00:00Z")), noon);
        assert_eq!(read(json!("2030-01-31T13:00:00.000+01:00")), noon);
        assert_eq!(read(json!(1_896_091_200_000_i64)), noon);
        assert_eq!(read(json!("2030-01-31")), Some(1_896_048_000_000_000));
    }

    #[test]
    fn everything_else_is_refused() {
        for unfit in [
            json!(null),
            json!(true),
            json!([]),
            json!(""),
            json!("tomorrow"),
            json!("2030-02-30"),
            json!("2030-01-31T12:00"),
            json!("1896091200000"),
            json!("2030"),
            json!("2030-1-31"),
            json!("2030-01-3\u{e9}"),
            json!("1969-12-31"),
            json!(-1),
            json!(1.5),
            json!(253_402_300_800_000_i64),
            json!(u64::MAX),
        ] {
            assert_eq!(read(unfit.clone()), None, "{unfit}");
        }
    }
}
