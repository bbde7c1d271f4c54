//! Scopes (RFC 6749 §3.3; the standard ones of OpenID Connect Core §5.4 and §11).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ErrorCode, OAuthError};

pub const OPENID: &str = "openid";
pub const PROFILE: &str = "profile";
pub const EMAIL: &str = "email";
pub const ADDRESS: &str = "address";
pub const PHONE: &str = "phone";
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes that the server supports and discovery advertises.
pub const SUPPORTED: &[&str] = &[OPENID, PROFILE, EMAIL, ADDRESS, PHONE, OFFLINE_ACCESS];

const MAX_BYTES: usize = 4096;
const MAX_TOKENS: usize = 100;

/// Why a scope text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    #[error("scope has a character outside the visible ASCII that RFC 6749 section 3.3 allows")]
    Character,
    #[error("scope is too long")]
    TooLong,
}

impl From<ScopeError> for OAuthError {
    fn from(error: ScopeError) -> Self {
        Self::new(ErrorCode::InvalidScope, error.to_string())
    }
}

/// A set of scope tokens that keeps the order they were first named in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    tokens: Vec<String>,
}

impl Scope {
    /// Reads space-separated tokens. Extra spaces are accepted, as in the reference; no other whitespace is a
    /// separator.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        if text.len() > MAX_BYTES {
            return Err(ScopeError::TooLong);
        }
        let mut scope = Self::default();
        for token in text.split(' ').filter(|t| !t.is_empty()) {
            if !token.bytes().all(is_token_byte) {
                return Err(ScopeError::Character);
            }
            scope.add(token);
            if scope.tokens.len() > MAX_TOKENS {
                return Err(ScopeError::TooLong);
            }
        }
        Ok(scope)
    }

    pub fn contains(&self, token: &str) -> bool {
        self.tokens.iter().any(|t| t == token)
    }

    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }

    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.iter().all(|t| other.contains(t))
    }

    /// The tokens of both, in the order of `self`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.filtered(|t| other.contains(t))
    }

    /// The tokens for which `keep` returns `true`.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self { tokens: self.tokens.iter().filter(|t| keep(t)).cloned().collect() }
    }

    fn add(&mut self, token: &str) {
        if !self.contains(token) {
            self.tokens.push(token.to_owned());
        }
    }
}

/// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
const fn is_token_byte(b: u8) -> bool {
    matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tokens.join(" "))
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope(text: &str) -> Scope {
        Scope::parse(text).unwrap()
    }

    #[test]
    fn order_is_kept_and_repetition_dropped() {
        assert_eq!(scope("openid  email openid profile ").to_string(), "openid email profile");
        assert!(scope("").is_empty());
        assert_eq!(scope("OpenID openid").to_string(), "OpenID openid");
    }

    #[test]
    fn rfc_6749_section_3_3_other_characters_are_refused() {
        for bad in ["a\tb", "a\nb", "a\"b", "a\\b", "é", "a\u{a0}b", "a\0", "\u{7f}", "openid\r"] {
            assert_eq!(Scope::parse(bad), Err(ScopeError::Character), "{bad:?}");
        }
        assert_eq!(Scope::parse(&"a".repeat(MAX_BYTES + 1)), Err(ScopeError::TooLong));
        let many: Vec<String> = (0..=MAX_TOKENS).map(|i| i.to_string()).collect();
        assert_eq!(Scope::parse(&many.join(" ")), Err(ScopeError::TooLong));
    }

    #[test]
    fn set_operations() {
        let (one, two) = (scope("openid email phone"), scope("phone openid address"));
        assert_eq!(one.intersection(&two).to_string(), "openid phone");
        assert_eq!(one.filtered(|token| token != EMAIL).to_string(), "openid phone");
        assert!(scope("").is_subset_of(&one) && !one.is_subset_of(&two));
    }

    #[test]
    fn serde_goes_through_the_grammar() {
        let text = serde_json::to_string(&scope("openid email")).unwrap();
        assert_eq!(text, "\"openid email\"");
        assert!(serde_json::from_str::<Scope>("\"a\\tb\"").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            if let Ok(scope) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(&scope.to_string()).unwrap(), scope);
            }
        }

        #[test]
        fn laws_of_sets(one in "([a-e] ){0,6}", two in "([a-e] ){0,6}") {
            let (one, two) = (scope(&one), scope(&two));
            let both = one.intersection(&two);
            prop_assert!(both.is_subset_of(&one) && both.is_subset_of(&two));
            prop_assert!(one.iter().all(|token| both.contains(token) == two.contains(token)));
            prop_assert_eq!(one.is_subset_of(&two), both == one);
        }
    }
}
