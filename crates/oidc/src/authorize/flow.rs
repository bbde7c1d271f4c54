//! From request to code: the authorization endpoint and its resume address.

use std::sync::Arc;

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::session::{Grant, TokenFamily};
use porta_core::{BearerKind, GrantId, SessionKey, Timestamp, TokenDigest, TokenFamilyId, UserId, settings};
use porta_protocol::{ClaimsRequest, Delivery, Params, scope};
use porta_store::AuthorizeFacts;

use super::AuthorizationRequest;
use super::check::{AuthorizeError, RedirectTarget, is_public_native};
use super::decide::{AuthorizationContext, Decision, RequiredPage, SignedIn, decide};
use crate::clients::ProtocolClient;
use crate::interaction::{
    CompletedLogin, ConsentRequest, InteractionCookies, InteractionDraft, NewInteraction, Stage, TakeOutcome,
};
use crate::purpose::{AccountPage, InteractionPurpose};
use crate::quota::QuotaKey;
use crate::session::{PresentedSession, to_bytes};
use crate::throttle::Limited;
use crate::token::CodeRecord;
use crate::{Caller, Engine, EngineError, Tenant};

/// What the browser gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizeOutcome {
    /// Go on inside an interaction: to its page, or to the resume address.
    Interact(NewInteraction),
    Respond(Delivery),
}

/// An outcome; `session_until` is the new expiry if the session cookie must be renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeResult {
    pub outcome: AuthorizeOutcome,
    pub session_until: Option<Timestamp>,
}

/// The result of a resume address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResumeOutcome {
    /// `ui_locales`: languages the request asked for.
    Respond { authorized: AuthorizeResult, ui_locales: Option<String> },
    /// The sign-in was for a page of the account.
    Account(AccountPage),
    /// The person declined and is not signed in.
    Declined,
    /// No progress yet: the page of the interaction is next.
    Unanswered,
    /// A rate limit on interactions or a quota is exceeded.
    Limited(Limited),
    /// Wrong browser, expired, or used before.
    Gone,
}

impl AuthorizeResult {
    fn interact(new: NewInteraction) -> Self {
        Self { outcome: AuthorizeOutcome::Interact(new), session_until: None }
    }
}

/// The result of judging a request: a page first, or an answer to the client.
enum Evaluation {
    Page(Box<InteractionDraft>),
    Answer(AuthorizeResult),
    /// A quota is exceeded.
    Limited(Limited),
}

/// What was done inside the interaction so far.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    login: Option<CompletedLogin>,
    consented: bool,
}

impl Engine {
    /// `GET /{org}/auth`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.authorize", skip_all)]
    pub async fn authorize(
        &self,
        tenant: &Tenant,
        params: &Params,
        cookie: Option<&str>,
        caller: &Caller,
    ) -> Result<AuthorizeResult, AuthorizeError> {
        let (target, request) = self.check(tenant, params).await?;
        let session = self.session(tenant, cookie).await?;
        match self.evaluate(tenant, &target.client, request, session, Progress::default(), caller).await? {
            Evaluation::Page(draft) => self.begin(tenant, *draft, caller).await,
            Evaluation::Answer(authorized) => Ok(authorized),
            Evaluation::Limited(limited) => Err(AuthorizeError::Limited(limited)),
        }
    }

    /// `POST /{org}/auth`: a cross-site POST carries no `SameSite=Lax` cookie, so the checked request travels with the
    /// browser, which comes back by GET with its session cookie (`docs/security.md`, W27).
    #[tracing::instrument(
        target = "porta::trace",
        level = "trace",
        name = "oidc.authorize_by_post",
        skip_all
    )]
    pub async fn authorize_by_post(
        &self,
        tenant: &Tenant,
        params: &Params,
    ) -> Result<AuthorizeResult, AuthorizeError> {
        let (_, request) = self.check(tenant, params).await?;
        let purpose = InteractionPurpose::Authorize(Box::new(request));
        Ok(AuthorizeResult::interact(self.begin_anonymous(tenant, purpose, Stage::Ready)?))
    }

    async fn begin(
        &self,
        tenant: &Tenant,
        draft: InteractionDraft,
        caller: &Caller,
    ) -> Result<AuthorizeResult, AuthorizeError> {
        let begun = self.begin_interaction(tenant, draft, caller).await?;
        Ok(AuthorizeResult::interact(begun.map_err(AuthorizeError::Limited)?))
    }

    async fn check(
        &self,
        tenant: &Tenant,
        params: &Params,
    ) -> Result<(RedirectTarget, AuthorizationRequest), AuthorizeError> {
        let target = self.find_target(tenant, params).await?;
        match Self::check_request(tenant, params, &target) {
            Ok(request) => Ok((target, request)),
            Err(error) => Err(target.into_error(params, error)),
        }
    }

    /// `GET /{org}/auth/{uid}`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.resume", skip_all)]
    pub async fn resume(
        &self,
        tenant: &Tenant,
        uid: &str,
        presented: InteractionCookies<'_>,
        cookie: Option<&str>,
        caller: &Caller,
    ) -> Result<ResumeOutcome, EngineError> {
        let (interaction, was_stored) = match self.take_interaction(tenant, uid, presented).await? {
            TakeOutcome::Stored(interaction) => (interaction, true),
            TakeOutcome::Ready(interaction) => (interaction, false),
            TakeOutcome::Unanswered => return Ok(ResumeOutcome::Unanswered),
            TakeOutcome::Gone => return Ok(ResumeOutcome::Gone),
        };
        // Restarting an unanswered interaction is rate limited, or one browser could begin without end.
        let was_answered = was_stored && interaction.stage == Stage::Ready;
        if interaction.stage == Stage::Denied {
            return self.declined(tenant, interaction, cookie, caller).await;
        }
        let request = match interaction.purpose {
            InteractionPurpose::Authorize(request) => *request,
            InteractionPurpose::Account(purpose) => {
                return self.resume_account(tenant, purpose.page, interaction.login, cookie).await;
            }
        };
        let ui_locales = request.ui_locales.clone();
        // The client may have been switched off while the person was typing.
        let Some(client) = self.client(tenant.organization.id, &request.client_id).await? else {
            return Ok(ResumeOutcome::Gone);
        };
        let session = self.session(tenant, cookie).await?;
        let same_session = |key: SessionKey| session.as_ref().is_some_and(|s| s.session.key == key);
        let asked = interaction.consent.as_ref().map(|asked| asked.session);
        let expected =
            [interaction.login.map(|login| login.session), asked.filter(|_| interaction.consented)];
        if expected.into_iter().flatten().any(|key| !same_session(key)) {
            return Ok(ResumeOutcome::Gone);
        }
        let progress = Progress { login: interaction.login, consented: interaction.consented };
        let authorized = match self.evaluate(tenant, &client, request, session, progress, caller).await? {
            Evaluation::Page(draft) if was_answered => {
                AuthorizeResult::interact(self.continue_interaction(tenant, *draft).await?)
            }
            Evaluation::Page(draft) => match self.begin_interaction(tenant, *draft, caller).await? {
                Ok(new) => AuthorizeResult::interact(new),
                Err(limited) => return Ok(ResumeOutcome::Limited(limited)),
            },
            Evaluation::Answer(authorized) => authorized,
            Evaluation::Limited(limited) => return Ok(ResumeOutcome::Limited(limited)),
        };
        Ok(ResumeOutcome::Respond { authorized, ui_locales })
    }

    async fn evaluate(
        &self,
        tenant: &Tenant,
        client: &Arc<ProtocolClient>,
        request: AuthorizationRequest,
        session: Option<PresentedSession>,
        progress: Progress,
        caller: &Caller,
    ) -> Result<Evaluation, EngineError> {
        let live = self.live_session(tenant, client, session).await?;
        let subject = live.as_ref().map(|(s, _)| s.session.user.to_string()).unwrap_or_default();
        let context = AuthorizationContext {
            session: live.as_ref().map(|(s, facts)| SignedIn {
                subject: &subject,
                auth_time: s.session.auth_time,
                acr: &s.session.acr,
                grant: facts.grant.as_ref(),
            }),
            signed_in_here: progress.login.is_some(),
            consented_here: progress.consented,
            is_first_party: client.client.is_first_party_for(tenant.organization.id),
            is_public_native: is_public_native(client),
            now: self.now(),
        };
        match (decide(&request, context), live) {
            (Decision::Page(need), live) => {
                let asked = |scopes, is_confirmation| {
                    let asked = live.map(|(session, facts)| ConsentRequest {
                        scopes,
                        is_confirmation,
                        user: Some(session.session.user),
                        user_email: facts.user_email,
                        user_locale: facts.user_locale,
                        session: session.session.key,
                    });
                    (Stage::Consent, asked)
                };
                let (stage, consent) = match need {
                    RequiredPage::Login => (Stage::Login, None),
                    RequiredPage::Consent(scopes) => asked(scopes, false),
                    RequiredPage::Confirm(scopes) => asked(scopes, true),
                };
                let purpose = InteractionPurpose::Authorize(Box::new(request));
                let draft = InteractionDraft { purpose, stage, login: progress.login, consent };
                Ok(Evaluation::Page(Box::new(draft)))
            }
            (Decision::Proceed { grant_more }, Some((session, facts))) => {
                // A sign-in costs an answered form; codes that a browser gets without one count against the quota.
                if progress.login.is_none() {
                    let quota_keys = [
                        QuotaKey::Person(session.session.user),
                        QuotaKey::Client(client.client.id),
                        QuotaKey::Organization,
                    ];
                    if let Err(limited) = self.consume_quota(tenant, &quota_keys, caller).await {
                        return Ok(Evaluation::Limited(limited));
                    }
                }
                let session_until = self.slide_session(tenant, &session).await?;
                let grant =
                    self.ensure_grant(tenant, client, &session, &facts, &request, grant_more, caller).await?;
                let code = self.issue_code(tenant, client, &request, &session, &grant).await?;
                let outcome = AuthorizeOutcome::Respond(request.answer(tenant, &code));
                Ok(Evaluation::Answer(AuthorizeResult { outcome, session_until }))
            }
            (Decision::Proceed { .. }, None) => {
                Err(EngineError::Unreadable("a decision to proceed without a session".to_owned()))
            }
            (Decision::Refuse(error), _) => {
                let outcome = AuthorizeOutcome::Respond(request.refuse(tenant, &error));
                Ok(Evaluation::Answer(AuthorizeResult { outcome, session_until: None }))
            }
        }
    }

    /// Returns the session if its user may still sign in; a suspended person must sign in again (`docs/security.md`,
    /// W16).
    async fn live_session(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        session: Option<PresentedSession>,
    ) -> Result<Option<(PresentedSession, AuthorizeFacts)>, EngineError> {
        let Some(session) = session else { return Ok(None) };
        let now = self.now();
        let facts = self
            .store
            .repositories()
            .sessions(tenant.organization.id)
            .authorize_facts(session.session.key, client.client.id, now)
            .await?;
        let live = facts.filter(|f| {
            !f.session_revoked
                && now < f.session_expires_at
                && f.user_may_continue
                && f.user_id == session.session.user
        });
        Ok(live.map(|facts| (session, facts)))
    }

    /// Returns the grant that covers the request, extended by `more` if necessary; grants only grow
    /// (`docs/security.md`, W06).
    #[expect(clippy::too_many_arguments, reason = "each is a different fact of one decision")]
    async fn ensure_grant(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        session: &PresentedSession,
        facts: &AuthorizeFacts,
        request: &AuthorizationRequest,
        more: Vec<String>,
        caller: &Caller,
    ) -> Result<Grant, EngineError> {
        let now = self.now();
        let lifetime = tenant.settings.duration(settings::GRANT_TTL);
        if let Some(grant) = &facts.grant {
            // Renew only in the second half of its lifetime: not every sign-in needs a write.
            if more.is_empty() && (now + lifetime / 2) < grant.expires_at {
                return Ok(grant.clone());
            }
        }
        let wanted = Grant {
            id: GrantId::new(now, &*self.entropy),
            organization_id: tenant.organization.id,
            user_id: session.session.user,
            client: client.client.id,
            scopes: more,
            created_at: now,
            expires_at: now + lifetime,
        };
        let user = Some(session.session.user);
        let event = self.decision_event(tenant, user, request, caller, "user.consent.granted");
        let mut repositories = self.store.repositories();
        Ok(repositories
            .sessions(tenant.organization.id)
            .extend_grant(facts.grant.as_ref(), &wanted, Some(&event))
            .await?)
    }

    pub(super) fn decision_event(
        &self,
        tenant: &Tenant,
        user: Option<UserId>,
        request: &AuthorizationRequest,
        caller: &Caller,
        what: &str,
    ) -> AuditEvent {
        AuditEvent {
            user_id: user,
            actor_id: user,
            metadata: serde_json::json!({ "clientId": request.client_id, "scope": request.scope.to_string() }),
            ..self.event(tenant, what, AuditCategory::Authentication, caller)
        }
    }

    async fn issue_code(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        request: &AuthorizationRequest,
        session: &PresentedSession,
        grant: &Grant,
    ) -> Result<String, EngineError> {
        let now = self.now();
        let lifetime = tenant.settings.duration(settings::AUTHORIZATION_CODE_TTL);
        let code = BearerKind::AuthorizationCode.generate(&*self.entropy);
        let family = TokenFamily {
            id: TokenFamilyId::new(now, &*self.entropy),
            organization_id: tenant.organization.id,
            client: client.client.id,
            user_id: session.session.user,
            grant_id: grant.id,
            session: session.session.key,
            is_offline: request.scope.contains(scope::OFFLINE_ACCESS),
            scope: request.scope.to_string(),
            nonce: request.nonce.clone(),
            auth_time: session.session.auth_time,
            acr: session.session.acr.clone(),
            amr: session.session.amr.clone(),
            claims: request.claims.as_ref().map(ClaimsRequest::to_value),
            expires_at: grant.expires_at,
            created_at: now,
        };
        let record = CodeRecord {
            family,
            redirect_uri: request.redirect_uri.clone(),
            redirect_uri_sent: request.redirect_uri_sent,
            code_challenge: request.code_challenge.clone(),
            expires_at: now + lifetime,
        };
        let key = CodeRecord::storage_key(tenant.organization.id, &TokenDigest::of(&code));
        // Evict the oldest unredeemed codes of a session and client: a browser that never redeems would fill the store
        // that all organizations share.
        let most = usize::try_from(tenant.settings.number(settings::WAITING_CODES_MAX)).unwrap_or(usize::MAX);
        let group = format!("{}:codes:{}:{}", tenant.organization.id, session.session.key, client.client.id);
        self.kv.put_in_group(&group, most, &key, to_bytes(&record)?, lifetime).await?;
        Ok(code)
    }
}
