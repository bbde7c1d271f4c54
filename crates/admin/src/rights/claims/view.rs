//! Claims and their values as the API shows them.

use std::collections::HashMap;

use porta_core::application::{ClaimDefinition, ClaimType};
use porta_core::{ClaimDefinitionId, EntityId as _};
use porta_store::ClaimValue;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// The type of a claim's values; `json`: an object or an array.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ClaimType)]
pub(crate) enum ClaimTypeWord {
    String,
    Number,
    Boolean,
    Json,
}

impl From<ClaimTypeWord> for ClaimType {
    fn from(word: ClaimTypeWord) -> Self {
        match word {
            ClaimTypeWord::String => Self::String,
            ClaimTypeWord::Number => Self::Number,
            ClaimTypeWord::Boolean => Self::Boolean,
            ClaimTypeWord::Json => Self::Json,
        }
    }
}

impl From<ClaimType> for ClaimTypeWord {
    fn from(claim_type: ClaimType) -> Self {
        match claim_type {
            ClaimType::String => Self::String,
            ClaimType::Number => Self::Number,
            ClaimType::Boolean => Self::Boolean,
            ClaimType::Json => Self::Json,
        }
    }
}

/// Who has a value of a claim.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimCounts)]
pub(crate) struct ClaimCountsView {
    /// Users who have one.
    values: u64,
}

/// A custom claim.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClaimDefinition)]
pub(crate) struct ClaimView {
    id: Uuid,
    application_id: Uuid,
    /// The name in tokens.
    claim_name: String,
    /// The name for operators; `claimName` if there is no other.
    name: String,
    /// The same as `claimName`.
    slug: String,
    claim_type: ClaimTypeWord,
    /// The same as `claimType`.
    value_type: ClaimTypeWord,
    description: Option<String>,
    include_in_id_token: bool,
    include_in_access_token: bool,
    include_in_userinfo: bool,
    /// Always `false`.
    is_required: bool,
    /// Always `null`.
    default_value: Option<Value>,
    /// Always `null`.
    validation_rules: Option<Value>,
    created_at: String,
    updated_at: String,
    /// Only in a list with `include=counts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<ClaimCountsView>,
}

impl ClaimView {
    /// A row of a list. The number of values is there if it was asked for.
    pub(super) fn listed(claim: ClaimDefinition, values: Option<&HashMap<ClaimDefinitionId, u64>>) -> Self {
        let values = values.map(|all| all.get(&claim.id).copied().unwrap_or_default());
        Self { counts: values.map(|values| ClaimCountsView { values }), ..Self::from(claim) }
    }

    /// The tag of the claim's version.
    pub(crate) fn tag(claim: &ClaimDefinition) -> String {
        etag::tag(claim.id.uuid(), claim.version, &Self::from(claim.clone()))
    }
}

impl From<ClaimDefinition> for ClaimView {
    fn from(claim: ClaimDefinition) -> Self {
        Self {
            id: claim.id.uuid(),
            application_id: claim.application_id.uuid(),
            name: claim.display_name.unwrap_or_else(|| claim.claim_name.clone()),
            slug: claim.claim_name.clone(),
            claim_name: claim.claim_name,
            claim_type: claim.claim_type.into(),
            value_type: claim.claim_type.into(),
            description: claim.description,
            include_in_id_token: claim.include_in_id_token,
            include_in_access_token: claim.include_in_access_token,
            include_in_userinfo: claim.include_in_userinfo,
            is_required: false,
            default_value: None,
            validation_rules: None,
            created_at: time(claim.created_at),
            updated_at: time(claim.updated_at),
            counts: None,
        }
    }
}

/// A user's value of a claim.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClaimValue)]
pub(crate) struct ClaimValueView {
    /// Unique among all values.
    id: String,
    user_id: Uuid,
    claim_id: Uuid,
    /// Of the type of the claim.
    value: Value,
    created_at: String,
    updated_at: String,
}

impl From<ClaimValue> for ClaimValueView {
    fn from(stored: ClaimValue) -> Self {
        Self {
            id: format!("{}.{}", stored.user_id, stored.definition.id),
            user_id: stored.user_id.uuid(),
            claim_id: stored.definition.id.uuid(),
            value: stored.value,
            created_at: time(stored.created_at),
            updated_at: time(stored.updated_at),
        }
    }
}

/// A claim, and a user's value of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClaimWithValue)]
pub(crate) struct ClaimWithValueView {
    definition: ClaimView,
    value: ClaimValueView,
}

impl From<ClaimValue> for ClaimWithValueView {
    fn from(stored: ClaimValue) -> Self {
        Self { definition: stored.definition.clone().into(), value: stored.into() }
    }
}

/// A user's value, with the name of its claim.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserClaimEntry)]
pub(crate) struct UserClaimView {
    claim_definition_id: Uuid,
    application_id: Uuid,
    claim_name: String,
    /// The same as `claimName`.
    claim_slug: String,
    value: Value,
    updated_at: String,
}

impl From<ClaimValue> for UserClaimView {
    fn from(stored: ClaimValue) -> Self {
        let claim = stored.definition;
        Self {
            claim_definition_id: claim.id.uuid(),
            application_id: claim.application_id.uuid(),
            claim_slug: claim.claim_name.clone(),
            claim_name: claim.claim_name,
            value: stored.value,
            updated_at: time(stored.updated_at),
        }
    }
}

/// A value to set.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewValue {
    /// Of the type of the claim.
    #[serde(default)]
    #[schema(required = true)]
    pub(crate) value: Value,
}
