//! Clients as the protocol sees them.

use std::sync::Arc;

use porta_core::client::{Client, ClientId, ClientSecret};
use porta_core::{ClientKey, OrganizationId, Timestamp};
use porta_protocol::Scope;
use porta_store::{Catalog, ClientFacts};

use crate::{Engine, EngineError, Tenant};

/// An active client that may be used under one organization.
#[derive(Debug)]
pub struct ProtocolClient {
    pub client: Client,
    pub secrets: Vec<ClientSecret>,
    /// The scopes the client may request, parsed.
    pub scope: Scope,
    /// Definitions of the roles and claims of the client's application.
    pub catalog: Catalog,
    tokens_valid_since: Option<Timestamp>,
}

impl Engine {
    /// Returns the client that a request names, if it may be used under `organization`.
    pub async fn client(
        &self,
        organization: OrganizationId,
        client_id: &str,
    ) -> Result<Option<Arc<ProtocolClient>>, EngineError> {
        let Ok(client_id) = ClientId::parse(client_id) else { return Ok(None) };
        let key = (organization, client_id);
        if let Some(found) = self.clients.get(&key).await {
            return Ok(found);
        }
        Ok(self.clients.try_get_with(key.clone(), self.load_client(organization, &key.1)).await?)
    }

    /// Returns the client a stored token was issued to, if it may still be used under `organization`.
    pub async fn client_by_key(
        &self,
        organization: OrganizationId,
        key: ClientKey,
    ) -> Result<Option<Arc<ProtocolClient>>, EngineError> {
        let client_id = match self.client_ids.get(&key).await {
            Some(known) => known,
            None => match self.store.repositories().clients(organization).client_id_of(key).await? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        self.client(organization, client_id.as_str()).await
    }

    /// Whether a client is cached; no round trip.
    pub async fn has_cached_client(&self, organization: OrganizationId, client_id: &str) -> bool {
        let Ok(client_id) = ClientId::parse(client_id) else { return false };
        self.clients.get(&(organization, client_id)).await.flatten().is_some()
    }

    async fn load_client(
        &self,
        organization: OrganizationId,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ProtocolClient>>, EngineError> {
        loop {
            let generation = self.generation();
            let found = self.store.repositories().clients(organization).for_protocol(client_id).await?;
            if generation == self.generation() {
                let Some(facts) = found else { return Ok(None) };
                self.client_ids.insert(facts.client.id, facts.client.client_id.clone()).await;
                return ProtocolClient::new(facts).map(|client| Some(Arc::new(client)));
            }
        }
    }

    /// Display name of the organization that owns a client; `None` for the tenant's own clients.
    pub async fn owner_name(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
    ) -> Result<Option<String>, EngineError> {
        if client.client.is_first_party_for(tenant.organization.id) {
            return Ok(None);
        }
        let owner = self.store.repositories().organizations().by_id(client.client.organization_id).await?;
        Ok(owner.map(|o| o.display_name().to_owned()))
    }
}

impl ProtocolClient {
    fn new(facts: ClientFacts) -> Result<Self, EngineError> {
        let ClientFacts { client, secrets, catalog, tokens_valid_since } = facts;
        let scope = Scope::parse(&client.scope)
            .map_err(|_| EngineError::Unreadable(format!("scope of client {}", client.client_id)))?;
        Ok(Self { client, secrets, scope, catalog, tokens_valid_since })
    }

    /// Whether something issued at `issued_at` still counts. Deactivating a client or an organization ends its codes
    /// and tokens by this comparison: entries of the short-lived store are not searched, and reactivation does not
    /// bring them back.
    pub(crate) fn accepts_issued_at(&self, issued_at: Timestamp) -> bool {
        self.tokens_valid_since.is_none_or(|since| issued_at > since)
    }
}
