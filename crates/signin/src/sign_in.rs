//! Sign-in with a password.

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::organization::LoginMethod;
use porta_core::session::SessionRecord;
use porta_core::user::{Email, User, UserStatus};
use porta_core::{BearerKind, SessionKey, Timestamp, TokenDigest, UserId, settings};
use porta_kv::Write;
use porta_oidc::interaction::{BoundInteraction, LoginDone, Stage};
use porta_oidc::session::{BrowserSession, PresentedSession, storage_key, to_bytes};
use porta_oidc::{ACR_ONE_FACTOR, Caller, Engine, EngineError, Tenant};
use porta_store::users::{FailureEvents, LockPolicy};
use secrecy::SecretString;
use serde_json::json;

use crate::limits::LoginLimits;
use crate::password::{HashError, PasswordHasher};

/// What the person typed, and from where.
pub struct Attempt<'a> {
    pub email: &'a str,
    pub password: SecretString,
    pub caller: &'a Caller,
    /// Cookie of a session this browser already has.
    pub cookie: Option<&'a str>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The browser gets this session cookie and goes to the resume address.
    SignedIn {
        cookie: String,
        expires_at: Timestamp,
    },
    /// Unknown, wrong, locked: one answer.
    Refused,
    /// The password was right, the account is switched off.
    NotActive(UserStatus),
    Limited {
        retry_after: Duration,
    },
    /// Too many passwords are being checked.
    Busy,
    /// Passwords are not offered here.
    MethodDisabled,
    /// The interaction ended while the form was under way.
    Gone,
}

/// What sign-in is made of.
pub struct SignIn {
    pub engine: Arc<Engine>,
    pub hasher: Arc<PasswordHasher>,
}

impl SignIn {
    /// First factors offered to a client: its own list, or the organization's (oidc-and-login §2.8); none to a client
    /// that was switched off meanwhile.
    pub async fn methods(&self, tenant: &Tenant, client_id: &str) -> Result<Vec<LoginMethod>, EngineError> {
        let Some(client) = self.engine.client(tenant.organization.id, client_id).await? else {
            return Ok(Vec::new());
        };
        let own = client.client.login_methods.clone().filter(|m| !m.is_empty());
        Ok(own.unwrap_or_else(|| tenant.organization.default_login_methods.clone()))
    }

    /// Checks a password and, if it is right, signs the browser in.
    pub async fn with_password(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        attempt: Attempt<'_>,
    ) -> Result<SignInOutcome, EngineError> {
        let methods = self.methods(tenant, &bound.interaction.request.client_id).await?;
        if !methods.contains(&LoginMethod::Password) {
            let client_id = &bound.interaction.request.client_id;
            let event = self.event(tenant, None, "security.login_method_disabled", attempt.caller);
            let metadata = json!({
                "clientId": client_id, "attemptedMethod": LoginMethod::Password, "effectiveMethods": methods,
            });
            let window = tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW);
            self.engine.note_once(tenant, AuditEvent { metadata, ..event }, attempt.caller, window).await?;
            return Ok(SignInOutcome::MethodDisabled);
        }
        let email_key = Email::key_of(attempt.email);
        let limits = LoginLimits::of(tenant, &email_key, attempt.caller);
        if let Some(retry_after) = limits.check(&**self.engine.kv()).await? {
            let event = self.event(tenant, None, "rate_limit.login", attempt.caller);
            self.engine.note_once(tenant, event, attempt.caller, retry_after).await?;
            return Ok(SignInOutcome::Limited { retry_after });
        }
        let user =
            self.engine.store().repositories().users(tenant.organization.id).by_email(&email_key).await?;
        let stored = user.as_ref().and_then(|u| u.password_hash.as_ref());
        let verified = match self.hasher.verify(attempt.password.clone(), stored).await {
            Ok(verified) => verified,
            Err(HashError::Busy) => return Ok(SignInOutcome::Busy),
            // Costs what an unknown account costs; the operator reads about it, the caller does not.
            Err(error) => {
                tracing::error!(%error, tenant = %tenant.organization.slug, "stored password hash is unusable");
                match self.hasher.verify(attempt.password.clone(), None).await {
                    Ok(verified) => verified,
                    Err(_) => return Ok(SignInOutcome::Busy),
                }
            }
        };
        let Some(user) = user.filter(|_| verified.matches) else {
            // The row is fetched again by the guarded statement; which account it was stays out of the answer.
            return self.refuse(tenant, &email_key, &limits, attempt.caller).await;
        };
        match self.may_enter(tenant, &user) {
            Entry::Allowed => {}
            Entry::Silent => return self.refuse(tenant, &email_key, &limits, attempt.caller).await,
            Entry::Said(status) => {
                let event = self.event(tenant, Some(user.id), "user.login.password.failed", attempt.caller);
                self.engine.store().repositories().audit().record(&event).await?;
                return Ok(SignInOutcome::NotActive(status));
            }
        }
        let rehash = if verified.outdated { self.hasher.hash(attempt.password).await.ok() } else { None };
        self.enter(tenant, bound, &user, rehash.as_ref(), attempt.caller, attempt.cookie).await
    }

    /// Whether a right password opens the door. A lock that guessing caused is never confirmed to the one who guesses.
    fn may_enter(&self, tenant: &Tenant, user: &User) -> Entry {
        let lockout = tenant.settings.duration(settings::LOCKOUT_DURATION);
        match user.status {
            UserStatus::Active => Entry::Allowed,
            UserStatus::Locked if user.is_auto_locked() => {
                let is_over = user.locked_at.is_some_and(|at| self.engine.now().since(at) >= lockout);
                if is_over { Entry::Allowed } else { Entry::Silent }
            }
            status @ (UserStatus::Inactive | UserStatus::Suspended | UserStatus::Locked) => {
                Entry::Said(status)
            }
        }
    }

    /// Counts and records a failure with the same work for every account, existing or not.
    async fn refuse(
        &self,
        tenant: &Tenant,
        email_key: &str,
        limits: &LoginLimits,
        caller: &Caller,
    ) -> Result<SignInOutcome, EngineError> {
        let now = self.engine.now();
        let policy = LockPolicy {
            max_failed_logins: tenant.settings.number(settings::MAX_FAILED_LOGINS),
            lockout: tenant.settings.duration(settings::LOCKOUT_DURATION),
        };
        let event = |what| self.event(tenant, None, what, caller);
        let (failed, locked) = (event("user.login.password.failed"), event("user.auto_locked"));
        let events =
            FailureEvents { failed: &failed, locked: &locked, unlocked: &event("user.auto_unlocked") };
        let outcome = self
            .engine
            .store()
            .repositories()
            .users(tenant.organization.id)
            .record_sign_in_failure(email_key, policy, now, events)
            .await?;
        if outcome.is_some_and(|o| o.locked_now) {
            tracing::warn!(event = "user.auto_locked", tenant = %tenant.organization.slug, "account locked after failed sign-ins");
        }
        match limits.count(&**self.engine.kv()).await? {
            // Parallel guesses met the limit between the check and here.
            Some(retry_after) => Ok(SignInOutcome::Limited { retry_after }),
            None => Ok(SignInOutcome::Refused),
        }
    }

    /// Writes the session: storage first, then session and interaction in one step, with a new cookie each time.
    async fn enter(
        &self,
        tenant: &Tenant,
        mut bound: BoundInteraction,
        user: &User,
        rehash: Option<&porta_core::user::PasswordHash>,
        caller: &Caller,
        cookie: Option<&str>,
    ) -> Result<SignInOutcome, EngineError> {
        let previous = self.engine.session(tenant, cookie).await?;
        let kept = self.settle_previous(tenant, previous.as_ref(), user.id, caller).await?;
        let now = self.engine.now();
        let lifetime = tenant.settings.duration(settings::SESSION_TTL);
        let key = kept.unwrap_or_else(|| SessionKey::new(now, self.engine.entropy()));
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
        let event = self.event(tenant, Some(user.id), "user.login.password", caller);
        let lockout = tenant.settings.duration(settings::LOCKOUT_DURATION);
        let entered = if user.is_auto_locked() {
            self.enter_unlocking(tenant, user, lockout, rehash, &record, &event, caller).await?
        } else {
            let mut repositories = self.engine.store().repositories();
            let mut users = repositories.users(tenant.organization.id);
            users.record_sign_in(user.id, lockout, rehash, &record, &event).await?
        };
        if !entered {
            return Ok(SignInOutcome::Refused);
        }
        let session = BrowserSession {
            key,
            organization: tenant.organization.id,
            user: user.id,
            auth_time: now,
            acr: ACR_ONE_FACTOR.to_owned(),
            amr: vec!["pwd".to_owned()], // RFC 8176 §2
            expires_at: record.expires_at,
        };
        let cookie = BearerKind::Session.generate(self.engine.entropy());
        bound.interaction.stage = Stage::Ready;
        bound.interaction.login = Some(LoginDone { user: user.id, session: key });
        let mut writes = vec![
            Write::Put {
                key: storage_key(tenant.organization.id, &TokenDigest::of(&cookie)),
                value: to_bytes(&session)?,
                ttl: lifetime,
            },
            bound.write(now)?,
        ];
        // A renewed identifier at sign-in: the old cookie leads nowhere (session fixation).
        if let Some(previous) = previous {
            writes.push(Write::Delete { key: storage_key(tenant.organization.id, &previous.digest) });
        }
        if self.engine.kv().write(writes).await? {
            return Ok(SignInOutcome::SignedIn { cookie, expires_at: record.expires_at });
        }
        // No browser got this session. One that was kept goes on behind the cookie it had.
        if kept.is_none() {
            let event = self.event(tenant, Some(user.id), "session.revoked", caller);
            let metadata = json!({ "session": key.to_string(), "reason": "interaction_gone" });
            let event = AuditEvent { metadata, ..event };
            self.engine.store().repositories().sessions(tenant.organization.id).end(key, now, &event).await?;
        }
        Ok(SignInOutcome::Gone)
    }

    /// A sign-in that lifts an automatic lock says so in a row of its own.
    #[expect(clippy::too_many_arguments, reason = "each is a different part of one write")]
    async fn enter_unlocking(
        &self,
        tenant: &Tenant,
        user: &User,
        lockout: Duration,
        rehash: Option<&porta_core::user::PasswordHash>,
        record: &SessionRecord,
        event: &AuditEvent,
        caller: &Caller,
    ) -> Result<bool, EngineError> {
        let mut unit = self.engine.store().begin().await?;
        let mut users = unit.users(tenant.organization.id);
        let entered = users.record_sign_in(user.id, lockout, rehash, record, event).await?;
        drop(users);
        if entered {
            let unlocked = self.event(tenant, Some(user.id), "user.auto_unlocked", caller);
            unit.audit().record(&unlocked).await?;
        }
        unit.commit().await?;
        Ok(entered)
    }

    /// The same person re-authenticates inside the session and keeps its tokens (repairs W26); another person's
    /// session ends for good.
    async fn settle_previous(
        &self,
        tenant: &Tenant,
        previous: Option<&PresentedSession>,
        user: UserId,
        caller: &Caller,
    ) -> Result<Option<SessionKey>, EngineError> {
        let Some(previous) = previous else { return Ok(None) };
        if previous.session.user != user {
            self.engine.terminate(tenant, previous, caller).await?;
            return Ok(None);
        }
        let mut repositories = self.engine.store().repositories();
        let record = repositories.sessions(tenant.organization.id).by_id(previous.session.key).await?;
        Ok(record.filter(|r| r.revoked_at.is_none()).map(|r| r.id))
    }

    fn event(&self, tenant: &Tenant, user: Option<UserId>, what: &str, caller: &Caller) -> AuditEvent {
        let category = match what {
            "user.login.password" => AuditCategory::Authentication,
            _ => AuditCategory::Security,
        };
        AuditEvent {
            user_id: user,
            actor_id: user.filter(|_| category == AuditCategory::Authentication),
            ..self.engine.event(tenant, what, category, caller)
        }
    }
}

enum Entry {
    Allowed,
    /// Answered like a wrong password.
    Silent,
    Said(UserStatus),
}
