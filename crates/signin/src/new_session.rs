//! Creates the session at the end of every sign-in.

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::session::SessionRecord;
use porta_core::user::User;
use porta_core::{BearerKind, Password, SessionKey, TokenDigest, UserId, settings};
use porta_kv::Write;
use porta_session::browser_session::{BrowserSession, PresentedSession, storage_key};
use porta_session::interaction::{
    BoundInteraction, CompletedLogin, PendingSecondFactor, SecondFactorStep, Stage,
};
use porta_session::short_lived::to_bytes;
use porta_session::{BackendError, OperationContext, Tenant};
use serde_json::json;

use crate::amr::{acr_of, first_factor};
use crate::browser::{Browser, NewSessionCookies};
use crate::known_browser::KnownBrowser;
use crate::login_metric::count_sign_in;
use crate::outcome::{FactorOutcome, SignInOutcome};
use crate::pending_sign_in::PendingSignIns;
use crate::sign_in_core::SignInCore;
use crate::sign_in_steps::needs_new_password;

/// A person who passed every factor asked for.
pub(crate) struct AuthenticatedUser<'a> {
    /// The person as read when they were verified (decision D22).
    pub user: &'a User,
    /// Authentication methods used (RFC 8176 §2).
    pub amr: Vec<String>,
    /// Audit event to record.
    pub event: AuditEventKind,
    /// The password, if its stored hash is outdated.
    pub rehash: Option<&'a Password>,
    /// Ignores a lock caused by somebody else's guesses: known browser or mailed link (decision 0027).
    pub past_lock: bool,
}

impl AuthenticatedUser<'_> {
    /// Age at which an automatic lock is over.
    pub(crate) fn lockout(&self, tenant: &Tenant) -> Duration {
        if self.past_lock { Duration::ZERO } else { tenant.settings.duration(settings::LOCKOUT_DURATION) }
    }
}

/// Creates sessions.
pub(crate) struct NewSessions {
    core: Arc<SignInCore>,
    pending: Arc<PendingSignIns>,
}

impl NewSessions {
    pub(crate) fn new(core: Arc<SignInCore>, pending: Arc<PendingSignIns>) -> Self {
        Self { core, pending }
    }

    /// Creates the session, unless the person typed a temporary password: then asks for a new one first.
    pub(crate) async fn create(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        authenticated: AuthenticatedUser<'_>,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, BackendError> {
        if needs_new_password(authenticated.user, &authenticated.amr) {
            return self.ask_for_new_password(cx, bound, authenticated).await;
        }
        self.write(cx, bound, authenticated, browser).await
    }

    /// Keeps in the interaction that everything but the new password is proven.
    async fn ask_for_new_password(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        authenticated: AuthenticatedUser<'_>,
    ) -> Result<SignInOutcome, BackendError> {
        let user = authenticated.user;
        let event = self.core.event(cx, Some(user.id), AuditEventKind::UserPasswordChangeRequired);
        let lockout = authenticated.lockout(cx.tenant);
        let mut repositories = self.core.shared.store().repositories();
        let mut users = repositories.users(cx.tenant.organization.id);
        if !users.record_challenge(user, lockout, &event).await? {
            return Ok(SignInOutcome::Refused);
        }
        drop(users);
        drop(repositories);
        let pending = PendingSecondFactor {
            user: user.id,
            amr: authenticated.amr,
            step: SecondFactorStep::NewPassword { event: authenticated.event },
            credentials: Some(user.credentials()),
            past_lock: authenticated.past_lock,
            expires_at: None,
        };
        let is_gone = self.pending.store(cx, bound, pending).await? == FactorOutcome::Gone;
        Ok(if is_gone { SignInOutcome::Gone } else { SignInOutcome::NewPassword })
    }

    /// Writes the session: first to the store, then session and interaction to the short-lived store in one step,
    /// always with a new cookie.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.enter", skip_all)]
    async fn write(
        &self,
        cx: OperationContext<'_>,
        mut bound: BoundInteraction,
        authenticated: AuthenticatedUser<'_>,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, BackendError> {
        let OperationContext { tenant, caller, now } = cx;
        let (Browser { cookie, device, .. }, user) = (browser, authenticated.user);
        let previous = self.core.shared.browser_sessions.find(tenant, cookie).await?;
        let kept = self.kept_session(tenant, previous.as_ref(), user.id).await?;
        let lifetime = tenant.settings.duration(settings::SESSION_TTL).min(tenant.longest_session());
        let key = kept.unwrap_or_else(|| SessionKey::new(now, self.core.shared.entropy()));
        let record = SessionRecord {
            id: key,
            organization_id: tenant.organization.id,
            user_id: user.id,
            ip_address: caller.address_text(),
            user_agent: caller.user_agent.clone(),
            created_at: now,
            last_activity_at: now,
            expires_at: now + lifetime,
            revoked_at: None,
        };
        let event = self.core.event(cx, Some(user.id), authenticated.event);
        let lockout = authenticated.lockout(tenant);
        let entered = if user.is_auto_locked() {
            self.create_and_unlock(cx, user, lockout, &record, &event).await?
        } else {
            let mut repositories = self.core.shared.store().repositories();
            let mut users = repositories.users(tenant.organization.id);
            users.record_sign_in(user, lockout, &record, &event).await?
        };
        // The account was locked, or its credentials changed, in the meantime: nothing was written. A password sign-in
        // delays this answer like that to a wrong password.
        if !entered {
            return Ok(SignInOutcome::Refused);
        }
        // A previous session of another person is terminated.
        if let Some(previous) = previous.as_ref().filter(|previous| previous.session.user != user.id) {
            self.core.shared.browser_sessions.end(cx, previous).await?;
        }
        let session = BrowserSession {
            key,
            organization: tenant.organization.id,
            user: user.id,
            auth_time: now,
            acr: acr_of(&authenticated.amr).to_owned(),
            amr: authenticated.amr.clone(),
            expires_at: record.expires_at,
        };
        let cookie = BearerKind::Session.generate(self.core.shared.entropy());
        bound.interaction.stage = Stage::Ready;
        bound.interaction.pending = None;
        bound.interaction.login = Some(CompletedLogin { user: user.id, session: key });
        let mut writes = vec![
            Write::Put {
                key: storage_key(tenant.organization.id, &TokenDigest::of(&cookie)),
                value: to_bytes(&session)?,
                ttl: lifetime,
            },
            bound.write(now)?,
        ];
        // Renew the session identifier at sign-in and delete the old one (session fixation).
        if let Some(previous) = previous {
            writes.push(Write::Delete { key: storage_key(tenant.organization.id, &previous.digest) });
        }
        if self.core.shared.kv().write(writes).await? {
            self.rehash_if_outdated(tenant, &authenticated).await;
            if let Some(method) = first_factor(&session.amr) {
                count_sign_in(method.as_str(), "success");
            }
            let device = KnownBrowser::cookie_after_sign_in(device, tenant, user, self.core.shared.entropy());
            let expires_at = record.expires_at;
            return Ok(SignInOutcome::SignedIn(NewSessionCookies { session: cookie, expires_at, device }));
        }
        // The interaction is gone, so no browser got this session: revoke it. A kept session goes on under its previous
        // cookie.
        if kept.is_none() {
            let event = self.core.event(cx, Some(user.id), AuditEventKind::SessionRevoked);
            let metadata = json!({ "session": key.to_string(), "reason": "interaction_gone" });
            let event = AuditEvent { metadata, ..event };
            self.core
                .shared
                .store()
                .repositories()
                .sessions(tenant.organization.id)
                .end(key, now, &event)
                .await?;
        }
        Ok(SignInOutcome::Gone)
    }

    /// Records a sign-in that lifts an automatic lock, with an audit row for the unlock.
    async fn create_and_unlock(
        &self,
        cx: OperationContext<'_>,
        user: &User,
        lockout: Duration,
        record: &SessionRecord,
        event: &AuditEvent,
    ) -> Result<bool, BackendError> {
        let mut unit = self.core.shared.store().begin().await?;
        let mut users = unit.users(cx.tenant.organization.id);
        let entered = users.record_sign_in(user, lockout, record, event).await?;
        drop(users);
        if entered {
            let unlocked = self.core.event(cx, Some(user.id), AuditEventKind::UserAutoUnlocked);
            unit.audit().record(&unlocked).await?;
        }
        unit.commit().await?;
        Ok(entered)
    }

    /// Replaces an outdated hash. A failure does not affect the sign-in; the next one tries again.
    pub(crate) async fn rehash_if_outdated(&self, tenant: &Tenant, authenticated: &AuthenticatedUser<'_>) {
        let (Some(password), Some(stored)) = (authenticated.rehash, &authenticated.user.password_hash) else {
            return;
        };
        let Ok(hash) = self.core.hasher.hash(password.clone()).await else { return };
        let mut repositories = self.core.shared.store().repositories();
        let mut users = repositories.users(tenant.organization.id);
        if let Err(error) = users.rehash(authenticated.user.id, stored, &hash).await {
            tracing::warn!(%error, "an outdated password hash could not be replaced");
        }
    }

    /// Returns the session to keep, with its tokens, when the same person re-authenticates.
    async fn kept_session(
        &self,
        tenant: &Tenant,
        previous: Option<&PresentedSession>,
        user: UserId,
    ) -> Result<Option<SessionKey>, BackendError> {
        let Some(previous) = previous.filter(|previous| previous.session.user == user) else {
            return Ok(None);
        };
        let mut repositories = self.core.shared.store().repositories();
        let record = repositories.sessions(tenant.organization.id).by_id(previous.session.key).await?;
        Ok(record.filter(|r| r.revoked_at.is_none()).map(|r| r.id))
    }
}
