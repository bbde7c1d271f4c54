//! `id_token_hint`: an ID token of ours that a client sends back (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).

use porta_jose::TokenKind;
use porta_session::Tenant;

/// Content of an `id_token_hint` with valid signature and issuer. Its age does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdTokenHint {
    pub(crate) subject: String,
    pub(crate) client_id: String,
}

/// Verifies and reads an ID token of this tenant given as a hint. `None`: it is not one.
pub(crate) fn read_id_token_hint(tenant: &Tenant, token: &str) -> Option<IdTokenHint> {
    let claims = tenant.keys.verifier.verify(token, TokenKind::IdTokenHint).ok()?;
    let text = |name: &str| claims.get(name).and_then(|v| v.as_str()).map(str::to_owned);
    // A signed UserInfo response has issuer and audience too; only an ID token has `exp` (RFC 8725 §3.11).
    let is_id_token = claims.get("exp").is_some_and(serde_json::Value::is_i64) && claims.contains_key("iat");
    if text("iss")? != tenant.issuer || !is_id_token {
        return None;
    }
    Some(IdTokenHint { subject: text("sub")?, client_id: text("aud")? })
}
