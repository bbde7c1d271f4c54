//! Signing keys of an organization (decision D4).
//!
//! ```text
//! next ──promote──► active ──next one promoted──► retired ──expires_at──► gone
//!   │                 │                              │
//!   └──────────────── └──────────revoke────────────► revoked (out of the JWKS at once)
//! ```
//!
//! The next key is published from the moment it exists, so verifiers know it before it signs.

use std::time::Duration;

use crate::change::CACHE_LIFETIME;
use crate::seal::Sealed;
use crate::{OrganizationId, SigningKeyId, Timestamp, word_enum};

word_enum! {
    /// JWS algorithms Porta signs with (RFC 7518 §3.1, RFC 8037 §3.1).
    pub enum SigningAlgorithm { Es256 = "ES256", Rs256 = "RS256", EdDsa = "EdDSA" }
}

word_enum! {
    pub enum SigningKeyStatus { Next = "next", Active = "active", Retired = "retired", Revoked = "revoked" }
}

/// What the keyring that seals private keys is derived for: every process must agree on it.
pub const SEALING_PURPOSE: &str = "signing-keys";

/// How long verifiers may keep the JWKS: its `max-age`.
pub const JWKS_MAX_AGE: Duration = Duration::from_mins(5);

/// How long a key is published before every verifier knows it: a process that missed the notice serves the JWKS it
/// remembers, and a verifier keeps that.
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
    /// PKCS#8 DER, sealed with the row's identity.
    pub private_key: Sealed,
    pub status: SigningKeyStatus,
    pub activated_at: Option<Timestamp>,
    pub retired_at: Option<Timestamp>,
    /// When a retired key leaves the JWKS.
    pub expires_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl SigningKey {
    /// What the private key is sealed for; moving the ciphertext to another row makes it unreadable.
    pub fn seal_identity(organization: OrganizationId, kid: &str) -> String {
        format!("signing_keys.private_key:{organization}:{kid}")
    }

    /// From when on every verifier knows this next key, given all keys of its organization. The first ones are published
    /// together: no JWKS was ever without them.
    pub fn known_from(&self, all: &[Self]) -> Timestamp {
        let is_of_the_first = all.iter().all(|key| {
            let has_moved = !matches!(key.status, SigningKeyStatus::Next | SigningKeyStatus::Active);
            key.created_at >= self.created_at && !(has_moved && key.algorithm == self.algorithm)
        });
        if is_of_the_first { self.created_at } else { self.created_at + KNOWN_AFTER }
    }

    /// Whether the public half belongs in the JWKS.
    pub fn is_published(&self, now: Timestamp) -> bool {
        match self.status {
            SigningKeyStatus::Next | SigningKeyStatus::Active => true,
            SigningKeyStatus::Retired => self.expires_at.is_none_or(|t| now < t),
            SigningKeyStatus::Revoked => false,
        }
    }
}
