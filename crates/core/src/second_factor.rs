//! What a person shows besides their first factor (oidc-and-login §6.5, repairs W25).
//!
//! A secret that was not confirmed yet is no row here: it is part of the journey that offers it, so nothing is left
//! over when that ends (repairs W01).

use std::fmt;

use aws_lc_rs::hmac;

use crate::seal::{HmacKey, HmacKeys, Sealed};
use uuid::Uuid;

use crate::{
    EmailCodeId, EntityId as _, OrganizationId, RecoveryCodeId, Timestamp, TokenDigest, UserId, word_enum,
};

/// What the keyring that seals authenticators' secrets is derived for: every process must agree on it.
pub const SEALING_PURPOSE: &str = "second-factors";

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

/// How an authenticator computes its codes; only what RFC 6238 and the schema allow can be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotpParameters {
    algorithm: TotpAlgorithm,
    digits: u8,
    period: u8,
}

impl Default for TotpParameters {
    /// What every authenticator application understands.
    fn default() -> Self {
        Self { algorithm: TotpAlgorithm::Sha1, digits: 6, period: 30 }
    }
}

impl TotpParameters {
    /// 6 to 8 digits, steps of 15 to 120 seconds.
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

    /// Seconds.
    pub const fn period(self) -> u8 {
        self.period
    }
}

/// A confirmed authenticator; one per person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpCredential {
    pub user_id: UserId,
    /// Sealed for [`TotpCredential::seal_identity`].
    pub secret: Sealed,
    pub parameters: TotpParameters,
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

/// What a [`CodeKey`] makes of a code: the form that storage keeps and compares.
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

/// The server's keys for codes: new codes are the current one's, and a typed code is tried with all.
#[derive(Debug)]
pub struct CodeKeys(HmacKeys);

impl CodeKeys {
    /// Derived from the keys that seal second factors.
    pub fn new(masters: &[[u8; 32]]) -> Self {
        Self(HmacKeys::new(masters, "second-factor-codes"))
    }

    pub fn current(&self) -> CodeKey<'_> {
        CodeKey(self.0.current())
    }

    /// The current one first.
    pub fn all(&self) -> impl Iterator<Item = CodeKey<'_>> {
        self.0.all().map(CodeKey)
    }
}

/// A server's key for codes. A million codes are soon tried, so their plain digest would say what they are (repairs
/// W25); without this key it does not.
#[derive(Clone, Copy)]
pub struct CodeKey<'k>(&'k HmacKey);

impl<'k> CodeKey<'k> {
    /// What is kept beside a code, to tell which key it needs.
    pub fn id(self) -> &'k str {
        self.0.id()
    }

    /// A mailed code, for one person, purpose and interaction.
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

    /// A recovery code of one person.
    pub fn recovery(self, user: UserId, code: &str) -> CodeMac {
        self.mac(&["recovery", code], user.uuid())
    }

    /// What the code of a magic link is made of: whoever has the link can be told it, and the interaction it was asked
    /// for in can check it, without either being stored.
    pub fn link(self, organization: OrganizationId, interaction: &str, link: &TokenDigest) -> CodeMac {
        self.mac(&["link", interaction, &link.hex()], organization.uuid())
    }

    /// A number that an address stands for.
    pub fn share(self, organization: OrganizationId, email_key: &str) -> u64 {
        let mut number = [0; 8];
        number.copy_from_slice(&self.mac(&["share", email_key], organization.uuid()).0[..8]);
        u64::from_be_bytes(number)
    }

    /// Each part is preceded by its length, so that no two lists of parts are the same text.
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

/// Which mailed codes live side by side, so that whoever merely has somebody's password does not replace the owner's code
/// by asking for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSlot {
    /// Asked for by somebody who is signed in.
    Session,
    /// In a browser in which the person signed in before.
    KnownBrowser,
    /// Elsewhere: one of [`CodeSlot::STRANGERS`], by network.
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

/// A code that was mailed. The newest of a purpose replaces those before it in its slot and in its interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailCode {
    pub id: EmailCodeId,
    pub user_id: UserId,
    pub purpose: CodePurpose,
    pub slot: CodeSlot,
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
    /// Of the [`CodeKey`] behind `mac`: as long as there are codes of a key, it must not go.
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
            // The parts may not run into each other.
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
