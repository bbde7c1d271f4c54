//! Clients: found by identifier or key, cached, and the origins they registered.

use std::sync::Arc;

use porta_core::client::ClientId;
use porta_core::{ClientKey, OrganizationId};
use porta_protocol::redirect_uri::origin_of;

use crate::backend::Backend;
use crate::caches::{Caches, Origins};
use crate::client::ProtocolClient;
use crate::error::BackendError;
use crate::tenant::Tenant;

pub struct Clients {
    backend: Arc<Backend>,
    caches: Arc<Caches>,
}

impl Clients {
    pub(crate) fn new(backend: Arc<Backend>, caches: Arc<Caches>) -> Self {
        Self { backend, caches }
    }

    /// Returns the client that a request names, if it may be used under `organization`.
    pub async fn find(
        &self,
        organization: OrganizationId,
        client_id: &str,
    ) -> Result<Option<Arc<ProtocolClient>>, BackendError> {
        let Ok(client_id) = ClientId::parse(client_id) else { return Ok(None) };
        let key = (organization, client_id);
        if let Some(found) = self.caches.clients.get(&key).await {
            return Ok(found);
        }
        Ok(self.caches.clients.try_get_with(key.clone(), self.load(organization, &key.1)).await?)
    }

    /// Returns the client a stored token was issued to, if it may still be used under `organization`.
    pub async fn find_by_key(
        &self,
        organization: OrganizationId,
        key: ClientKey,
    ) -> Result<Option<Arc<ProtocolClient>>, BackendError> {
        let client_id = match self.caches.client_ids.get(&key).await {
            Some(known) => known,
            None => match self.backend.store.repositories().clients(organization).client_id_of(key).await? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        self.find(organization, client_id.as_str()).await
    }

    /// Whether a client is cached; no round trip.
    pub async fn is_cached(&self, organization: OrganizationId, client_id: &str) -> bool {
        let Ok(client_id) = ClientId::parse(client_id) else { return false };
        self.caches.clients.get(&(organization, client_id)).await.flatten().is_some()
    }

    async fn load(
        &self,
        organization: OrganizationId,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ProtocolClient>>, BackendError> {
        loop {
            let generation = self.caches.generation();
            let found =
                self.backend.store.repositories().clients(organization).for_protocol(client_id).await?;
            if generation == self.caches.generation() {
                let Some(facts) = found else { return Ok(None) };
                self.caches.client_ids.insert(facts.client.id, facts.client.client_id.clone()).await;
                return ProtocolClient::new(facts).map(|client| Some(Arc::new(client)));
            }
        }
    }

    /// Display name of the organization that owns a client; `None` for the tenant's own clients.
    pub async fn owner_name(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
    ) -> Result<Option<String>, BackendError> {
        if client.client.is_first_party_for(tenant.organization.id) {
            return Ok(None);
        }
        let owner =
            self.backend.store.repositories().organizations().by_id(client.client.organization_id).await?;
        Ok(owner.map(|o| o.display_name().to_owned()))
    }

    /// The origins that active clients of the organization registered. Loaded once and cached.
    pub async fn registered_origins(&self, organization: OrganizationId) -> Result<Origins, BackendError> {
        if let Some(known) = self.caches.origins.get(&organization).await {
            return Ok(known);
        }
        Ok(self.caches.origins.try_get_with(organization, self.load_origins(organization)).await?)
    }

    async fn load_origins(&self, organization: OrganizationId) -> Result<Origins, BackendError> {
        loop {
            let generation = self.caches.generation();
            let found =
                self.backend.store.repositories().clients(organization).registered_addresses().await?;
            if generation == self.caches.generation() {
                let redirect_origins = found.redirect_uris.iter().filter_map(|uri| origin_of(uri));
                return Ok(Arc::new(found.origins.into_iter().chain(redirect_origins).collect()));
            }
        }
    }
}
