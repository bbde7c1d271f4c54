//! Metrics and trace spans of requests.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode};
use porta_core::metrics;
use tracing::Span;

use crate::state::AppState;

/// Starts the span of a request. Joins the trace in its headers only behind a trusted proxy: otherwise anybody could
/// decide what is sampled.
pub(crate) fn span(
    state: &AppState,
    peer: SocketAddr,
    headers: &HeaderMap,
    method: &Method,
    route: &str,
) -> Span {
    let Some(traces) = &state.traces else { return Span::none() };
    let span = tracing::trace_span!(
        target: "porta::trace",
        "request",
        otel.name = format!("{} {route}", method_label(method)),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.request.method = method_label(method),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
    );
    if state.callers.is_proxy(peer) {
        traces.set_parent(&span, headers);
    }
    span
}

pub(crate) fn record_response(
    state: &AppState,
    span: &Span,
    method: &Method,
    route: &str,
    status: u16,
    took: Duration,
) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
    if state.metrics.is_none() {
        return;
    }
    let (method, route) = (method_label(method), route.to_owned());
    ::metrics::counter!(
        metrics::HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    if status == StatusCode::TOO_MANY_REQUESTS.as_u16() {
        ::metrics::counter!(metrics::RATE_LIMITED, "scope" => rate_limit_scope(&route)).increment(1);
    }
    ::metrics::histogram!(metrics::HTTP_DURATION, "method" => method, "route" => route).record(took);
}

/// Counts a request that ended without a response, and so without a duration.
pub(crate) fn record_abandoned(state: &AppState, method: &Method, route: &str, status: u16) {
    if state.metrics.is_none() {
        return;
    }
    ::metrics::counter!(
        metrics::HTTP_REQUESTS,
        "method" => method_label(method), "route" => route.to_owned(), "status" => status.to_string()
    )
    .increment(1);
}

/// Method as a metric label. Callers can invent methods, and labels must be a bounded set.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Label of a rate limit: the last fixed segment of the route.
fn rate_limit_scope(route: &str) -> String {
    let fixed = route.rsplit('/').find(|part| !part.is_empty() && !part.starts_with('{'));
    fixed.unwrap_or("unknown").replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_bounded() {
        assert_eq!(method_label(&Method::from_bytes(b"BREW").unwrap()), "other");
        assert_eq!(rate_limit_scope("/{org}/interaction/{uid}/magic-link/{token}"), "magic_link");
        assert_eq!(rate_limit_scope("/{org}/token"), "token");
        assert_eq!(rate_limit_scope("unknown"), "unknown");
        assert_eq!(rate_limit_scope("/"), "unknown");
    }
}
