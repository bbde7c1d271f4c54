//! UserInfo (OpenID Connect Core §5.3).

use std::sync::Arc;

use porta_core::user::User;
use porta_core::{BearerKind, TokenDigest};
use porta_protocol::claims::{add_claim, claims_for_scope, standard_claims};
use porta_protocol::{ClaimsRequest, Scope, scope};
use porta_session::{BackendError, ProtocolClient, SharedServices, Tenant};
use porta_store::Rights;
use serde_json::{Map, Value, json};

/// A refused UserInfo request (RFC 6750 §3.1).
#[derive(Debug, thiserror::Error)]
pub enum UserInfoError {
    #[error("access token is unknown, expired or ended")]
    InvalidToken,
    #[error("access token does not carry the openid scope")]
    InsufficientScope,
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// The answer: claims, or claims signed for the client that asked.
#[derive(Debug, Clone, PartialEq)]
pub enum UserInfo {
    Json(Map<String, Value>),
    Jwt(String),
}

pub struct UserInfoEndpoint {
    shared: Arc<SharedServices>,
}

impl UserInfoEndpoint {
    pub(crate) fn new(shared: Arc<SharedServices>) -> Self {
        Self { shared }
    }

    /// `GET` and `POST /{org}/me`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.userinfo", skip_all)]
    pub async fn answer(&self, tenant: &Tenant, access_token: &str) -> Result<UserInfo, UserInfoError> {
        if !BearerKind::AccessToken.matches(access_token) {
            return Err(UserInfoError::InvalidToken);
        }
        let now = self.shared.now();
        let digest = TokenDigest::of(access_token);
        let mut repositories = self.shared.store().repositories();
        let facts = repositories
            .tokens(tenant.organization.id)
            .userinfo_facts(&digest, now)
            .await
            .map_err(BackendError::from)?;
        drop(repositories);
        let facts = facts.ok_or(UserInfoError::InvalidToken)?;
        let access = &facts.access;
        if now >= access.token.expires_at || !access.validity.is_live(now) {
            return Err(UserInfoError::InvalidToken);
        }
        let client = self.shared.clients.find_by_key(tenant.organization.id, access.client).await?;
        let client = client.filter(|c| c.accepts_issued_at(access.validity.authorized_at));
        let client = client.ok_or(UserInfoError::InvalidToken)?;
        let scope = Scope::parse(&access.token.scope)
            .map_err(|_| BackendError::Unreadable("stored scope".to_owned()))?;
        if !scope.contains(scope::OPENID) {
            return Err(UserInfoError::InsufficientScope);
        }
        let request = facts.claims.as_ref().and_then(|c| ClaimsRequest::from_value(c).ok());
        let rights = client.catalog.rights(facts.rights);
        let claims = userinfo_claims(&facts.user, &rights, &scope, request.as_ref());
        self.respond(tenant, &client, claims).await.map_err(UserInfoError::from)
    }

    async fn respond(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        mut claims: Map<String, Value>,
    ) -> Result<UserInfo, BackendError> {
        let Some(algorithm) = client.client.userinfo_signed_response_alg else {
            return Ok(UserInfo::Json(claims));
        };
        // OpenID Connect Core §5.3.2: a signed response names issuer and audience.
        claims.insert("iss".to_owned(), json!(tenant.issuer));
        claims.insert("aud".to_owned(), json!(client.client.client_id.as_str()));
        let signer = self.shared.signing_keys.signer(tenant, algorithm).await?;
        let jwt = signer.sign(None, &claims).map_err(|e| BackendError::Signing(e.to_string()))?;
        Ok(UserInfo::Jwt(jwt))
    }
}

/// The claims about a person for a token with this scope. `request`: the `claims` parameter of the authorization request.
pub(crate) fn userinfo_claims(
    user: &User,
    rights: &Rights,
    scope: &Scope,
    request: Option<&ClaimsRequest>,
) -> Map<String, Value> {
    let by_scope: Vec<&str> = scope.iter().flat_map(claims_for_scope).copied().collect();
    let wanted = |name: &str| by_scope.contains(&name) || request.is_some_and(|r| r.userinfo.contains(name));
    let mut claims = standard_claims(user, wanted);
    add_claim(&mut claims, "roles", json!(rights.roles));
    add_claim(&mut claims, "permissions", json!(rights.permissions));
    for claim in rights.claims.iter().filter(|c| c.include_in_userinfo) {
        add_claim(&mut claims, &claim.name, claim.value.clone());
    }
    claims.insert("sub".to_owned(), json!(user.id.to_string()));
    claims
}
