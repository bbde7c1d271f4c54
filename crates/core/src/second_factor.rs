//! Second factors: authenticators (TOTP), mailed codes and recovery codes.
//!
//! An unconfirmed secret has no row: it is part of the interaction that offers it and ends with it (decision 0025).

use std::fmt;

use aws_lc_rs::hmac;

use crate::seal::{HmacKey, HmacKeys, Sealed};
use uuid::Uuid;

use crate::{
    EmailCodeId, EntityId as _, OrganizationId, RecoveryCodeId, Timestamp, TokenDigest, UserId, string_enum,
};

/// HKDF purpose of the keyring that seals authenticator secrets; every process must use the same.
pub const SEALING_PURPOSE: &str = "second-factors";

string_enum! {
    /// HMAC algorithm of an authenticator's codes (RFC 6238 §1.2).
    pub enum TotpAlgorithm { Sha1 = "SHA1", Sha256 = "SHA256", Sha512 = "SHA512" }
}

string_enum! {
    /// What a mailed code was requested for; a code is valid for this purpose only.
    pub enum CodePurpose {
        /// Second factor of a sign-in.
        SignIn = "sign_in",
        /// Enrolling mailed codes as second factor.
        Enrolment = "enrolment",
        /// Changing second factors.
        Change = "change",
    }
}

/// Parameters of an authenticator; only values that RFC 6238 and the schema allow can be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotpParameters {
    algorithm: TotpAlgorithm,
    digits: u8,
    period: u8,
}

impl Default for TotpParameters {
    /// The parameters that every authenticator application supports.
    fn default() -> Self {
        Self { algorithm: TotpAlgorithm::Sha1, digits: 6, period: 30 }
    }
}

impl TotpParameters {
    /// `None` unless 6 to 8 digits and a period of 15 to 120 seconds.
    pub fn parse(algorithm: TotpAlgorithm, digits: i64, period: i64) -> Option<Self> {
        let digits = u8::try_from(digits).ok().filter(|d| (6..=8).contains(d))?;
        let period = u8::try_from(period).ok().filter(|p| (15..=120).contains(p))?;
        Some(Self { algorithm, digits, period })
    }

    pub const fn algorithm(self) -> TotpAlgorithm {
        self.algorithm
    }

    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// Length of a time step in seconds.
    pub const fn period(self) -> u8 {
        self.period
    }
}

/// A confirmed authenticator; one per person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpCredential {
    pub user_id: UserId,
    /// Sealed with [`TotpCredential::seal_identity`] as associated data.
    pub secret: Sealed,
    pub parameters: TotpParameters,
    /// Time step of the last accepted code, at first that of the confirmation. A code of this step or an earlier one is
    /// refused as a replay (RFC 6238 §5.2).
    pub last_step: i64,
    pub verified_at: Timestamp,
    pub created_at: Timestamp,
}

impl TotpCredential {
    /// Associated data of the sealed secret; ciphertext moved to another person cannot be opened.
    pub fn seal_identity(organization: OrganizationId, user: UserId) -> String {
        format!("user_totp.secret:{organization}:{user}")
    }
}

/// Keyed MAC of a code: what storage keeps and compares.
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

/// MAC keys for codes: the current key makes new codes, a typed code is checked with all keys.
#[derive(Debug)]
pub struct CodeKeys(HmacKeys);

impl CodeKeys {
    /// Derives one key from each key that seals second factors.
    pub fn new(masters: &[[u8; 32]]) -> Self {
        Self(HmacKeys::new(masters, "second-factor-codes"))
    }

    pub fn current(&self) -> CodeKey<'_> {
        CodeKey(self.0.current())
    }

    /// All keys, the current one first.
    pub fn all(&self) -> impl Iterator<Item = CodeKey<'_>> {
        self.0.all().map(CodeKey)
    }
}

/// MAC key for codes. Codes have so few values that a plain digest could be reversed by trying them all; without the
/// key that is not possible.
#[derive(Clone, Copy)]
pub struct CodeKey<'k>(&'k HmacKey);

impl<'k> CodeKey<'k> {
    /// Key id, stored with a code to say which key verifies it.
    pub fn id(self) -> &'k str {
        self.0.id()
    }

    /// MAC of a mailed code, bound to person, purpose and interaction.
    pub fn mailed(
        self,
        user: UserId,
        purpose: CodePurpose,
        interaction: Option<&str>,
        code: &str,
    ) -> CodeMac {
        let interaction = interaction.unwrap_or_default();
        self.mac(&["mailed", purpose.as_str(), interaction, code], user.uuid())
    }

    /// MAC of a recovery code, bound to one person.
    pub fn recovery(self, user: UserId, code: &str) -> CodeMac {
        self.mac(&["recovery", code], user.uuid())
    }

    /// MAC that the short code of a magic link is derived from. The page that the link opens can show the code and the
    /// interaction that requested it can check it, without storing either.
    pub fn link(self, organization: OrganizationId, interaction: &str, link: &TokenDigest) -> CodeMac {
        self.mac(&["link", interaction, &link.hex()], organization.uuid())
    }

    /// Stable pseudo-random number derived from an address.
    pub fn uniform_number(self, organization: OrganizationId, email_key: &str) -> u64 {
        let mut number = [0; 8];
        number.copy_from_slice(&self.mac(&["share", email_key], organization.uuid()).0[..8]);
        u64::from_be_bytes(number)
    }

    /// Prefixes each part with its length, so that no two lists of parts give the same input.
    fn mac(self, parts: &[&str], owner: Uuid) -> CodeMac {
        let mut context = hmac::Context::with_key(self.0.key());
        context.update(owner.as_bytes());
        for part in parts {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        CodeMac(out)
    }
}

impl fmt::Debug for CodeKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeKey(…)")
    }
}

/// Slots of mailed codes. A code replaces only codes of its own slot, so that somebody who merely knows the password
/// cannot invalidate the owner's code by requesting another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSlot {
    /// Requested in a signed-in session.
    Session,
    /// Requested in a known browser (decision 0027).
    KnownBrowser,
    /// Requested elsewhere: one of [`CodeSlot::STRANGERS`] slots, by network.
    Stranger(u8),
}

impl CodeSlot {
    pub const STRANGERS: u8 = 8;
}

impl fmt::Display for CodeSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::KnownBrowser => f.write_str("known"),
            Self::Stranger(number) => write!(f, "{number}"),
        }
    }
}

/// A mailed code. A newer code of the same purpose replaces it if slot or interaction are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailCode {
    pub id: EmailCodeId,
    pub user_id: UserId,
    pub purpose: CodePurpose,
    pub slot: CodeSlot,
    /// Uid of the interaction that requested it; valid in no other.
    pub interaction: Option<String>,
    pub mac: CodeMac,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
}

/// One recovery code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCode {
    pub id: RecoveryCodeId,
    pub mac: CodeMac,
    /// Id of the [`CodeKey`] that made `mac`. The key must stay configured while unused codes of it exist.
    pub key_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn a_mac_is_bound_to_everything_around_the_code() {
        let entropy = SeededEntropy::new(1);
        let (ana, bea) = (
            UserId::new(Timestamp::from_seconds(1), &entropy),
            UserId::new(Timestamp::from_seconds(1), &entropy),
        );
        let (acme, zenith) = (
            OrganizationId::new(Timestamp::from_seconds(1), &entropy),
            OrganizationId::new(Timestamp::from_seconds(1), &entropy),
        );
        let keys = CodeKeys::new(&[[1; 32], [2; 32]]);
        let [key, other] = [keys.current(), keys.all().nth(1).unwrap()];
        let (sign_in, change) = (CodePurpose::SignIn, CodePurpose::Change);
        let macs = [
            key.mailed(ana, sign_in, Some("journey"), "123456"),
            key.mailed(ana, sign_in, Some("journey"), "123457"),
            key.mailed(ana, sign_in, Some("another"), "123456"),
            key.mailed(ana, sign_in, None, "123456"),
            // The MAC must separate the parts.
            key.mailed(ana, sign_in, Some("journey1"), "23456"),
            key.mailed(ana, change, Some("journey"), "123456"),
            key.mailed(bea, sign_in, Some("journey"), "123456"),
            other.mailed(ana, sign_in, Some("journey"), "123456"),
            key.link(acme, "journey", &TokenDigest::of("value")),
            key.link(acme, "journey", &TokenDigest::of("other")),
            key.link(acme, "another", &TokenDigest::of("value")),
            key.link(zenith, "journey", &TokenDigest::of("value")),
            other.link(acme, "journey", &TokenDigest::of("value")),
            key.recovery(ana, "123456"),
            key.recovery(bea, "123456"),
            other.recovery(ana, "123456"),
        ];
        for (n, mac) in macs.iter().enumerate() {
            assert!(macs[n + 1..].iter().all(|later| later.as_bytes() != mac.as_bytes()), "{n}");
        }
        assert_eq!(macs[0], key.mailed(ana, sign_in, Some("journey"), "123456"));
        assert_eq!(CodeMac::from_slice(macs[0].as_bytes()), Some(macs[0]));
        assert_eq!(CodeMac::from_slice(&[0; 31]), None);
    }

    #[test]
    fn parameters_outside_of_the_standard_cannot_be_built() {
        let parse = |digits, period| TotpParameters::parse(TotpAlgorithm::Sha1, digits, period);
        assert_eq!(parse(6, 30), Some(TotpParameters::default()));
        assert!(parse(8, 120).is_some() && parse(6, 15).is_some());
        for (digits, period) in [(5, 30), (9, 30), (6, 14), (6, 121), (-6, 30), (6, -30), (6, 286)] {
            assert_eq!(parse(digits, period), None, "{digits} digits, {period} s");
        }
    }

    #[test]
    fn debug_shows_neither_keys_nor_macs() {
        let keys = CodeKeys::new(&[[1; 32]]);
        let shown = format!("{:?} {:?}", keys.current(), CodeMac::from_array([7; 32]));
        assert_eq!(shown, "CodeKey(…) CodeMac(…)");
        assert_eq!(format!("{keys:?}"), format!("CodeKeys(HmacKeys([HmacKey({})]))", keys.current().id()));
    }
}
