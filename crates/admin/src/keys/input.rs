//! What requests about keys say.

use porta_core::admin::ADMIN_SLUG;
use porta_core::signing_key::SigningAlgorithm;
use porta_directory::Urgency;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::list::Query;

/// The query of every request, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what `organization_of` reads")]
pub(super) struct KeyParameters {
    /// Id or slug of the organization whose keys are meant. Without it, the admin organization's.
    organization_id: Option<String>,
}

/// Whose key is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyOwner {
    /// As in the query; this one counts.
    pub(super) organization_id: Option<String>,
}

/// Which key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewKeyBody {
    /// As in the query; this one counts.
    pub(super) organization_id: Option<String>,
    /// `ES256` (without it), `RS256` or `EdDSA`.
    #[schema(value_type = Option<String>)]
    pub(super) algorithm: Option<SigningAlgorithm>,
}

/// Which keys change, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RotationBody {
    /// As in the query; this one counts.
    pub(super) organization_id: Option<String>,
    /// `ES256`, `RS256` or `EdDSA`. Without it, all algorithms that the organization signs with.
    #[schema(value_type = Option<String>)]
    pub(super) algorithm: Option<SigningAlgorithm>,
    /// Does not wait until every verifier knows the next key. For a key that leaked: some verifiers may refuse new
    /// tokens for minutes.
    #[serde(default)]
    pub(super) emergency: bool,
}

/// How a key retires.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RetirementBody {
    /// As in the query; this one counts.
    pub(super) organization_id: Option<String>,
    /// Does not wait until every verifier knows the next key.
    #[serde(default)]
    pub(super) emergency: bool,
}

pub(super) fn urgency(is_emergency: bool) -> Urgency {
    if is_emergency { Urgency::Emergency } else { Urgency::Planned }
}

/// The name of the organization that a request means.
pub(super) fn organization_of<'r>(query: &'r Query, body: Option<&'r str>) -> &'r str {
    body.or_else(|| query.text("organizationId")).unwrap_or(ADMIN_SLUG)
}
