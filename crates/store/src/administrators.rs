//! Administrators: who is behind an access token of the Admin API.

use async_trait::async_trait;
use porta_core::user::User;
use porta_core::{ClientKey, OrganizationId, SessionKey, Slug, Timestamp, TokenDigest};
use uuid::Uuid;

use crate::{Result, TokenValidity};

/// How somebody signed in before a token was authorized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAuthentication {
    /// Session in which the token was authorized.
    pub session: SessionKey,
    pub auth_time: Timestamp,
    pub acr: String,
    pub amr: Vec<String>,
}

/// What authorizes a request of the Admin API, read in one round trip.
#[derive(Debug, Clone, PartialEq)]
pub struct AdministratorFacts {
    pub token_expires_at: Timestamp,
    pub validity: TokenValidity,
    /// OAuth client that obtained the token.
    pub client_id: String,
    /// An active client of the active application `porta-admin`, and its tokens were not revoked since.
    pub client_is_admitted: bool,
    /// The token is one of the super-admin organization.
    pub organization_is_super_admin: bool,
    pub authentication: TokenAuthentication,
    pub user: User,
    /// Slugs of the user's roles in the client's application. Roles of other applications confer nothing.
    pub roles: Vec<String>,
}

/// A client that asks for itself, with a token of the client credentials grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    pub client_id: String,
    pub client_name: String,
    /// What the client may ask for now.
    pub scope: String,
    /// As in [`AdministratorFacts::client_is_admitted`].
    pub is_admitted: bool,
}

/// Not scoped to an organization: the caller does not yet know whose token it is.
#[async_trait]
pub trait AdministratorRepository: Send {
    /// The super-admin organization and its newest active native client of the application `porta-admin`. `None`: that
    /// application does not exist. One round trip.
    async fn sign_in(&mut self) -> Result<Option<(Slug, Option<String>)>>;
    /// The super-admin organization.
    async fn organization(&mut self) -> Result<Option<OrganizationId>>;
    /// A client of the super-admin organization whose token was issued at `issued_at`. One round trip.
    async fn service(&mut self, client: ClientKey, issued_at: Timestamp) -> Result<Option<ServiceFacts>>;
    /// `None`: there is no such access token. One round trip.
    async fn facts(&mut self, token: &TokenDigest, now: Timestamp) -> Result<Option<AdministratorFacts>>;
    /// Whether something that operators manage has this id, whoever owns it: an organization, an application or a part of
    /// it, a client or its secret, a user, a signing key. One round trip.
    async fn names_something(&mut self, id: Uuid) -> Result<bool>;
}
