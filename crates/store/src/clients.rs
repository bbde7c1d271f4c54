//! OAuth clients and their secrets.

use async_trait::async_trait;
use porta_core::client::{Client, ClientId, ClientSecret, ClientStatus};
use porta_core::{ApplicationId, ClientKey, ClientSecretId, Timestamp};

use crate::{Catalog, Cursor, Page, Result};

/// What a protocol request may know of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFacts {
    pub client: Client,
    /// Every active one, newest first.
    pub secrets: Vec<ClientSecret>,
    /// Of the client's application.
    pub catalog: Catalog,
    /// When the client, its owner or the organization last changed its status: what was issued until then has ended,
    /// also where no statement can reach it. `None`: never.
    pub tokens_valid_since: Option<Timestamp>,
}

/// Where the clients of an organization are at home, as registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisteredAddresses {
    pub origins: Vec<String>,
    pub redirect_uris: Vec<String>,
}

/// Obtained for an organization.
#[async_trait]
pub trait ClientRepository: Send {
    /// What a protocol request under this organization may see: its own clients and those of others that list it in
    /// `allowed_organizations`, only while the client is active and its owner is active. One round trip.
    async fn for_protocol(&mut self, client_id: &ClientId) -> Result<Option<ClientFacts>>;
    /// The public identifier of a client that this organization owns or may have been used under: it never changes.
    async fn client_id_of(&mut self, key: ClientKey) -> Result<Option<ClientId>>;
    /// Every origin and redirect URI of active clients that may be used under this organization and whose owner is
    /// active. One round trip; what it costs depends on what operators registered and on nobody's question.
    async fn registered_addresses(&mut self) -> Result<RegisteredAddresses>;

    // Everything below sees clients this organization owns.
    async fn by_client_id(&mut self, client_id: &ClientId) -> Result<Option<Client>>;
    async fn by_key(&mut self, key: ClientKey) -> Result<Option<Client>>;
    async fn by_name(&mut self, application: ApplicationId, name: &str) -> Result<Option<Client>>;
    /// Stores `allowed_organizations` too. Refuses a taken `client_id` with `Conflict`.
    async fn insert(&mut self, client: &Client) -> Result<()>;
    /// Rewrites everything but ids, owner, status and creation time.
    async fn update(&mut self, client: &Client) -> Result<bool>;
    /// Moves `from` → `to` in one guarded statement; what was issued until `now` does not count any more.
    async fn set_status(
        &mut self,
        key: ClientKey,
        from: ClientStatus,
        to: ClientStatus,
        now: Timestamp,
    ) -> Result<bool>;
    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<Client>>;

    async fn insert_secret(&mut self, secret: &ClientSecret) -> Result<()>;
    async fn secrets(&mut self, key: ClientKey) -> Result<Vec<ClientSecret>>;
    async fn revoke_secret(&mut self, key: ClientKey, secret: ClientSecretId) -> Result<bool>;
    /// Stamps `last_used_at`, never backwards. One round trip.
    async fn touch_secrets(&mut self, used: &[(ClientSecretId, Timestamp)]) -> Result<()>;
}
