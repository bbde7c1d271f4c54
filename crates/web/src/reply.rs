//! Plain responses: empty, text, JSON, redirects.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// A response of a handler.
pub type Reply = Response<Body>;

/// `Cache-Control` of responses that no cache may keep.
pub const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// A response without a body.
pub fn empty(status: StatusCode) -> Reply {
    let mut reply = Reply::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

/// 405 with an `Allow` header (RFC 9110 §15.5.6).
pub fn method_not_allowed(allowed: &'static str) -> Reply {
    with_header(empty(StatusCode::METHOD_NOT_ALLOWED), header::ALLOW, Some(HeaderValue::from_static(allowed)))
}

/// Plain text.
pub fn text(status: StatusCode, body: &'static str) -> Reply {
    let mut reply = Reply::new(Body::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

/// JSON that must not be cached (RFC 6749 §5.1).
pub fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(bytes) => json_bytes(status, bytes),
        Err(error) => {
            tracing::error!(%error, "answer could not be serialised");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// JSON that is serialised already; must not be cached.
pub fn json_bytes(status: StatusCode, bytes: impl Into<Body>) -> Reply {
    let mut reply = Reply::new(bytes.into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, JSON);
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    reply
}

/// `303 See Other`, never cached.
pub fn redirect(location: &str) -> Reply {
    let mut reply = empty(StatusCode::SEE_OTHER);
    match HeaderValue::from_str(location) {
        Ok(value) => {
            reply.headers_mut().insert(header::LOCATION, value);
        }
        // Registered URIs and our own URLs are ASCII; anything else must not reach a header.
        Err(_) => return empty(StatusCode::BAD_REQUEST),
    }
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    reply.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    reply
}

/// Appends a header if there is a value.
pub fn with_header(mut reply: Reply, name: HeaderName, value: Option<HeaderValue>) -> Reply {
    if let Some(value) = value {
        reply.headers_mut().append(name, value);
    }
    reply
}

/// Adds `Retry-After`.
pub fn with_retry_after(reply: Reply, after: Duration) -> Reply {
    with_header(reply, header::RETRY_AFTER, Some(HeaderValue::from(seconds_up(after))))
}

/// Whole seconds, rounded up, at least one.
pub fn seconds_up(after: Duration) -> u64 {
    after.as_secs() + u64::from(after.subsec_nanos() > 0 || after.is_zero())
}

/// Whether `Accept` prefers HTML to JSON, by their order.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let position = |wanted: &str| accept.find(wanted);
    match (position("text/html"), position("application/json")) {
        (Some(html), Some(json)) => html < json,
        (Some(_), None) => true,
        (None, _) => false,
    }
}
