//! A client as the protocol sees it.

use porta_core::Timestamp;
use porta_core::client::{Client, ClientSecret};
use porta_protocol::Scope;
use porta_store::{Catalog, ClientFacts};

use crate::error::BackendError;

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

impl ProtocolClient {
    pub(crate) fn new(facts: ClientFacts) -> Result<Self, BackendError> {
        let ClientFacts { client, secrets, catalog, tokens_valid_since } = facts;
        let scope = Scope::parse(&client.scope)
            .map_err(|_| BackendError::Unreadable(format!("scope of client {}", client.client_id)))?;
        Ok(Self { client, secrets, scope, catalog, tokens_valid_since })
    }

    /// Whether something issued at `issued_at` still counts. Deactivating a client or an organization ends its codes
    /// and tokens by this comparison: entries of the short-lived store are not searched, and reactivation does not
    /// bring them back.
    pub fn accepts_issued_at(&self, issued_at: Timestamp) -> bool {
        self.tokens_valid_since.is_none_or(|since| issued_at > since)
    }
}
