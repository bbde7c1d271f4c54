//! Errors a client reads (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, OpenID Connect Core §3.1.2.6).

use std::borrow::Cow;
use std::fmt;

use porta_core::string_enum;
use serde::ser::{Serialize, SerializeMap, Serializer};

string_enum! {
    /// The `error` values Porta answers with.
    pub enum ErrorCode {
        // RFC 6749 §4.1.2.1
        InvalidRequest = "invalid_request",
        UnauthorizedClient = "unauthorized_client",
        AccessDenied = "access_denied",
        UnsupportedResponseType = "unsupported_response_type",
        InvalidScope = "invalid_scope",
        ServerError = "server_error",
        TemporarilyUnavailable = "temporarily_unavailable",
        // RFC 6749 §5.2
        InvalidClient = "invalid_client",
        InvalidGrant = "invalid_grant",
        UnsupportedGrantType = "unsupported_grant_type",
        // OAuth 2.0 Multiple Response Types §2.1 names the parameter; the word is the registered one.
        UnsupportedResponseMode = "unsupported_response_mode",
        // RFC 8707 §2
        InvalidTarget = "invalid_target",
        // OpenID Connect Core §3.1.2.6
        LoginRequired = "login_required",
        ConsentRequired = "consent_required",
        InteractionRequired = "interaction_required",
        AccountSelectionRequired = "account_selection_required",
        RequestNotSupported = "request_not_supported",
        RequestUriNotSupported = "request_uri_not_supported",
        RegistrationNotSupported = "registration_not_supported",
        // OpenID Connect Core Error Code unmet_authentication_requirements 1.0
        UnmetAuthenticationRequirements = "unmet_authentication_requirements",
        // RFC 6750 §3.1
        InvalidToken = "invalid_token",
        InsufficientScope = "insufficient_scope",
        // RFC 7009 §2.2.1
        UnsupportedTokenType = "unsupported_token_type",
        // RFC 7591 §3.2.2
        InvalidRedirectUri = "invalid_redirect_uri",
        // Our own, answered with 429 (RFC 6585 §4).
        RateLimitExceeded = "rate_limit_exceeded",
    }
}

impl ErrorCode {
    /// The status of a direct answer, as the token endpoint gives it (RFC 6749 §5.2, RFC 6750 §3.1).
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidClient | Self::InvalidToken => 401,
            Self::InsufficientScope => 403,
            Self::RateLimitExceeded => 429,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            Self::InvalidRequest
            | Self::UnauthorizedClient
            | Self::AccessDenied
            | Self::UnsupportedResponseType
            | Self::InvalidScope
            | Self::InvalidGrant
            | Self::UnsupportedGrantType
            | Self::UnsupportedResponseMode
            | Self::InvalidTarget
            | Self::LoginRequired
            | Self::ConsentRequired
            | Self::InteractionRequired
            | Self::AccountSelectionRequired
            | Self::RequestNotSupported
            | Self::RequestUriNotSupported
            | Self::RegistrationNotSupported
            | Self::UnmetAuthenticationRequirements
            | Self::UnsupportedTokenType
            | Self::InvalidRedirectUri => 400,
        }
    }
}

/// An error as the client reads it: `{"error": …, "error_description": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthError {
    code: ErrorCode,
    description: Cow<'static, str>,
}

impl OAuthError {
    /// Characters that RFC 6749 §5.2 does not allow in a description are replaced, so that any text may be given:
    /// double quotes by single ones, everything else by `?`.
    pub fn new(code: ErrorCode, description: impl Into<Cow<'static, str>>) -> Self {
        let description = description.into();
        if description.chars().all(is_description_character) {
            return Self { code, description };
        }
        let replaced = description.chars().map(|c| match c {
            c if is_description_character(c) => c,
            '"' => '\'',
            _ => '?',
        });
        Self { code, description: Cow::Owned(replaced.collect()) }
    }

    pub fn code(&self) -> ErrorCode {
        self.code
    }

    pub fn description(&self) -> &str {
        &self.description
    }

    pub fn status(&self) -> u16 {
        self.code.status()
    }

    /// The JSON body of a direct answer (RFC 6749 §5.2).
    pub fn to_json(&self) -> Vec<u8> {
        // Both members are plain text, so this cannot fail; an empty body would still be an error by its status.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A `WWW-Authenticate` challenge that names this error (RFC 6749 §5.2, RFC 6750 §3, RFC 7617 §2).
    pub fn challenge(&self, scheme: &str, realm: &str) -> String {
        let Self { code, description } = self;
        format!("{}, error=\"{code}\", error_description=\"{description}\"", bare_challenge(scheme, realm))
    }
}

/// A challenge for a request without any credentials: it carries no error code (RFC 6750 §3.1).
pub fn bare_challenge(scheme: &str, realm: &str) -> String {
    let realm: String = realm.chars().filter(|c| is_description_character(*c)).collect();
    format!("{scheme} realm=\"{realm}\"")
}

/// RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
const fn is_description_character(c: char) -> bool {
    matches!(c, '\x20'..='\x21' | '\x23'..='\x5B' | '\x5D'..='\x7E')
}

impl Serialize for OAuthError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("error", self.code.as_str())?;
        map.serialize_entry("error_description", &self.description)?;
        map.end()
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

impl std::error::Error for OAuthError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6749_section_5_2_description_characters() {
        let error = OAuthError::new(ErrorCode::InvalidRequest, "a \"b\" \\ é\r\nSet-Cookie: x");
        assert_eq!(error.description(), "a 'b' ? ???Set-Cookie: x");
        assert_eq!(OAuthError::new(ErrorCode::InvalidGrant, "plain").description(), "plain");
    }

    #[test]
    fn body_has_two_members() {
        let error = OAuthError::new(ErrorCode::InvalidGrant, "no");
        assert_eq!(error.to_json(), br#"{"error":"invalid_grant","error_description":"no"}"#);
    }

    #[test]
    fn challenges_stay_one_header() {
        let error = OAuthError::new(ErrorCode::InvalidClient, "client authentication failed");
        assert_eq!(
            error.challenge("Basic", "https://id.example/acme"),
            "Basic realm=\"https://id.example/acme\", error=\"invalid_client\", \
             error_description=\"client authentication failed\""
        );
        assert_eq!(bare_challenge("Bearer", "a\"b\r\nc\\"), "Bearer realm=\"abc\"");
    }

    #[test]
    fn statuses_follow_the_specifications() {
        for code in ErrorCode::ALL {
            let expected = match code.as_str() {
                "invalid_client" | "invalid_token" => 401,
                "insufficient_scope" => 403,
                "rate_limit_exceeded" => 429,
                "server_error" => 500,
                "temporarily_unavailable" => 503,
                _ => 400,
            };
            assert_eq!(code.status(), expected, "{code}");
        }
    }
}
