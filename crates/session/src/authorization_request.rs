//! A checked authorization request, carried through the interaction to the code.

use porta_protocol::{ClaimsRequest, CodeChallenge, Prompt, ResponseMode, Scope};
use serde::{Deserialize, Serialize};

/// Exists only after every check of the authorization endpoint passed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    pub client_id: String,
    pub redirect_uri: String,
    /// Whether the client sent the redirect URI; the token request must then repeat it (RFC 6749 §4.1.3).
    pub redirect_uri_sent: bool,
    pub response_mode: ResponseMode,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub scope: Scope,
    pub prompt: Prompt,
    /// Seconds.
    pub max_age: Option<u64>,
    pub login_hint: Option<String>,
    /// Languages by preference, separated by spaces; `None` if stored by the previous version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_locales: Option<String>,
    /// Subject of a verified `id_token_hint`.
    pub hinted_subject: Option<String>,
    pub claims: Option<ClaimsRequest>,
    pub code_challenge: Option<CodeChallenge>,
}
