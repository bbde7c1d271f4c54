//! Form bodies of protocol endpoints and pages: one media type, one size, repetition kept.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use porta_protocol::params::Params;

/// Form limit of protocol endpoints (oidc-and-login §1.1).
const FORM_LIMIT: usize = 56 * 1024;

/// Why a body is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    NotAForm,
    Malformed,
}

pub(crate) async fn form(headers: &HeaderMap, body: Body) -> Result<Params, BodyError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<usize>().ok());
    if declared.is_some_and(|n| n > FORM_LIMIT) {
        return Err(BodyError::TooLarge);
    }
    let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    let bytes = axum::body::to_bytes(body, FORM_LIMIT).await.map_err(|_| BodyError::TooLarge)?;
    let is_nothing = essence.is_empty() && bytes.is_empty();
    if !is_form && !is_nothing {
        return Err(BodyError::NotAForm);
    }
    Params::parse(&bytes).map_err(|_| BodyError::Malformed)
}
