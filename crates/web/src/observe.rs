//! Metrics and trace spans of requests.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use porta_core::metrics;
use tracing::Span;

use crate::reply::{NO_STORE, Reply};

/// Metrics of this process in the Prometheus text format.
#[async_trait]
pub trait MetricsExporter: Send + Sync {
    async fn text(&self) -> String;
}

/// Distributed tracing.
pub trait TraceContext: Send + Sync {
    /// Makes a request's span a child of the trace in `headers` (W3C Trace Context).
    fn set_parent(&self, span: &Span, headers: &HeaderMap);
    /// Trace id of a span; `None` when the trace is not sampled.
    fn trace_id(&self, span: &Span) -> Option<String>;
}

/// Metrics and tracing; both off by default.
#[derive(Clone, Default)]
pub struct Observability {
    /// `None`: no metrics are collected.
    pub metrics: Option<Arc<dyn MetricsExporter>>,
    /// Whether they are served at `/metrics` on the public port.
    pub are_public: bool,
    pub traces: Option<Arc<dyn TraceContext>>,
}

impl Observability {
    /// Starts the span of a request. Joins the trace in its headers only behind a trusted proxy: otherwise anybody could
    /// decide what is sampled.
    pub(crate) fn span(
        &self,
        is_from_proxy: bool,
        headers: &HeaderMap,
        method: &Method,
        route: &str,
    ) -> Span {
        let Some(traces) = &self.traces else { return Span::none() };
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
        if is_from_proxy {
            traces.set_parent(&span, headers);
        }
        span
    }

    pub(crate) fn trace_id(&self, span: &Span) -> Option<String> {
        self.traces.as_ref().and_then(|traces| traces.trace_id(span))
    }

    pub(crate) fn record_response(
        &self,
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
        if self.metrics.is_none() {
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
    pub(crate) fn record_abandoned(&self, method: &Method, route: &str, status: u16) {
        if self.metrics.is_none() {
            return;
        }
        ::metrics::counter!(
            metrics::HTTP_REQUESTS,
            "method" => method_label(method), "route" => route.to_owned(), "status" => status.to_string()
        )
        .increment(1);
    }
}

/// The response with the metrics (Prometheus text format 0.0.4), for whichever listener serves them.
pub async fn exposition(metrics: &dyn MetricsExporter) -> Reply {
    let mut reply = Reply::new(Body::from(metrics.text().await));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    reply
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
