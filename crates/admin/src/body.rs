//! Request bodies as JSON.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use porta_web::body::{BodyLimits, read};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::error::{AdminError, Detail, Result};

/// Most bytes of a body, unless an operation has a limit of its own.
const BYTES: usize = 100 * 1024;
const WITHIN: Duration = Duration::from_secs(8);

/// Reads a body of at most `bytes`.
pub(crate) async fn read_body(headers: &HeaderMap, body: Body, bytes: usize) -> Result<Vec<u8>> {
    Ok(read(headers, body, BodyLimits { bytes, within: WITHIN }).await?)
}

/// A JSON object. A missing body, and one of another type, are an empty object. Unknown fields are ignored: so nobody
/// can set what an operation does not offer.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, BYTES).await?;
        let is_json = media_type(&parts.headers) == JSON;
        let text: &[u8] = if is_json && !bytes.is_empty() { &bytes } else { b"{}" };
        parse(text).map(Self)
    }
}

pub(crate) const JSON: &str = "application/json";

/// The media type of a body in lower case, without its parameters. Empty: none is given.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Parses a JSON object.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    // The syntax first: a mistake in it is no mistake in a field.
    let value: serde_json::Value =
        serde_json::from_slice(text).map_err(|_| AdminError::Rule("Invalid JSON".to_owned()))?;
    if !value.is_object() {
        return Err(AdminError::Validation(vec![Detail::wrong_type("", "use a JSON object")]));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let segments = error.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        });
        let path = segments.collect::<Vec<_>>().join(".");
        AdminError::Validation(vec![Detail::wrong_type(&path, error.inner().to_string())])
    })
}

/// A field that may be left out, set to `null`, or have a value.
pub(crate) fn double_option<'de, T, D>(deserializer: D) -> std::result::Result<Option<Option<T>>, D::Error>
where
    T: serde::Deserialize<'de>,
    D: serde::Deserializer<'de>,
{
    serde::Deserialize::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Sample {
        name: String,
        #[serde(deserialize_with = "double_option")]
        nick: Option<Option<String>>,
        inner: Vec<u8>,
    }

    fn details(text: &str) -> Vec<Detail> {
        match parse::<Sample>(text.as_bytes()) {
            Err(AdminError::Validation(details)) => details,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn left_out_null_and_a_value_are_told_apart() {
        let nick = |text: &str| parse::<Sample>(text.as_bytes()).unwrap().nick;
        assert_eq!(nick("{}"), None);
        assert_eq!(nick(r#"{"nick":null}"#), Some(None));
        assert_eq!(nick(r#"{"nick":"x","unknown":1}"#), Some(Some("x".to_owned())));
    }

    #[test]
    fn a_mistake_names_its_field() {
        assert_eq!(
            details(r#"{"name":1}"#)[0],
            Detail::wrong_type("name", "invalid type: integer `1`, expected a string")
        );
        let nested = details(r#"{"inner":[1,"x"]}"#);
        assert!(format!("{nested:?}").contains(r#"["inner", "1"]"#), "{nested:?}");
        for text in ["[]", "1", "null", "\"x\""] {
            assert!(format!("{:?}", details(text)).contains("use a JSON object"), "{text}");
        }
        for text in ["{", "{]", "x", "{\"a\":1}}"] {
            assert!(matches!(parse::<Sample>(text.as_bytes()), Err(AdminError::Rule(_))), "{text}");
        }
    }
}
