//! The ID token (OpenID Connect Core §2).

use porta_core::session::TokenFamily;
use porta_core::settings;
use porta_core::user::User;
use porta_protocol::ClaimsRequest;
use porta_protocol::claims::standard_claims;
use porta_store::Rights;
use serde_json::{Map, Value, json};

use crate::clients::ProtocolClient;
use crate::{Engine, EngineError, Tenant};

impl Engine {
    pub(crate) async fn id_token(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        family: &TokenFamily,
        user: &User,
        rights: &Rights,
        access_token: &str,
    ) -> Result<String, EngineError> {
        let algorithm = client.client.id_token_signed_response_alg;
        let now = self.now();
        let mut claims = requested_claims(family, user, rights);
        claims.insert("roles".to_owned(), json!(rights.roles));
        claims.insert("permissions".to_owned(), json!(rights.permissions));
        for claim in rights.claims.iter().filter(|c| c.include_in_id_token) {
            claims.insert(claim.name.clone(), claim.value.clone());
        }
        // The protocol's own members come last: nothing above may shadow them.
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
        let signer = self.signer(tenant, algorithm).await?;
        signer.sign(None, &claims).map_err(|e| EngineError::Signing(e.to_string()))
    }
}

/// Claims of the person named in the `id_token` part of the `claims` parameter (OpenID Connect Core §5.5).
fn requested_claims(family: &TokenFamily, user: &User, rights: &Rights) -> Map<String, Value> {
    let Some(request) = family.claims.as_ref().and_then(|c| ClaimsRequest::from_value(c).ok()) else {
        return Map::new();
    };
    let mut claims = standard_claims(user, |name| request.id_token.contains(name));
    for claim in rights.claims.iter().filter(|c| c.include_in_userinfo && request.id_token.contains(&c.name))
    {
        claims.insert(claim.name.clone(), claim.value.clone());
    }
    claims
}
