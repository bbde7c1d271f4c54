//! Plain responses: empty, text, JSON, redirects.

use std::cmp::Reverse;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use porta_core::weights::weighted;
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

/// Media ranges that include a type, the least specific first.
type Ranges = [&'static str; 3];
const HTML_RANGES: Ranges = ["*/*", "text/*", "text/html"];
const JSON_RANGES: Ranges = ["*/*", "application/*", "application/json"];

/// Whether `Accept` prefers HTML to JSON. JSON wins where the header names neither or is missing.
pub fn prefers_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let accepted: Vec<(&str, u16)> = lines.flat_map(weighted).collect();
    let html = preference(&accepted, HTML_RANGES);
    html.is_some_and(|(weight, ..)| weight > 0) && html > preference(&accepted, JSON_RANGES)
}

/// How much a type is wanted. The most specific range decides its weight (RFC 9110 §12.5.1); among equal weights, the
/// type that is named more specifically wins, then the one named first.
fn preference(accepted: &[(&str, u16)], ranges: Ranges) -> Option<(u16, usize, Reverse<usize>)> {
    ranges.iter().enumerate().rev().find_map(|(specificity, wanted)| {
        let place = accepted.iter().position(|(range, _)| range.eq_ignore_ascii_case(wanted))?;
        Some((accepted[place].1, specificity, Reverse(place)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9110_12_5_1_weights_decide_between_a_page_and_json() {
        const CASES: &[(&[&str], bool)] = &[
            (&["text/html"], true),
            (&["TEXT/HTML;charset=utf-8"], true),
            (&["text/html;"], true),
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], true),
            (&["text/html;q=0.9, application/json;q=0.8"], true),
            (&["application/json;q=0.8, text/html;q=0.9"], true),
            (&["text/*"], true),
            (&["application/json;q=0, */*"], true),
            (&["application/json;q=0.5", "text/html"], true),
            // Equal weights.
            (&["text/html, application/json"], true),
            (&["*/*, text/html"], true),
            (&["application/json, text/html"], false),
            (&["application/json, */*"], false),
            (&["application/*, text/*"], false),
            (&["*/*"], false),
            (&["text/html;q=0.8, application/json"], false),
            (&["text/html;q=0.5, */*"], false),
            (&["text/html;q=0, */*"], false),
            (&["text/html;q=0"], false),
            (&["*/*, text/html;q=0"], false),
            (&["text/html;q=2"], false),
            (&["text/htmlx", "image/text/html"], false),
            (&[""], false),
            (&[], false),
        ];
        for (lines, expected) in CASES {
            let mut headers = HeaderMap::new();
            for line in *lines {
                headers.append(header::ACCEPT, HeaderValue::from_static(line));
            }
            assert_eq!(prefers_html(&headers), *expected, "{lines:?}");
        }
    }
}
