//! State shared by all handlers.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::HeaderMap;
use porta_core::{Clock, Entropy};
use porta_oidc::OpenIdProvider;
use porta_pages::Pages;
use porta_session::SharedServices;
use porta_signin::SignIn;

use crate::TrustedProxies;
use crate::caller::Callers;
use crate::cookies::Cookies;
use crate::load_shedding::LoadShedder;

/// Result of the readiness checks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadyReport {
    /// `None`: healthy; otherwise a fixed error code for the response.
    pub database: Option<&'static str>,
    pub redis: Option<&'static str>,
    /// Anything else that keeps this process from serving: draining, no signing key.
    pub process: Option<&'static str>,
}

impl ReadyReport {
    pub fn is_ready(&self) -> bool {
        self.database.is_none() && self.redis.is_none() && self.process.is_none()
    }
}

/// Health checks of the backing services. Implementations limit the time of each check.
#[async_trait]
pub trait Probes: Send + Sync {
    async fn database(&self) -> bool;
    async fn redis(&self) -> bool;
    async fn ready(&self) -> ReadyReport;
}

/// Metrics of this process in the Prometheus text format.
#[async_trait]
pub trait MetricsExporter: Send + Sync {
    async fn text(&self) -> String;
}

/// Distributed tracing.
pub trait TraceContext: Send + Sync {
    /// Makes a request's span a child of the trace in `headers` (W3C Trace Context).
    fn set_parent(&self, span: &tracing::Span, headers: &HeaderMap);
    /// Trace id of a span; `None` when the trace is not sampled.
    fn trace_id(&self, span: &tracing::Span) -> Option<String>;
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

/// State of the handlers. Cheap to clone: an `Arc`.
#[derive(Clone)]
pub struct AppState(pub(crate) Arc<StateInner>);

/// Contents of [`AppState`]; opaque outside this crate.
pub struct StateInner {
    pub(crate) shared: Arc<SharedServices>,
    pub(crate) provider: Arc<OpenIdProvider>,
    pub(crate) sign_in: SignIn,
    pub(crate) pages: Arc<Pages>,
    pub(crate) probes: Arc<dyn Probes>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) cookies: Cookies,
    pub(crate) callers: Callers,
    pub(crate) metrics: Option<Arc<dyn MetricsExporter>>,
    pub(crate) metrics_are_public: bool,
    pub(crate) traces: Option<Arc<dyn TraceContext>>,
    pub(crate) load_shedder: LoadShedder,
    /// Whether the issuer is https: then cookies are `Secure` and HSTS is sent.
    pub(crate) is_https: bool,
}

/// Constructor arguments of [`AppState`].
pub struct AppStateParts {
    pub shared: Arc<SharedServices>,
    pub provider: Arc<OpenIdProvider>,
    pub sign_in: SignIn,
    /// The instance that also renders the mails.
    pub pages: Arc<Pages>,
    pub probes: Arc<dyn Probes>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// The first signs, all verify.
    pub cookie_secrets: Vec<Vec<u8>>,
    pub trusted_proxies: TrustedProxies,
    pub observers: Observability,
}

impl AppState {
    pub fn new(parts: AppStateParts) -> Self {
        let is_https = parts.shared.issuer_base().starts_with("https://");
        Self(Arc::new(StateInner {
            shared: parts.shared,
            provider: parts.provider,
            sign_in: parts.sign_in,
            pages: parts.pages,
            probes: parts.probes,
            entropy: parts.entropy,
            cookies: Cookies::new(&parts.cookie_secrets, is_https, Arc::clone(&parts.clock)),
            clock: parts.clock,
            callers: Callers::behind(parts.trusted_proxies),
            metrics: parts.observers.metrics,
            metrics_are_public: parts.observers.are_public,
            traces: parts.observers.traces,
            load_shedder: LoadShedder::default(),
            is_https,
        }))
    }
}

impl std::ops::Deref for AppState {
    type Target = StateInner;
    fn deref(&self) -> &StateInner {
        &self.0
    }
}
