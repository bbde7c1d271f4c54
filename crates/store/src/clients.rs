//! OAuth clients and their secrets.

use std::collections::HashMap;

use async_trait::async_trait;
use porta_core::client::{Client, ClientId, ClientSecret, ClientStatus};
use porta_core::organization::{LoginMethod, Organization};
use porta_core::{ApplicationId, ClientKey, ClientSecretId, Timestamp};

use crate::{
    Catalog, ClientFilter, ClientSort, Cursor, Page, PageRequest, Result, SecretCounts, SortedCursor,
};

/// A client, as protocol requests need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFacts {
    pub client: Client,
    /// All active secrets, newest first.
    pub secrets: Vec<ClientSecret>,
    /// Roles and claim definitions of the client's application.
    pub catalog: Catalog,
    /// When the status of the client, of its owner or of this organization last changed. Codes and tokens issued up to
    /// then are invalid, including those in the short-lived store, which no SQL statement can reach. `None`: no status
    /// ever changed.
    pub tokens_valid_since: Option<Timestamp>,
}

/// Registered addresses of the clients of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RegisteredAddresses {
    pub origins: Vec<String>,
    pub redirect_uris: Vec<String>,
}

/// Obtained for an organization.
#[async_trait]
pub trait ClientRepository: Send {
    /// The client for a protocol request under this organization: its own clients, and clients of others that list it
    /// in `allowed_organizations`; only while both client and owner are active. One round trip.
    async fn for_protocol(&mut self, client_id: &ClientId) -> Result<Option<ClientFacts>>;
    /// The public identifier of a client that this organization owns or may use. It never changes. `None`: no such
    /// client.
    async fn client_id_of(&mut self, key: ClientKey) -> Result<Option<ClientId>>;
    /// Every origin and redirect URI of active clients that may be used under this organization and whose owner is
    /// active. One round trip; its cost depends on what operators registered, not on the request.
    async fn registered_addresses(&mut self) -> Result<RegisteredAddresses>;

    // The methods below see only clients that this organization owns.
    async fn by_client_id(&mut self, client_id: &ClientId) -> Result<Option<Client>>;
    async fn by_key(&mut self, key: ClientKey) -> Result<Option<Client>>;
    async fn by_name(&mut self, application: ApplicationId, name: &str) -> Result<Option<Client>>;
    /// Also stores `allowed_organizations`. `Conflict`: the `client_id` is taken.
    async fn insert(&mut self, client: &Client) -> Result<()>;
    /// Updates everything except ids, owner, status and creation time. `false`: no such client. `Stale`: it was changed
    /// since it was read.
    async fn update(&mut self, client: &Client) -> Result<bool>;
    /// Changes the status `from` → `to` in one guarded statement. Codes and tokens issued up to `now` become invalid.
    /// `false`: the status was not `from`.
    async fn set_status(
        &mut self,
        key: ClientKey,
        from: ClientStatus,
        to: ClientStatus,
        now: Timestamp,
    ) -> Result<bool>;
    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<Client>>;
    async fn list(
        &mut self,
        filter: &ClientFilter,
        page: &PageRequest<ClientSort>,
    ) -> Result<Page<Client, SortedCursor>>;

    async fn insert_secret(&mut self, secret: &ClientSecret) -> Result<()>;
    async fn secrets(&mut self, key: ClientKey) -> Result<Vec<ClientSecret>>;
    async fn revoke_secret(&mut self, key: ClientKey, secret: ClientSecretId) -> Result<bool>;
    /// Sets `last_used_at` of several secrets; never moves it backwards. One round trip.
    async fn touch_secrets(&mut self, used: &[(ClientSecretId, Timestamp)]) -> Result<()>;
}

/// A client that was found without knowing its organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundClient {
    pub client: Client,
    /// The owner.
    pub organization: Organization,
    pub application_name: String,
}

/// A row of the list of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedClient {
    pub client: Client,
    pub organization_name: String,
    /// What a client without methods of its own offers.
    pub organization_login_methods: Vec<LoginMethod>,
    pub application_name: String,
}

impl From<FoundClient> for ListedClient {
    fn from(found: FoundClient) -> Self {
        Self {
            client: found.client,
            organization_name: found.organization.name,
            organization_login_methods: found.organization.default_login_methods,
            application_name: found.application_name,
        }
    }
}

/// The clients of all organizations. Not scoped to one: operators name a client without its organization, and list the
/// clients of all. It only reads; the methods that change a client are those of its organization's [`ClientRepository`].
#[async_trait]
pub trait AllClientRepository: Send {
    /// The client with this key, else the one with this public identifier. One round trip.
    async fn find(&mut self, key: Option<ClientKey>, client_id: &ClientId) -> Result<Option<FoundClient>>;
    async fn list(
        &mut self,
        filter: &ClientFilter,
        page: &PageRequest<ClientSort>,
    ) -> Result<Page<ListedClient, SortedCursor>>;
    /// Number of clients that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count(&mut self, filter: &ClientFilter, at_most: u64) -> Result<u64>;
    /// The secrets of each of these clients at a time; one that does not exist has none. One round trip.
    async fn secret_counts(
        &mut self,
        keys: &[ClientKey],
        now: Timestamp,
    ) -> Result<HashMap<ClientKey, SecretCounts>>;
}
