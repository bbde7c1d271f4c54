//! Work that leaves the process: written in the transaction that wants it, done afterwards, at least once.
//!
//! ```text
//! pending ──claimed──► pending, nobody else's until the claim ends ──► delivered
//!    ▲                       │ failed: due again later               ──► given_up
//!    └───────────────────────┘ the worker died: due when the claim ends
//! ```
//!
//! What only the receiver may read is sealed while the item is pending and gone afterwards (decision 0023).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::seal::{Keyring, SealError, Sealed};
use crate::{Entropy, OrganizationId, OutboxId, Timestamp, word_enum};

word_enum! {
    /// What is to be done.
    pub enum OutboxKind {
        /// Send a letter.
        Mail = "mail",
        /// Find out whether the address a link was asked for is anybody's, and write the letter if it is.
        LinkRequest = "link_request",
    }
}

word_enum! {
    pub enum OutboxState { Pending = "pending", Delivered = "delivered", GivenUp = "given_up" }
}

/// What the keyring that seals payloads is derived for: every process must agree on it.
pub const SEALING_PURPOSE: &str = "outbox";

/// What an item carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxPayload {
    /// What operators may read; stays for as long as the row does.
    pub about: Value,
    /// Everything else; storage removes it in the statement that finishes the item.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "sealed")]
    pub sealed: Option<Sealed>,
}

/// Something to be done, as it is enqueued.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxItem {
    pub id: OutboxId,
    /// On whose behalf; `None`: the platform's.
    pub organization_id: Option<OrganizationId>,
    pub kind: OutboxKind,
    pub payload: OutboxPayload,
    /// Names the wish within its organization: a second item of the same name adds nothing.
    pub idempotency_key: String,
    pub created_at: Timestamp,
}

impl OutboxPayload {
    /// Seals what only the receiver may read, for one item of one organization.
    #[expect(clippy::expect_used, reason = "texts, ids and numbers always serialize")]
    pub(crate) fn sealed<T: Serialize>(
        about: &impl Serialize,
        contents: &T,
        (id, organization): (OutboxId, OrganizationId),
        keyring: &Keyring,
        entropy: &dyn Entropy,
    ) -> Self {
        let contents = Zeroizing::new(serde_json::to_vec(contents).expect("contents serialize"));
        Self {
            about: serde_json::to_value(about).expect("a summary serializes"),
            sealed: Some(keyring.seal(&contents, &seal_identity(id, organization), entropy)),
        }
    }
}

/// What a payload is sealed for; moved to another row or another organization it stays closed.
pub fn seal_identity(id: OutboxId, organization: OrganizationId) -> String {
    format!("outbox.payload:{organization}:{id}")
}

/// The sealed part of a payload as storage keeps it, for who replaces it there.
#[expect(clippy::expect_used, reason = "two texts always serialize")]
pub fn stored_seal(sealed: &Sealed) -> Value {
    serde_json::to_value(sealed::Stored::from(sealed)).expect("two texts serialize")
}

/// Reads back what [`stored_seal`] made; `None`: nothing that could be opened.
pub fn read_seal(stored: &Value) -> Option<Sealed> {
    sealed::Stored::deserialize(stored).ok()?.read().ok()
}

/// Why a claimed item could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    #[error("the item cannot be opened")]
    Seal(#[from] SealError),
    #[error("the item is not of a form this version reads")]
    Form,
}

/// An item that is one worker's for a while.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxClaim {
    pub id: OutboxId,
    pub organization_id: Option<OrganizationId>,
    pub kind: OutboxKind,
    pub payload: OutboxPayload,
    /// This attempt's number, from one. A claim that ended and was taken by somebody else has another.
    pub attempt: i64,
    pub created_at: Timestamp,
}

impl OutboxClaim {
    /// Reads back what [`OutboxPayload::sealed`] closed, and whose it is.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        keyring: &Keyring,
    ) -> Result<(OrganizationId, T), ItemError> {
        let organization = self.organization_id.ok_or(ItemError::Form)?;
        let sealed = self.payload.sealed.as_ref().ok_or(ItemError::Form)?;
        let contents = Zeroizing::new(keyring.open(sealed, &seal_identity(self.id, organization))?);
        Ok((organization, serde_json::from_slice(&contents).map_err(|_| ItemError::Form)?))
    }
}

/// An item as operators see it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    pub id: OutboxId,
    pub organization_id: Option<OrganizationId>,
    pub kind: OutboxKind,
    pub about: Value,
    pub state: OutboxState,
    pub attempts: i64,
    /// Of a pending item: when it is tried next.
    pub next_attempt_at: Timestamp,
    pub last_error: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How many items are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    pub pending: u64,
    pub delivered: u64,
    pub given_up: u64,
}

/// A sealed value as JSON.
mod sealed {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::seal::Sealed;

    #[derive(Serialize, Deserialize)]
    pub(super) struct Stored {
        key_id: String,
        bytes: String,
    }

    impl From<&Sealed> for Stored {
        fn from(sealed: &Sealed) -> Self {
            Self { key_id: sealed.key_id.clone(), bytes: STANDARD.encode(&sealed.bytes) }
        }
    }

    impl Stored {
        pub(super) fn read(self) -> Result<Sealed, base64::DecodeError> {
            Ok(Sealed { bytes: STANDARD.decode(&self.bytes)?, key_id: self.key_id })
        }
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Sealed>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Stored::from).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Sealed>, D::Error> {
        let stored = Option::<Stored>::deserialize(deserializer)?;
        stored.map(Stored::read).transpose().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_payload_survives_storage_with_and_without_its_secret() {
        let sealed = Sealed { key_id: "ab".to_owned(), bytes: vec![0, 255, 7] };
        for sealed in [Some(sealed), None] {
            let payload = OutboxPayload { about: json!({"template": "welcome"}), sealed };
            let stored = serde_json::to_value(&payload).unwrap();
            assert_eq!(stored.get("sealed"), payload.sealed.as_ref().map(stored_seal).as_ref());
            assert_eq!(stored.get("sealed").and_then(read_seal), payload.sealed);
            assert_eq!(serde_json::from_value::<OutboxPayload>(stored).unwrap(), payload);
        }
    }

    #[test]
    fn a_damaged_secret_is_refused() {
        let stored = json!({"about": {}, "sealed": {"key_id": "ab", "bytes": "%"}});
        assert_eq!(read_seal(&stored["sealed"]), None);
        assert!(serde_json::from_value::<OutboxPayload>(stored).is_err());
    }
}
