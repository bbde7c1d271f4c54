//! Bearer values: 256 random bits behind a recognisable prefix; storage keeps SHA-256 digests (decision D3).

use std::fmt;

use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;

use crate::Entropy;

/// Kind of bearer value, recognised by its prefix, which also lets secret scanners find leaked ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BearerKind {
    AuthorizationCode,
    AccessToken,
    /// Access token of the client credentials grant; stored in the short-lived store.
    ClientAccessToken,
    RefreshToken,
    Session,
    Interaction,
    MagicLink,
    PasswordReset,
    Invitation,
    EmailVerification,
    /// Client secrets have no prefix: clients may bring their own.
    ClientSecret,
}

impl BearerKind {
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "porta_ac_",
            Self::AccessToken => "porta_at_",
            Self::ClientAccessToken => "porta_ct_",
            Self::RefreshToken => "porta_rt_",
            Self::Session => "porta_se_",
            Self::MagicLink => "porta_ml_",
            Self::PasswordReset => "porta_pr_",
            Self::Invitation => "porta_in_",
            Self::EmailVerification => "porta_ev_",
            Self::Interaction | Self::ClientSecret => "",
        }
    }

    /// Generates a new value of this kind.
    pub fn generate(self, entropy: &dyn Entropy) -> String {
        format!("{}{}", self.prefix(), URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()))
    }

    /// Derives a value of this kind from `key` and `input`: deterministic, unguessable without both. A retried refresh
    /// gets the same successor (decision D8) although storage keeps only digests.
    pub fn derive(self, key: &hmac::Key, input: &[u8]) -> String {
        format!("{}{}", self.prefix(), URL_SAFE_NO_PAD.encode(hmac::sign(key, input).as_ref()))
    }

    /// Whether `text` has exactly the format of this kind; saves a lookup for garbage.
    pub fn matches(self, text: &str) -> bool {
        text.strip_prefix(self.prefix()).is_some_and(|rest| {
            rest.len() == 43 && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
    }
}

/// SHA-256 of a bearer value: what storage keeps and looks up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub fn of(value: &str) -> Self {
        Self::of_bytes(value.as_bytes())
    }

    pub fn of_bytes(value: &[u8]) -> Self {
        let mut out = [0; 32];
        out.copy_from_slice(digest::digest(&digest::SHA256, value).as_ref());
        Self(out)
    }

    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Lower-case hexadecimal, for keys in the short-lived store.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }

    /// Compares in constant time.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenDigest({}…)", &self.hex()[..8])
    }
}

impl Serialize for TokenDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for TokenDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        unhex(&text)
            .and_then(|b| Self::from_slice(&b))
            .ok_or_else(|| serde::de::Error::custom("not a SHA-256 digest in hex"))
    }
}

/// Compares two texts without a timing side channel: hashes both to equal length first.
pub fn constant_time_eq(left: &str, right: &str) -> bool {
    TokenDigest::of(left).same_as(&TokenDigest::of(right))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    out
}

/// Decodes hexadecimal of either case; `None` if malformed.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    bytes.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// Unpadded base64url of the SHA-256 of `text`: the S256 transform of RFC 7636 §4.2.
pub fn sha256_base64url(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(TokenDigest::of(text).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn a_bearer_value_has_its_shape_and_no_other() {
        let token = BearerKind::AccessToken.generate(&SeededEntropy::new(7));
        assert!(BearerKind::AccessToken.matches(&token));
        assert!(!BearerKind::RefreshToken.matches(&token));
        assert!(!BearerKind::AccessToken.matches(&token[..token.len() - 1]));
        assert!(!BearerKind::AccessToken.matches("porta_at_ é"));
    }

    #[test]
    fn derivation_repeats_and_depends_on_both_inputs() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"k");
        let other = hmac::Key::new(hmac::HMAC_SHA256, b"l");
        let one = BearerKind::RefreshToken.derive(&key, b"a");
        assert_eq!(one, BearerKind::RefreshToken.derive(&key, b"a"));
        assert_ne!(one, BearerKind::RefreshToken.derive(&key, b"b"));
        assert_ne!(one, BearerKind::RefreshToken.derive(&other, b"a"));
        assert!(BearerKind::RefreshToken.matches(&one));
    }

    #[test]
    fn debug_shows_no_whole_digest() {
        let digest = TokenDigest::of("x");
        assert!(format!("{digest:?}").len() < 30);
    }

    #[test]
    fn hex_round_trip_and_refusals() {
        assert_eq!(unhex(&hex(&[0, 1, 254, 255])), Some(vec![0, 1, 254, 255]));
        assert_eq!(unhex("0"), None);
        assert_eq!(unhex("zz"), None);
    }
}
