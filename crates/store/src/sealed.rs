//! Every sealed value of the installation. Used by the command that replaces encryption keys (decision 0039): it must
//! see all of them, but sees only ciphertext.

use async_trait::async_trait;
use porta_core::seal::Sealed;
use porta_core::{OrganizationId, string_enum};
use uuid::Uuid;

use crate::Result;

string_enum! {
    /// Kind of a sealed value.
    pub enum SealedKind {
        /// The private half of a signing key.
        SigningKey = "signing_key",
        /// An email, or a request for one, that waits in the outbox or can be sent again.
        OutgoingEmail = "email",
        /// The secret of an authenticator.
        Authenticator = "authenticator",
    }
}

/// A sealed value as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Id of the signing key, the outbox item, or the user.
    pub id: Uuid,
    pub organization: OrganizationId,
    /// The identity the ciphertext is bound to (associated data).
    pub identity: String,
    pub sealed: Sealed,
}

#[async_trait]
pub trait SealedRepository: Send {
    /// Up to `limit` values sealed with other keys than `current`, in order of id, after `after`. One round trip.
    async fn under_other_keys(
        &mut self,
        kind: SealedKind,
        current: &str,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<SealedRow>>;
    /// Replaces the ciphertext of `row` with `seal`. `false`: the value was changed or deleted since it was read, and
    /// nothing was written. One round trip.
    async fn replace(&mut self, kind: SealedKind, row: &SealedRow, seal: &Sealed) -> Result<bool>;
    /// Number of sealed values per key id. One round trip.
    async fn by_key(&mut self, kind: SealedKind) -> Result<Vec<(String, u64)>>;
    /// Number of unused recovery codes per key id. `None`: stored by a version that did not record the key. One round
    /// trip.
    async fn recovery_codes_by_key(&mut self) -> Result<Vec<(Option<String>, u64)>>;
}
