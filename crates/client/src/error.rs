//! Why a call failed.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::etag::ETag;
use crate::token::TokenError;

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server answered with another status than success.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// No whole answer arrived. A change may have happened all the same.
    #[error("the server did not answer")]
    Transport(#[source] reqwest::Error),
    /// The answer is not what the document promises.
    #[error("the server's answer cannot be read")]
    Decoding(#[source] serde_json::Error),
    /// The answer was given up.
    #[error("the server's answer is longer than {limit} bytes")]
    TooLong { limit: usize },
    /// There is no access token.
    #[error("no access token")]
    Token(#[source] TokenError),
    /// Nothing was sent.
    #[error("the request cannot be sent: {0}")]
    Usage(String),
}

impl Error {
    /// The refusal, if the server answered.
    pub fn api(&self) -> Option<&ApiError> {
        if let Self::Api(error) = self { Some(error) } else { None }
    }

    /// The kind of the refusal, if the server answered.
    pub fn kind(&self) -> Option<ErrorKind> {
        self.api().map(ApiError::kind)
    }
}

/// The address is left out: it may contain what somebody searched for.
impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}

/// What can be done about a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// 400: [`ApiError::details`] names the fields, if it is about fields.
    Invalid,
    /// 401: no token, or one that is no longer valid.
    Unauthenticated,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 409: taken, or changed at the same moment.
    Conflict,
    /// 409 or 412: the entity is no longer in the version that `If-Match` named. [`ApiError::current`] is what it is now.
    Modified,
    /// 413.
    TooLarge,
    /// 429.
    Limited,
    /// 502, 503 or 504.
    Unavailable,
    /// Another status.
    Other,
}

/// A refusal of the server.
#[derive(Debug)]
#[non_exhaustive]
pub struct ApiError {
    pub status: u16,
    /// What went wrong, in a sentence.
    pub error: String,
    pub message: Option<String>,
    /// What is wrong with the fields of the request.
    pub details: Vec<Detail>,
    /// Names the request in the server's log.
    pub request_id: Option<String>,
    /// When to send the request again.
    pub retry_after: Option<Duration>,
    /// The entity as it is now, and its version, if it was changed since it was read.
    pub current: Option<(Value, ETag)>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Detail {
    #[serde(default)]
    pub code: String,
    /// Names and indexes from the outside in.
    #[serde(default)]
    pub path: Vec<String>,
    #[serde(default)]
    pub message: String,
}

impl ApiError {
    pub fn kind(&self) -> ErrorKind {
        match self.status {
            400 => ErrorKind::Invalid,
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::Forbidden,
            404 => ErrorKind::NotFound,
            409 if self.current.is_some() => ErrorKind::Modified,
            409 => ErrorKind::Conflict,
            412 => ErrorKind::Modified,
            413 => ErrorKind::TooLarge,
            429 => ErrorKind::Limited,
            502..=504 => ErrorKind::Unavailable,
            _ => ErrorKind::Other,
        }
    }

    /// Reads the body of an answer. A proxy's body may be of any form, and says nothing then.
    pub(crate) fn new(
        status: reqwest::StatusCode,
        body: &[u8],
        request_id: Option<String>,
        retry_after: Option<Duration>,
    ) -> Self {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let named = || status.canonical_reason().unwrap_or("Unknown status").to_owned();
        Self {
            status: status.as_u16(),
            error: body.error.unwrap_or_else(named),
            message: body.message,
            details: body.details,
            request_id,
            retry_after,
            current: body.current_entity.zip(body.current_etag),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.error)?;
        if let Some(message) = &self.message {
            write!(formatter, ": {message}")?;
        }
        for detail in &self.details {
            write!(formatter, "; {}: {}", detail.path.join("."), detail.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

/// Body of a refusal.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    error: Option<String>,
    message: Option<String>,
    #[serde(default)]
    details: Vec<Detail>,
    current_entity: Option<Value>,
    #[serde(rename = "currentETag")]
    current_etag: Option<ETag>,
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn refusal(status: u16, body: &str) -> ApiError {
        ApiError::new(StatusCode::from_u16(status).unwrap(), body.as_bytes(), None, None)
    }

    #[test]
    fn a_refusal_says_what_it_is_about() {
        let details = r#"[{"code":"invalid_value","path":["claims","0","value"],"message":"missing"}]"#;
        let error =
            refusal(400, &format!(r#"{{"error":"Validation failed","status":400,"details":{details}}}"#));
        assert_eq!(error.to_string(), "Validation failed; claims.0.value: missing");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let error = refusal(403, r#"{"error":"Forbidden","message":"Super-admin only"}"#);
        assert_eq!(error.to_string(), "Forbidden: Super-admin only");
    }

    #[test]
    fn a_conflict_of_versions_is_told_from_a_name_that_is_taken() {
        let modified =
            refusal(409, r#"{"error":"Conflict","currentEntity":{"id":1},"currentETag":"W/\"a-2\""}"#);
        assert_eq!(modified.kind(), ErrorKind::Modified);
        assert_eq!(modified.current.unwrap().1.as_str(), "W/\"a-2\"");
        assert_eq!(refusal(409, r#"{"error":"Slug already in use"}"#).kind(), ErrorKind::Conflict);
    }

    #[test]
    fn what_a_proxy_answers_is_a_refusal_too() {
        for body in ["<html>no</html>", "", "[]", r#"{"error":{"code":1}}"#] {
            let error = refusal(502, body);
            assert_eq!(
                (error.to_string().as_str(), error.kind()),
                ("Bad Gateway", ErrorKind::Unavailable),
                "{body}"
            );
        }
    }

    #[test]
    fn every_status_that_callers_handle_has_a_kind() {
        let kinds = [
            (401, ErrorKind::Unauthenticated),
            (404, ErrorKind::NotFound),
            (412, ErrorKind::Modified),
            (413, ErrorKind::TooLarge),
            (429, ErrorKind::Limited),
            (503, ErrorKind::Unavailable),
            (500, ErrorKind::Other),
            (302, ErrorKind::Other),
        ];
        for (status, kind) in kinds {
            assert_eq!(refusal(status, "{}").kind(), kind, "{status}");
        }
    }
}
