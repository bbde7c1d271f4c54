//! The client credentials grant (RFC 6749 §4.4): no person, no refresh token, no ID token.

use std::sync::Arc;

use porta_core::{BearerKind, TokenDigest, settings};
use porta_protocol::token_response::TokenResponse;
use porta_protocol::{ErrorCode, Params, Scope, scope};
use porta_session::short_lived::to_bytes;
use porta_session::{ClientTokenRecord, OperationContext, ProtocolClient, SharedServices};

use super::{TokenError, refused};
use crate::quota::{QuotaKey, Quotas};

pub(super) struct ClientCredentialsGrant {
    pub(super) shared: Arc<SharedServices>,
    pub(super) quotas: Arc<Quotas>,
}

impl ClientCredentialsGrant {
    pub(super) async fn issue(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        params: &Params,
    ) -> Result<TokenResponse, TokenError> {
        let tenant = context.tenant;
        if !client.client.is_confidential() {
            return Err(refused(
                ErrorCode::UnauthorizedClient,
                "only confidential clients may use this grant",
            ));
        }
        let scope = machine_scope(client, params.get("scope"))?;
        let quota_keys = [QuotaKey::Client(client.client.id), QuotaKey::Organization];
        self.quotas.consume(context, &quota_keys).await.map_err(TokenError::Limited)?;
        let now = self.shared.now();
        let lifetime = tenant.settings.duration(settings::CLIENT_CREDENTIALS_TTL);
        let access_token = BearerKind::ClientAccessToken.generate(self.shared.entropy());
        let record = ClientTokenRecord {
            client: client.client.id,
            client_id: client.client.client_id.to_string(),
            scope: scope.clone(),
            issued_at: now,
            expires_at: now + lifetime,
        };
        let key = ClientTokenRecord::storage_key(tenant.organization.id, &TokenDigest::of(&access_token));
        self.shared.kv().put(&key, to_bytes(&record)?, lifetime).await?;
        Ok(TokenResponse {
            access_token,
            token_type: "Bearer".to_owned(),
            expires_in: lifetime.as_secs(),
            refresh_token: None,
            id_token: None,
            scope: (!scope.is_empty()).then_some(scope),
        })
    }
}

/// Returns the requested scope, or the client's whole list. Scopes about a person mean nothing here and are left out.
fn machine_scope(client: &ProtocolClient, requested: Option<&str>) -> Result<String, TokenError> {
    let wanted = match requested {
        None => client.scope.clone(),
        Some(text) => {
            Scope::parse(text).map_err(|_| refused(ErrorCode::InvalidScope, "scope is malformed"))?
        }
    };
    if !wanted.is_subset_of(&client.scope) {
        return Err(refused(ErrorCode::InvalidScope, "a requested scope is not allowed for this client"));
    }
    Ok(wanted.filtered(|w| !scope::SUPPORTED.contains(&w)).to_string())
}
