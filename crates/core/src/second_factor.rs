//! What a person shows besides their first factor (oidc-and-login §6.5, repairs W25).
//!
//! A secret that was not confirmed yet is no row here: it is part of the journey that offers it, so nothing is left
//! over when that ends (repairs W01).

use std::fmt;

use crate::seal::Sealed;
use crate::{EmailCodeId, OrganizationId, RecoveryCodeId, Timestamp, UserId, word_enum};

word_enum! {
    /// HMAC behind the codes of an authenticator (RFC 6238 §1.2).
    pub enum TotpAlgorithm { Sha1 = "SHA1", Sha256 = "SHA256", Sha512 = "SHA512" }
}

word_enum! {
    /// What a mailed code was asked for; a code of one purpose is none of another.
    pub enum CodePurpose {
        /// Second factor of a sign-in.
        SignIn = "sign_in",
        /// Making mailed codes one's second factor.
        Enrolment = "enrolment",
        /// Changing second factors.
        Change = "change",
    }
}

/// A confirmed authenticator; one per person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpCredential {
    pub user_id: UserId,
    /// Sealed for [`TotpCredential::seal_identity`].
    pub secret: Sealed,
    pub algorithm: TotpAlgorithm,
    pub digits: u32,
    /// Seconds.
    pub period: u32,
    /// The time step whose code was accepted last, at first that of the confirmation: no code is accepted twice
    /// (RFC 6238 §5.2).
    pub last_step: i64,
    pub verified_at: Timestamp,
    pub created_at: Timestamp,
}

impl TotpCredential {
    /// What the secret is sealed for; moving the ciphertext to another person makes it unreadable.
    pub fn seal_identity(organization: OrganizationId, user: UserId) -> String {
        format!("user_totp.secret:{organization}:{user}")
    }
}

/// HMAC-SHA-256 of a code with a server key: what storage keeps and compares. A million codes are soon tried, so their
/// plain digest would say what they are (repairs W25).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CodeMac([u8; 32]);

impl CodeMac {
    pub const fn from_array(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CodeMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeMac(…)")
    }
}

/// A code that was mailed. The newest of a purpose replaces those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailCode {
    pub id: EmailCodeId,
    pub user_id: UserId,
    pub purpose: CodePurpose,
    /// Uid of the interaction it was asked for in; it works in no other.
    pub interaction: Option<String>,
    pub mac: CodeMac,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// One of the codes a person keeps for the day the factor is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCode {
    pub id: RecoveryCodeId,
    pub mac: CodeMac,
}
