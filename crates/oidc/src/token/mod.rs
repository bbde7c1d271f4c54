//! The token endpoint (RFC 6749 §3.2).

mod client_credentials;
mod code;
mod id_token;
mod issue;
mod refresh;

pub use client_credentials::ClientTokenRecord;
pub use code::CodeRecord;

use porta_core::client::GrantType;
use porta_core::metrics;
use porta_protocol::token_response::TokenResponse;
use porta_protocol::{ErrorCode, OAuthError, Params, PresentedCredentials};

use crate::client_auth::ClientAuthError;
use crate::throttle::{Limited, ThrottledEndpoint};
use crate::{Caller, Engine, EngineError, Tenant};

/// A refused token request.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error(transparent)]
    Client(#[from] ClientAuthError),
    /// A quota is exceeded.
    #[error("a quota is used up")]
    Limited(Limited),
    /// The request itself is wrong; the detail is for the log.
    #[error("refused: {error} ({detail})")]
    Refused { error: OAuthError, detail: &'static str },
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// One neutral description for every credential problem; the detail goes to the log.
pub(crate) fn invalid_grant(detail: &'static str) -> TokenError {
    TokenError::Refused { error: OAuthError::new(ErrorCode::InvalidGrant, "the grant is not valid"), detail }
}

pub(crate) fn refused(code: ErrorCode, description: &'static str) -> TokenError {
    TokenError::Refused { error: OAuthError::new(code, description), detail: description }
}

impl From<porta_store::StoreError> for TokenError {
    fn from(error: porta_store::StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<porta_kv::KvError> for TokenError {
    fn from(error: porta_kv::KvError) -> Self {
        Self::Engine(error.into())
    }
}

impl Engine {
    /// `POST /{org}/token`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.token", skip_all)]
    pub async fn token(
        &self,
        tenant: &Tenant,
        params: &Params,
        presented: &PresentedCredentials,
        caller: &Caller,
    ) -> Result<TokenResponse, TokenError> {
        if params.repeated(&["resource"]).is_some() {
            return Err(refused(ErrorCode::InvalidRequest, "a parameter is repeated")); // RFC 6749 §3.2
        }
        let client = self.authenticate_client(tenant, presented, ThrottledEndpoint::Token, caller).await?; // RFC 6749 §3.2.1
        let Some(word) = params.get("grant_type") else {
            return Err(refused(ErrorCode::InvalidRequest, "grant_type is missing"));
        };
        let Some(grant) = GrantType::parse(word) else {
            return Err(refused(ErrorCode::UnsupportedGrantType, "grant_type is not supported"));
        };
        if !client.client.has_grant(grant) {
            return Err(refused(ErrorCode::UnauthorizedClient, "the client may not use this grant"));
        }
        if params.all("resource").any(|r| !r.is_empty()) {
            return Err(refused(ErrorCode::InvalidTarget, "the requested resource is unknown")); // RFC 8707 §2.2
        }
        let answer = match grant {
            GrantType::AuthorizationCode => self.redeem_code(tenant, &client, params, caller).await?,
            GrantType::RefreshToken => self.refresh(tenant, &client, params, caller).await?,
            GrantType::ClientCredentials => self.client_credentials(tenant, &client, params, caller).await?,
        };
        ::metrics::counter!(metrics::TOKENS_ISSUED, "grant" => grant.as_str()).increment(1);
        Ok(answer)
    }
}
