//! Signing keys.

use async_trait::async_trait;
use porta_core::signing_key::{SigningAlgorithm, SigningKey};
use porta_core::{SigningKeyId, Timestamp};

use crate::Result;

/// Obtained for an organization.
#[async_trait]
pub trait SigningKeyRepository: Send {
    /// Newest activation first, then newest creation.
    async fn all(&mut self) -> Result<Vec<SigningKey>>;
    /// At most one key per organization, algorithm and status `next` or `active`: `false` when the place is taken
    /// (another instance was faster).
    async fn insert_if_vacant(&mut self, key: &SigningKey) -> Result<bool>;
    /// active → retired (until `retired_until`) and next → active, together. `false` when there is no `next` key or
    /// another instance rotated in between (`expected_active` names the key that is to retire, `None`: there is none).
    async fn promote(
        &mut self,
        algorithm: SigningAlgorithm,
        expected_active: Option<SigningKeyId>,
        retired_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool>;
    /// Any state → revoked; out of the JWKS at once.
    async fn revoke(&mut self, id: SigningKeyId, now: Timestamp) -> Result<bool>;
}
