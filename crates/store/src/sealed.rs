//! Everything that is stored sealed, whoever it belongs to. For the command that replaces encryption keys: it has to see
//! all of it, and sees no more than ciphertext.

use async_trait::async_trait;
use porta_core::seal::Sealed;
use porta_core::{OrganizationId, word_enum};
use uuid::Uuid;

use crate::Result;

word_enum! {
    /// What is sealed.
    pub enum SealedKind {
        /// The private half of a signing key.
        SigningKey = "signing_key",
        /// A letter that waits in the outbox, or the wish for one.
        Letter = "letter",
        /// The secret of an authenticator.
        Authenticator = "authenticator",
    }
}

/// One sealed value as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    /// Of the signing key, the item of the outbox, or the person.
    pub id: Uuid,
    pub organization: OrganizationId,
    /// What it is sealed for.
    pub identity: String,
    pub sealed: Sealed,
}

#[async_trait]
pub trait SealedRepository: Send {
    /// What other keys than `current` sealed, in the order of ids, after `after`. One round trip.
    async fn under_other_keys(
        &mut self,
        kind: SealedKind,
        current: &str,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<SealedRow>>;
    /// Puts another seal in place of the one that was read. `false`: somebody changed or removed that meanwhile, and
    /// nothing was written. One round trip.
    async fn replace(&mut self, kind: SealedKind, row: &SealedRow, seal: &Sealed) -> Result<bool>;
    /// How many sealed values each key has, by its id. One round trip.
    async fn by_key(&mut self, kind: SealedKind) -> Result<Vec<(String, u64)>>;
    /// How many unused recovery codes each key has. `None`: stored by a version that did not write down the key. One
    /// round trip.
    async fn recovery_codes_by_key(&mut self) -> Result<Vec<(Option<String>, u64)>>;
}
