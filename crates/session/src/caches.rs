//! What this process remembers of the store, and what a change evicts.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::future::Cache;
use porta_core::change::CACHE_LIFETIME;
use porta_core::client::ClientId;
use porta_core::{Change, ClientKey, OrganizationId, Slug};

use crate::client::ProtocolClient;
use crate::tenant::{Tenant, TenantLookup};

/// The browser origins registered in one organization.
pub type Origins = Arc<HashSet<String>>;

pub struct Caches {
    pub(crate) tenants: Cache<Slug, TenantLookup>,
    /// Tenants as last loaded, for public documents that must stay readable while storage is unavailable.
    pub(crate) last_seen: Cache<Slug, Arc<Tenant>>,
    pub(crate) clients: Cache<(OrganizationId, ClientId), Option<Arc<ProtocolClient>>>,
    /// Client identifiers never change, so entries never become stale.
    pub(crate) client_ids: Cache<ClientKey, ClientId>,
    pub(crate) origins: Cache<OrganizationId, Origins>,
    /// Grows with each change, so that a loader notices one that was announced during its read.
    generation: AtomicU64,
}

fn cache<K, V>(capacity: u64) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(capacity).time_to_live(CACHE_LIFETIME).build()
}

impl Caches {
    pub(crate) fn new() -> Self {
        Self {
            tenants: cache(10_000),
            last_seen: Cache::new(10_000),
            clients: cache(50_000),
            client_ids: Cache::new(50_000),
            origins: cache(10_000),
            generation: AtomicU64::new(0),
        }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Evicts what a change made stale.
    pub fn apply_change(&self, change: &Change) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        match change {
            Change::Organization(slug) => {
                self.tenants.invalidate_all();
                tracing::debug!(%slug, "organization changed");
                // Clients and origins are valid only while their owner is active.
                self.clients.invalidate_all();
                self.origins.invalidate_all();
            }
            Change::Settings(_) | Change::SigningKeys(_) => self.tenants.invalidate_all(),
            // Clients carry the catalog of their application.
            Change::Application(_) => self.clients.invalidate_all(),
            Change::Client(_) => {
                self.clients.invalidate_all();
                self.origins.invalidate_all();
            }
        }
    }

    /// Evicts everything, because notices may have been lost.
    pub fn clear(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.tenants.invalidate_all();
        self.clients.invalidate_all();
        self.origins.invalidate_all();
    }
}
