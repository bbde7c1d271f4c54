//! The ID token (OpenID Connect Core §2).

use porta_core::settings;
use porta_protocol::claims::{add_claim, claims_for_scope, standard_claims};
use porta_protocol::{ClaimsRequest, Scope};
use porta_session::{BackendError, Tenant};
use serde_json::{Map, Value, json};

use super::issue::{TokenIssuer, TokenSubject};

/// What an ID token is made from.
#[derive(Clone, Copy)]
pub(crate) struct IdTokenInput<'a> {
    pub(crate) subject: TokenSubject<'a>,
    /// Scope of the access token beside it; after a refresh it may be narrower than the family's.
    pub(crate) scope: &'a Scope,
    pub(crate) access_token: &'a str,
}

impl TokenIssuer {
    pub(super) async fn id_token(
        &self,
        tenant: &Tenant,
        made_from: IdTokenInput<'_>,
    ) -> Result<String, BackendError> {
        let algorithm = made_from.subject.client.client.id_token_signed_response_alg;
        let claims = self.id_token_claims(tenant, made_from);
        let signer = self.shared.signing_keys.signer(tenant, algorithm).await?;
        signer.sign(None, &claims).map_err(|e| BackendError::Signing(e.to_string()))
    }

    /// The claims of an ID token that is issued now.
    pub(crate) fn id_token_claims(&self, tenant: &Tenant, made_from: IdTokenInput<'_>) -> Map<String, Value> {
        let IdTokenInput { subject, access_token, .. } = made_from;
        let TokenSubject { client, family, user, rights } = subject;
        let algorithm = client.client.id_token_signed_response_alg;
        let now = self.shared.now();
        let mut claims = claims_of_person(made_from);
        add_claim(&mut claims, "roles", json!(rights.roles));
        add_claim(&mut claims, "permissions", json!(rights.permissions));
        for claim in rights.claims.iter().filter(|c| c.include_in_id_token) {
            add_claim(&mut claims, &claim.name, claim.value.clone());
        }
        // Protocol claims come last, so that no other claim overrides them.
        let expires_at = now + tenant.settings.duration(settings::ID_TOKEN_TTL);
        claims.insert("iss".to_owned(), json!(tenant.issuer));
        claims.insert("sub".to_owned(), json!(user.id.to_string()));
        claims.insert("aud".to_owned(), json!(client.client.client_id.as_str()));
        claims.insert("exp".to_owned(), json!(expires_at.seconds()));
        claims.insert("iat".to_owned(), json!(now.seconds()));
        claims.insert("auth_time".to_owned(), json!(family.auth_time.seconds()));
        claims.insert("acr".to_owned(), json!(family.acr));
        claims.insert("amr".to_owned(), json!(family.amr));
        claims.insert("sid".to_owned(), json!(family.session.to_string()));
        claims.insert("at_hash".to_owned(), json!(porta_jose::at_hash(algorithm, access_token)));
        if let Some(nonce) = &family.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
        claims
    }
}

/// Claims about the person: those requested in the `id_token` member of the `claims` parameter (OpenID Connect Core
/// §5.5). For a client that has standard claims in its ID tokens, also those of the scopes, which UserInfo delivers
/// otherwise (§5.4).
fn claims_of_person(made_from: IdTokenInput<'_>) -> Map<String, Value> {
    let IdTokenInput { subject: TokenSubject { client, family, user, rights }, scope, .. } = made_from;
    let request = family.claims.as_ref().and_then(|c| ClaimsRequest::from_value(c).ok());
    let is_requested = |name: &str| request.as_ref().is_some_and(|r| r.id_token.contains(name));
    let has_standard = client.client.standard_claims_in_id_token;
    let is_of_scope = |name: &str| has_standard && scope.iter().any(|s| claims_for_scope(s).contains(&name));
    let mut claims = standard_claims(user, |name| is_requested(name) || is_of_scope(name));
    for claim in rights.claims.iter().filter(|c| c.include_in_userinfo && is_requested(&c.name)) {
        add_claim(&mut claims, &claim.name, claim.value.clone());
    }
    claims
}
