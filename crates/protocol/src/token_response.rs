//! The token endpoint's answer (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The only token type issued (RFC 6750).
pub const BEARER: &str = "Bearer";

/// Served with `Cache-Control: no-store`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: String,
    /// Seconds.
    pub expires_in: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

impl TokenResponse {
    /// A bearer token and nothing else; the caller adds what was granted.
    pub fn bearer(access_token: String, expires_in: u64) -> Self {
        Self {
            access_token,
            token_type: BEARER.to_owned(),
            expires_in,
            refresh_token: None,
            id_token: None,
            scope: None,
        }
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("has_refresh_token", &self.refresh_token.is_some())
            .field("has_id_token", &self.id_token.is_some())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_members_are_left_out() {
        let answer = TokenResponse::bearer("porta_at_x".to_owned(), 3600);
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"access_token":"porta_at_x","token_type":"Bearer","expires_in":3600}"#
        );
        assert!(!format!("{answer:?}").contains("porta_at_x"));
    }
}
