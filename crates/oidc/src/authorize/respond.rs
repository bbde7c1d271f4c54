//! Authorization responses and how they are delivered.

use porta_protocol::{AuthorizationResponse, Delivery, OAuthError};
use porta_session::{AuthorizationRequest, Tenant};

use super::RedirectTarget;

impl RedirectTarget {
    /// Builds the error response for the client.
    pub fn refuse(&self, tenant: &Tenant, error: &OAuthError) -> Delivery {
        AuthorizationResponse::error(error, self.state.as_deref(), &tenant.issuer)
            .deliver(&self.redirect_uri, self.response_mode)
    }
}

pub(super) fn refuse(request: &AuthorizationRequest, tenant: &Tenant, error: &OAuthError) -> Delivery {
    AuthorizationResponse::error(error, request.state.as_deref(), &tenant.issuer)
        .deliver(&request.redirect_uri, request.response_mode)
}

pub(super) fn answer(request: &AuthorizationRequest, tenant: &Tenant, code: &str) -> Delivery {
    AuthorizationResponse::code(code, request.state.as_deref(), &tenant.issuer)
        .deliver(&request.redirect_uri, request.response_mode)
}
