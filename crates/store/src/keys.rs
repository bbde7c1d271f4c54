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
    /// Inserts a key unless its place is taken: there is at most one `next` and one `active` key per organization and
    /// algorithm. `false`: another instance was faster.
    async fn insert_if_absent(&mut self, key: &SigningKey) -> Result<bool>;
    /// Changes active → retired (until `retired_until`) and next → active in one statement. `expected_active` is the
    /// key to retire; `None`: there is none. `false`: there is no `next` key, or another instance rotated in between.
    async fn promote(
        &mut self,
        algorithm: SigningAlgorithm,
        expected_active: Option<SigningKeyId>,
        retired_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool>;
    /// Changes any state → revoked; removes the key from the JWKS at once.
    async fn revoke(&mut self, id: SigningKeyId, now: Timestamp) -> Result<bool>;
}
