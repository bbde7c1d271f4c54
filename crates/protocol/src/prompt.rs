//! The `prompt` parameter (OpenID Connect Core §3.1.2.1; `create` of Initiating User Registration 1.0 §4).

use std::fmt;

use porta_core::string_enum;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{ErrorCode, OAuthError};

string_enum! {
    pub enum PromptValue {
        None = "none",
        Login = "login",
        Consent = "consent",
        SelectAccount = "select_account",
        Create = "create",
    }
}

/// Why a prompt was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    #[error("prompt has an unknown value")]
    Unknown,
    #[error("prompt none cannot be combined with other values")]
    NoneNotAlone,
}

impl From<PromptError> for OAuthError {
    fn from(error: PromptError) -> Self {
        Self::new(ErrorCode::InvalidRequest, error.to_string())
    }
}

/// The set of requested prompts; empty when the parameter was omitted.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt(u8);

impl Prompt {
    /// Reads space separated values. OpenID Connect Core §3.1.2.1: `none` with any other value is an error.
    pub fn parse(text: &str) -> Result<Self, PromptError> {
        let mut prompt = Self::default();
        for word in text.split(' ').filter(|w| !w.is_empty()) {
            prompt = prompt.with(PromptValue::parse(word).ok_or(PromptError::Unknown)?);
        }
        if prompt.contains(PromptValue::None) && prompt != Self::default().with(PromptValue::None) {
            return Err(PromptError::NoneNotAlone);
        }
        Ok(prompt)
    }

    pub const fn contains(self, value: PromptValue) -> bool {
        self.0 & Self::bit(value) != 0
    }

    #[must_use]
    pub const fn with(self, value: PromptValue) -> Self {
        Self(self.0 | Self::bit(value))
    }

    pub fn iter(self) -> impl Iterator<Item = PromptValue> {
        PromptValue::ALL.iter().copied().filter(move |value| self.contains(*value))
    }

    const fn bit(value: PromptValue) -> u8 {
        1 << value as u8
    }
}

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.iter().map(PromptValue::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prompt({self})")
    }
}

impl Serialize for Prompt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Prompt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_a_set() {
        let prompt = Prompt::parse("consent login consent").unwrap();
        assert_eq!(prompt.to_string(), "login consent");
        assert!(prompt.contains(PromptValue::Login) && !prompt.contains(PromptValue::None));
        assert_eq!(Prompt::parse("").unwrap(), Prompt::default());
        assert_eq!(Prompt::parse("none none").unwrap().to_string(), "none");
    }

    #[test]
    fn openid_connect_core_3_1_2_1_none_stands_alone() {
        for bad in ["none login", "consent none", "none create"] {
            assert_eq!(Prompt::parse(bad), Err(PromptError::NoneNotAlone), "{bad}");
        }
    }

    #[test]
    fn unknown_words_are_refused() {
        for bad in ["Login", "login\tconsent", "login,consent", "x", "nonelogin"] {
            assert_eq!(Prompt::parse(bad), Err(PromptError::Unknown), "{bad}");
        }
    }

    #[test]
    fn stored_form_reads_back() {
        for value in PromptValue::ALL {
            let prompt = Prompt::default().with(*value);
            let stored = serde_json::to_string(&prompt).unwrap();
            assert_eq!(serde_json::from_str::<Prompt>(&stored).unwrap(), prompt);
        }
    }
}
