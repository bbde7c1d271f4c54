//! Middleware around every request: request id, one access-log line, security headers. A panic ends only its own
//! request.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use futures_util::FutureExt as _;
use porta_core::organization::Organization;
use porta_core::{Clock, Entropy, OrganizationId};
use porta_task::round_trips::{RoundTripCounter, RoundTrips};
use tracing::{Instrument as _, Span};

use crate::client_address::ClientAddresses;
use crate::observe::Observability;
use crate::reply::{self, Reply};
use crate::request_id::RequestId;
use crate::{request_id, security_headers};

/// What the middleware needs, shared by all requests of a server.
pub struct MiddlewareState {
    pub client_addresses: Arc<ClientAddresses>,
    pub observers: Observability,
    /// Makes request ids.
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Whether the public origin is https: then HSTS is sent.
    pub is_https: bool,
    /// `None`: no client id is logged.
    pub known_clients: Option<Arc<dyn KnownClients>>,
}

/// Tells which client ids may be logged: an unknown one may be a secret in the wrong field.
#[async_trait]
pub trait KnownClients: Send + Sync {
    async fn is_known(&self, organization: OrganizationId, client_id: &str) -> bool;
}

/// Puts the middleware around all routes of a router, so add it after them.
pub fn with_middleware<S>(router: Router<S>, state: Arc<MiddlewareState>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    router.layer(from_fn_with_state(state, access_log))
}

/// Fields of the access-log line: extractors fill them in, the middleware reads them when the response is ready.
#[derive(Clone, Default)]
pub struct AccessLogFields(Arc<Mutex<FieldValues>>);

#[derive(Clone, Default)]
struct FieldValues {
    tenant: Option<(OrganizationId, String)>,
    /// As the client sent it.
    client_id: String,
}

impl AccessLogFields {
    pub fn tenant(&self, organization: &Organization) {
        self.values().tenant = Some((organization.id, organization.slug.to_string()));
    }

    /// A client id as the client sent it.
    pub fn client(&self, client_id: &str) {
        client_id.clone_into(&mut self.values().client_id);
    }

    fn values(&self) -> MutexGuard<'_, FieldValues> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tenant and client of the line.
    async fn tenant_and_client(&self, known: Option<&dyn KnownClients>) -> (String, String) {
        let FieldValues { tenant, client_id } = self.values().clone();
        let Some((organization, slug)) = tenant else { return Default::default() };
        let is_known = match known {
            Some(known) if !client_id.is_empty() => known.is_known(organization, &client_id).await,
            _ => false,
        };
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
    state: Arc<MiddlewareState>,
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
        let trace_id = self.state.observers.trace_id(&self.span);
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
        self.state.observers.record_abandoned(&self.method, &self.route, ABANDONED);
        // Whether the client is known takes an await, so it is not named.
        let tenant = self.log_fields.slug();
        self.write(ABANDONED, self.started.elapsed(), &tenant, "");
    }
}

/// Logs method, route pattern, status and duration. Never the query and never a path segment that could be a token.
async fn access_log(
    State(state): State<Arc<MiddlewareState>>,
    peer: ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Reply {
    let mut entry = start_entry(state, peer.0, &request);
    request.extensions_mut().insert(entry.log_fields.clone());
    request.extensions_mut().insert(RequestId(entry.request_id.clone()));
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
    let known = entry.state.known_clients.as_deref();
    let (tenant, client) = entry.log_fields.tenant_and_client(known).await;
    entry.state.observers.record_response(&entry.span, &entry.method, &entry.route, status, took);
    entry.write(status, took, &tenant, &client);
    reply
}

fn start_entry(state: Arc<MiddlewareState>, peer: SocketAddr, request: &Request) -> AccessLogEntry {
    let started = Instant::now();
    let is_from_proxy = state.client_addresses.is_proxy(peer);
    let given = request_id::well_formed(request.headers()).filter(|_| is_from_proxy);
    let request_id = given.unwrap_or_else(|| request_id::generate(&*state.clock, &*state.entropy));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);
    let span = state.observers.span(is_from_proxy, request.headers(), &method, route);
    let (route, log_fields, counter) =
        (route.to_owned(), AccessLogFields::default(), RoundTripCounter::default());
    AccessLogEntry { state, started, request_id, method, route, span, log_fields, counter, is_written: false }
}

/// Adds the request id and the security headers.
fn add_headers(state: &MiddlewareState, reply: &mut Reply, request_id: &HeaderValue) {
    let is_error = reply.status().as_u16() >= 400;
    let headers = reply.headers_mut();
    // One allocation for all of them.
    headers.reserve(1 + security_headers::COUNT);
    headers.insert(request_id::HEADER, request_id.clone());
    security_headers::add(headers, is_error, state.is_https);
}
