//! Successful answers.

use std::fmt::Write as _;

use axum::http::StatusCode;
use porta_core::Timestamp;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// The envelope of one entity.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Data<T: ToSchema> {
    pub(crate) data: T,
}

pub(crate) fn ok<T: Serialize + ToSchema>(data: T) -> Reply {
    reply::json(StatusCode::OK, &Data { data })
}

pub(crate) fn created<T: Serialize + ToSchema>(data: T) -> Reply {
    reply::json(StatusCode::CREATED, &Data { data })
}

pub(crate) fn no_content() -> Reply {
    let mut reply = reply::empty(StatusCode::NO_CONTENT);
    reply.headers_mut().insert(axum::http::header::CACHE_CONTROL, reply::NO_STORE);
    reply
}

/// A time as the API writes it: UTC, milliseconds.
pub(crate) fn time(at: Timestamp) -> String {
    let micros = at.micros();
    let mut text = Timestamp::from_seconds(micros.div_euclid(1_000_000)).rfc3339();
    let millis = micros.rem_euclid(1_000_000) / 1_000;
    // The Z comes after the milliseconds.
    text.pop();
    // Writing to a string cannot fail.
    let _ = write!(text, ".{millis:03}Z");
    text
}

pub(crate) fn optional_time(at: Option<Timestamp>) -> Option<String> {
    at.map(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(time(Timestamp::from_micros(1_700_000_000_123_999)), "2023-11-14T22:13:20.123Z");
        assert_eq!(time(Timestamp::from_micros(1_700_000_000_000_000)), "2023-11-14T22:13:20.000Z");
        assert_eq!(time(Timestamp::from_micros(-1)), "1969-12-31T23:59:59.999Z");
    }
}
