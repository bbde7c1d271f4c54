//! State shared by all handlers.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use porta_core::{Clock, Slug};
use porta_directory::Directory;
use porta_kv::Kv;
use porta_web::client_address::{ClientAddresses, TrustedProxies, user_agent};

use crate::ports::{MakeRecoveryCodes, RenderMail};

/// Constructor arguments of [`AdminState`].
pub struct AdminStateParts {
    pub directory: Directory,
    pub kv: Arc<dyn Kv>,
    pub clock: Arc<dyn Clock>,
    pub recovery_codes: Arc<dyn MakeRecoveryCodes>,
    pub mails: Arc<dyn RenderMail>,
    pub trusted_proxies: TrustedProxies,
    /// Base URL of all issuers.
    pub issuer_base: String,
    /// Origins whose scripts may use the API (`ADMIN_CORS_ORIGINS`).
    pub cors_origins: Vec<String>,
}

/// State of the handlers. Cheap to clone: an `Arc`.
#[derive(Clone)]
pub struct AdminState(Arc<AdminStateInner>);

/// Contents of [`AdminState`]; opaque outside this crate.
pub struct AdminStateInner {
    pub(crate) directory: Directory,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) recovery_codes: Arc<dyn MakeRecoveryCodes>,
    pub(crate) mails: Arc<dyn RenderMail>,
    issuer_base: String,
    pub(crate) cors_origins: Vec<HeaderValue>,
    client_addresses: ClientAddresses,
}

/// Where a request comes from, as the audit log has it.
pub(crate) struct Origin {
    pub(crate) ip_address: Option<String>,
    pub(crate) user_agent: Option<String>,
}

impl AdminState {
    pub fn new(parts: AdminStateParts) -> Self {
        let cors_origins = parts.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self(Arc::new(AdminStateInner {
            directory: parts.directory,
            kv: parts.kv,
            clock: parts.clock,
            recovery_codes: parts.recovery_codes,
            mails: parts.mails,
            issuer_base: parts.issuer_base,
            cors_origins: cors_origins.collect(),
            client_addresses: ClientAddresses::behind(parts.trusted_proxies),
        }))
    }
}

impl AdminStateInner {
    /// The issuer of an organization.
    pub(crate) fn issuer(&self, organization: &Slug) -> String {
        format!("{}/{organization}", self.issuer_base.trim_end_matches('/'))
    }

    pub(crate) fn origin(&self, peer: SocketAddr, headers: &HeaderMap) -> Origin {
        let address = self.client_addresses.of(peer, headers, self.clock.now());
        Origin { ip_address: address.map(|a| a.to_string()), user_agent: user_agent(headers) }
    }
}

impl std::ops::Deref for AdminState {
    type Target = AdminStateInner;
    fn deref(&self) -> &AdminStateInner {
        &self.0
    }
}
