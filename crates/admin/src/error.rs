//! Errors as JSON. Every body has the text `error`; most have `status`.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use porta_directory::{DirectoryError, Problem};
use porta_session::BackendError;
use porta_store::StoreError;
use porta_web::body::ReadError;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::refusal_reason::{MisplacedId, with_misplaced, with_reason};

/// Body of an error.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    /// What went wrong, in a sentence.
    pub(crate) error: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What is wrong with the fields of the request.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<Detail>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Detail {
    /// One of `invalid_type`, `invalid_value`.
    code: &'static str,
    /// The field: names and indexes from the outside in.
    path: Vec<String>,
    message: String,
}

impl Detail {
    pub(crate) fn new(path: &str, message: impl Into<String>) -> Self {
        let path = path.split('.').filter(|part| !part.is_empty());
        Self { code: "invalid_value", path: path.map(str::to_owned).collect(), message: message.into() }
    }

    pub(crate) fn wrong_type(path: &str, message: impl Into<String>) -> Self {
        Self { code: "invalid_type", ..Self::new(path, message) }
    }
}

/// Why a request is refused or failed.
#[derive(Debug)]
pub(crate) enum AdminError {
    /// 400: fields of path, query or body.
    Validation(Vec<Detail>),
    /// 400: a rule of the domain; the text is the answer.
    Rule(String),
    /// 400: what is built in stays as it is; the text is the answer.
    Protected(String),
    /// 400: a value is kept for what is built in.
    Reserved(Detail),
    /// 404 or 400: ids that name nothing where they were looked for; the text is the answer.
    Misplaced { status: StatusCode, text: String, ids: Vec<Uuid> },
    /// 400: the request must say that it is meant.
    Unconfirmed { error: &'static str, message: &'static str },
    /// 401: the caller must have signed in within this time, with the factors that they have.
    NotRecent { max_age: Duration },
    /// 401.
    Unauthenticated { error: &'static str, message: &'static str },
    /// 403.
    Forbidden(String),
    /// 404; the text is the answer.
    NotFound(String),
    /// 405, with the methods that the path has.
    MethodNotAllowed,
    /// 409: taken, or changed at the same time.
    Conflict(String),
    /// 409: `If-Match` does not fit the entity as it is now.
    Modified { current: Value, etag: String },
    /// 413.
    TooLarge,
    /// 408: the body did not arrive in time.
    TooSlow,
    /// 429: too many guesses, or changes of one account.
    TooManyAttempts { retry_after: Duration },
    /// 429.
    Limited { retry_after: Duration, maximum: u64 },
    /// 503: a store is away.
    Unavailable,
    /// 500; logged where it was made.
    Failed,
}

pub(crate) type Result<T> = std::result::Result<T, AdminError>;

impl AdminError {
    pub(crate) fn invalid(path: &str, message: impl Into<String>) -> Self {
        Self::Validation(vec![Detail::new(path, message)])
    }

    pub(crate) fn forbidden(message: &str) -> Self {
        Self::Forbidden(message.to_owned())
    }

    pub(crate) fn not_found(kind: &str, id: &str) -> Self {
        Self::NotFound(format!("{kind} not found: {id}"))
    }

    /// Logs an unexpected failure with its causes. The answer tells nothing about it.
    pub(crate) fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut chain = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            chain.push_str(": ");
            chain.push_str(&cause.to_string());
            source = cause.source();
        }
        tracing::error!(error = %chain, "request of the Admin API failed");
        Self::Failed
    }
}

impl From<DirectoryError> for AdminError {
    fn from(error: DirectoryError) -> Self {
        match error {
            DirectoryError::Invalid(problems) => {
                Self::Validation(problems.into_iter().map(Detail::from).collect())
            }
            DirectoryError::NotFound { kind, name } => match Uuid::try_parse(&name) {
                Ok(id) => {
                    let text = format!("{} not found: {name}", capitalized(kind));
                    Self::Misplaced { status: StatusCode::NOT_FOUND, text, ids: vec![id] }
                }
                Err(_) => Self::not_found(&capitalized(kind), &name),
            },
            DirectoryError::Reserved(problem) => Self::Reserved(problem.into()),
            DirectoryError::Forbidden(text) => Self::Forbidden(text),
            DirectoryError::InUse(text) => Self::Rule(text),
            DirectoryError::NotPossible(text) => Self::Rule(capitalized(&text)),
            DirectoryError::Conflict(text) => Self::Conflict(capitalized(&text)),
            DirectoryError::TooSoon { .. } => Self::Conflict(capitalized(&error.to_string())),
            DirectoryError::Store(StoreError::Stale(kind)) => {
                Self::Conflict(format!("The {kind} was changed at the same moment; look again and repeat"))
            }
            DirectoryError::Store(StoreError::Conflict(_)) => Self::Conflict("Already taken".to_owned()),
            DirectoryError::Store(StoreError::MissingReference(_)) => {
                Self::NotFound("Refers to something that does not exist".to_owned())
            }
            DirectoryError::Store(StoreError::UnfitCursor) => {
                Self::invalid("cursor", "use the nextCursor of the same list")
            }
            DirectoryError::Store(StoreError::Unavailable(_)) => {
                tracing::error!(%error, "request of the Admin API failed");
                Self::Unavailable
            }
            DirectoryError::Store(_)
            | DirectoryError::KeyGeneration(_)
            | DirectoryError::Seal(_)
            | DirectoryError::Hash(_) => Self::failed(&error),
        }
    }
}

impl From<BackendError> for AdminError {
    fn from(error: BackendError) -> Self {
        if !error.is_unavailable() {
            return Self::failed(&error);
        }
        tracing::error!(%error, "request of the Admin API failed");
        Self::Unavailable
    }
}

impl From<porta_kv::KvError> for AdminError {
    fn from(error: porta_kv::KvError) -> Self {
        tracing::error!(%error, "request of the Admin API failed");
        Self::Unavailable
    }
}

impl From<ReadError> for AdminError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLarge => Self::TooLarge,
            ReadError::TooSlow => Self::TooSlow,
            ReadError::Broken => Self::Rule("The request body is incomplete".to_owned()),
        }
    }
}

impl From<Problem> for Detail {
    fn from(problem: Problem) -> Self {
        Self::new(&camel_case(&problem.path), problem.message)
    }
}

/// `given_name` as the API writes it: `givenName`.
fn camel_case(path: &str) -> String {
    let mut name = String::with_capacity(path.len());
    let mut is_upper = false;
    for letter in path.chars() {
        match letter {
            '_' => is_upper = true,
            _ if is_upper => {
                name.push(letter.to_ascii_uppercase());
                is_upper = false;
            }
            _ => name.push(letter),
        }
    }
    name
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn error(status: StatusCode, text: impl Into<String>) -> (StatusCode, ErrorBody) {
    let body = ErrorBody { error: text.into(), message: None, status: status.as_u16(), details: Vec::new() };
    (status, body)
}

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Validation(details) => {
                let (status, body) = error(StatusCode::BAD_REQUEST, "Validation failed");
                (status, ErrorBody { details, ..body })
            }
            Self::Rule(text) => error(StatusCode::BAD_REQUEST, text),
            Self::Protected(text) => return protected(text),
            Self::Reserved(detail) => return reserved(detail),
            Self::Misplaced { status, text, ids } => return misplaced(status, &text, ids),
            Self::Unconfirmed { error: text, message } => {
                let (status, body) = error(StatusCode::BAD_REQUEST, text);
                (status, ErrorBody { message: Some(message.to_owned()), ..body })
            }
            Self::NotRecent { max_age } => return not_recent(max_age),
            Self::Unauthenticated { error: text, message } => return unauthenticated(text, message),
            Self::Forbidden(message) => return forbidden(message),
            Self::NotFound(text) => error(StatusCode::NOT_FOUND, text),
            Self::MethodNotAllowed => error(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::Conflict(text) => error(StatusCode::CONFLICT, text),
            Self::Modified { current, etag } => return modified(&current, &etag),
            Self::TooLarge => error(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large"),
            Self::TooSlow => error(StatusCode::REQUEST_TIMEOUT, "The request body did not arrive in time"),
            Self::TooManyAttempts { retry_after } => return too_many_attempts(retry_after),
            Self::Limited { retry_after, maximum } => return limited(retry_after, maximum),
            Self::Unavailable => {
                let (status, body) = error(StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable");
                return reply::with_retry_after(reply::json(status, &body), Duration::from_secs(1));
            }
            Self::Failed => error(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        };
        reply::json(status, &body)
    }
}

fn forbidden(message: String) -> Reply {
    let (status, body) = error(StatusCode::FORBIDDEN, "Forbidden");
    let reply = reply::json(status, &ErrorBody { message: Some(message.clone()), ..body });
    with_reason(reply, Some(message))
}

fn protected(text: String) -> Reply {
    let (status, body) = error(StatusCode::BAD_REQUEST, text.clone());
    with_reason(reply::json(status, &body), Some(text))
}

fn reserved(detail: Detail) -> Reply {
    let reason = format!("{}: {}", detail.path.join("."), detail.message);
    let (status, body) = error(StatusCode::BAD_REQUEST, "Validation failed");
    with_reason(reply::json(status, &ErrorBody { details: vec![detail], ..body }), Some(reason))
}

fn misplaced(status: StatusCode, text: &str, ids: Vec<Uuid>) -> Reply {
    let (status, body) = error(status, text);
    let ids = ids.into_iter().map(|id| MisplacedId { id, text: text.to_owned() }).collect();
    with_misplaced(reply::json(status, &body), ids)
}

/// RFC 6750 §3: the challenge belongs to every 401.
fn unauthenticated(text: &'static str, message: &'static str) -> Reply {
    let (status, body) = error(StatusCode::UNAUTHORIZED, text);
    let reply = reply::json(status, &ErrorBody { message: Some(message.to_owned()), ..body });
    let reply = with_reason(reply, Some(message.to_owned()));
    let challenge = HeaderValue::from_static("Bearer");
    reply::with_header(reply, axum::http::header::WWW_AUTHENTICATE, Some(challenge))
}

/// RFC 9470 §3: the client obtains another token with `max_age` in its authorization request.
fn not_recent(max_age: Duration) -> Reply {
    let (status, body) = error(StatusCode::UNAUTHORIZED, "Recent sign-in required");
    let seconds = max_age.as_secs();
    let message = format!("Sign in again with max_age={seconds} and repeat the request with the new token");
    let reply = reply::json(status, &ErrorBody { message: Some(message), ..body });
    let challenge = format!(
        "Bearer error=\"insufficient_user_authentication\", \
         error_description=\"a recent sign-in is required\", max_age=\"{seconds}\""
    );
    reply::with_header(reply, axum::http::header::WWW_AUTHENTICATE, HeaderValue::from_str(&challenge).ok())
}

fn too_many_attempts(retry_after: Duration) -> Reply {
    let (status, body) = error(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    let message = Some("Too many attempts. Please try again later.".to_owned());
    reply::with_retry_after(reply::json(status, &ErrorBody { message, ..body }), retry_after)
}

fn modified(current: &Value, etag: &str) -> Reply {
    let body = json!({
        "error": "Conflict",
        "message": "Entity has been modified since your last read. Please refresh and try again.",
        "status": StatusCode::CONFLICT.as_u16(),
        "currentEntity": current,
        "currentETag": etag,
    });
    reply::json(StatusCode::CONFLICT, &body)
}

fn limited(retry_after: Duration, maximum: u64) -> Reply {
    let seconds = reply::seconds_up(retry_after);
    let body = json!({
        "error": "Too Many Requests",
        "message": "Admin API rate limit exceeded. Please try again later.",
        "status": StatusCode::TOO_MANY_REQUESTS.as_u16(),
        "retry_after": seconds,
    });
    let reply = reply::with_retry_after(reply::json(StatusCode::TOO_MANY_REQUESTS, &body), retry_after);
    with_limit(reply, maximum, 0)
}

/// Adds the headers that tell the limit.
fn with_limit(reply: Reply, maximum: u64, remaining: u64) -> Reply {
    let reply = reply::with_header(reply, HeaderName::from_static("x-ratelimit-limit"), Some(maximum.into()));
    let remaining = HeaderValue::from(remaining);
    reply::with_header(reply, HeaderName::from_static("x-ratelimit-remaining"), Some(remaining))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_the_api_names_them() {
        let detail = Detail::from(Problem::new("phone_number", "too long"));
        assert_eq!(detail.path, ["phoneNumber"]);
        let nested = Detail::new("claims.0.value", "missing");
        assert_eq!(nested.path, ["claims", "0", "value"]);
    }

    #[test]
    fn texts_begin_with_a_capital() {
        let error = AdminError::from(DirectoryError::not_found("user", "x"));
        assert!(matches!(error, AdminError::NotFound(text) if text == "User not found: x"));
        let id = Uuid::nil();
        let error = AdminError::from(DirectoryError::not_found("user", id));
        let AdminError::Misplaced { status: StatusCode::NOT_FOUND, text, ids } = error else {
            unreachable!("{error:?}")
        };
        assert_eq!((text, ids), (format!("User not found: {id}"), vec![id]));
    }
}
