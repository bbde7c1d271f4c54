//! Products, their roles, permissions and custom claims. The owner of an application is an organization, or the
//! platform (`None`); decision 0018.

use crate::slug::is_published_name;
use crate::{
    ApplicationId, ClaimDefinitionId, Invalid, ModuleId, OrganizationId, PermissionId, RoleId, Slug,
    Timestamp, Version, string_enum,
};

string_enum! {
    pub enum ApplicationStatus { Active = "active", Inactive = "inactive", Archived = "archived" }
}
string_enum! {
    pub enum ModuleStatus { Active = "active", Inactive = "inactive" }
}
string_enum! {
    pub enum ClaimType { String = "string", Number = "number", Boolean = "boolean", Json = "json" }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub id: ApplicationId,
    /// `None`: owned by the platform and shared.
    pub organization_id: Option<OrganizationId>,
    pub name: String,
    pub slug: Slug,
    pub description: Option<String>,
    pub status: ApplicationStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    pub id: ModuleId,
    pub application_id: ApplicationId,
    pub name: String,
    pub slug: Slug,
    pub description: Option<String>,
    pub status: ModuleStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    pub application_id: ApplicationId,
    pub name: String,
    pub slug: Slug,
    pub description: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    pub id: PermissionId,
    pub application_id: ApplicationId,
    /// Module of the same application.
    pub module_id: Option<ModuleId>,
    pub name: String,
    /// `area:resource:action`.
    pub slug: String,
    pub description: Option<String>,
    pub created_at: Timestamp,
    pub version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimDefinition {
    pub id: ClaimDefinitionId,
    pub application_id: ApplicationId,
    /// As it stands in tokens.
    pub claim_name: String,
    /// What operators call it. `None`: by the name it has in tokens.
    pub display_name: Option<String>,
    pub claim_type: ClaimType,
    pub description: Option<String>,
    pub include_in_id_token: bool,
    pub include_in_access_token: bool,
    pub include_in_userinfo: bool,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub version: Version,
}

/// JWT, OpenID Connect and Porta claims that a custom claim must not shadow.
const RESERVED_CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
    "scope",
    "client_id",
    "cnf",
    "act",
    "may_act",
    "events",
    "token_type",
    "active",
    "username",
    "typ",
    "roles",
    "permissions",
    "org_id",
    "org_slug",
];

/// Checks a claim name: `^[a-z][a-z0-9_]{0,99}$` and not reserved.
pub fn claim_name(text: &str) -> Result<String, Invalid> {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !starts || !rest || text.len() > 100 {
        return Err(Invalid::new(
            "claim_name",
            "use a-z first, then a-z, 0-9 and underscore, at most 100 characters",
        ));
    }
    if RESERVED_CLAIMS.contains(&text) {
        return Err(Invalid::new("claim_name", format!("`{text}` is a standard claim; choose another name")));
    }
    Ok(text.to_owned())
}

/// The same, or any name that published manifests have: `employee-id`. Standard claims are refused.
pub fn published_claim_name(text: &str) -> Result<String, Invalid> {
    if text.len() <= 100 && is_published_name(text) && !RESERVED_CLAIMS.contains(&text) {
        return Ok(text.to_owned());
    }
    claim_name(text)
}

impl ClaimType {
    /// Whether the value has this type; `json` means an object or an array.
    pub fn accepts(self, value: &serde_json::Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Json => value.is_object() || value.is_array(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claim_names_do_not_shadow_standard_claims() {
        assert!(claim_name("department").is_ok());
        for bad in ["sub", "roles", "Department", "1a", "", "a-b", "é", &"a".repeat(101)] {
            assert!(claim_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn published_claims_may_have_hyphens() {
        for good in ["employee-id", "department", "a_b", "a_", "urn:example:id"] {
            assert_eq!(published_claim_name(good).as_deref(), Ok(good));
        }
        for bad in ["sub", "roles", "Department", "", "-a", "a b", "\u{e9}", &"a".repeat(101)] {
            assert!(published_claim_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn claim_values_match_their_type() {
        assert!(ClaimType::Json.accepts(&serde_json::json!([1])));
        assert!(!ClaimType::Json.accepts(&serde_json::json!("x")));
        assert!(!ClaimType::Number.accepts(&serde_json::json!("1")));
        assert!(!ClaimType::String.accepts(&serde_json::Value::Null));
    }
}
