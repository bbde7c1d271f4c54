//! A client and its secrets as the API shows them.

use std::collections::HashMap;

use porta_core::client::{ClientSecret, GrantType, ResponseType};
use porta_core::organization::LoginMethod;
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{ClientKey, EntityId as _};
use porta_directory::IssuedSecret;
use porta_store::{FoundClient, ListedClient, SecretCounts};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{optional_time, time};
use crate::etag;

/// What to do with a secret that was issued.
pub(super) const WARNING: &str = "Store the secret securely. It will not be shown again.";

/// The secrets of a client.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientCounts)]
pub(crate) struct ClientCountsView {
    /// Secrets that are neither revoked nor expired.
    secrets: u64,
    /// When the first of these expires. `null`: none does.
    next_secret_expiry: Option<String>,
    /// When one of all secrets was last used.
    secret_last_used_at: Option<String>,
}

impl From<SecretCounts> for ClientCountsView {
    fn from(counts: SecretCounts) -> Self {
        Self {
            secrets: counts.usable,
            next_secret_expiry: optional_time(counts.next_expiry),
            secret_last_used_at: optional_time(counts.last_used_at),
        }
    }
}

/// An OAuth client. Never contains a secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Client)]
pub(crate) struct ClientView {
    id: Uuid,
    /// The owner.
    organization_id: Uuid,
    organization_name: String,
    application_id: Uuid,
    application_name: String,
    /// The OAuth client id.
    client_id: String,
    client_name: String,
    /// The same as `clientName`.
    name: String,
    /// Always `null`: clients have no description.
    description: Option<String>,
    /// `confidential` or `public`.
    client_type: &'static str,
    /// `web`, `native` or `spa`.
    application_type: &'static str,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    /// Of `authorization_code`, `refresh_token` and `client_credentials`.
    grant_types: Vec<&'static str>,
    response_types: Vec<&'static str>,
    /// Scopes that the client may ask for, separated by spaces.
    scope: String,
    /// `client_secret_basic`, `client_secret_post` or `none`.
    token_endpoint_auth_method: &'static str,
    allowed_origins: Vec<String>,
    require_pkce: bool,
    /// Of `password` and `magic_link`; `null`: those of the organization.
    login_methods: Option<Vec<&'static str>>,
    /// `loginMethods`, or those of the organization.
    effective_login_methods: Vec<&'static str>,
    /// `RS256`, `ES256` or `EdDSA`.
    id_token_signed_response_alg: &'static str,
    /// `null`: UserInfo answers with plain JSON.
    userinfo_signed_response_alg: Option<&'static str>,
    /// Whether ID tokens have the claims that UserInfo gives for the granted scopes.
    standard_claims_in_id_token: bool,
    /// Other organizations whose users may sign in here.
    allowed_organizations: Vec<Uuid>,
    /// `active`, `inactive` or `revoked`.
    status: &'static str,
    created_at: String,
    updated_at: String,
    /// Only in a list with `include=counts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<ClientCountsView>,
}

impl ClientView {
    /// A row of a list. `counts` is there if it was asked for.
    pub(super) fn listed(listed: ListedClient, counts: Option<&HashMap<ClientKey, SecretCounts>>) -> Self {
        let counts = counts.map(|all| all.get(&listed.client.id).copied().unwrap_or_default().into());
        Self { counts, ..Self::from(listed) }
    }

    /// The tag of the client's version.
    pub(super) fn tag(found: &FoundClient) -> String {
        let client = &found.client;
        etag::tag(client.id.uuid(), client.version, &Self::from(found.clone()))
    }
}

fn words(methods: &[LoginMethod]) -> Vec<&'static str> {
    methods.iter().copied().map(LoginMethod::as_str).collect()
}

impl From<ListedClient> for ClientView {
    fn from(listed: ListedClient) -> Self {
        let client = listed.client;
        let methods = client.login_methods.as_deref();
        Self {
            id: client.id.uuid(),
            organization_id: client.organization_id.uuid(),
            organization_name: listed.organization_name,
            application_id: client.application_id.uuid(),
            application_name: listed.application_name,
            client_id: client.client_id.to_string(),
            name: client.client_name.clone(),
            client_name: client.client_name,
            description: None,
            client_type: client.client_type.as_str(),
            application_type: client.application_type.as_str(),
            redirect_uris: client.redirect_uris,
            post_logout_redirect_uris: client.post_logout_redirect_uris,
            grant_types: client.grant_types.into_iter().map(GrantType::as_str).collect(),
            response_types: client.response_types.into_iter().map(ResponseType::as_str).collect(),
            scope: client.scope,
            token_endpoint_auth_method: client.token_endpoint_auth_method.as_str(),
            allowed_origins: client.allowed_origins,
            require_pkce: client.require_pkce,
            login_methods: methods.map(words),
            effective_login_methods: words(methods.unwrap_or(&listed.organization_login_methods)),
            id_token_signed_response_alg: client.id_token_signed_response_alg.as_str(),
            userinfo_signed_response_alg: client.userinfo_signed_response_alg.map(SigningAlgorithm::as_str),
            standard_claims_in_id_token: client.standard_claims_in_id_token,
            allowed_organizations: client.allowed_organizations.iter().map(|id| id.uuid()).collect(),
            status: client.status.as_str(),
            created_at: time(client.created_at),
            updated_at: time(client.updated_at),
            counts: None,
        }
    }
}

impl From<FoundClient> for ClientView {
    fn from(found: FoundClient) -> Self {
        Self::from(ListedClient::from(found))
    }
}

/// A secret of a client, without its value.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientSecret)]
pub(crate) struct SecretView {
    id: Uuid,
    /// Id of the client; not its OAuth client id.
    client_id: Uuid,
    label: Option<String>,
    /// `null`: it does not expire.
    expires_at: Option<String>,
    /// `active` or `revoked`. An active secret may have expired.
    status: &'static str,
    last_used_at: Option<String>,
    created_at: String,
}

impl From<ClientSecret> for SecretView {
    fn from(secret: ClientSecret) -> Self {
        Self {
            id: secret.id.uuid(),
            client_id: secret.client.uuid(),
            label: secret.label,
            expires_at: optional_time(secret.expires_at),
            status: secret.status.as_str(),
            last_used_at: optional_time(secret.last_used_at),
            created_at: time(secret.created_at),
        }
    }
}

/// A new secret. Its value is shown this one time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NewClientSecret)]
pub(crate) struct NewSecretView {
    id: Uuid,
    /// Id of the client; not its OAuth client id.
    client_id: Uuid,
    label: Option<String>,
    plaintext: String,
    /// The same as `plaintext`.
    secret: String,
    /// `null`: it does not expire.
    expires_at: Option<String>,
    created_at: String,
}

impl From<IssuedSecret> for NewSecretView {
    fn from(issued: IssuedSecret) -> Self {
        let stored = issued.stored;
        let exposed = |value: &SecretString| value.expose_secret().to_owned();
        // The API never takes a value, so each is generated.
        let value = issued.generated.as_ref().map(exposed).unwrap_or_default();
        Self {
            id: stored.id.uuid(),
            client_id: stored.client.uuid(),
            label: stored.label,
            plaintext: value.clone(),
            secret: value,
            expires_at: optional_time(stored.expires_at),
            created_at: time(stored.created_at),
        }
    }
}
