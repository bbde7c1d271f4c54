//! Responses: pages, JSON, redirects and errors, each with the headers of its kind.

use std::cmp::Reverse;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use porta_core::weights::weighted;
use porta_oidc::EngineError;
use porta_oidc::throttle::Limited;
use porta_pages::{ErrorPage, ErrorText, FormPostPage, Page, Theme};
use porta_protocol::{Delivery, ErrorCode, OAuthError};
use serde::Serialize;
use serde_json::json;

use crate::context::RequestContext;
use crate::state::StateInner;

pub(crate) type Reply = Response<Body>;

pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Error code of rate-limited responses.
const RATE_LIMITED: &str = "rate_limit_exceeded";
const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// The value of an `Ok`; otherwise the handler returns the response in the `Err`.
macro_rules! or_answer {
    ($found:expr) => {
        match $found {
            Ok(found) => found,
            Err(reply) => return reply,
        }
    };
}
pub(crate) use or_answer;

/// A response without a body.
pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Reply::new(Body::empty());
    *reply.status_mut() = status;
    reply
}

/// 405 with an `Allow` header (RFC 9110 §15.5.6).
pub(crate) fn method_not_allowed(allowed: &'static str) -> Reply {
    with_header(empty(StatusCode::METHOD_NOT_ALLOWED), header::ALLOW, Some(HeaderValue::from_static(allowed)))
}

pub(crate) fn text(status: StatusCode, body: &'static str) -> Reply {
    let mut reply = Reply::new(Body::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    reply
}

/// Metrics in the Prometheus text format 0.0.4.
pub(crate) fn metrics(body: String) -> Reply {
    let mut reply = Reply::new(Body::from(body));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    reply
}

/// JSON that must not be cached (RFC 6749 §5.1).
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(bytes) => json_bytes(status, bytes),
        Err(error) => {
            tracing::error!(%error, "answer could not be serialised");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

pub(crate) fn json_bytes(status: StatusCode, bytes: impl Into<Body>) -> Reply {
    let mut reply = Reply::new(bytes.into());
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, JSON);
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    reply
}

/// An HTML page with its own content security policy; never cached, sends no referrer (`docs/security.md`, W21). The
/// language is negotiated.
pub(crate) fn page(status: StatusCode, page: Page) -> Reply {
    let mut reply = Reply::new(Body::from(page.html));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(page.language));
    headers.append(header::VARY, HeaderValue::from_static("Accept-Language"));
    if let Ok(policy) = HeaderValue::from_str(&page.csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    reply
}

/// Response extension: HTML that is stored and sent again when the same request is repeated (decision 0044).
#[derive(Debug, Clone)]
pub(crate) struct ReplayedHtml(pub(crate) String);

/// `303 See Other`, never cached.
pub(crate) fn redirect(location: &str) -> Reply {
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

pub(crate) fn with_header(mut reply: Reply, name: HeaderName, value: Option<HeaderValue>) -> Reply {
    if let Some(value) = value {
        reply.headers_mut().append(name, value);
    }
    reply
}

pub(crate) fn with_retry_after(reply: Reply, after: std::time::Duration) -> Reply {
    with_header(reply, header::RETRY_AFTER, Some(HeaderValue::from(seconds_up(after))))
}

/// Whole seconds, rounded up, at least one.
pub(crate) fn seconds_up(after: std::time::Duration) -> u64 {
    after.as_secs() + u64::from(after.subsec_nanos() > 0 || after.is_zero())
}

/// 429 as JSON, for programs: with `Retry-After` and the limit.
pub(crate) fn too_many(limited: Limited, description: &str) -> Reply {
    let body = json!({
        "error": RATE_LIMITED,
        "error_description": description,
        "retry_after": seconds_up(limited.retry_after),
    });
    let reply = with_retry_after(json(StatusCode::TOO_MANY_REQUESTS, &body), limited.retry_after);
    let limit = HeaderName::from_static("x-ratelimit-limit");
    let reply = with_header(reply, limit, Some(HeaderValue::from(limited.maximum)));
    with_header(reply, HeaderName::from_static("x-ratelimit-remaining"), Some(HeaderValue::from(0)))
}

/// 429 for too many begun sign-ins: a page for browsers, otherwise JSON.
pub(crate) fn too_many_begun(
    state: &StateInner,
    tenant: &RequestContext,
    headers: &HeaderMap,
    limited: Limited,
) -> Reply {
    if !prefers_html(headers) {
        return too_many(limited, "too many attempts, try again later");
    }
    limited_page(state, tenant, limited.retry_after)
}

/// 429 as a page.
pub(crate) fn limited_page(
    state: &StateInner,
    tenant: &RequestContext,
    retry_after: std::time::Duration,
) -> Reply {
    wait_page(state, tenant, StatusCode::TOO_MANY_REQUESTS, retry_after)
}

/// 503 as a page: too many people at once.
pub(crate) fn busy_page(
    state: &StateInner,
    tenant: &RequestContext,
    retry_after: std::time::Duration,
) -> Reply {
    wait_page(state, tenant, StatusCode::SERVICE_UNAVAILABLE, retry_after)
}

fn wait_page(
    state: &StateInner,
    tenant: &RequestContext,
    status: StatusCode,
    retry_after: std::time::Duration,
) -> Reply {
    let text = ErrorPage {
        code: Some(RATE_LIMITED),
        retry_after: Some(seconds_up(retry_after)),
        ..ErrorPage::new(ErrorText::RateLimited)
    };
    let page = page(status, state.pages.error(&tenant.theme(), &text));
    with_retry_after(page, retry_after)
}

/// Media ranges that include a type, the least specific first.
type Ranges = [&'static str; 3];
const HTML_RANGES: Ranges = ["*/*", "text/*", "text/html"];
const JSON_RANGES: Ranges = ["*/*", "application/*", "application/json"];

/// Whether `Accept` prefers HTML to JSON. JSON wins where the header names neither or is missing.
pub(crate) fn prefers_html(headers: &HeaderMap) -> bool {
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

/// An error page.
pub(crate) fn error_page(
    state: &StateInner,
    theme: &Theme<'_>,
    status: StatusCode,
    text: ErrorText,
    code: Option<&str>,
) -> Reply {
    page(status, state.pages.error(theme, &ErrorPage { code, ..ErrorPage::new(text) }))
}

/// An OAuth error as JSON (RFC 6749 §5.2).
pub(crate) fn oauth_error(status: StatusCode, error: &OAuthError) -> Reply {
    json_bytes(status, error.to_json())
}

/// An engine failure as JSON, for protocol clients: 503 if a store is unavailable, otherwise 500. Logged here, once,
/// with its causes.
pub(crate) fn engine_error(error: &EngineError) -> Reply {
    log_engine_error(error);
    if error.is_unavailable() {
        let reply = oauth_error(
            StatusCode::SERVICE_UNAVAILABLE,
            &OAuthError::new(ErrorCode::TemporarilyUnavailable, "the server is temporarily unable to answer"),
        );
        return with_retry_after(reply, std::time::Duration::from_secs(1));
    }
    oauth_error(
        StatusCode::INTERNAL_SERVER_ERROR,
        &OAuthError::new(ErrorCode::ServerError, "the server met an unexpected condition"),
    )
}

/// The same as a page.
pub(crate) fn engine_error_page(state: &StateInner, theme: &Theme<'_>, error: &EngineError) -> Reply {
    log_engine_error(error);
    if error.is_unavailable() {
        let reply = error_page(
            state,
            theme,
            StatusCode::SERVICE_UNAVAILABLE,
            ErrorText::Unavailable,
            Some("temporarily_unavailable"),
        );
        return with_retry_after(reply, std::time::Duration::from_secs(1));
    }
    error_page(state, theme, StatusCode::INTERNAL_SERVER_ERROR, ErrorText::Generic, Some("server_error"))
}

fn log_engine_error(error: &EngineError) {
    let mut chain = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        chain.push_str(": ");
        chain.push_str(&cause.to_string());
        source = cause.source();
    }
    tracing::error!(error = %chain, "request failed");
}

/// Sends an authorization response to the client: a redirect, or a page with a form (`form_post`).
pub(crate) fn deliver(state: &StateInner, tenant: &RequestContext, delivery: Delivery) -> Reply {
    match delivery {
        Delivery::Redirect(location) => redirect(&location),
        Delivery::FormPost { action, pairs } => {
            let fields: Vec<(String, String)> = pairs.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            let has_code = fields.iter().any(|(name, _)| name == "code");
            let form = FormPostPage { target: &action, fields: &fields };
            let form = state.pages.form_post(&tenant.theme(), &form);
            // Only a page with a code is stored for repetitions: an error can be made anew, and a code was issued to an
            // authenticated person.
            let replayed_html = has_code.then(|| ReplayedHtml(form.html.clone()));
            let mut reply = page(StatusCode::OK, form);
            if let Some(replayed_html) = replayed_html {
                reply.extensions_mut().insert(replayed_html);
            }
            reply
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9110_12_5_1_weights_decide_between_a_page_and_json() {
        const CASES: &[(&[&str], bool)] = &[
            (&["text/html"], true),
            (&["TEXT/HTML;charset=utf-8"], true),
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
