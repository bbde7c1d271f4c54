//! The manifest: a flat description of organizations and everything that belongs to them. Imports read it, and the export
//! of an organization writes it. Items name what they belong to by slug. Unlike the rest of the API it is written in
//! snake_case, as the published manifests are.

mod document;
mod entities;
mod people;

use std::collections::BTreeMap;

use porta_core::application::{ClaimType, ModuleStatus};
use porta_core::client::{ApplicationType, ClientType, GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::organization::{LoginMethod, TwoFactorPolicy};
use porta_core::signing_key::SigningAlgorithm;
use porta_directory::provision::Patch;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use document::Places;
pub(crate) use entities::Within;
pub(crate) use people::{ManifestAssignment, ManifestClaimValue, ManifestUser};

use people::ReadOnly;

/// The only version there is.
pub(crate) const VERSION: &str = "1.0";

/// Organizations and what belongs to them. An item may refer to one that is not in the manifest but exists already. In an
/// import with the mode `overwrite`, a field that is left out stays as it is, and `null` clears it.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Manifest {
    /// `1.0`.
    pub(crate) version: String,
    #[serde(default)]
    organizations: Vec<ManifestOrganization>,
    #[serde(default)]
    applications: Vec<ManifestApplication>,
    #[serde(default)]
    clients: Vec<ManifestClient>,
    #[serde(default)]
    roles: Vec<ManifestRight>,
    #[serde(default)]
    permissions: Vec<ManifestRight>,
    #[serde(default)]
    claim_definitions: Vec<ManifestClaim>,
    #[serde(default)]
    role_permission_mappings: Vec<ManifestMapping>,
    #[serde(default)]
    application_modules: Vec<ManifestModule>,
    #[serde(default)]
    users: Vec<ManifestUser>,
    #[serde(default)]
    user_role_assignments: Vec<ManifestAssignment>,
    #[serde(default)]
    user_claim_values: Vec<ManifestClaimValue>,
    /// Settings of the installation by key. Only keys that exist can be set.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: BTreeMap<String, Value>,
}

/// An organization.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestOrganization {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    slug: String,
    /// Of `password` and `magic_link`.
    #[schema(value_type = Option<Vec<String>>)]
    default_login_methods: Option<Vec<LoginMethod>>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 10)]
    default_locale: Patch<String>,
    /// `optional`, `required_email`, `required_totp` or `required_any`.
    #[schema(value_type = Option<String>)]
    two_factor_policy: Option<TwoFactorPolicy>,
    /// `#RRGGBB`.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    branding_primary_color: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 255)]
    branding_company_name: Patch<String>,
    /// A style sheet that neither loads nor runs anything.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 10000)]
    branding_custom_css: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    branding_logo_url: Patch<String>,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    branding_favicon_url: Patch<String>,
    /// Settings of the organization by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    settings: BTreeMap<String, Value>,
}

/// An application that the organization owns.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestApplication {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    slug: String,
    organization_slug: String,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
}

/// An OAuth client. A new confidential client gets a secret.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestClient {
    /// Identifies the client, which may then be renamed. Without it, the name does, within organization and application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[schema(min_length = 1, max_length = 255)]
    client_name: String,
    /// Of the organization, or a shared one.
    application_slug: String,
    organization_slug: String,
    /// `confidential` or `public`.
    #[schema(value_type = String)]
    client_type: ClientType,
    /// `web`, `native` or `spa`. A new client is `web`.
    #[schema(value_type = Option<String>)]
    application_type: Option<ApplicationType>,
    /// Of `authorization_code`, `refresh_token` and `client_credentials`. A new client has the first.
    #[schema(value_type = Option<Vec<String>>)]
    grant_types: Option<Vec<GrantType>>,
    #[schema(value_type = Option<Vec<String>>)]
    response_types: Option<Vec<ResponseType>>,
    redirect_uris: Option<Vec<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
    /// Scopes that the client may ask for, separated by spaces. A new client has `openid`.
    scope: Option<String>,
    /// Of `password` and `magic_link`; `null`: those of the organization.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<Vec<String>>)]
    login_methods: Patch<Vec<LoginMethod>>,
    require_pkce: Option<bool>,
    /// `client_secret_basic`, `client_secret_post` or `none`.
    #[schema(value_type = Option<String>)]
    token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// `RS256`, `ES256` or `EdDSA`. A new client has the first.
    #[schema(value_type = Option<String>)]
    id_token_signed_response_alg: Option<SigningAlgorithm>,
    /// The same, or `null` for plain JSON.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    userinfo_signed_response_alg: Patch<SigningAlgorithm>,
    standard_claims_in_id_token: Option<bool>,
    /// Slugs of other organizations whose users may sign in.
    allowed_organizations: Option<Vec<String>>,
    /// Label of the secret of a new confidential client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 255)]
    secret_label: Option<String>,
    /// When that secret ends: RFC 3339, or a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_expires_at: Option<String>,
    /// That secret, or one that an existing client gets besides those that it has. Without it, a new client gets a generated
    /// one. Never exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 16, max_length = 255)]
    secret_value: Option<ReadOnly>,
}

/// A role or permission of an application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestRight {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    slug: String,
    application_slug: String,
    organization_slug: String,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
}

/// A custom claim of an application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestClaim {
    /// What operators call it.
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Its name in tokens.
    slug: String,
    application_slug: String,
    organization_slug: String,
    /// `string`, `number`, `boolean` or `json`.
    #[schema(value_type = String)]
    claim_type: ClaimType,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    /// A new claim is not.
    include_in_id_token: Option<bool>,
    /// A new claim is.
    include_in_access_token: Option<bool>,
    /// A new claim is.
    include_in_userinfo: Option<bool>,
}

/// Permissions that a role gets. None is taken from it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestMapping {
    role_slug: String,
    permission_slugs: Vec<String>,
    application_slug: String,
    organization_slug: String,
}

/// A module of an application.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ManifestModule {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    slug: String,
    application_slug: String,
    organization_slug: String,
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schema(value_type = Option<String>)]
    description: Patch<String>,
    /// `active` or `inactive`. A new module is active.
    #[schema(value_type = Option<String>)]
    status: Option<ModuleStatus>,
}
