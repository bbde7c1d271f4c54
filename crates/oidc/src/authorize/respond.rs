//! Authorization responses: where they go and what they say (RFC 6749 §4.1.2, RFC 9207).

use porta_protocol::error::OAuthError;
use porta_protocol::response_mode::ResponseMode;

use crate::Tenant;

/// An answer to the client, through the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    pub redirect_uri: String,
    pub mode: ResponseMode,
    pub params: Vec<(&'static str, String)>,
}

impl Response {
    pub(crate) fn code(tenant: &Tenant, redirect_uri: &str, mode: ResponseMode, state: Option<&str>, code: String) -> Self {
        Self::with(tenant, redirect_uri, mode, state, vec![("code", code)])
    }

    pub(crate) fn error(tenant: &Tenant, redirect_uri: &str, mode: ResponseMode, state: Option<&str>, error: &OAuthError) -> Self {
        let params = vec![("error", error.code.to_string()), ("error_description", error.description.to_string())];
        Self::with(tenant, redirect_uri, mode, state, params)
    }

    fn with(tenant: &Tenant, redirect_uri: &str, mode: ResponseMode, state: Option<&str>, mut params: Vec<(&'static str, String)>) -> Self {
        if let Some(state) = state {
            params.push(("state", state.to_owned()));
        }
        params.push(("iss", tenant.issuer.clone())); // RFC 9207 §2
        Self { redirect_uri: redirect_uri.to_owned(), mode, params }
    }
}
