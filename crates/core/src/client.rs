//! OAuth clients.
//!
//! ```text
//! active ⇄ inactive;  active | inactive → revoked;  inactive | revoked → active (restore)
//! ```

use serde::{Deserialize, Serialize};

pub use crate::client_id::ClientId;
use crate::organization::LoginMethod;
use crate::signing_key::SigningAlgorithm;
use crate::{
    ApplicationId, ClientKey, ClientSecretId, Invalid, OrganizationId, Timestamp, TokenDigest, Version,
    string_enum,
};

string_enum! {
    pub enum ClientType { Confidential = "confidential", Public = "public" }
}
string_enum! {
    pub enum ApplicationType { Web = "web", Native = "native", Spa = "spa" }
}
string_enum! {
    pub enum ClientStatus { Active = "active", Inactive = "inactive", Revoked = "revoked" }
}
string_enum! {
    pub enum GrantType {
        AuthorizationCode = "authorization_code",
        RefreshToken = "refresh_token",
        ClientCredentials = "client_credentials",
    }
}
string_enum! {
    pub enum ResponseType { Code = "code" }
}
string_enum! {
    pub enum TokenEndpointAuthMethod {
        ClientSecretBasic = "client_secret_basic",
        ClientSecretPost = "client_secret_post",
        None = "none",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    pub id: ClientKey,
    /// The owner. Use under another organization needs an entry in `allowed_organizations`.
    pub organization_id: OrganizationId,
    pub application_id: ApplicationId,
    pub client_id: ClientId,
    pub client_name: String,
    pub client_type: ClientType,
    pub application_type: ApplicationType,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub grant_types: Vec<GrantType>,
    pub response_types: Vec<ResponseType>,
    /// Allowed scopes, separated by spaces.
    pub scope: String,
    pub token_endpoint_auth_method: TokenEndpointAuthMethod,
    pub allowed_origins: Vec<String>,
    pub require_pkce: bool,
    /// `None`: the organization's methods.
    pub login_methods: Option<Vec<LoginMethod>>,
    pub id_token_signed_response_alg: SigningAlgorithm,
    /// `None`: UserInfo returns plain JSON.
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    /// Whether ID tokens contain the claims that UserInfo returns for the granted scopes.
    pub standard_claims_in_id_token: bool,
    /// Other tenants whose users may sign in here; they see a consent page.
    pub allowed_organizations: Vec<OrganizationId>,
    pub status: ClientStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: Version,
}

impl Client {
    pub fn is_confidential(&self) -> bool {
        self.client_type == ClientType::Confidential
    }

    /// Whether the organization whose users sign in owns the client; consent is then skipped.
    pub fn is_first_party_for(&self, organization: OrganizationId) -> bool {
        self.organization_id == organization
    }

    pub fn has_grant(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Checks that the life cycle allows the transition. Only a restoration leads out of `revoked`.
    pub fn may_become(&self, next: ClientStatus) -> Result<(), Invalid> {
        use ClientStatus::{Active, Inactive, Revoked};
        match (self.status, next) {
            (Active, Inactive | Revoked) | (Inactive, Active | Revoked) => Ok(()),
            (from, to) => Err(Invalid::new("status", format!("a client that is {from} cannot become {to}"))),
        }
    }

    /// Checks that there is something to restore.
    pub fn may_be_restored(&self) -> Result<(), Invalid> {
        match self.status {
            ClientStatus::Inactive | ClientStatus::Revoked => Ok(()),
            ClientStatus::Active => Err(Invalid::new("status", "a client that is active cannot be restored")),
        }
    }
}

string_enum! {
    pub enum SecretStatus { Active = "active", Revoked = "revoked" }
}

/// One client secret. Generated secrets have 384 random bits, so storage keeps a plain SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSecret {
    pub id: ClientSecretId,
    pub client: ClientKey,
    pub digest: TokenDigest,
    pub label: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub status: SecretStatus,
    pub last_used_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl ClientSecret {
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.status == SecretStatus::Active && self.expires_at.is_none_or(|t| now < t)
    }
}
