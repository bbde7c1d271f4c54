//! The endpoints of the provider, built on the shared services.

use std::sync::Arc;

use porta_core::seal::HmacKeys;
use porta_session::SharedServices;

use crate::authorize::AuthorizationEndpoint;
use crate::client_auth::ClientAuthentication;
use crate::introspection::IntrospectionEndpoint;
use crate::logout::LogoutEndpoint;
use crate::preview::TokenPreviews;
use crate::quota::Quotas;
use crate::secret_use::SecretUse;
use crate::token::TokenEndpoint;
use crate::userinfo::UserInfoEndpoint;

/// OpenID provider (OpenID Connect Core §1.2): one service per endpoint.
pub struct OpenIdProvider {
    pub authorization: AuthorizationEndpoint,
    pub token: TokenEndpoint,
    pub introspection: IntrospectionEndpoint,
    pub userinfo: UserInfoEndpoint,
    pub logout: LogoutEndpoint,
    pub previews: TokenPreviews,
    pub secret_use: Arc<SecretUse>,
}

impl OpenIdProvider {
    /// `successor_keys` derive the successor of a rotated refresh token (decision D8).
    pub fn new(shared: &Arc<SharedServices>, successor_keys: HmacKeys) -> Self {
        let quotas = Arc::new(Quotas::new(Arc::clone(shared)));
        let secret_use = Arc::new(SecretUse::new(Arc::clone(&shared.backend)));
        let client_authentication =
            Arc::new(ClientAuthentication::new(Arc::clone(shared), Arc::clone(&secret_use)));
        Self {
            authorization: AuthorizationEndpoint::new(Arc::clone(shared), Arc::clone(&quotas)),
            token: TokenEndpoint::new(shared, Arc::clone(&client_authentication), &quotas, successor_keys),
            introspection: IntrospectionEndpoint::new(Arc::clone(shared), client_authentication),
            userinfo: UserInfoEndpoint::new(Arc::clone(shared)),
            logout: LogoutEndpoint::new(Arc::clone(shared)),
            previews: TokenPreviews::new(Arc::clone(shared)),
            secret_use,
        }
    }
}
