//! Introspection (RFC 7662) and revocation (RFC 7009), bound to the tenant (`docs/security.md`, W04).

use std::sync::Arc;

use porta_core::session::AccessToken;
use porta_core::{BearerKind, TokenDigest, UserId};
use porta_protocol::introspection::{ActiveToken, IntrospectionResponse};
use porta_protocol::{ErrorCode, OAuthError, Params, PresentedCredentials};
use porta_session::{
    BackendError, ClientTokenRecord, OperationContext, ProtocolClient, SharedServices, Tenant,
};
use porta_store::Revocation;

use crate::client_auth::{ClientAuthError, ClientAuthentication};
use crate::throttle::ThrottledEndpoint;

/// A refused introspection or revocation request.
#[derive(Debug, thiserror::Error)]
pub enum TokenInquiryError {
    #[error(transparent)]
    Client(#[from] ClientAuthError),
    #[error("refused: {0}")]
    Refused(OAuthError),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

fn required_token(params: &Params) -> Result<&str, TokenInquiryError> {
    let invalid = |text| TokenInquiryError::Refused(OAuthError::new(ErrorCode::InvalidRequest, text));
    if params.repeated(&[]).is_some() {
        return Err(invalid("a parameter is repeated"));
    }
    params.get("token").ok_or_else(|| invalid("token is missing"))
}

/// Whether `client` may introspect an access token of `owner`. Confidential clients of the tenant are its resource
/// servers and may see all of them; guests from other organizations see their own.
fn may_see(tenant: &Tenant, client: &ProtocolClient, owner: &ProtocolClient) -> bool {
    let is_resource_server = client.client.organization_id == tenant.organization.id;
    is_resource_server || client.client.id == owner.client.id
}

/// RFC 7662 §2.2: `scope` is a list of scopes; an empty one is left out.
fn listed(scope: String) -> Option<String> {
    (!scope.is_empty()).then_some(scope)
}

/// What introspection tells of an access token that acts for a person.
pub(crate) fn active_access_token(
    tenant: &Tenant,
    owner: &ProtocolClient,
    user: UserId,
    token: AccessToken,
) -> ActiveToken {
    ActiveToken {
        sub: Some(user.to_string()),
        client_id: owner.client.client_id.to_string(),
        scope: listed(token.scope),
        token_type: Some("Bearer".to_owned()),
        exp: token.expires_at.seconds(),
        iat: token.created_at.seconds(),
        iss: tenant.issuer.clone(),
        ..ActiveToken::default()
    }
}

/// The introspection and the revocation endpoint.
pub struct IntrospectionEndpoint {
    shared: Arc<SharedServices>,
    client_authentication: Arc<ClientAuthentication>,
}

impl IntrospectionEndpoint {
    pub(crate) fn new(shared: Arc<SharedServices>, client_authentication: Arc<ClientAuthentication>) -> Self {
        Self { shared, client_authentication }
    }

    /// `POST /{org}/token/introspection`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.introspect", skip_all)]
    pub async fn introspect(
        &self,
        context: OperationContext<'_>,
        params: &Params,
        presented: &PresentedCredentials,
    ) -> Result<IntrospectionResponse, TokenInquiryError> {
        let client = self.authenticate(context, presented).await?;
        // RFC 7662 §2.1 requires authorization, and a public client has none to show: somebody using its name could
        // poll for the moment at which a stolen refresh token is rotated.
        if !client.client.is_confidential() {
            let client_id = client.client.client_id.to_string();
            return Err(ClientAuthError::Rejected { client_id }.into());
        }
        let token = required_token(params)?;
        let digest = TokenDigest::of(token);
        let found = if BearerKind::AccessToken.matches(token) {
            self.introspect_access(context, &client, &digest).await?
        } else if BearerKind::ClientAccessToken.matches(token) {
            self.introspect_client_token(context, &client, &digest).await?
        } else if BearerKind::RefreshToken.matches(token) {
            self.introspect_refresh(context, &client, &digest).await?
        } else {
            None
        };
        Ok(found
            .map_or(IntrospectionResponse::Inactive, |token| IntrospectionResponse::Active(Box::new(token))))
    }

    async fn authenticate(
        &self,
        context: OperationContext<'_>,
        presented: &PresentedCredentials,
    ) -> Result<Arc<ProtocolClient>, ClientAuthError> {
        self.client_authentication.authenticate(context, presented, ThrottledEndpoint::Introspection).await
    }

    async fn introspect_access(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        digest: &TokenDigest,
    ) -> Result<Option<ActiveToken>, BackendError> {
        let (tenant, now) = (context.tenant, self.shared.now());
        let Some(facts) = self
            .shared
            .store()
            .repositories()
            .tokens(tenant.organization.id)
            .access_facts(digest, now)
            .await?
        else {
            return Ok(None);
        };
        if now >= facts.token.expires_at || !facts.validity.is_live(now) {
            return Ok(None);
        }
        // Tokens of a deactivated client are not live either.
        let owner = self.shared.clients.find_by_key(tenant.organization.id, facts.client).await?;
        let owner =
            owner.filter(|o| may_see(tenant, client, o) && o.accepts_issued_at(facts.validity.authorized_at));
        Ok(owner.map(|owner| active_access_token(tenant, &owner, facts.user_id, facts.token)))
    }

    async fn introspect_refresh(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        digest: &TokenDigest,
    ) -> Result<Option<ActiveToken>, BackendError> {
        let (tenant, now) = (context.tenant, self.shared.now());
        let Some(facts) = self
            .shared
            .store()
            .repositories()
            .tokens(tenant.organization.id)
            .refresh_facts(digest, now)
            .await?
        else {
            return Ok(None);
        };
        // Resource servers never receive refresh tokens, so only the token's own client has a reason to ask.
        if facts.family.client != client.client.id {
            return Ok(None);
        }
        let is_live = now < facts.token.expires_at
            && facts.token.rotated_at.is_none()
            && facts.validity.is_live(now)
            && client.accepts_issued_at(facts.validity.authorized_at);
        Ok(is_live.then(|| ActiveToken {
            sub: Some(facts.family.user_id.to_string()),
            client_id: client.client.client_id.to_string(),
            scope: listed(facts.family.scope),
            exp: facts.token.expires_at.seconds(),
            iat: facts.token.created_at.seconds(),
            iss: tenant.issuer.clone(),
            ..ActiveToken::default()
        }))
    }

    async fn introspect_client_token(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        digest: &TokenDigest,
    ) -> Result<Option<ActiveToken>, BackendError> {
        let tenant = context.tenant;
        let Some(record) = self.client_token(tenant, digest).await? else { return Ok(None) };
        // Deactivating the client ends its tokens too.
        let owner = self.shared.clients.find(tenant.organization.id, &record.client_id).await?;
        let owner = owner.filter(|o| {
            self.shared.now() < record.expires_at
                && o.client.id == record.client
                && o.accepts_issued_at(record.issued_at)
        });
        Ok(owner.is_some_and(|owner| may_see(tenant, client, &owner)).then(|| ActiveToken {
            client_id: record.client_id,
            scope: listed(record.scope),
            token_type: Some("Bearer".to_owned()),
            exp: record.expires_at.seconds(),
            iat: record.issued_at.seconds(),
            iss: tenant.issuer.clone(),
            ..ActiveToken::default()
        }))
    }

    async fn client_token(
        &self,
        tenant: &Tenant,
        digest: &TokenDigest,
    ) -> Result<Option<ClientTokenRecord>, BackendError> {
        let key = ClientTokenRecord::storage_key(tenant.organization.id, digest);
        let Some(bytes) = self.shared.kv().get(&key).await? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| BackendError::Unreadable(e.to_string()))
    }

    /// `POST /{org}/token/revocation`. Unknown tokens are a success (RFC 7009 §2.2); another client's token is silently
    /// left alone. A refresh token ends its family; an access token ends alone.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.revoke", skip_all)]
    pub async fn revoke(
        &self,
        context: OperationContext<'_>,
        params: &Params,
        presented: &PresentedCredentials,
    ) -> Result<(), TokenInquiryError> {
        let client = self.authenticate(context, presented).await?;
        let token = required_token(params)?;
        let digest = TokenDigest::of(token);
        if BearerKind::AccessToken.matches(token) {
            self.revoke_access(context, &client, &digest).await?;
        } else if BearerKind::RefreshToken.matches(token) {
            self.revoke_refresh(context, &client, &digest).await?;
        } else if BearerKind::ClientAccessToken.matches(token)
            && let Some(record) = self.client_token(context.tenant, &digest).await?
            && record.client == client.client.id
        {
            self.shared
                .kv()
                .take(&ClientTokenRecord::storage_key(context.tenant.organization.id, &digest))
                .await
                .map_err(BackendError::from)?;
        }
        Ok(())
    }

    async fn revoke_access(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        digest: &TokenDigest,
    ) -> Result<(), BackendError> {
        let (tenant, now) = (context.tenant, self.shared.now());
        let mut repositories = self.shared.store().repositories();
        let mut tokens = repositories.tokens(tenant.organization.id);
        let facts = tokens.access_facts(digest, now).await?;
        if facts.is_some_and(|f| f.client == client.client.id) {
            tokens.delete_access_token(digest).await?;
        }
        Ok(())
    }

    async fn revoke_refresh(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        digest: &TokenDigest,
    ) -> Result<(), BackendError> {
        let (tenant, now) = (context.tenant, self.shared.now());
        let mut repositories = self.shared.store().repositories();
        let mut tokens = repositories.tokens(tenant.organization.id);
        let facts = tokens.refresh_facts(digest, now).await?;
        if let Some(facts) = facts.filter(|f| f.family.client == client.client.id) {
            tokens.revoke(Revocation::Family(facts.family.id), now).await?;
        }
        Ok(())
    }
}
