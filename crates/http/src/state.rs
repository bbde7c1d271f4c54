//! State shared by all handlers.

use std::sync::Arc;

use async_trait::async_trait;
use porta_core::{Clock, Entropy, OrganizationId};
use porta_oidc::OpenIdProvider;
use porta_pages::Pages;
use porta_session::SharedServices;
use porta_signin::SignIn;
use porta_web::client_address::{ClientAddresses, TrustedProxies};
use porta_web::load_shedding::LoadShedder;
use porta_web::middleware::{KnownClients, MiddlewareState};
use porta_web::observe::{MetricsExporter, Observability};

use crate::callers::Callers;
use crate::cookies::Cookies;

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

/// The access log names clients that are cached, so they were found in the store.
struct CachedClients(Arc<SharedServices>);

#[async_trait]
impl KnownClients for CachedClients {
    async fn is_known(&self, organization: OrganizationId, client_id: &str) -> bool {
        self.0.clients.is_cached(organization, client_id).await
    }
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
    pub(crate) load_shedder: LoadShedder,
    pub(crate) middleware: Arc<MiddlewareState>,
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
        // Over TLS cookies are `Secure` and HSTS is sent.
        let is_https = parts.shared.issuer_base().starts_with("https://");
        let client_addresses = Arc::new(ClientAddresses::behind(parts.trusted_proxies));
        let middleware = MiddlewareState {
            client_addresses: Arc::clone(&client_addresses),
            observers: parts.observers.clone(),
            clock: Arc::clone(&parts.clock),
            entropy: Arc::clone(&parts.entropy),
            is_https,
            known_clients: Some(Arc::new(CachedClients(Arc::clone(&parts.shared)))),
        };
        Self(Arc::new(StateInner {
            shared: parts.shared,
            provider: parts.provider,
            sign_in: parts.sign_in,
            pages: parts.pages,
            probes: parts.probes,
            entropy: parts.entropy,
            cookies: Cookies::new(&parts.cookie_secrets, is_https, Arc::clone(&parts.clock)),
            clock: parts.clock,
            callers: Callers::new(client_addresses),
            metrics: parts.observers.metrics,
            metrics_are_public: parts.observers.are_public,
            load_shedder: LoadShedder::default(),
            middleware: Arc::new(middleware),
        }))
    }
}

impl std::ops::Deref for AppState {
    type Target = StateInner;
    fn deref(&self) -> &StateInner {
        &self.0
    }
}
