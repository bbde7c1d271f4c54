//! Schema of provisioning documents (`docs/provisioning.md`). Unknown fields are refused. Absent fields leave existing
//! values unchanged, so almost every field is optional.
//!
//! The Admin API makes documents of manifests, whose items name what they belong to instead of being inside it. So a
//! document may have references, which stand for something that is in the database; files cannot.

use std::collections::BTreeMap;

use porta_core::Slug;
use porta_core::application::{ClaimType, ModuleStatus};
use porta_core::client::{ApplicationType, ClientType, GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::organization::{LoginMethod, TwoFactorPolicy};
use porta_core::signing_key::SigningAlgorithm;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Patch;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Must be `"1.0"`.
    pub version: String,
    /// Allows passwords in the file; meant for development.
    #[serde(default)]
    pub allow_passwords: bool,
    /// Settings of the platform.
    #[serde(default)]
    pub config: BTreeMap<String, Value>,
    pub organizations: Vec<OrganizationItem>,
    /// Made of a manifest: permissions and claims may be named as in published manifests, and the name of a claim is its
    /// display name.
    #[serde(skip)]
    pub is_manifest: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationItem {
    pub name: String,
    pub slug: Option<String>,
    #[serde(default)]
    pub default_locale: Patch<String>,
    pub default_login_methods: Option<Vec<LoginMethod>>,
    pub two_factor_policy: Option<TwoFactorPolicy>,
    #[serde(default)]
    pub branding: BrandingItem,
    /// Settings of this organization.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
    #[serde(default)]
    pub applications: Vec<ApplicationItem>,
    #[serde(default)]
    pub users: Vec<UserItem>,
    /// Only names what is there already; of its own fields only the slug counts.
    #[serde(skip)]
    pub is_reference: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrandingItem {
    pub primary_color: Patch<String>,
    pub company_name: Patch<String>,
    pub custom_css: Patch<String>,
    pub logo_url: Patch<String>,
    pub favicon_url: Patch<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationItem {
    pub name: String,
    pub slug: Option<String>,
    #[serde(default)]
    pub description: Patch<String>,
    #[serde(default)]
    pub modules: Vec<ModuleItem>,
    #[serde(default)]
    pub permissions: Vec<PermissionItem>,
    #[serde(default)]
    pub roles: Vec<RoleItem>,
    #[serde(default)]
    pub claim_definitions: Vec<ClaimItem>,
    #[serde(default)]
    pub clients: Vec<ClientItem>,
    /// Only names what is there already: an application of the organization, or a shared one.
    #[serde(skip)]
    pub is_reference: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleItem {
    pub name: String,
    pub slug: String,
    #[serde(default)]
    pub description: Patch<String>,
    pub status: Option<ModuleStatus>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionItem {
    pub name: String,
    pub slug: String,
    #[serde(default)]
    pub description: Patch<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleItem {
    pub name: String,
    pub slug: Option<String>,
    #[serde(default)]
    pub description: Patch<String>,
    /// Slugs of permissions of the same application.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Only names what is there already.
    #[serde(skip)]
    pub is_reference: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimItem {
    /// Display name; used as the description of a new claim that has none.
    pub name: String,
    /// Name of the claim in tokens.
    pub slug: String,
    pub claim_type: ClaimType,
    #[serde(default)]
    pub description: Patch<String>,
    pub include_in_id_token: Option<bool>,
    pub include_in_access_token: Option<bool>,
    pub include_in_userinfo: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientItem {
    /// Fixed public identifier. The client is then looked up by it, so its name may change.
    pub client_id: Option<String>,
    pub client_name: String,
    pub client_type: ClientType,
    pub application_type: Option<ApplicationType>,
    pub grant_types: Option<Vec<GrantType>>,
    pub response_types: Option<Vec<ResponseType>>,
    pub redirect_uris: Option<Vec<String>>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub allowed_origins: Option<Vec<String>>,
    pub scope: Option<String>,
    #[serde(default)]
    pub login_methods: Patch<Vec<LoginMethod>>,
    pub require_pkce: Option<bool>,
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    pub id_token_signed_response_alg: Option<SigningAlgorithm>,
    #[serde(default)]
    pub userinfo_signed_response_alg: Patch<SigningAlgorithm>,
    pub standard_claims_in_id_token: Option<bool>,
    /// Slugs of other organizations whose users may sign in here.
    pub allowed_organizations: Option<Vec<String>>,
    pub secret: Option<SecretItem>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretItem {
    pub label: Option<String>,
    /// RFC 3339, or a date.
    pub expires_at: Option<String>,
    /// `<n>h`, `<n>d`, `<n>m` (calendar months) or `<n>y`.
    pub expires_in: Option<String>,
    /// Value of the secret, usually `${ENV_NAME}`; if absent, a new client gets a generated one.
    pub value: Option<SecretText>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserItem {
    pub email: String,
    #[serde(default)]
    pub given_name: Patch<String>,
    #[serde(default)]
    pub family_name: Patch<String>,
    #[serde(default)]
    pub middle_name: Patch<String>,
    #[serde(default)]
    pub nickname: Patch<String>,
    #[serde(default)]
    pub preferred_username: Patch<String>,
    #[serde(default)]
    pub profile: Patch<String>,
    #[serde(default)]
    pub picture: Patch<String>,
    #[serde(default)]
    pub website: Patch<String>,
    #[serde(default)]
    pub gender: Patch<String>,
    /// `YYYY-MM-DD`.
    #[serde(default)]
    pub birthdate: Patch<String>,
    #[serde(default)]
    pub zoneinfo: Patch<String>,
    #[serde(default)]
    pub locale: Patch<String>,
    #[serde(default)]
    pub phone_number: Patch<String>,
    pub phone_number_verified: Option<bool>,
    #[serde(default)]
    pub address: AddressItem,
    pub status: Option<UserItemStatus>,
    pub email_verified: Option<bool>,
    pub password: Option<SecretText>,
    /// Hash of another system, in a form of [`porta_core::password_hash`]. Takes precedence over `password`.
    pub password_hash: Option<SecretText>,
    /// A sign-in with the password of a new person asks for a new one.
    pub password_change_required: Option<bool>,
    #[serde(default)]
    pub roles: Vec<RoleReference>,
    #[serde(default)]
    pub claims: Vec<ClaimValueItem>,
    /// Only names who is there already; of its own fields only the address counts.
    #[serde(skip)]
    pub is_reference: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AddressItem {
    pub street_address: Patch<String>,
    pub locality: Patch<String>,
    pub region: Patch<String>,
    pub postal_code: Patch<String>,
    pub country: Patch<String>,
}

/// The states that a file may set; locking and suspending are one-off decisions of operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UserItemStatus {
    Active,
    Inactive,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleReference {
    /// Slug of an application that the organization sees.
    pub app: String,
    pub role: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimValueItem {
    pub app: String,
    pub claim: String,
    pub value: Value,
}

/// A secret as written; [`super::read`] replaces `${ENV_NAME}`.
#[derive(Debug)]
pub struct SecretText(pub(super) SecretString);

impl<'de> Deserialize<'de> for SecretText {
    /// Errors never quote the value: messages are logged, and YAML reads an unquoted password of digits as a number.
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self(text.into())),
            _ => Err(serde::de::Error::custom("a secret is a text: put it in quotes")),
        }
    }
}

impl SecretText {
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl OrganizationItem {
    pub fn effective_slug(&self) -> String {
        self.slug.clone().unwrap_or_else(|| Slug::suggest(&self.name))
    }
}

impl ApplicationItem {
    pub fn effective_slug(&self) -> String {
        self.slug.clone().unwrap_or_else(|| Slug::suggest(&self.name))
    }
}

impl RoleItem {
    pub fn effective_slug(&self) -> String {
        self.slug.clone().unwrap_or_else(|| Slug::suggest(&self.name))
    }
}
