//! What the tokens of a person would tell a client: the claims as they are computed at issue. Nothing is signed or stored.

use std::collections::BTreeSet;
use std::sync::Arc;

use porta_core::client::GrantType;
use porta_core::session::TokenFamily;
use porta_core::{BearerKind, GrantId, SessionKey, TokenFamilyId, UserId, settings, string_enum};
use porta_protocol::claims::{claims_for_scope, scope_of_claim};
use porta_protocol::introspection::ActiveToken;
use porta_protocol::{Scope, scope};
use porta_session::{ACR_ONE_FACTOR, BackendError, ProtocolClient, SharedServices, Tenant};
use serde_json::{Map, Value};

use crate::authorize::allowed_scope;
use crate::introspection::active_access_token;
use crate::token::{IdTokenInput, TokenIssuer, TokenSubject, access_row};
use crate::userinfo::userinfo_claims;

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    #[error("the client is not active, or does not serve the organization of the person")]
    UnusableClient,
    #[error("the client cannot sign anybody in")]
    NoSignIn,
    #[error("the person may not sign in")]
    NobodySignsIn,
    #[error("{0}")]
    Scope(String),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

string_enum! {
    /// Whether a claim is told, and if not, why.
    pub enum ClaimState {
        Included = "included",
        /// A scope that the claim comes with is not granted.
        ScopeMissing = "scope_missing",
        /// The person has no value.
        NoValue = "no_value",
        /// The definition of the claim, or a setting of the client, leaves it out here.
        SwitchedOff = "switched_off",
    }
}

/// Where a claim is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimReason {
    pub name: String,
    /// The scope that the claim comes with. `None`: a claim of the application, which comes with `openid`.
    pub scope: Option<&'static str>,
    pub id_token: ClaimState,
    pub userinfo: ClaimState,
}

/// The tokens of a sign-in at this moment, with the password alone and without a `claims` parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenPreview {
    /// As granted.
    pub scope: String,
    /// `None`: `openid` is not granted.
    pub id_token: Option<Map<String, Value>>,
    /// `None`: `openid` is not granted.
    pub userinfo: Option<Map<String, Value>>,
    /// What introspection would tell: the token itself is opaque.
    pub access_token: ActiveToken,
    pub claims: Vec<ClaimReason>,
}

pub struct TokenPreviews {
    shared: Arc<SharedServices>,
    issuer: TokenIssuer,
}

impl TokenPreviews {
    pub(crate) fn new(shared: Arc<SharedServices>) -> Self {
        Self { issuer: TokenIssuer { shared: Arc::clone(&shared) }, shared }
    }

    /// What `client_id` would be told about a person of `tenant`. `requested`: `None` stands for all scopes of the
    /// client. Reads the client and the person, and writes nothing.
    pub async fn of(
        &self,
        tenant: &Tenant,
        client_id: &str,
        user: UserId,
        requested: Option<&str>,
    ) -> Result<TokenPreview, PreviewError> {
        let organization = tenant.organization.id;
        let client = self.shared.clients.find(organization, client_id).await?;
        let client = client.ok_or(PreviewError::UnusableClient)?;
        if !client.client.has_grant(GrantType::AuthorizationCode) {
            return Err(PreviewError::NoSignIn);
        }
        let scope = granted(&client, requested)?;
        let family = self.family(tenant, &client, user, &scope);
        let facts = self
            .shared
            .store()
            .repositories()
            .tokens(organization)
            .issuance_facts(&family, family.created_at)
            .await;
        let facts = facts.map_err(BackendError::from)?;
        let facts = facts.filter(|facts| facts.user.may_continue()).ok_or(PreviewError::NobodySignsIn)?;
        let rights = client.catalog.rights(facts.rights);
        // Only its digest is used, for `at_hash`.
        let access_token = BearerKind::AccessToken.generate(self.shared.entropy());
        let row = access_row(tenant, &family, &access_token, &family.scope, family.created_at);
        let subject = TokenSubject { client: &client, family: &family, user: &facts.user, rights: &rights };
        let made_from = IdTokenInput { subject, scope: &scope, access_token: &access_token };
        let has_openid = scope.contains(scope::OPENID);
        let id_token = has_openid.then(|| self.issuer.id_token_claims(tenant, made_from));
        let userinfo = has_openid.then(|| userinfo_claims(&facts.user, &rights, &scope, None));
        Ok(TokenPreview {
            claims: reasons(&client, &scope, id_token.as_ref(), userinfo.as_ref()),
            access_token: active_access_token(tenant, &client, user, row),
            scope: family.scope,
            id_token,
            userinfo,
        })
    }

    /// The family that a sign-in would begin. Its ids are made up.
    fn family(&self, tenant: &Tenant, client: &ProtocolClient, user: UserId, scope: &Scope) -> TokenFamily {
        let (now, entropy) = (self.shared.now(), self.shared.entropy());
        TokenFamily {
            id: TokenFamilyId::new(now, entropy),
            organization_id: tenant.organization.id,
            client: client.client.id,
            user_id: user,
            grant_id: GrantId::new(now, entropy),
            session: SessionKey::new(now, entropy),
            is_offline: false,
            scope: scope.to_string(),
            nonce: None,
            auth_time: now,
            acr: ACR_ONE_FACTOR.to_owned(),
            amr: vec!["pwd".to_owned()],
            claims: None,
            expires_at: now + tenant.settings.duration(settings::ACCESS_TOKEN_TTL),
            created_at: now,
        }
    }
}

/// The scope that the authorization endpoint would grant to somebody who consents.
fn granted(client: &ProtocolClient, requested: Option<&str>) -> Result<Scope, PreviewError> {
    let requested = match requested {
        Some(text) => Scope::parse(text).map_err(|error| PreviewError::Scope(error.to_string()))?,
        None => client.scope.clone(),
    };
    let may_get_offline_access = client.client.has_grant(GrantType::RefreshToken);
    allowed_scope(&requested, client, may_get_offline_access)
        .map_err(|error| PreviewError::Scope(error.to_string()))
}

fn state(is_included: bool, is_granted: bool, is_switched_on: bool) -> ClaimState {
    if is_included {
        ClaimState::Included
    } else if !is_granted {
        ClaimState::ScopeMissing
    } else if !is_switched_on {
        ClaimState::SwitchedOff
    } else {
        ClaimState::NoValue
    }
}

/// Where each claim of the supported scopes and of the application is told.
fn reasons(
    client: &ProtocolClient,
    scope: &Scope,
    id_token: Option<&Map<String, Value>>,
    userinfo: Option<&Map<String, Value>>,
) -> Vec<ClaimReason> {
    let is_in = |token: Option<&Map<String, Value>>, name: &str| token.is_some_and(|t| t.contains_key(name));
    let has_openid = scope.contains(scope::OPENID);
    let mut all = Vec::new();
    for name in scope::SUPPORTED.iter().flat_map(|token| claims_for_scope(token)).copied() {
        let of = scope_of_claim(name);
        let is_granted = has_openid && of.is_some_and(|of| scope.contains(of));
        let in_id_token = of == Some(scope::OPENID) || client.client.standard_claims_in_id_token;
        all.push(ClaimReason {
            name: name.to_owned(),
            scope: of,
            id_token: state(is_in(id_token, name), is_granted, in_id_token),
            userinfo: state(is_in(userinfo, name), is_granted, true),
        });
    }
    let known: BTreeSet<String> = all.iter().map(|claim| claim.name.clone()).collect();
    for claim in client.catalog.claims().iter().filter(|claim| !known.contains(&claim.name)) {
        all.push(ClaimReason {
            name: claim.name.clone(),
            scope: None,
            id_token: state(is_in(id_token, &claim.name), has_openid, claim.include_in_id_token),
            userinfo: state(is_in(userinfo, &claim.name), has_openid, claim.include_in_userinfo),
        });
    }
    all
}
