//! State shared by all endpoints.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::future::Cache;
use porta_core::change::CACHE_LIFETIME;
use porta_core::client::ClientId;
use porta_core::seal::{HmacKeys, Keyring};
use porta_core::{ClientKey, Clock, Entropy, OrganizationId, Slug, Timestamp};
use porta_kv::Kv;
use porta_store::Store;

use crate::audit::RepeatCounts;
use crate::clients::ProtocolClient;
use crate::cors::Origins;
use crate::quota::Quotas;
use crate::secret_use::SecretUse;
use crate::tenant::{Tenant, TenantLookup};
use crate::throttle::Throttle;

/// Dependencies of an [`Engine`].
pub struct EngineDeps {
    pub store: Arc<dyn Store>,
    pub kv: Arc<dyn Kv>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Decrypts signing keys.
    pub keyring: Arc<Keyring>,
    /// Seals values that travel with the browser (decision D21).
    pub sealed_state_keys: Keyring,
    /// Derive the successor of a rotated refresh token (decision D8).
    pub successor_keys: HmacKeys,
    /// `ISSUER_BASE_URL` without a trailing slash.
    pub issuer_base: String,
    /// The languages of the pages, for the discovery document.
    pub ui_locales: Vec<&'static str>,
}

pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) kv: Arc<dyn Kv>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) sealed_state_keys: Keyring,
    pub(crate) successor_keys: HmacKeys,
    pub(crate) issuer_base: String,
    pub(crate) ui_locales: Vec<&'static str>,
    pub(crate) tenants: Cache<Slug, TenantLookup>,
    /// Tenants as last loaded, for public documents that must stay readable while storage is unavailable.
    pub(crate) last_seen: Cache<Slug, Arc<Tenant>>,
    pub(crate) clients: Cache<(OrganizationId, ClientId), Option<Arc<ProtocolClient>>>,
    /// Client identifiers never change, so entries never become stale.
    pub(crate) client_ids: Cache<ClientKey, ClientId>,
    pub(crate) origins: Cache<OrganizationId, Origins>,
    pub(crate) throttle: Throttle,
    pub(crate) quotas: Quotas,
    pub(crate) secret_use: SecretUse,
    pub(crate) repeat_counts: RepeatCounts,
    generation: AtomicU64,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({})", self.issuer_base)
    }
}

fn cache<K, V>(capacity: u64) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(capacity).time_to_live(CACHE_LIFETIME).build()
}

impl Engine {
    pub fn new(deps: EngineDeps) -> Self {
        Self {
            store: deps.store,
            kv: deps.kv,
            clock: deps.clock,
            entropy: deps.entropy,
            keyring: deps.keyring,
            sealed_state_keys: deps.sealed_state_keys,
            successor_keys: deps.successor_keys,
            issuer_base: deps.issuer_base,
            ui_locales: deps.ui_locales,
            tenants: cache(10_000),
            last_seen: Cache::new(10_000),
            clients: cache(50_000),
            client_ids: Cache::new(50_000),
            origins: cache(10_000),
            throttle: Throttle::default(),
            quotas: Quotas::default(),
            secret_use: SecretUse::default(),
            repeat_counts: RepeatCounts::default(),
            generation: AtomicU64::new(0),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    pub fn kv(&self) -> &Arc<dyn Kv> {
        &self.kv
    }

    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub fn issuer_base(&self) -> &str {
        &self.issuer_base
    }

    /// The issuer of an organization: configuration and slug, never taken from a request (decision D10).
    pub fn issuer(&self, organization: &Slug) -> String {
        format!("{}/{organization}", self.issuer_base)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(crate) fn bump_generation(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}
