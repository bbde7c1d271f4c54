//! Middleware around every request: request id, one access-log line, security headers.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use futures_util::FutureExt as _;
use porta_core::organization::Organization;
use porta_core::{AuditId, EntityId as _, OrganizationId};
use porta_task::round_trips::{RoundTripCounter, RoundTrips};
use tracing::{Instrument as _, Span};

use crate::observe;
use crate::reply::{self, Reply};
use crate::state::AppState;

/// Fields of the access-log line: extractors fill them in, the middleware reads them when the response is ready.
#[derive(Clone, Default)]
pub(crate) struct AccessLogFields(Arc<Mutex<FieldValues>>);

#[derive(Clone, Default)]
struct FieldValues {
    tenant: Option<(OrganizationId, String)>,
    /// As the client sent it.
    client_id: String,
}

impl AccessLogFields {
    pub(crate) fn tenant(&self, organization: &Organization) {
        self.values().tenant = Some((organization.id, organization.slug.to_string()));
    }

    pub(crate) fn client(&self, client_id: &str) {
        client_id.clone_into(&mut self.values().client_id);
    }

    fn values(&self) -> MutexGuard<'_, FieldValues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tenant and client of the line. An unknown client id may be a secret in the wrong field, so it is left out.
    async fn tenant_and_client(&self, state: &AppState) -> (String, String) {
        let FieldValues { tenant, client_id } = self.values().clone();
        let Some((organization, slug)) = tenant else { return Default::default() };
        let is_known =
            !client_id.is_empty() && state.shared.clients.is_cached(organization, &client_id).await;
        (slug, if is_known { client_id } else { String::new() })
    }

    fn slug(&self) -> String {
        self.values().tenant.as_ref().map(|(_, slug)| slug.clone()).unwrap_or_default()
    }
}

/// Status of a request whose client disconnected, as nginx logs it.
const ABANDONED: u16 = 499;

/// A request until its access-log line is written. Dropped before that, the client disconnected or the process is
/// stopping. Its changes may be stored all the same, so it still leaves a line.
struct AccessLogEntry {
    state: AppState,
    started: Instant,
    request_id: HeaderValue,
    method: Method,
    /// The pattern.
    route: String,
    span: Span,
    log_fields: AccessLogFields,
    counter: RoundTripCounter,
    is_written: bool,
}

impl AccessLogEntry {
    fn write(&mut self, status: u16, took: Duration, tenant: &str, client: &str) {
        self.is_written = true;
        let RoundTrips { sql, kv } = self.counter.round_trips();
        let trace_id = self.state.traces.as_ref().and_then(|traces| traces.trace_id(&self.span));
        tracing::info!(
            target: "porta::access",
            request_id = self.request_id.to_str().unwrap_or_default(),
            method = %self.method,
            route = self.route,
            status,
            duration_ms = took.as_secs_f64() * 1_000.0,
            sql,
            kv,
            tenant,
            client,
            trace_id,
            "request"
        );
    }
}

impl Drop for AccessLogEntry {
    fn drop(&mut self) {
        if self.is_written {
            return;
        }
        observe::record_abandoned(&self.state, &self.method, &self.route, ABANDONED);
        // Whether the client is known takes an await, so it is not named.
        let tenant = self.log_fields.slug();
        self.write(ABANDONED, self.started.elapsed(), &tenant, "");
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Logs method, route pattern, status and duration. Never the query and never a path segment that could be a token.
pub(crate) async fn access_log(
    State(state): State<AppState>,
    peer: ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Reply {
    let mut entry = start_entry(state, peer.0, &request);
    request.extensions_mut().insert(entry.log_fields.clone());
    // A panic ends only its own request, and the request still leaves a line.
    let answered = entry.counter.count(AssertUnwindSafe(next.run(request)).catch_unwind());
    let finished = answered.instrument(entry.span.clone()).await;
    let mut reply = finished.unwrap_or_else(|_| {
        tracing::error!(request_id = entry.request_id.to_str().unwrap_or_default(), "request panicked");
        reply::empty(StatusCode::INTERNAL_SERVER_ERROR)
    });
    let status = reply.status().as_u16();
    add_headers(&entry.state, &mut reply, &entry.request_id);
    let took = entry.started.elapsed();
    let (tenant, client) = entry.log_fields.tenant_and_client(&entry.state).await;
    observe::record_response(&entry.state, &entry.span, &entry.method, &entry.route, status, took);
    entry.write(status, took, &tenant, &client);
    reply
}

fn start_entry(state: AppState, peer: SocketAddr, request: &Request) -> AccessLogEntry {
    let started = Instant::now();
    let request_id = request_id(&state, peer, request.headers());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let span = observe::span(&state, peer, request.headers(), &method, route);
    let (route, log_fields, counter) =
        (route.to_owned(), AccessLogFields::default(), RoundTripCounter::default());
    AccessLogEntry { state, started, request_id, method, route, span, log_fields, counter, is_written: false }
}

/// A new id, or the well-formed one of a trusted proxy.
fn request_id(state: &AppState, peer: SocketAddr, headers: &HeaderMap) -> HeaderValue {
    if state.callers.is_proxy(peer)
        && let Some(given) = headers.get(REQUEST_ID)
        && let Ok(text) = given.to_str()
        && (8..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    {
        return given.clone();
    }
    let id = AuditId::new(state.clock.now(), &*state.entropy).uuid();
    let mut text = uuid::Uuid::encode_buffer();
    HeaderValue::from_str(id.hyphenated().encode_lower(&mut text))
        .unwrap_or(HeaderValue::from_static("unknown"))
}

/// Adds the request id and the security headers (`docs/security.md`).
fn add_headers(state: &AppState, reply: &mut Reply, request_id: &HeaderValue) {
    let is_error = reply.status().as_u16() >= 400;
    let headers = reply.headers_mut();
    // One allocation for all of them.
    headers.reserve(8);
    headers.insert(REQUEST_ID, request_id.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::X_XSS_PROTECTION, HeaderValue::from_static("0"));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=()"),
    );
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("strict-origin-when-cross-origin"));
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    // Caches may store a 404 or 405 without being told (RFC 9111 §4.2.2), and the cause may be gone in a moment.
    if is_error {
        headers.entry(header::CACHE_CONTROL).or_insert(reply::NO_STORE);
    }
    if state.is_https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
}
