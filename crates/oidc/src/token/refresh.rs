//! Refreshing (RFC 6749 §6, RFC 9700 §4.14.2, decision D8).
//!
//! ```text
//! RT0 ──use──► RT0 rotated, RT1 live
//! RT0 again, soon, RT1 unused, from the same caller ──► the same RT1 (an honest retry: lost answer, parallel tab)
//! RT0 again, late, or RT1 used, or from elsewhere ──► the family is revoked
//! ```
//!
//! The replay window starts when RT1 is stored: a rotation may wait for its row longer than its client waits for the
//! answer.
//!
//! A confidential client authenticates with every request and may run on many machines, so it may retry from elsewhere.
//! Two generations in a row with such a retry raise an alarm.
//!
//! RT1 is derived from RT0 and a server key, so a retry gets the same value although only digests are stored. The
//! access token beside it is a new one. The first of several server keys derives new tokens; a retry uses the key of
//! the rotation, so that replacing a key between the two ends nothing (decision 0039).

use std::sync::Arc;

use aws_lc_rs::hmac;
use porta_core::audit::AuditEventKind;
use porta_core::seal::{HmacKey, HmacKeys};
use porta_core::session::{RefreshToken, TokenFamily};
use porta_core::{BearerKind, Timestamp, TokenDigest, settings};
use porta_protocol::token_response::TokenResponse;
use porta_protocol::{ErrorCode, Params, Scope};
use porta_session::{Caller, OperationContext, ProtocolClient, SharedServices, Tenant};
use porta_store::{RefreshTokenFacts, Revocation};

use super::issue::{IssuedTokens, TokenIssuer, TokenSubject, access_row, refresh_row};
use super::{TokenError, invalid_grant, refused, replay_event};
use crate::quota::{QuotaKey, Quotas};

pub(super) struct RefreshTokenGrant {
    pub(super) shared: Arc<SharedServices>,
    pub(super) issuer: Arc<TokenIssuer>,
    pub(super) quotas: Arc<Quotas>,
    /// Derive the successor of a rotated refresh token (decision D8).
    pub(super) successor_keys: HmacKeys,
}

impl RefreshTokenGrant {
    pub(super) async fn refresh(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        params: &Params,
    ) -> Result<TokenResponse, TokenError> {
        let OperationContext { tenant, caller, .. } = context;
        let Some(presented) = params.get("refresh_token") else {
            return Err(refused(ErrorCode::InvalidRequest, "refresh_token is missing"));
        };
        if !BearerKind::RefreshToken.matches(presented) {
            return Err(invalid_grant("not a refresh token of ours"));
        }
        let digest = TokenDigest::of(presented);
        let facts = self.refresh_facts(tenant, client, &digest).await?;
        // Check for a replay first: neither another error in the request nor a used-up quota may hide it.
        if facts.token.rotated_at.is_some() {
            let stored = facts.token.successor.as_ref();
            let successor = TokenDigest::of(&self.successor_as_stored(presented, stored));
            if let TokenReuse::Replay(why) = self.classify_reuse(context, client, &facts, Some(&successor)) {
                return Err(self.revoke_replayed_family(context, &facts.family, why).await?);
            }
        }
        let scope = narrowed_scope(&facts.family, params)?;
        let quota_keys = [
            QuotaKey::TokenFamily(facts.family.id),
            QuotaKey::TokenFamiliesOf(facts.family.user_id),
            QuotaKey::Client(client.client.id),
            QuotaKey::Organization,
        ];
        self.quotas.consume(context, &quota_keys).await.map_err(TokenError::Limited)?;
        let parameters = RefreshParameters { presented, scope: &scope };
        if facts.token.rotated_at.is_some() {
            return self.retry_or_replay(context, client, facts, parameters).await;
        }
        let issued = self.rotated_tokens(tenant, &facts.family, self.successor(presented), &scope);
        let now = self.shared.now();
        let Some(successor) = &issued.refresh_row else { return Err(invalid_grant("no successor")) };
        let rotated = self
            .shared
            .store()
            .repositories()
            .tokens(tenant.organization.id)
            .rotate(
                &digest,
                successor,
                &issued.access_row,
                &self.current_caller_fingerprint(caller, &facts.family),
                now,
            )
            .await?;
        if !rotated {
            // Another request was faster; what it stored tells whether this is a retry or a replay.
            let facts = self.refresh_facts(tenant, client, &digest).await?;
            return self.retry_or_replay(context, client, facts, parameters).await;
        }
        self.answer(tenant, client, facts, issued).await
    }

    async fn refresh_facts(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        digest: &TokenDigest,
    ) -> Result<RefreshTokenFacts, TokenError> {
        let now = self.shared.now();
        let facts = self
            .shared
            .store()
            .repositories()
            .tokens(tenant.organization.id)
            .refresh_facts(digest, now)
            .await?
            .ok_or_else(|| invalid_grant("unknown refresh token"))?;
        if facts.family.client != client.client.id {
            return Err(invalid_grant("the refresh token belongs to another client"));
        }
        let is_live = facts.validity.is_live(now) && client.accepts_issued_at(facts.validity.authorized_at);
        if now >= facts.token.expires_at || !is_live {
            return Err(invalid_grant("the refresh token has ended"));
        }
        Ok(facts)
    }

    /// Derives the successor of a refresh token that is rotated now.
    fn successor(&self, presented: &str) -> String {
        derived(self.successor_keys.current(), presented)
    }

    /// Derives the successor that was stored at rotation, with whichever key was used. If no key fits, returns a value
    /// that is stored nowhere.
    fn successor_as_stored(&self, presented: &str, stored: Option<&TokenDigest>) -> String {
        let is_stored = |value: &String| stored.is_some_and(|digest| digest.same_as(&TokenDigest::of(value)));
        let mut values = self.successor_keys.all().map(|key| derived(key, presented));
        values.find(is_stored).unwrap_or_else(|| self.successor(presented))
    }

    fn rotated_tokens(
        &self,
        tenant: &Tenant,
        family: &TokenFamily,
        refresh: String,
        scope: &str,
    ) -> IssuedTokens {
        let now = self.shared.now();
        // New each time: a retry must not bring back an access token that was revoked in between.
        let access = BearerKind::AccessToken.generate(self.shared.entropy());
        IssuedTokens {
            access_row: access_row(tenant, family, &access, scope, now),
            refresh_row: Some(refresh_row(tenant, family, &refresh, now)),
            access,
            refresh: Some(refresh),
        }
    }

    async fn retry_or_replay(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        facts: RefreshTokenFacts,
        parameters: RefreshParameters<'_>,
    ) -> Result<TokenResponse, TokenError> {
        let tenant = context.tenant;
        let refresh = self.successor_as_stored(parameters.presented, facts.token.successor.as_ref());
        let issued = self.rotated_tokens(tenant, &facts.family, refresh, parameters.scope);
        let successor = issued.refresh_row.as_ref().map(|row| &row.digest);
        match self.classify_reuse(context, client, &facts, successor) {
            TokenReuse::Same => {
                let mut repositories = self.shared.store().repositories();
                repositories.tokens(tenant.organization.id).add_access_token(&issued.access_row).await?;
            }
            TokenReuse::Elsewhere(successor) => {
                self.share(context, &facts, &issued, &successor).await?;
            }
            TokenReuse::Replay(why) => {
                return Err(self.revoke_replayed_family(context, &facts.family, why).await?);
            }
        }
        self.answer(tenant, client, facts, issued).await
    }

    async fn answer(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        facts: RefreshTokenFacts,
        issued: IssuedTokens,
    ) -> Result<TokenResponse, TokenError> {
        let rights = client.catalog.rights(facts.rights);
        let subject = TokenSubject { client, family: &facts.family, user: &facts.user, rights: &rights };
        Ok(self.issuer.answer(tenant, subject, issued).await?)
    }

    /// Judges a rotated token that is presented again.
    fn classify_reuse(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        facts: &RefreshTokenFacts,
        successor: Option<&TokenDigest>,
    ) -> TokenReuse {
        let OperationContext { tenant, caller, .. } = context;
        let presented = ReusedToken {
            token: &facts.token,
            since: facts.rotated_since(),
            successor_rotated: facts.successor_rotated,
            successor,
            caller_fingerprints: &self.caller_fingerprints(caller, &facts.family),
            is_proven: client.client.is_confidential(),
        };
        presented.classify(self.shared.now(), tenant.settings.duration(settings::REFRESH_REPLAY_WINDOW))
    }

    /// Fingerprint of a caller for a family: a keyed digest of network and user agent, so that storage does not reveal
    /// them.
    fn current_caller_fingerprint(&self, caller: &Caller, family: &TokenFamily) -> TokenDigest {
        caller_fingerprint(self.successor_keys.current(), caller, family)
    }

    /// The fingerprint under each key.
    fn caller_fingerprints(&self, caller: &Caller, family: &TokenFamily) -> Vec<TokenDigest> {
        self.successor_keys.all().map(|key| caller_fingerprint(key, caller, family)).collect()
    }

    /// Answers a retry of an authenticated client from elsewhere. One is a pool of machines and a lost answer; two in a
    /// row look like two parties that hold the same token (RFC 9700 §4.14), so an alarm is raised.
    async fn share(
        &self,
        context: OperationContext<'_>,
        facts: &RefreshTokenFacts,
        issued: &IssuedTokens,
        successor: &TokenDigest,
    ) -> Result<(), TokenError> {
        let organization = context.tenant.organization.id;
        if facts.token.shared_at.is_none() {
            let mut repositories = self.shared.store().repositories();
            repositories.tokens(organization).share(&issued.access_row, successor).await?;
            return Ok(());
        }
        let mut work = self.shared.store().begin().await?;
        let is_news = work.tokens(organization).share(&issued.access_row, successor).await?;
        if is_news {
            let event = replay_event(
                &self.shared,
                context,
                &facts.family,
                AuditEventKind::SecurityRefreshTokenShared,
            );
            work.audit().record(&event).await?;
        }
        work.commit().await?;
        if is_news {
            tracing::warn!(event = "security.refresh_token.shared", family = %facts.family.id, "two different callers keep using the same refresh tokens");
        }
        Ok(())
    }

    async fn revoke_replayed_family(
        &self,
        context: OperationContext<'_>,
        family: &TokenFamily,
        why: &'static str,
    ) -> Result<TokenError, TokenError> {
        let organization = context.tenant.organization.id;
        let mut event =
            replay_event(&self.shared, context, family, AuditEventKind::SecurityRefreshTokenReplayed);
        event.metadata["why"] = why.into();
        let mut work = self.shared.store().begin().await?;
        work.tokens(organization).revoke(Revocation::Family(family.id), self.shared.now()).await?;
        work.audit().record(&event).await?;
        work.commit().await?;
        tracing::warn!(event = "security.refresh_token.replayed", family = %family.id, why, "refresh token was replayed");
        Ok(invalid_grant("the refresh token was replayed"))
    }
}

fn derived(key: &HmacKey, presented: &str) -> String {
    BearerKind::RefreshToken.derive(key.key(), format!("refresh\n{presented}").as_bytes())
}

fn caller_fingerprint(key: &HmacKey, caller: &Caller, family: &TokenFamily) -> TokenDigest {
    let agent = caller.user_agent.as_deref().unwrap_or_default();
    let text = format!("caller\n{}\n{}\n{agent}", family.id, caller.network());
    TokenDigest::of_bytes(hmac::sign(key.key(), text.as_bytes()).as_ref())
}

/// The request that presents a rotated token.
#[derive(Clone, Copy)]
struct RefreshParameters<'a> {
    presented: &'a str,
    scope: &'a str,
}

/// A rotated token that is presented again.
struct ReusedToken<'a> {
    token: &'a RefreshToken,
    /// Start of the replay window.
    since: Option<Timestamp>,
    successor_rotated: bool,
    /// Digest of the successor derived from the presented value.
    successor: Option<&'a TokenDigest>,
    /// Fingerprint of the caller, under each key.
    caller_fingerprints: &'a [TokenDigest],
    /// The client authenticated.
    is_proven: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum TokenReuse {
    /// The fingerprint of the first use.
    Same,
    /// Another fingerprint, but the client authenticated; it gets this successor.
    Elsewhere(TokenDigest),
    /// The reason, for the audit row.
    Replay(&'static str),
}

impl ReusedToken<'_> {
    fn classify(&self, now: Timestamp, window: std::time::Duration) -> TokenReuse {
        let token = self.token;
        if self.since.is_none_or(|at| now.since(at) >= window) {
            return TokenReuse::Replay("late");
        }
        let same =
            token.successor.as_ref().zip(self.successor).filter(|(stored, derived)| stored.same_as(derived));
        let Some((successor, _)) = same else {
            return TokenReuse::Replay("key_replaced");
        };
        if self.successor_rotated {
            return TokenReuse::Replay("successor_used");
        }
        // `None`: the previous version rotated it, seconds ago.
        if token
            .rotated_by
            .as_ref()
            .is_none_or(|first| self.caller_fingerprints.iter().any(|known| first.same_as(known)))
        {
            return TokenReuse::Same;
        }
        if self.is_proven { TokenReuse::Elsewhere(*successor) } else { TokenReuse::Replay("another_caller") }
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

#[cfg(test)]
mod tests;
