//! Signing keys of an organization (decision D4).
//!
//! ```text
//! next ──promote──► active ──next one promoted──► retired ──expires_at──► gone
//!   │                 │                              │
//!   └──────────────── └──────────revoke────────────► revoked (out of the JWKS at once)
//! ```
//!
//! The next key is published from the moment it exists, so verifiers know it before it signs.

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

    /// Whether the public half belongs in the JWKS.
    pub fn is_published(&self, now: Timestamp) -> bool {
        match self.status {
            SigningKeyStatus::Next | SigningKeyStatus::Active => true,
            SigningKeyStatus::Retired => self.expires_at.is_none_or(|t| now < t),
            SigningKeyStatus::Revoked => false,
        }
    }
}
