//! From request to code: the authorization endpoint and its resume address.

use std::sync::Arc;

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::session::{Grant, TokenFamily};
use porta_core::{BearerKind, GrantId, SessionKey, Timestamp, TokenDigest, TokenFamilyId, UserId, settings};
use porta_protocol::{ClaimsRequest, Delivery, Params, scope};
use porta_store::AuthorizeFacts;

use super::AuthorizationRequest;
use super::check::{AuthorizeError, Redirectable, cannot_prove_itself};
use super::decide::{AuthorizationContext, Decision, Need, SignedIn, decide};
use crate::clients::ProtocolClient;
use crate::interaction::{ConsentAsked, Draft, LoginDone, NewInteraction, Shown, Stage, Taken};
use crate::purpose::{AccountPage, InteractionPurpose};
use crate::quota::Payer;
use crate::session::{PresentedSession, to_bytes};
use crate::throttle::Limited;
use crate::token::CodeRecord;
use crate::{Caller, Engine, EngineError, Tenant};

/// What the browser gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Go on inside an interaction: to its page, or to the resume address.
    Interact(NewInteraction),
    Respond(Delivery),
}

/// An outcome; `session_until` is the new expiry if the session cookie must be renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized {
    pub outcome: Outcome,
    pub session_until: Option<Timestamp>,
}

/// The result of a resume address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resumed {
    /// `ui_locales`: languages the request asked for.
    Authorized { authorized: Authorized, ui_locales: Option<String> },
    /// The sign-in was for a page of the account.
    Account(AccountPage),
    /// The person declined and is not signed in.
    Away,
    /// No progress yet: the page of the interaction is next.
    Begun,
    /// A rate limit on interactions or a quota is exceeded.
    Limited(Limited),
    /// Wrong browser, expired, or used before.
    Gone,
}

impl Authorized {
    fn interact(new: NewInteraction) -> Self {
        Self { outcome: Outcome::Interact(new), session_until: None }
    }
}

/// The result of judging a request: a page first, or an answer to the client.
enum Judged {
    Page(Box<Draft>),
    Answer(Authorized),
    /// A quota is exceeded.
    Limited(Limited),
}

/// What was done inside the interaction so far.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    login: Option<LoginDone>,
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
    ) -> Result<Authorized, AuthorizeError> {
        let (target, request) = self.check(tenant, params).await?;
        let session = self.session(tenant, cookie).await?;
        match self.judge(tenant, &target.client, request, session, Progress::default(), caller).await? {
            Judged::Page(draft) => self.begin(tenant, *draft, caller).await,
            Judged::Answer(authorized) => Ok(authorized),
            Judged::Limited(limited) => Err(AuthorizeError::Limited(limited)),
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
    ) -> Result<Authorized, AuthorizeError> {
        let (_, request) = self.check(tenant, params).await?;
        let purpose = InteractionPurpose::Authorize(Box::new(request));
        Ok(Authorized::interact(self.begin_travelling(tenant, purpose, Stage::Ready)?))
    }

    async fn begin(
        &self,
        tenant: &Tenant,
        draft: Draft,
        caller: &Caller,
    ) -> Result<Authorized, AuthorizeError> {
        let begun = self.begin_interaction(tenant, draft, caller).await?;
        Ok(Authorized::interact(begun.map_err(AuthorizeError::Limited)?))
    }

    async fn check(
        &self,
        tenant: &Tenant,
        params: &Params,
    ) -> Result<(Redirectable, AuthorizationRequest), AuthorizeError> {
        let target = self.find_target(tenant, params).await?;
        match Self::check_request(tenant, params, &target) {
            Ok(request) => Ok((target, request)),
            Err(error) => Err(target.refusing(params, error)),
        }
    }

    /// `GET /{org}/auth/{uid}`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.resume", skip_all)]
    pub async fn resume(
        &self,
        tenant: &Tenant,
        uid: &str,
        shown: Shown<'_>,
        cookie: Option<&str>,
        caller: &Caller,
    ) -> Result<Resumed, EngineError> {
        let (interaction, was_stored) = match self.take_interaction(tenant, uid, shown).await? {
            Taken::Stored(interaction) => (interaction, true),
            Taken::Ready(interaction) => (interaction, false),
            Taken::Begun => return Ok(Resumed::Begun),
            Taken::Gone => return Ok(Resumed::Gone),
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
            return Ok(Resumed::Gone);
        };
        let session = self.session(tenant, cookie).await?;
        let same_session = |key: SessionKey| session.as_ref().is_some_and(|s| s.session.key == key);
        let asked = interaction.consent.as_ref().map(|asked| asked.session);
        let expected =
            [interaction.login.map(|login| login.session), asked.filter(|_| interaction.consented)];
        if expected.into_iter().flatten().any(|key| !same_session(key)) {
            return Ok(Resumed::Gone);
        }
        let progress = Progress { login: interaction.login, consented: interaction.consented };
        let authorized = match self.judge(tenant, &client, request, session, progress, caller).await? {
            Judged::Page(draft) if was_answered => {
                Authorized::interact(self.continue_interaction(tenant, *draft).await?)
            }
            Judged::Page(draft) => match self.begin_interaction(tenant, *draft, caller).await? {
                Ok(new) => Authorized::interact(new),
                Err(limited) => return Ok(Resumed::Limited(limited)),
            },
            Judged::Answer(authorized) => authorized,
            Judged::Limited(limited) => return Ok(Resumed::Limited(limited)),
        };
        Ok(Resumed::Authorized { authorized, ui_locales })
    }

    async fn judge(
        &self,
        tenant: &Tenant,
        client: &Arc<ProtocolClient>,
        request: AuthorizationRequest,
        session: Option<PresentedSession>,
        progress: Progress,
        caller: &Caller,
    ) -> Result<Judged, EngineError> {
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
            cannot_prove_itself: cannot_prove_itself(client),
            now: self.now(),
        };
        match (decide(&request, context), live) {
            (Decision::Page(need), live) => {
                let asked = |scopes, is_confirmation| {
                    let asked = live.map(|(session, facts)| ConsentAsked {
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
                    Need::Login => (Stage::Login, None),
                    Need::Consent(scopes) => asked(scopes, false),
                    Need::Confirm(scopes) => asked(scopes, true),
                };
                let purpose = InteractionPurpose::Authorize(Box::new(request));
                let draft = Draft { purpose, stage, login: progress.login, consent };
                Ok(Judged::Page(Box::new(draft)))
            }
            (Decision::Proceed { grant_more }, Some((session, facts))) => {
                // A sign-in costs an answered form; codes that a browser gets without one count against the quota.
                if progress.login.is_none() {
                    let payers = [
                        Payer::Person(session.session.user),
                        Payer::Client(client.client.id),
                        Payer::Organization,
                    ];
                    if let Err(limited) = self.spend(tenant, &payers, caller).await {
                        return Ok(Judged::Limited(limited));
                    }
                }
                let session_until = self.slide_session(tenant, &session).await?;
                let grant =
                    self.ensure_grant(tenant, client, &session, &facts, &request, grant_more, caller).await?;
                let code = self.issue_code(tenant, client, &request, &session, &grant).await?;
                let outcome = Outcome::Respond(request.answer(tenant, &code));
                Ok(Judged::Answer(Authorized { outcome, session_until }))
            }
            (Decision::Proceed { .. }, None) => {
                Err(EngineError::Unreadable("a decision to proceed without a session".to_owned()))
            }
            (Decision::Refuse(error), _) => {
                let outcome = Outcome::Respond(request.refuse(tenant, &error));
                Ok(Judged::Answer(Authorized { outcome, session_until: None }))
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
        self.kv.put_among(&group, most, &key, to_bytes(&record)?, lifetime).await?;
        Ok(code)
    }
}
