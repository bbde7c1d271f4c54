//! Redeeming an authorization code (RFC 6749 §4.1.3).
//!
//! ```text
//! stored ──first use──► used (remembered for 11 minutes) ──second use, with its verifier──► family revoked
//!                                                        └─without it──► audited, nothing revoked
//! ```
//!
//! Used codes remain in browser histories and logs, so presenting one without its verifier revokes nothing.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use porta_core::audit::AuditEventKind;
use porta_core::client::{ApplicationType, GrantType};
use porta_core::session::TokenFamily;
use porta_core::{BearerKind, OrganizationId, Timestamp, TokenDigest};
use porta_kv::{ConsumeOutcome, KeyName, KvKey};
use porta_protocol::token_response::TokenResponse;
use porta_protocol::{CodeChallenge, ErrorCode, Params};
use porta_session::{BackendError, OperationContext, ProtocolClient, SharedServices};
use serde::{Deserialize, Serialize};

use super::issue::{TokenIssuer, TokenSubject};
use super::{TokenError, invalid_grant, refused, replay_event};

/// How long a used code is remembered, so that a replay can revoke what the first use was given: slightly more than the
/// longest lifetime that any code should have (ten minutes, RFC 6749 §4.1.2). Each takes a kilobyte, and a busy server
/// uses dozens a second.
const REMEMBER_USED: Duration = Duration::from_mins(11);

/// What a code stands for. The family id is fixed here, so that a replay can be revoked without a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    pub family: TokenFamily,
    pub redirect_uri: String,
    pub redirect_uri_sent: bool,
    pub code_challenge: Option<CodeChallenge>,
    pub expires_at: Timestamp,
}

impl CodeRecord {
    pub fn storage_key(organization: OrganizationId, digest: &TokenDigest) -> KvKey {
        KvKey::new(KeyName::Code, organization).with(digest.hex())
    }
}

pub(super) struct AuthorizationCodeGrant {
    pub(super) shared: Arc<SharedServices>,
    pub(super) issuer: Arc<TokenIssuer>,
}

impl AuthorizationCodeGrant {
    pub(super) async fn redeem(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        params: &Params,
    ) -> Result<TokenResponse, TokenError> {
        let tenant = context.tenant;
        let Some(code) = params.get("code") else {
            return Err(refused(ErrorCode::InvalidRequest, "code is missing"));
        };
        if !BearerKind::AuthorizationCode.matches(code) {
            return Err(invalid_grant("not a code of ours"));
        }
        let record = self.take_code(context, client, code, params).await?;
        self.check_code(&record, client, params)?;
        let now = self.shared.now();
        let mut repositories = self.shared.store().repositories();
        let facts = repositories
            .tokens(tenant.organization.id)
            .issuance_facts(&record.family, now)
            .await?
            .ok_or_else(|| invalid_grant("the person is gone"))?;
        drop(repositories);
        if !facts.user.may_continue() {
            return Err(invalid_grant("the person may not sign in"));
        }
        // Offline tokens outlive their session; an unredeemed code does not.
        if !facts.grant_exists || !facts.session_live || facts.ended {
            return Err(invalid_grant("the grant or session has ended"));
        }
        let issued =
            self.issuer.first_tokens(tenant, &record.family, gets_refresh_token(client, &record.family));
        let stored = self
            .shared
            .store()
            .repositories()
            .tokens(tenant.organization.id)
            .issue(&record.family, &issued.access_row, issued.refresh_row.as_ref())
            .await?;
        if !stored {
            // A replay between taking the code and this line has forbidden the family. Answer as if it had come a
            // moment later: with tokens that are revoked already.
            tracing::info!(family = %record.family.id, "tokens of a replayed code were revoked before they were sent");
        }
        let rights = client.catalog.rights(facts.rights);
        let subject = TokenSubject { client, family: &record.family, user: &facts.user, rights: &rights };
        Ok(self.issuer.answer(tenant, subject, issued).await?)
    }

    /// Takes the code in one command; a second use revokes what the first was given (RFC 6749 §4.1.2, RFC 9700 §4.5).
    async fn take_code(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        code: &str,
        params: &Params,
    ) -> Result<CodeRecord, TokenError> {
        let key = CodeRecord::storage_key(context.tenant.organization.id, &TokenDigest::of(code));
        let read =
            |bytes: &[u8]| serde_json::from_slice(bytes).map_err(|e| BackendError::Unreadable(e.to_string()));
        match self.shared.kv().consume(&key, REMEMBER_USED).await? {
            ConsumeOutcome::Absent => Err(invalid_grant("unknown or expired code")),
            ConsumeOutcome::Fresh(bytes) => Ok(read(&bytes)?),
            ConsumeOutcome::Replayed(bytes) => {
                let record: CodeRecord = read(&bytes)?;
                // Another client was given nothing for this code and must not revoke the owner's tokens.
                if record.family.client != client.client.id {
                    return Err(invalid_grant("the code belongs to another client"));
                }
                self.replayed(context, &record.family, knows_secret(&record, client, params)).await?;
                Err(invalid_grant("the code was replayed"))
            }
        }
    }

    /// Revokes the family if the second use comes from the client, and audits it: one row for each code and outcome,
    /// however often it is repeated.
    async fn replayed(
        &self,
        context: OperationContext<'_>,
        family: &TokenFamily,
        is_client: bool,
    ) -> Result<(), TokenError> {
        let tenant = context.tenant;
        let what = if is_client {
            AuditEventKind::SecurityCodeReplayed
        } else {
            AuditEventKind::SecurityCodeReplayIgnored
        };
        let noted = KvKey::new(KeyName::Noted, tenant.organization.id).with(what).with(family.id);
        let event = replay_event(&self.shared, context, family, what);
        let mark = Bytes::from_static(b"1");
        if is_client {
            if self.shared.kv().get(&noted).await?.is_some() {
                return Ok(());
            }
            let mut repositories = self.shared.store().repositories();
            repositories
                .tokens(tenant.organization.id)
                .forbid_family(family, self.shared.now(), &event)
                .await?;
            drop(repositories);
            // Mark last: a failure in between costs a duplicate audit row, not a missed revocation.
            self.shared.kv().put(&noted, mark, REMEMBER_USED).await?;
        } else {
            if !self.shared.kv().put_if_absent(&noted, mark, REMEMBER_USED).await? {
                return Ok(());
            }
            self.shared.audit.record(&event).await?;
        }
        let family = family.id;
        if is_client {
            tracing::warn!(event = "security.code.replayed", %family, "authorization code was used twice");
        } else {
            tracing::warn!(event = "security.code.replay_ignored", %family, "a used authorization code was presented without the client's proof; its tokens stay valid");
        }
        Ok(())
    }

    fn check_code(
        &self,
        record: &CodeRecord,
        client: &ProtocolClient,
        params: &Params,
    ) -> Result<(), TokenError> {
        if record.family.client != client.client.id {
            return Err(invalid_grant("the code belongs to another client"));
        }
        if !client.accepts_issued_at(record.family.created_at) {
            return Err(invalid_grant("the client or organization was switched off since"));
        }
        if self.shared.now() >= record.expires_at {
            return Err(invalid_grant("the code has expired"));
        }
        // RFC 6749 §4.1.3: the redirect URI of the authorization request must be repeated exactly.
        match params.get("redirect_uri") {
            Some(uri) if uri == record.redirect_uri => {}
            None if !record.redirect_uri_sent => {}
            _ => return Err(invalid_grant("redirect_uri differs")),
        }
        match (&record.code_challenge, params.get("code_verifier")) {
            (None, None) => Ok(()),
            // RFC 9700 §4.8.2: a verifier without a challenge is a downgrade attempt.
            (None, Some(_)) => Err(invalid_grant("code_verifier without code_challenge")),
            (Some(_), None) => Err(invalid_grant("code_verifier is missing")),
            (Some(challenge), Some(verifier)) => {
                if challenge.verify(verifier) {
                    Ok(())
                } else {
                    Err(invalid_grant("code_verifier does not match"))
                }
            }
        }
    }
}

/// Whether a second use comes from the client that got the code: proven by the verifier or, without a challenge, by
/// client authentication.
fn knows_secret(record: &CodeRecord, client: &ProtocolClient, params: &Params) -> bool {
    match &record.code_challenge {
        Some(challenge) => params.get("code_verifier").is_some_and(|verifier| challenge.verify(verifier)),
        None => client.client.is_confidential(),
    }
}

/// Whether the client gets a refresh token: with `offline_access`, or as a confidential web client that has the grant.
/// In the latter case the token is bound to the session.
fn gets_refresh_token(client: &ProtocolClient, family: &TokenFamily) -> bool {
    let client = &client.client;
    client.has_grant(GrantType::RefreshToken)
        && (family.is_offline
            || (client.is_confidential() && client.application_type == ApplicationType::Web))
}
