//! From request to code: the authorization endpoint and its resume address.

use std::sync::Arc;

use porta_core::audit::AuditEventKind;
use porta_core::{SessionKey, Timestamp};
use porta_protocol::{Delivery, Params};
use porta_session::browser_session::PresentedSession;
use porta_session::interaction::{
    CompletedLogin, ConsentRequest, InteractionCookies, InteractionDraft, NewInteraction, Stage, TakeOutcome,
};
use porta_session::{
    AccountPage, AuthorizationRequest, BackendError, InteractionPurpose, Limited, OperationContext,
    ProtocolClient, Tenant,
};

use super::AuthorizationEndpoint;
use super::check::{AuthorizeError, RedirectTarget, check_request, is_public_native};
use super::code::LiveSession;
use super::decide::{AuthorizationContext, Decision, RequiredPage, SignedIn, decide};
use super::respond::{answer, refuse};
use crate::administration::{is_of_administration, record};
use crate::quota::QuotaKey;

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

impl AuthorizationEndpoint {
    /// `GET /{org}/auth`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.authorize", skip_all)]
    pub async fn authorize(
        &self,
        context: OperationContext<'_>,
        params: &Params,
        cookie: Option<&str>,
    ) -> Result<AuthorizeResult, AuthorizeError> {
        let (target, request) = self.check(context.tenant, params).await?;
        let session = self.shared.browser_sessions.find(context.tenant, cookie).await?;
        match self.evaluate(context, &target.client, request, session, Progress::default()).await? {
            Evaluation::Page(draft) => {
                let begun = self.shared.interactions.begin(context, *draft).await?;
                Ok(AuthorizeResult::interact(begun.map_err(AuthorizeError::Limited)?))
            }
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
        Ok(AuthorizeResult::interact(self.shared.interactions.begin_anonymous(
            tenant,
            purpose,
            Stage::Ready,
        )?))
    }

    async fn check(
        &self,
        tenant: &Tenant,
        params: &Params,
    ) -> Result<(RedirectTarget, AuthorizationRequest), AuthorizeError> {
        let target = self.find_target(tenant, params).await?;
        match check_request(tenant, params, &target) {
            Ok(request) => Ok((target, request)),
            Err(error) => Err(target.into_error(params, error)),
        }
    }

    /// `GET /{org}/auth/{uid}`.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "oidc.resume", skip_all)]
    pub async fn resume(
        &self,
        context: OperationContext<'_>,
        uid: &str,
        presented: InteractionCookies<'_>,
        cookie: Option<&str>,
    ) -> Result<ResumeOutcome, BackendError> {
        let tenant = context.tenant;
        let (interaction, was_stored) = match self.shared.interactions.take(tenant, uid, presented).await? {
            TakeOutcome::Stored(interaction) => (interaction, true),
            TakeOutcome::Ready(interaction) => (interaction, false),
            TakeOutcome::Unanswered => return Ok(ResumeOutcome::Unanswered),
            TakeOutcome::Gone => return Ok(ResumeOutcome::Gone),
        };
        // Restarting an unanswered interaction is rate limited, or one browser could begin without end.
        let was_answered = was_stored && interaction.stage == Stage::Ready;
        if interaction.stage == Stage::Denied {
            return self.declined(context, interaction, cookie).await;
        }
        let request = match interaction.purpose {
            InteractionPurpose::Authorize(request) => *request,
            InteractionPurpose::Account(purpose) => {
                return self.resume_account(tenant, purpose.page, interaction.login, cookie).await;
            }
        };
        let ui_locales = request.ui_locales.clone();
        // The client may have been switched off while the person was typing.
        let Some(client) = self.shared.clients.find(tenant.organization.id, &request.client_id).await? else {
            return Ok(ResumeOutcome::Gone);
        };
        let session = self.shared.browser_sessions.find(tenant, cookie).await?;
        let same_session = |key: SessionKey| session.as_ref().is_some_and(|s| s.session.key == key);
        let asked = interaction.consent.as_ref().map(|asked| asked.session);
        let expected =
            [interaction.login.map(|login| login.session), asked.filter(|_| interaction.consented)];
        if expected.into_iter().flatten().any(|key| !same_session(key)) {
            return Ok(ResumeOutcome::Gone);
        }
        let progress = Progress { login: interaction.login, consented: interaction.consented };
        let authorized = match self.evaluate(context, &client, request, session, progress).await? {
            Evaluation::Page(draft) if was_answered => {
                AuthorizeResult::interact(self.shared.interactions.continue_with(tenant, *draft).await?)
            }
            Evaluation::Page(draft) => match self.shared.interactions.begin(context, *draft).await? {
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
        context: OperationContext<'_>,
        client: &Arc<ProtocolClient>,
        request: AuthorizationRequest,
        session: Option<PresentedSession>,
        progress: Progress,
    ) -> Result<Evaluation, BackendError> {
        let tenant = context.tenant;
        let live = self.live_session(tenant, client, session).await?;
        let subject = live.as_ref().map(|live| live.session.session.user.to_string()).unwrap_or_default();
        let known = AuthorizationContext {
            session: live.as_ref().map(|live| SignedIn {
                subject: &subject,
                auth_time: live.session.session.auth_time,
                acr: &live.session.session.acr,
                grant: live.facts.grant.as_ref(),
            }),
            signed_in_here: progress.login.is_some(),
            consented_here: progress.consented,
            is_first_party: client.client.is_first_party_for(tenant.organization.id),
            is_public_native: is_public_native(client),
            now: self.shared.now(),
        };
        match (decide(&request, known), live) {
            (Decision::Page(page), live) => {
                Ok(Evaluation::Page(Box::new(draft(page, request, live, progress.login))))
            }
            (Decision::Proceed { grant_more }, Some(live)) => {
                // A sign-in costs an answered form; codes that a browser gets without one count against the quota.
                if progress.login.is_none() {
                    let quota_keys = [
                        QuotaKey::Person(live.session.session.user),
                        QuotaKey::Client(client.client.id),
                        QuotaKey::Organization,
                    ];
                    if let Err(limited) = self.quotas.consume(context, &quota_keys).await {
                        return Ok(Evaluation::Limited(limited));
                    }
                }
                let session_until = self.shared.browser_sessions.slide(tenant, &live.session).await?;
                let grant = self.ensure_grant(context, client, &live, &request, grant_more).await?;
                if is_of_administration(&self.shared, tenant, client).await? {
                    let what = (&live.session.session, client.client.client_id.as_str());
                    record(&self.shared, context, AuditEventKind::AdminLogin, what).await?;
                }
                let code = self.issue_code(tenant, client, &request, &live.session, &grant).await?;
                let outcome = AuthorizeOutcome::Respond(answer(&request, tenant, &code));
                Ok(Evaluation::Answer(AuthorizeResult { outcome, session_until }))
            }
            (Decision::Proceed { .. }, None) => {
                Err(BackendError::Unreadable("a decision to proceed without a session".to_owned()))
            }
            (Decision::Refuse(error), _) => {
                let outcome = AuthorizeOutcome::Respond(refuse(&request, tenant, &error));
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
    ) -> Result<Option<LiveSession>, BackendError> {
        let Some(session) = session else { return Ok(None) };
        let now = self.shared.now();
        let facts = self
            .shared
            .store()
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
        Ok(live.map(|facts| LiveSession { session, facts }))
    }
}

/// The interaction that shows a page.
fn draft(
    page: RequiredPage,
    request: AuthorizationRequest,
    live: Option<LiveSession>,
    login: Option<CompletedLogin>,
) -> InteractionDraft {
    let asked = |scopes, is_confirmation| {
        let asked = live.map(|LiveSession { session, facts }| ConsentRequest {
            scopes,
            is_confirmation,
            user: Some(session.session.user),
            user_email: facts.user_email,
            user_locale: facts.user_locale,
            session: session.session.key,
        });
        (Stage::Consent, asked)
    };
    let (stage, consent) = match page {
        RequiredPage::Login => (Stage::Login, None),
        RequiredPage::Consent(scopes) => asked(scopes, false),
        RequiredPage::Confirm(scopes) => asked(scopes, true),
    };
    let purpose = InteractionPurpose::Authorize(Box::new(request));
    InteractionDraft { purpose, stage, login, consent }
}
