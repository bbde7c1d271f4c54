//! The services, built on one backend.

use std::sync::Arc;

use porta_core::seal::Keyring;
use porta_core::{Entropy, Slug, Timestamp};
use porta_kv::Kv;
use porta_store::Store;

use crate::audit::AuditLog;
use crate::backend::Backend;
use crate::browser_session::BrowserSessions;
use crate::caches::Caches;
use crate::caller::Caller;
use crate::clients::Clients;
use crate::context::OperationContext;
use crate::idempotency::IdempotencyStore;
use crate::interactions::Interactions;
use crate::sealed_state::Sealer;
use crate::signing_keys::SigningKeys;
use crate::tenant::Tenant;
use crate::tenants::Tenants;

/// What the protocol endpoints and the sign-in share.
pub struct SharedServices {
    pub backend: Arc<Backend>,
    pub caches: Arc<Caches>,
    pub tenants: Tenants,
    pub clients: Clients,
    pub signing_keys: Arc<SigningKeys>,
    pub sealer: Arc<Sealer>,
    pub audit: Arc<AuditLog>,
    pub browser_sessions: BrowserSessions,
    pub interactions: Interactions,
    pub idempotency: IdempotencyStore,
}

/// The keys of the shared services.
pub struct ServiceKeys {
    /// Decrypts signing keys.
    pub signing_keys: Arc<Keyring>,
    /// Seals values that travel with the browser (decision D21).
    pub sealed_state: Keyring,
}

impl SharedServices {
    /// `ui_locales`: the languages of the pages, for the discovery document.
    pub fn new(backend: Backend, keys: ServiceKeys, ui_locales: Vec<&'static str>) -> Self {
        let backend = Arc::new(backend);
        let caches = Arc::new(Caches::new());
        let signing_keys =
            Arc::new(SigningKeys::new(Arc::clone(&backend), Arc::clone(&caches), keys.signing_keys));
        let sealer = Arc::new(Sealer::new(Arc::clone(&backend), keys.sealed_state));
        let audit = Arc::new(AuditLog::new(Arc::clone(&backend)));
        Self {
            tenants: Tenants::new(
                Arc::clone(&backend),
                Arc::clone(&caches),
                Arc::clone(&signing_keys),
                ui_locales,
            ),
            clients: Clients::new(Arc::clone(&backend), Arc::clone(&caches)),
            browser_sessions: BrowserSessions::new(Arc::clone(&backend), Arc::clone(&audit)),
            interactions: Interactions::new(Arc::clone(&backend), Arc::clone(&sealer), Arc::clone(&audit)),
            idempotency: IdempotencyStore::new(Arc::clone(&backend), Arc::clone(&sealer)),
            backend,
            caches,
            signing_keys,
            sealer,
            audit,
        }
    }

    /// The context of an operation that begins now.
    pub fn context<'a>(&self, tenant: &'a Tenant, caller: &'a Caller) -> OperationContext<'a> {
        OperationContext { tenant, caller, now: self.now() }
    }

    pub fn now(&self) -> Timestamp {
        self.backend.now()
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.backend.store
    }

    pub fn kv(&self) -> &Arc<dyn Kv> {
        &self.backend.kv
    }

    pub fn entropy(&self) -> &dyn Entropy {
        &*self.backend.entropy
    }

    pub fn issuer_base(&self) -> &str {
        &self.backend.issuer_base
    }

    /// The issuer of an organization.
    pub fn issuer(&self, organization: &Slug) -> String {
        self.backend.issuer(organization)
    }
}
