//! A signing key as the API shows it.

use porta_core::EntityId as _;
use porta_core::organization::Organization;
use porta_core::signing_key::SigningKeyStatus;
use porta_directory::{KeySummary, jwks_uri};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{optional_time, time};
use crate::state::AdminState;

/// A signing key, without its private half.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SigningKey)]
pub(crate) struct SigningKeyView {
    id: Uuid,
    organization_id: Uuid,
    /// Name of the key in the JWKS and in tokens.
    kid: String,
    /// `ES256`, `RS256` or `EdDSA`.
    algorithm: &'static str,
    /// `next` (published, does not sign yet), `active`, `retired` (verifies until `verifyUntil`) or `revoked`.
    status: &'static str,
    /// Whether it signs.
    is_active: bool,
    created_at: String,
    activated_at: Option<String>,
    retired_at: Option<String>,
    /// The same as `retiredAt`.
    rotated_at: Option<String>,
    /// When a retired key leaves the JWKS; when a revoked one left it.
    verify_until: Option<String>,
    /// Where verifiers find the organization's keys.
    jwks_uri: String,
}

impl SigningKeyView {
    pub(super) fn of(state: &AdminState, organization: &Organization, key: KeySummary) -> Self {
        let retired_at = optional_time(key.retired_at);
        Self {
            id: key.id.uuid(),
            organization_id: organization.id.uuid(),
            kid: key.kid,
            algorithm: key.algorithm.as_str(),
            status: key.status.as_str(),
            is_active: key.status == SigningKeyStatus::Active,
            created_at: time(key.created_at),
            activated_at: optional_time(key.activated_at),
            rotated_at: retired_at.clone(),
            retired_at,
            verify_until: optional_time(key.expires_at),
            jwks_uri: jwks_uri(&state.issuer_base, organization),
        }
    }
}
