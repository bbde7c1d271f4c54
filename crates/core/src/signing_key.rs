//! Signing keys of an organization (decision D4).
//!
//! ```text
//! next ──promote──► active ──next one promoted──► retired ──expires_at──► gone
//!   │                 │                              │
//!   └──────────────── └──────────revoke────────────► revoked (out of the JWKS at once)
//! ```
//!
//! The next key is published when it is created, so verifiers know it before it signs.

use std::time::Duration;

use crate::change::CACHE_LIFETIME;
use crate::seal::Sealed;
use crate::{OrganizationId, SigningKeyId, Timestamp, string_enum};

string_enum! {
    /// JWS algorithms Porta signs with (RFC 7518 §3.1, RFC 8037 §3.1).
    pub enum SigningAlgorithm { Es256 = "ES256", Rs256 = "RS256", EdDsa = "EdDSA" }
}

string_enum! {
    pub enum SigningKeyStatus { Next = "next", Active = "active", Retired = "retired", Revoked = "revoked" }
}

/// HKDF purpose of the keyring that seals private keys; every process must use the same.
pub const SEALING_PURPOSE: &str = "signing-keys";

/// `max-age` of the JWKS: how long verifiers may cache it.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// Time until every verifier knows a newly published key: a process that missed the notice serves its cached JWKS for
/// [`CACHE_LIFETIME`], and a verifier may cache that for [`JWKS_MAX_AGE`].
pub const KNOWN_AFTER: Duration = JWKS_MAX_AGE.saturating_add(CACHE_LIFETIME);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    pub id: SigningKeyId,
    pub organization_id: OrganizationId,
    /// RFC 7638 thumbprint of the public key.
    pub kid: String,
    pub algorithm: SigningAlgorithm,
    /// Public JWK as JSON.
    pub public_jwk: serde_json::Value,
    /// PKCS#8 DER, sealed with [`SigningKey::seal_identity`] as associated data.
    pub private_key: Sealed,
    pub status: SigningKeyStatus,
    pub activated_at: Option<Timestamp>,
    pub retired_at: Option<Timestamp>,
    /// When a retired key is removed from the JWKS.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl SigningKey {
    /// Associated data of the sealed private key; ciphertext moved to another row cannot be opened.
    pub fn seal_identity(organization: OrganizationId, kid: &str) -> String {
        format!("signing_keys.private_key:{organization}:{kid}")
    }

    /// Time from which every verifier knows this next key; `all` are the keys of its organization. An organization's
    /// first keys are known at once, because no JWKS was ever published without them.
    pub fn known_from(&self, all: &[Self]) -> Timestamp {
        let is_of_the_first = all.iter().all(|key| {
            let has_moved = !matches!(key.status, SigningKeyStatus::Next | SigningKeyStatus::Active);
            key.created_at >= self.created_at && !(has_moved && key.algorithm == self.algorithm)
        });
        if is_of_the_first { self.created_at } else { self.created_at + KNOWN_AFTER }
    }

    /// Whether the JWKS contains the public key.
    pub fn is_published(&self, now: Timestamp) -> bool {
        match self.status {
            SigningKeyStatus::Next | SigningKeyStatus::Active => true,
            SigningKeyStatus::Retired => self.expires_at.is_none_or(|t| now < t),
            SigningKeyStatus::Revoked => false,
        }
    }
}
