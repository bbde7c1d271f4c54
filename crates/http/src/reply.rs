//! Responses: pages and errors, each with the headers of its kind. Plain ones come from `porta_web::reply`.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use porta_pages::{ErrorPage, ErrorText, FormPostPage, Page, Theme};
use porta_protocol::{Delivery, ErrorCode, OAuthError};
use porta_session::{BackendError, Limited};
use porta_web::reply::NO_STORE;
pub(crate) use porta_web::reply::{
    Reply, empty, json, json_bytes, method_not_allowed, prefers_html, redirect, seconds_up, text,
    with_header, with_retry_after,
};
use serde_json::json;

use crate::context::RequestContext;
use crate::state::StateInner;

/// Error code of rate-limited responses.
const RATE_LIMITED: &str = "rate_limit_exceeded";

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
pub(crate) fn too_many_sign_ins(
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
    let page = page(status, state.pages.render(&tenant.theme(), &text));
    with_retry_after(page, retry_after)
}

/// An error page.
pub(crate) fn error_page(
    state: &StateInner,
    theme: &Theme<'_>,
    status: StatusCode,
    text: ErrorText,
    code: Option<&str>,
) -> Reply {
    page(status, state.pages.render(theme, &ErrorPage { code, ..ErrorPage::new(text) }))
}

/// An OAuth error as JSON (RFC 6749 §5.2).
pub(crate) fn oauth_error(status: StatusCode, error: &OAuthError) -> Reply {
    json_bytes(status, error.to_json())
}

/// A backend failure as JSON, for protocol clients: 503 if a store is unavailable, otherwise 500. Logged here, once,
/// with its causes.
pub(crate) fn backend_error(error: &BackendError) -> Reply {
    log_backend_error(error);
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
pub(crate) fn backend_error_page(state: &StateInner, theme: &Theme<'_>, error: &BackendError) -> Reply {
    log_backend_error(error);
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

fn log_backend_error(error: &BackendError) {
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
            let form = state.pages.render(&tenant.theme(), &form);
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
