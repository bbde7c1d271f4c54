//! Refreshing (RFC 6749 §6, RFC 9700 §4.14.2, decision D8).
//!
//! ```text
//! RT0 ──use──► RT0 rotated, RT1 live
//! RT0 again, soon, RT1 unused ──► the same RT1 (an honest retry: lost answer, parallel tab)
//! RT0 again, late, or RT1 used ──► the family is revoked
//! ```
//!
//! RT1 is computed from RT0 and a server key, so the retry gets the same value although only digests are stored. The
//! access token beside it is a new one.

use porta_core::session::TokenFamily;
use porta_core::{BearerKind, TokenDigest, settings};
use porta_protocol::token_response::TokenResponse;
use porta_protocol::{ErrorCode, Params, Scope};
use porta_store::{RefreshTokenFacts, Revocation};

use super::issue::{Issued, access_row, refresh_row};
use super::{TokenError, invalid_grant, refused};
use crate::clients::ProtocolClient;
use crate::quota::Payer;
use crate::{Caller, Engine, Tenant};

impl Engine {
    pub(crate) async fn refresh(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        params: &Params,
        caller: &Caller,
    ) -> Result<TokenResponse, TokenError> {
        let Some(presented) = params.get("refresh_token") else {
            return Err(refused(ErrorCode::InvalidRequest, "refresh_token is missing"));
        };
        if !BearerKind::RefreshToken.matches(presented) {
            return Err(invalid_grant("not a refresh token of ours"));
        }
        let digest = TokenDigest::of(presented);
        let facts = self.refresh_facts(tenant, client, &digest).await?;
        let scope = narrowed_scope(&facts.family, params)?;
        let payers = [Payer::Chain(facts.family.id), Payer::Client(client.client.id), Payer::Organization];
        self.spend(tenant, &payers, caller).await.map_err(TokenError::Limited)?;
        let issued = self.successors(tenant, &facts.family, presented, &scope);
        if facts.token.rotated_at.is_some() {
            return self.retry_or_replay(tenant, client, facts, issued, caller).await;
        }
        let now = self.now();
        let Some(successor) = &issued.refresh_row else { return Err(invalid_grant("no successor")) };
        let rotated = self
            .store
            .repositories()
            .tokens(tenant.organization.id)
            .rotate(&digest, successor, &issued.access_row, now)
            .await?;
        if !rotated {
            // Somebody was faster: what they left tells whether this is a twin or a thief.
            let facts = self.refresh_facts(tenant, client, &digest).await?;
            return self.retry_or_replay(tenant, client, facts, issued, caller).await;
        }
        let rights = client.catalog.rights(facts.rights);
        Ok(self.answer(tenant, client, &facts.family, &facts.user, &rights, issued).await?)
    }

    async fn refresh_facts(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        digest: &TokenDigest,
    ) -> Result<RefreshTokenFacts, TokenError> {
        let now = self.now();
        let facts = self
            .store
            .repositories()
            .tokens(tenant.organization.id)
            .refresh_facts(digest, now)
            .await?
            .ok_or_else(|| invalid_grant("unknown refresh token"))?;
        if facts.family.client != client.client.id {
            return Err(invalid_grant("the refresh token belongs to another client"));
        }
        if now >= facts.token.expires_at || !facts.liveness.is_live(now) {
            return Err(invalid_grant("the refresh token has ended"));
        }
        Ok(facts)
    }

    fn successors(&self, tenant: &Tenant, family: &TokenFamily, presented: &str, scope: &str) -> Issued {
        let now = self.now();
        let refresh =
            BearerKind::RefreshToken.derive(&self.successor_key, format!("refresh\n{presented}").as_bytes());
        // New each time: a retry must not bring back an access token that was revoked in between.
        let access = BearerKind::AccessToken.generate(&*self.entropy);
        Issued {
            access_row: access_row(tenant, family, &access, scope, now),
            refresh_row: Some(refresh_row(tenant, family, &refresh, now)),
            access,
            refresh: Some(refresh),
        }
    }

    async fn retry_or_replay(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        facts: RefreshTokenFacts,
        issued: Issued,
        caller: &Caller,
    ) -> Result<TokenResponse, TokenError> {
        let now = self.now();
        let window = tenant.settings.duration(settings::REFRESH_REPLAY_WINDOW);
        let is_recent = facts.token.rotated_at.is_some_and(|at| now.since(at) < window);
        let is_same_successor = match (&facts.token.successor, &issued.refresh_row) {
            (Some(stored), Some(row)) => stored.same_as(&row.digest),
            _ => false,
        };
        if is_recent && is_same_successor && !facts.successor_rotated {
            self.store
                .repositories()
                .tokens(tenant.organization.id)
                .add_access_token(&issued.access_row)
                .await?;
            let rights = client.catalog.rights(facts.rights);
            return Ok(self.answer(tenant, client, &facts.family, &facts.user, &rights, issued).await?);
        }
        let event = self.replay_event(tenant, &facts.family, "security.refresh_token.replayed", caller);
        let mut work = self.store.begin().await?;
        work.tokens(tenant.organization.id).revoke(Revocation::Family(facts.family.id), now).await?;
        work.audit().record(&event).await?;
        work.commit().await?;
        tracing::warn!(event = "security.refresh_token.replayed", family = %facts.family.id, "refresh token was replayed");
        Err(invalid_grant("the refresh token was replayed"))
    }
}

/// RFC 6749 §6: the scope may shrink, never grow.
fn narrowed_scope(family: &TokenFamily, params: &Params) -> Result<String, TokenError> {
    let Some(text) = params.get("scope") else { return Ok(family.scope.clone()) };
    let malformed = || refused(ErrorCode::InvalidScope, "scope is malformed");
    let requested = Scope::parse(text).map_err(|_| malformed())?;
    let granted = Scope::parse(&family.scope).map_err(|_| malformed())?;
    if !requested.is_subset_of(&granted) {
        return Err(refused(ErrorCode::InvalidScope, "scope exceeds what was granted"));
    }
    Ok(requested.to_string())
}
