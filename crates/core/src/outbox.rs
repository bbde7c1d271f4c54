//! Transactional outbox: work is stored in the transaction that causes it and executed later, at least once.
//!
//! ```text
//! pending ──claimed──► pending, leased until the claim expires ──► delivered
//!    ▲ ▲                     │ failed: retried with backoff     ──► given_up
//!    │ └─────────────────────┘ the worker died: due when the claim expires │
//!    └───────────────────────────────── an operator sends it again ────────┘
//! ```
//!
//! Confidential data is sealed while the item can be sent, and then removed (decision 0023).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::seal::{Keyring, SealError, Sealed};
use crate::{Entropy, OrganizationId, OutboxId, Timestamp, string_enum};

string_enum! {
    /// What the worker has to do.
    pub enum OutboxKind {
        /// Send an email.
        Mail = "mail",
        /// Look up whether the address of a link request has an account, and enqueue the email if it does.
        LinkRequest = "link_request",
    }
}

string_enum! {
    pub enum OutboxState { Pending = "pending", Delivered = "delivered", GivenUp = "given_up" }
}

/// HKDF purpose of the keyring that seals payloads; every process must use the same.
pub const SEALING_PURPOSE: &str = "outbox";

/// Payload of an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxPayload {
    /// Readable by operators; kept as long as the row.
    pub about: Value,
    /// Sealed data; removed when the item can be sent no more.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "sealed")]
    pub sealed: Option<Sealed>,
}

/// A new item.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxItem {
    pub id: OutboxId,
    /// The organization it belongs to; `None`: the platform.
    pub organization_id: Option<OrganizationId>,
    pub kind: OutboxKind,
    pub payload: OutboxPayload,
    /// Unique within the organization: a second item with the same key is ignored.
    pub idempotency_key: String,
    pub created_at: Timestamp,
}

impl OutboxPayload {
    /// Seals `contents`, bound to one item of one organization.
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

/// Associated data of the seal; a payload moved to another row or organization cannot be opened.
pub fn seal_identity(id: OutboxId, organization: OrganizationId) -> String {
    format!("outbox.payload:{organization}:{id}")
}

/// The sealed part of a payload as storage keeps it, for replacing it in place.
#[expect(clippy::expect_used, reason = "two texts always serialize")]
pub fn stored_seal(sealed: &Sealed) -> Value {
    serde_json::to_value(sealed::SealedJson::from(sealed)).expect("two texts serialize")
}

/// Parses the result of [`stored_seal`]; `None` if malformed.
pub fn read_seal(stored: &Value) -> Option<Sealed> {
    sealed::SealedJson::deserialize(stored).ok()?.read().ok()
}

/// Why a claimed item could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    #[error("the item cannot be opened")]
    Seal(#[from] SealError),
    #[error("the item has a format that this version cannot read")]
    Form,
}

/// An item leased to one worker.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxClaim {
    pub id: OutboxId,
    pub organization_id: Option<OrganizationId>,
    pub kind: OutboxKind,
    pub payload: OutboxPayload,
    /// Number of this attempt, from one. An expired claim that another worker took has a higher number.
    pub attempt: i64,
    pub created_at: Timestamp,
    /// Since when it waits: its creation, or when an operator last had it sent again.
    pub queued_at: Timestamp,
}

impl OutboxClaim {
    /// Opens the result of [`OutboxPayload::sealed`]; returns the organization and the contents.
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
    /// When a pending item is tried next.
    pub next_attempt_at: Timestamp,
    pub last_error: Option<String>,
    /// Until when a given-up item can be sent again; `None`: it cannot.
    pub sendable_until: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Number of items in each state.
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
    pub(super) struct SealedJson {
        key_id: String,
        bytes: String,
    }

    impl From<&Sealed> for SealedJson {
        fn from(sealed: &Sealed) -> Self {
            Self { key_id: sealed.key_id.clone(), bytes: STANDARD.encode(&sealed.bytes) }
        }
    }

    impl SealedJson {
        pub(super) fn read(self) -> Result<Sealed, base64::DecodeError> {
            Ok(Sealed { bytes: STANDARD.decode(&self.bytes)?, key_id: self.key_id })
        }
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(value: &Option<Sealed>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().map(SealedJson::from).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Sealed>, D::Error> {
        let stored = Option::<SealedJson>::deserialize(deserializer)?;
        stored.map(SealedJson::read).transpose().map_err(serde::de::Error::custom)
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
