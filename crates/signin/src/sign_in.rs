//! Sign-in with a password.

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::organization::LoginMethod;
use porta_core::user::{Email, User, UserStatus};
use porta_core::{Timestamp, TokenDigest, TypedPassword, UserId, metrics, settings};
use porta_session::interaction::BoundInteraction;
use porta_session::{Caller, EngineError, IdempotencyClaim, InteractionPurpose, SharedServices, Tenant};
use porta_store::users::{FailureEvents, LockPolicy};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::dummy_hash::DummyHashCosts;
use crate::flood::{FloodCounter, FloodLevels, Pause};
use crate::known_browser::KnownBrowser;
use crate::limits::{AttemptDecision, LoginLimits};
use crate::new_session::AuthenticatedUser;
use crate::password::{HashError, PasswordHasher};
use crate::{QueuePriority, SecondFactorKeys, refused_password};

/// Lock threshold that is never reached.
const NEVER: u64 = i64::MAX as u64;

/// Minimum time from the end of password verification to the answer "wrong": several times as long as a store takes to
/// record the failure, and short beside the hash.
const REFUSAL: Duration = Duration::from_millis(10);

/// Credentials as typed into the form.
pub struct PasswordAttempt<'a> {
    pub email: &'a str,
    pub password: TypedPassword,
}

/// Origin of a request: the client and its cookies.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'a> {
    pub caller: &'a Caller,
    /// Session cookie, if the browser has a session.
    pub cookie: Option<&'a str>,
    /// Known-browser cookie (decision 0027).
    pub device: Option<&'a str>,
    /// Pause cookie: until when a stranger has to wait (decision 0041).
    pub pause: Option<&'a str>,
    /// Idempotency claim of the form, for a form that is sent twice (decision 0044).
    pub claim: Option<&'a IdempotencyClaim>,
}

/// Cookies for a browser that signed in. Both are bearer values, so `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSessionCookies {
    /// Session cookie.
    pub session: String,
    pub expires_at: Timestamp,
    /// Known-browser cookie.
    pub device: String,
}

impl std::fmt::Debug for NewSessionCookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewSessionCookies(…)")
    }
}

/// Result of a sign-in attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The browser gets its cookies and is redirected to the resume URL.
    SignedIn(NewSessionCookies),
    /// The first factor was right; the browser is redirected to the second-factor page.
    SecondFactor,
    /// Wrong password, or the account was locked or its credentials changed in the meantime. `with_password` returns it
    /// as [`Self::WrongPassword`].
    Refused,
    /// Unknown account, wrong password or locked account, all answered alike. The digest identifies the refused form;
    /// the interaction stores it.
    WrongPassword(TokenDigest),
    /// The password was right, but the account is not active.
    NotActive(UserStatus),
    Limited {
        retry_after: Duration,
    },
    /// A stranger must wait before the password is verified (decision 0041).
    Paused(Pause),
    /// The password queue is full.
    Busy,
    /// The client does not offer passwords.
    MethodDisabled,
    /// The interaction ended while the form was processed.
    Gone,
    /// The same form was received before; the answer to that request is used.
    Repeated,
}

/// Dependencies of the sign-in.
pub struct SignIn {
    pub engine: Arc<SharedServices>,
    pub hasher: Arc<PasswordHasher>,
    pub factors: SecondFactorKeys,
    pub dummy_hash_costs: DummyHashCosts,
    pub flood_levels: FloodLevels,
}

impl SignIn {
    /// Returns the first factors offered for an interaction: the client's own list, or else the organization's. Empty
    /// if the client was deactivated in the meantime.
    pub async fn methods(
        &self,
        tenant: &Tenant,
        purpose: &InteractionPurpose,
    ) -> Result<Vec<LoginMethod>, EngineError> {
        let Some(client_id) = purpose.client_id() else {
            return Ok(tenant.organization.default_login_methods.clone());
        };
        let Some(client) = self.engine.clients.find(tenant.organization.id, client_id).await? else {
            return Ok(Vec::new());
        };
        let own = client.client.login_methods.clone().filter(|m| !m.is_empty());
        Ok(own.unwrap_or_else(|| tenant.organization.default_login_methods.clone()))
    }

    /// Checks whether a client offers a method; audits a refusal.
    pub(crate) async fn offers(
        &self,
        tenant: &Tenant,
        purpose: &InteractionPurpose,
        method: LoginMethod,
        caller: &Caller,
    ) -> Result<bool, EngineError> {
        let methods = self.methods(tenant, purpose).await?;
        let is_offered = methods.contains(&method);
        if !is_offered {
            let event = self.event(tenant, None, "security.login_method_disabled", caller);
            let metadata = json!({
                "clientId": purpose.client_id(), "attemptedMethod": method, "effectiveMethods": methods,
            });
            let window = tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW);
            self.engine
                .audit
                .record_once(self.engine.context(tenant, caller), AuditEvent { metadata, ..event }, window)
                .await?;
        }
        Ok(is_offered)
    }

    /// Verifies a password and, if it is right, signs the browser in or moves on to the second factor.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.with_password", skip_all)]
    pub async fn with_password(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        attempt: PasswordAttempt<'_>,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, EngineError> {
        let (caller, claim) = (browser.caller, browser.claim);
        if !self.offers(tenant, &bound.interaction.purpose, LoginMethod::Password, caller).await? {
            return Ok(SignInOutcome::MethodDisabled);
        }
        let email_key = Email::key_of(attempt.email);
        let mut device = KnownBrowser::parse(browser.device, tenant, &email_key);
        let mut limits = match &device {
            Some(device) => LoginLimits::of_device(device.limit(tenant)),
            None => LoginLimits::of(tenant, &email_key, caller),
        };
        if let Some(limited) = self.begin_attempt(tenant, &limits, &browser).await? {
            return Ok(limited);
        }
        if device.is_none() {
            match self.pause(tenant, FloodCounter::Passwords, browser.pause, caller).await {
                Ok(None) => {}
                Ok(Some(pause)) => {
                    limits.give_back(&**self.engine.kv(), claim).await?;
                    return Ok(SignInOutcome::Paused(pause));
                }
                Err(error) => return self.give_back_after_error(&limits, claim, error).await,
            }
        }
        let user = match self.person(tenant, attempt.email).await {
            Ok(user) => user,
            Err(error) => return self.give_back_after_error(&limits, claim, error).await,
        };
        // The cookie is from before a change of credentials: treat the browser as a stranger's (decision D22).
        if device
            .as_ref()
            .is_some_and(|device| !user.as_ref().is_some_and(|user| device.matches_credentials(user)))
        {
            limits.give_back(&**self.engine.kv(), claim).await?;
            device = None;
            limits = LoginLimits::of(tenant, &email_key, caller);
            if let Some(limited) = self.begin_attempt(tenant, &limits, &browser).await? {
                return Ok(limited);
            }
        }
        // The form that was refused last in this sign-in: answer the same without hashing or counting (decision 0044).
        let is_open = user
            .as_ref()
            .is_none_or(|user| !matches!(self.check_status(tenant, user), StatusCheck::DeniedSilently));
        let form = refused_password::form_digest(&email_key, &attempt.password, user.as_ref(), is_open);
        if bound.interaction.refused == Some(form) {
            limits.give_back(&**self.engine.kv(), claim).await?;
            return Ok(SignInOutcome::WrongPassword(form));
        }
        // Rows written by an older version may have another email key (decision 0043).
        let stored_key = user.as_ref().map_or(email_key, |user| user.email.key().to_owned());
        // If the client disconnects, dropping this guard frees the slot for the account's next attempt.
        let in_progress = limits.in_progress(self.engine.kv());
        let outcome = match self.authenticate(tenant, bound, attempt, browser, (user, device.is_some())).await
        {
            Ok(SignInOutcome::Refused) => {
                let counted = self.count_failure(tenant, &stored_key, device.as_ref(), caller);
                // Existing accounts cost one extra UPDATE; pad refusals so that timing does not reveal them
                // (decision 0037).
                tokio::join!(counted, tokio::time::sleep(REFUSAL)).0?;
                in_progress.end();
                limits.free_slot(&**self.engine.kv(), claim).await?;
                return Ok(SignInOutcome::WrongPassword(form));
            }
            Ok(outcome) => outcome,
            Err(error) => {
                in_progress.end();
                return self.give_back_after_error(&limits, claim, error).await;
            }
        };
        in_progress.end();
        if let Err(error) = limits.give_back(&**self.engine.kv(), claim).await {
            // The session is written already, so its cookie must be returned: only log.
            tracing::warn!(%error, "a successful sign-in attempt could not be uncounted");
        }
        Ok(outcome)
    }

    async fn person(&self, tenant: &Tenant, address: &str) -> Result<Option<User>, EngineError> {
        let mut repositories = self.engine.store().repositories();
        Ok(repositories.users(tenant.organization.id).by_email(address).await?)
    }

    /// Gives a counted attempt back when an error prevented its verification: attempts during an outage must not cause
    /// a rate limit.
    async fn give_back_after_error(
        &self,
        limits: &LoginLimits,
        claim: Option<&IdempotencyClaim>,
        error: EngineError,
    ) -> Result<SignInOutcome, EngineError> {
        if let Err(also) = limits.give_back(&**self.engine.kv(), claim).await {
            tracing::warn!(error = %also, "a sign-in attempt that was not verified could not be uncounted");
        }
        Err(error)
    }

    /// Counts an attempt before the password is verified. `None`: counted, go on.
    async fn begin_attempt(
        &self,
        tenant: &Tenant,
        limits: &LoginLimits,
        browser: &Browser<'_>,
    ) -> Result<Option<SignInOutcome>, EngineError> {
        let retry_after = match limits.begin(&**self.engine.kv(), browser.claim).await? {
            AttemptDecision::Counted => return Ok(None),
            AttemptDecision::Repeated => return Ok(Some(SignInOutcome::Repeated)),
            AttemptDecision::Limited(retry_after) => retry_after,
        };
        let event = self.event(tenant, None, "rate_limit.login", browser.caller);
        self.engine
            .audit
            .record_once(self.engine.context(tenant, browser.caller), event, retry_after)
            .await?;
        Ok(Some(SignInOutcome::Limited { retry_after }))
    }

    /// Verifies the password, then checks the account's status and continues the sign-in.
    async fn authenticate(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        attempt: PasswordAttempt<'_>,
        browser: Browser<'_>,
        (user, is_known_browser): (Option<User>, bool),
    ) -> Result<SignInOutcome, EngineError> {
        let dummy_cost = self.dummy_cost(tenant, &Email::key_of(attempt.email)).await?;
        let priority =
            QueuePriority { organization: Some(tenant.organization.id), is_known: is_known_browser };
        let verified = match user.as_ref().and_then(|user| user.password_hash.as_ref()) {
            Some(stored) => self.hasher.verify(attempt.password.clone(), stored, priority).await,
            None => self.hasher.verify_dummy(attempt.password.clone(), dummy_cost, priority).await,
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(HashError::Busy) => return Ok(SignInOutcome::Busy),
            // Costs the same as an unknown account. The operator finds it in the log; the caller cannot tell.
            Err(error) => {
                tracing::error!(%error, tenant = %tenant.organization.slug, "stored password hash is unusable");
                match self.hasher.verify_dummy(attempt.password.clone(), dummy_cost, priority).await {
                    Ok(verified) => verified,
                    Err(_) => return Ok(SignInOutcome::Busy),
                }
            }
        };
        let Some(user) = user.filter(|_| verified.matches) else { return Ok(SignInOutcome::Refused) };
        match self.check_status(tenant, &user) {
            StatusCheck::Allowed => {}
            StatusCheck::DeniedSilently if is_known_browser => {}
            StatusCheck::DeniedSilently => return Ok(SignInOutcome::Refused),
            StatusCheck::Denied(status) => {
                let what = "user.login.password.failed";
                let event = self.event(tenant, Some(user.id), what, browser.caller);
                self.engine.store().repositories().audit().record(&event).await?;
                return Ok(SignInOutcome::NotActive(status));
            }
        }
        let authenticated = AuthenticatedUser {
            user: &user,
            amr: vec!["pwd".to_owned()],
            event: "user.login.password",
            rehash: attempt.password.normal().filter(|_| verified.outdated),
            past_lock: is_known_browser,
        };
        self.continue_after_first_factor(tenant, bound, authenticated, browser).await
    }

    /// Whether the account's status allows a sign-in. A lock caused by guessing is never confirmed to the guesser
    /// (decision 0022 f).
    pub(crate) fn check_status(&self, tenant: &Tenant, user: &User) -> StatusCheck {
        let lockout = tenant.settings.duration(settings::LOCKOUT_DURATION);
        match user.status {
            UserStatus::Active => StatusCheck::Allowed,
            UserStatus::Locked if user.is_auto_locked() => {
                let is_over = user.locked_at.is_some_and(|at| self.engine.now().since(at) >= lockout);
                if is_over { StatusCheck::Allowed } else { StatusCheck::DeniedSilently }
            }
            status @ (UserStatus::Inactive | UserStatus::Suspended | UserStatus::Locked) => {
                StatusCheck::Denied(status)
            }
        }
    }

    async fn count_failure(
        &self,
        tenant: &Tenant,
        email_key: &str,
        device: Option<&KnownBrowser>,
        caller: &Caller,
    ) -> Result<(), EngineError> {
        let now = self.engine.now();
        let policy = LockPolicy {
            // Failures in a known browser never lock the account; they limit that browser only (decision 0027).
            max_failed_logins: match device {
                Some(_) => NEVER,
                None => tenant.settings.number(settings::MAX_FAILED_LOGINS),
            },
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
        count_sign_in("password", "failure");
        if outcome.is_some_and(|o| o.locked_now) {
            ::metrics::counter!(metrics::LOCKOUTS).increment(1);
            tracing::warn!(event = "user.auto_locked", tenant = %tenant.organization.slug, "account locked after failed sign-ins");
        }
        Ok(())
    }

    pub(crate) fn event(
        &self,
        tenant: &Tenant,
        user: Option<UserId>,
        what: &str,
        caller: &Caller,
    ) -> AuditEvent {
        let category = match what {
            "user.login.password"
            | "user.login.magic_link"
            | "user.email.verified"
            | "2fa.challenge.started"
            | "2fa.verify.success"
            | "2fa.otp.resent"
            | "2fa.setup.totp.complete"
            | "2fa.setup.email.complete"
            | "2fa.recovery.used" => AuditCategory::Authentication,
            _ => AuditCategory::Security,
        };
        AuditEvent {
            user_id: user,
            actor_id: user.filter(|_| category == AuditCategory::Authentication),
            ..self.engine.audit.event(self.engine.context(tenant, caller), what, category)
        }
    }
}

pub(crate) enum StatusCheck {
    Allowed,
    /// Answered like a wrong password.
    DeniedSilently,
    Denied(UserStatus),
}

/// Counts a sign-in, or a wrong password, link or code, in the metrics.
pub(crate) fn count_sign_in(method: &'static str, result: &'static str) {
    ::metrics::counter!(metrics::LOGINS, "method" => method, "result" => result).increment(1);
}
