//! State shared by all handlers.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, HeaderValue};
use porta_core::seal::Keyring;
use porta_core::{Clock, Entropy, OrganizationId, Slug, Timestamp};
use porta_directory::{Directory, RequestOrigin};
use porta_kv::Kv;
use porta_oidc::OpenIdProvider;
use porta_pages::Pages;
use porta_session::SharedServices;
use porta_signin::Account;
use porta_web::client_address::{ClientAddresses, TrustedProxies, user_agent};

use crate::error::{AdminError, Result};
use crate::ports::{MailRelay, MakeRecoveryCodes, RenderMail};
use crate::read_limit::ReadLimit;
use crate::statistics_cache::StatisticsCache;

/// Purpose of the key that seals answers.
pub const SEALING_PURPOSE: &str = "answers of the Admin API";

/// Refusal of what a command that opens the database itself cannot do.
const NEEDS_A_SERVER: &str = "Only a running server can do this";

/// Constructor arguments of [`AdminState`].
pub struct AdminStateParts {
    pub directory: Directory,
    pub shared: Arc<SharedServices>,
    /// What administrators may do with their own account, as on the account pages. `None`: nobody is signed in here.
    pub account: Option<Arc<Account>>,
    /// Tells what tokens would contain. `None`: no tokens are issued here.
    pub provider: Option<Arc<OpenIdProvider>>,
    pub kv: Arc<dyn Kv>,
    pub clock: Arc<dyn Clock>,
    /// `None`: the keys of second factors are not known.
    pub recovery_codes: Option<Arc<dyn MakeRecoveryCodes>>,
    /// `None`: no mails are rendered here.
    pub mails: Option<Arc<dyn RenderMail>>,
    /// Previews of pages and mails. `None`: no pages are rendered here.
    pub pages: Option<Arc<Pages>>,
    /// `None`: no relay is configured, and no mail goes out.
    pub relay: Option<Arc<dyn MailRelay>>,
    pub entropy: Arc<dyn Entropy>,
    /// Seals answers that are kept for repeated requests, for the purpose [`SEALING_PURPOSE`].
    pub answers: Keyring,
    pub trusted_proxies: TrustedProxies,
    /// Base URL of all issuers.
    pub issuer_base: String,
    /// Origins whose scripts may use the API (`ADMIN_CORS_ORIGINS`).
    pub cors_origins: Vec<String>,
    /// How many reads of one administrator this process answers in a minute (`ADMIN_READS_PER_MINUTE`). `None`: any
    /// number.
    pub reads_per_minute: Option<u64>,
}

/// State of the handlers. Cheap to clone: an `Arc`.
#[derive(Clone)]
pub struct AdminState(Arc<AdminStateInner>);

/// Contents of [`AdminState`]; opaque outside this crate.
pub struct AdminStateInner {
    pub(crate) directory: Directory,
    pub(crate) shared: Arc<SharedServices>,
    account: Option<Arc<Account>>,
    provider: Option<Arc<OpenIdProvider>>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) clock: Arc<dyn Clock>,
    recovery_codes: Option<Arc<dyn MakeRecoveryCodes>>,
    mails: Option<Arc<dyn RenderMail>>,
    pages: Option<Arc<Pages>>,
    pub(crate) relay: Option<Arc<dyn MailRelay>>,
    pub(crate) started_at: Timestamp,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) answers: Keyring,
    pub(crate) issuer_base: String,
    pub(crate) cors_origins: Vec<HeaderValue>,
    pub(crate) statistics: StatisticsCache,
    pub(crate) reads: ReadLimit,
    client_addresses: ClientAddresses,
    organization: OnceLock<OrganizationId>,
}

impl AdminState {
    pub fn new(parts: AdminStateParts) -> Self {
        let cors_origins = parts.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        Self(Arc::new(AdminStateInner {
            directory: parts.directory,
            shared: parts.shared,
            account: parts.account,
            provider: parts.provider,
            kv: parts.kv,
            started_at: parts.clock.now(),
            clock: parts.clock,
            recovery_codes: parts.recovery_codes,
            mails: parts.mails,
            pages: parts.pages,
            relay: parts.relay,
            entropy: parts.entropy,
            answers: parts.answers,
            issuer_base: parts.issuer_base,
            cors_origins: cors_origins.collect(),
            statistics: StatisticsCache::default(),
            reads: ReadLimit::new(parts.reads_per_minute),
            client_addresses: ClientAddresses::behind(parts.trusted_proxies),
            organization: OnceLock::new(),
        }))
    }
}

impl AdminStateInner {
    /// The issuer of an organization.
    pub(crate) fn issuer(&self, organization: &Slug) -> String {
        format!("{}/{organization}", self.issuer_base.trim_end_matches('/'))
    }

    pub(crate) fn account(&self) -> Result<&Account> {
        self.account.as_deref().ok_or_else(|| AdminError::Rule(NEEDS_A_SERVER.to_owned()))
    }

    pub(crate) fn provider(&self) -> Result<&OpenIdProvider> {
        self.provider.as_deref().ok_or_else(|| AdminError::Rule(NEEDS_A_SERVER.to_owned()))
    }

    pub(crate) fn pages(&self) -> Result<&Pages> {
        self.pages.as_deref().ok_or_else(|| AdminError::Rule(NEEDS_A_SERVER.to_owned()))
    }

    pub(crate) fn mails(&self) -> Result<&dyn RenderMail> {
        self.mails.as_deref().ok_or_else(|| AdminError::Rule(NEEDS_A_SERVER.to_owned()))
    }

    pub(crate) fn recovery_codes(&self) -> Result<&dyn MakeRecoveryCodes> {
        let missing = || AdminError::Rule("The keys of second factors are not known".to_owned());
        self.recovery_codes.as_deref().ok_or_else(missing)
    }

    pub(crate) fn origin(
        &self,
        peer: SocketAddr,
        headers: &HeaderMap,
        request_id: Option<&str>,
    ) -> RequestOrigin {
        let address = self.client_addresses.of(peer, headers, self.clock.now());
        RequestOrigin {
            ip_address: address.map(|address| address.to_string()),
            user_agent: user_agent(headers),
            request_id: request_id.map(str::to_owned),
        }
    }

    /// The super-admin organization, which stays the same for as long as there is an installation.
    pub(crate) async fn organization(&self) -> Result<Option<OrganizationId>> {
        if let Some(known) = self.organization.get() {
            return Ok(Some(*known));
        }
        let found = self.directory.queries().administrators().organization().await?;
        Ok(found.map(|found| *self.organization.get_or_init(|| found)))
    }
}

impl std::ops::Deref for AdminState {
    type Target = AdminStateInner;
    fn deref(&self) -> &AdminStateInner {
        &self.0
    }
}
