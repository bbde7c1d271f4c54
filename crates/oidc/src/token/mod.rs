//! The token endpoint (RFC 6749 §3.2).

mod client_credentials;
mod code;
mod id_token;
mod issue;
mod refresh;

pub use code::CodeRecord;
pub(crate) use id_token::IdTokenInput;
pub(crate) use issue::{TokenIssuer, TokenSubject, access_row};

use std::sync::Arc;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::client::GrantType;
use porta_core::metrics;
use porta_core::seal::HmacKeys;
use porta_core::session::TokenFamily;
use porta_protocol::token_response::TokenResponse;
use porta_protocol::{ErrorCode, OAuthError, Params, PresentedCredentials};
use porta_session::{BackendError, Limited, OperationContext, SharedServices};

use crate::client_auth::{ClientAuthError, ClientAuthentication};
use crate::quota::Quotas;
use crate::throttle::ThrottledEndpoint;
use client_credentials::ClientCredentialsGrant;
use code::AuthorizationCodeGrant;
use refresh::RefreshTokenGrant;

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
    Backend(#[from] BackendError),
}

/// One neutral description for every credential problem; the detail goes to the log.
fn invalid_grant(detail: &'static str) -> TokenError {
    TokenError::Refused { error: OAuthError::new(ErrorCode::InvalidGrant, "the grant is not valid"), detail }
}

fn refused(code: ErrorCode, description: &'static str) -> TokenError {
    TokenError::Refused { error: OAuthError::new(code, description), detail: description }
}

impl From<porta_store::StoreError> for TokenError {
    fn from(error: porta_store::StoreError) -> Self {
        Self::Backend(error.into())
    }
}

impl From<porta_kv::KvError> for TokenError {
    fn from(error: porta_kv::KvError) -> Self {
        Self::Backend(error.into())
    }
}

/// Audit row of a code or refresh token that is presented again.
fn replay_event(
    shared: &SharedServices,
    context: OperationContext<'_>,
    family: &TokenFamily,
    kind: AuditEventKind,
) -> AuditEvent {
    AuditEvent {
        user_id: Some(family.user_id),
        metadata: serde_json::json!({ "family": family.id.to_string(), "client": family.client.to_string() }),
        ..shared.audit.event(context, kind)
    }
}

pub struct TokenEndpoint {
    client_authentication: Arc<ClientAuthentication>,
    authorization_code: AuthorizationCodeGrant,
    refresh_token: RefreshTokenGrant,
    client_credentials: ClientCredentialsGrant,
}

impl TokenEndpoint {
    pub(crate) fn new(
        shared: &Arc<SharedServices>,
        client_authentication: Arc<ClientAuthentication>,
        quotas: &Arc<Quotas>,
        successor_keys: HmacKeys,
    ) -> Self {
        let issuer = Arc::new(TokenIssuer { shared: Arc::clone(shared) });
        Self {
            client_authentication,
            authorization_code: AuthorizationCodeGrant {
                shared: Arc::clone(shared),
                issuer: Arc::clone(&issuer),
            },
            refresh_token: RefreshTokenGrant {
                shared: Arc::clone(shared),
                issuer,
                quotas: Arc::clone(quotas),
                successor_keys,
            },
            client_credentials: ClientCredentialsGrant {
                shared: Arc::clone(shared),
                quotas: Arc::clone(quotas),
            },
        }
    }

    /// `POST /{org}/token`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.token", skip_all)]
    pub async fn issue(
        &self,
        context: OperationContext<'_>,
        params: &Params,
        presented: &PresentedCredentials,
    ) -> Result<TokenResponse, TokenError> {
        if params.repeated(&["resource"]).is_some() {
            return Err(refused(ErrorCode::InvalidRequest, "a parameter is repeated")); // RFC 6749 §3.2
        }
        // RFC 6749 §3.2.1
        let client =
            self.client_authentication.authenticate(context, presented, ThrottledEndpoint::Token).await?;
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
            GrantType::AuthorizationCode => self.authorization_code.redeem(context, &client, params).await?,
            GrantType::RefreshToken => self.refresh_token.refresh(context, &client, params).await?,
            GrantType::ClientCredentials => self.client_credentials.issue(context, &client, params).await?,
        };
        ::metrics::counter!(metrics::TOKENS_ISSUED, "grant" => grant.as_str()).increment(1);
        Ok(answer)
    }
}
