//! Authorization responses and how they are delivered.

use porta_protocol::{AuthorizationResponse, Delivery, OAuthError};

use super::{AuthorizationRequest, RedirectTarget};
use crate::Tenant;

impl RedirectTarget {
    /// Builds the error response for the client.
    pub fn refuse(&self, tenant: &Tenant, error: &OAuthError) -> Delivery {
        AuthorizationResponse::error(error, self.state.as_deref(), &tenant.issuer)
            .deliver(&self.redirect_uri, self.response_mode)
    }
}

impl AuthorizationRequest {
    pub(crate) fn refuse(&self, tenant: &Tenant, error: &OAuthError) -> Delivery {
        AuthorizationResponse::error(error, self.state.as_deref(), &tenant.issuer)
            .deliver(&self.redirect_uri, self.response_mode)
    }

    pub(crate) fn answer(&self, tenant: &Tenant, code: &str) -> Delivery {
        AuthorizationResponse::code(code, self.state.as_deref(), &tenant.issuer)
            .deliver(&self.redirect_uri, self.response_mode)
    }
}
