//! The Admin API inside this process: what `--direct` commands ask (decision 0050). The same router answers as at a server,
//! on the same directory operations; only nobody signs in, because whoever may open the database may do everything.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http;
use porta_admin::{AdminState, AdminStateParts, MakeRecoveryCodes, Shell};
use porta_client::{Carrier, Error};
use porta_config::{Secrets, Source};
use porta_core::outbox;
use porta_core::seal::Keyring;
use porta_core::{OsEntropy, SystemClock};
use porta_kv::{Kv, MemoryKv};
use porta_session::{Backend, ServiceKeys, SharedServices, sealed_state};
use porta_signin::SecondFactorKeys;
use porta_web::client_address::TrustedProxies;
use tower::ServiceExt as _;

use super::direct::{Direct, os_user};
use crate::failure::Failure;
use crate::runtime::services::RecoveryCodes;

pub(super) struct InProcess {
    parts: AdminStateParts,
    shell: Shell,
}

/// Carries requests to the router.
struct Answering {
    router: Router,
    shell: Shell,
}

impl InProcess {
    /// `issuer`: base URL of the issuers, for the addresses in answers.
    pub(super) fn new(direct: &Direct, issuer: String) -> Self {
        // Counters and kept answers of one command. Nothing of a server's own is in it.
        let kv: Arc<dyn Kv> = Arc::new(MemoryKv::new(Arc::new(SystemClock)));
        let keys = direct.keys.expose();
        let backend = Backend {
            store: Arc::clone(&direct.store),
            kv: Arc::clone(&kv),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            issuer_base: issuer.clone(),
        };
        let service_keys = ServiceKeys {
            signing_keys: Arc::new(super::direct::signing_keyring(&direct.keys)),
            sealed_state: Keyring::new(keys, sealed_state::SEALING_PURPOSE),
        };
        let shared = SharedServices::new(backend, service_keys, porta_pages::languages().collect());
        Self {
            shell: Shell { os_user: os_user(), name: None },
            parts: AdminStateParts {
                directory: direct.directory.clone(),
                shared: Arc::new(shared),
                account: None,
                provider: None,
                kv,
                clock: Arc::new(SystemClock),
                recovery_codes: None,
                mails: None,
                pages: None,
                relay: None,
                entropy: Arc::new(OsEntropy),
                answers: Keyring::new(keys, porta_admin::SEALING_PURPOSE),
                trusted_proxies: TrustedProxies::Never,
                issuer_base: issuer,
                cors_origins: Vec::new(),
                reads_per_minute: None,
            },
        }
    }

    /// With the keys of second factors, which recovery codes are made with.
    pub(super) fn with_second_factors(mut self) -> Result<Self, Failure> {
        let secrets = Secrets::load_sealing(&Source::process())?;
        let sealing = Arc::new(Keyring::new(secrets.signing.expose(), outbox::SEALING_PURPOSE));
        let codes = RecoveryCodes {
            factors: SecondFactorKeys::new(secrets.two_factor.expose(), sealing),
            entropy: Arc::new(OsEntropy),
        };
        self.parts.recovery_codes = Some(Arc::new(codes) as Arc<dyn MakeRecoveryCodes>);
        Ok(self)
    }

    /// Mails name somebody of this name.
    pub(super) fn in_the_name_of(mut self, name: Option<String>) -> Self {
        self.shell.name = name;
        self
    }

    pub(super) fn carrier(self) -> impl Carrier {
        answering(porta_admin::router(AdminState::new(self.parts)), self.shell)
    }
}

/// Asks a router in the name of whoever runs this command.
pub(super) fn answering(router: Router, shell: Shell) -> impl Carrier {
    Answering { router, shell }
}

#[async_trait]
impl Carrier for Answering {
    async fn carry(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        let reply =
            self.router.clone().oneshot(self.inside(&request)).await.unwrap_or_else(|never| match never {});
        let (parts, body) = reply.into_parts();
        let body = to_bytes(body, usize::MAX).await.map_err(|error| Error::Usage(error.to_string()))?;
        Ok(http::Response::from_parts(parts, body).into())
    }
}

impl Answering {
    /// The request as the router takes it, in the name of whoever runs this command.
    fn inside(&self, request: &reqwest::Request) -> http::Request<Body> {
        let body = request.body().and_then(reqwest::Body::as_bytes).map(<[u8]>::to_vec).unwrap_or_default();
        let mut inside = http::Request::new(Body::from(body));
        *inside.method_mut() = request.method().clone();
        *inside.headers_mut() = request.headers().clone();
        let url = request.url();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        // Both were encoded by the client.
        *inside.uri_mut() = format!("{}{query}", url.path()).parse().unwrap_or_default();
        inside.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 0))));
        inside.extensions_mut().insert(self.shell.clone());
        inside
    }
}
