//! Sign-in with a password.

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::organization::LoginMethod;
use porta_core::user::{Email, User};
use porta_core::{TypedPassword, metrics, settings};
use porta_session::interaction::BoundInteraction;
use porta_session::{BackendError, IdempotencyClaim, OperationContext, Tenant};
use porta_store::users::{FailureEvents, LockPolicy};

use crate::account_status::{StatusCheck, check_status};
use crate::amr;
use crate::browser::Browser;
use crate::challenge::SecondFactorChallenge;
use crate::dummy_hash::DummyHashCosts;
use crate::flood::{FloodCounter, FloodGuard};
use crate::known_browser::KnownBrowser;
use crate::limits::{AttemptDecision, LoginLimits};
use crate::login_methods::LoginMethods;
use crate::login_metric::count_sign_in;
use crate::new_session::AuthenticatedUser;
use crate::outcome::SignInOutcome;
use crate::password::HashError;
use crate::password_queue::QueuePriority;
use crate::refused_password;
use crate::sign_in_core::SignInCore;

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

/// Signs in with a password.
pub struct PasswordSignIn {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) challenge: Arc<SecondFactorChallenge>,
    pub(crate) flood: Arc<FloodGuard>,
    pub(crate) login_methods: Arc<LoginMethods>,
    pub(crate) dummy_hash_costs: DummyHashCosts,
}

impl PasswordSignIn {
    /// Whether another password would be refused as busy. Lets a caller be refused before any work is done.
    pub fn is_full(&self, priority: QueuePriority) -> bool {
        self.core.hasher.is_full(priority)
    }

    /// Verifies a password and, if it is right, signs the browser in or moves on to the second factor.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.with_password", skip_all)]
    pub async fn verify(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        attempt: PasswordAttempt<'_>,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, BackendError> {
        let (tenant, claim) = (cx.tenant, browser.claim);
        if !self.login_methods.check(cx, &bound.interaction.purpose, LoginMethod::Password).await? {
            return Ok(SignInOutcome::MethodDisabled);
        }
        let email_key = Email::key_of(attempt.email);
        let mut device = KnownBrowser::parse(browser.device, tenant, &email_key);
        let mut limits = match &device {
            Some(device) => LoginLimits::of_device(device.limit(tenant)),
            None => LoginLimits::of(tenant, &email_key, cx.caller),
        };
        if let Some(limited) = self.begin_attempt(cx, &limits, claim).await? {
            return Ok(limited);
        }
        // The attempt may have waited for a slot.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        if device.is_none() {
            match self.flood.pause(cx, FloodCounter::Passwords, browser.pause).await {
                Ok(None) => {}
                Ok(Some(pause)) => {
                    limits.give_back(&**self.core.shared.kv(), claim).await?;
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
            limits.give_back(&**self.core.shared.kv(), claim).await?;
            device = None;
            limits = LoginLimits::of(tenant, &email_key, cx.caller);
            if let Some(limited) = self.begin_attempt(cx, &limits, claim).await? {
                return Ok(limited);
            }
        }
        // The form that was refused last in this sign-in: answer the same without hashing or counting (decision 0044).
        let now = self.core.shared.now();
        let is_open = user
            .as_ref()
            .is_none_or(|user| !matches!(check_status(tenant, user, now), StatusCheck::DeniedSilently));
        let form = refused_password::form_digest(&email_key, &attempt.password, user.as_ref(), is_open);
        if bound.interaction.refused == Some(form) {
            limits.give_back(&**self.core.shared.kv(), claim).await?;
            return Ok(SignInOutcome::WrongPassword(form));
        }
        // Rows written by an older version may have another email key (decision 0043).
        let stored_key = user.as_ref().map_or(email_key, |user| user.email.key().to_owned());
        // If the client disconnects, dropping this guard frees the slot for the account's next attempt.
        let in_progress = limits.in_progress(self.core.shared.kv());
        let outcome = match self.authenticate(cx, bound, attempt, browser, (user, device.is_some())).await {
            Ok(SignInOutcome::Refused) => {
                let counted = self.count_failure(cx, &stored_key, device.as_ref());
                // Existing accounts cost one extra UPDATE; pad refusals so that timing does not reveal them
                // (decision 0037).
                tokio::join!(counted, tokio::time::sleep(REFUSAL)).0?;
                in_progress.end();
                limits.free_slot(&**self.core.shared.kv(), claim).await?;
                return Ok(SignInOutcome::WrongPassword(form));
            }
            Ok(outcome) => outcome,
            Err(error) => {
                in_progress.end();
                return self.give_back_after_error(&limits, claim, error).await;
            }
        };
        in_progress.end();
        if let Err(error) = limits.give_back(&**self.core.shared.kv(), claim).await {
            // The session is written already, so its cookie must be returned: only log.
            tracing::warn!(%error, "a successful sign-in attempt could not be uncounted");
        }
        Ok(outcome)
    }

    async fn person(&self, tenant: &Tenant, address: &str) -> Result<Option<User>, BackendError> {
        let mut repositories = self.core.shared.store().repositories();
        Ok(repositories.users(tenant.organization.id).by_email(address).await?)
    }

    /// Gives a counted attempt back when an error prevented its verification: attempts during an outage must not cause
    /// a rate limit.
    async fn give_back_after_error(
        &self,
        limits: &LoginLimits,
        claim: Option<&IdempotencyClaim>,
        error: BackendError,
    ) -> Result<SignInOutcome, BackendError> {
        if let Err(also) = limits.give_back(&**self.core.shared.kv(), claim).await {
            tracing::warn!(error = %also, "a sign-in attempt that was not verified could not be uncounted");
        }
        Err(error)
    }

    /// Counts an attempt before the password is verified. `None`: counted, go on.
    async fn begin_attempt(
        &self,
        cx: OperationContext<'_>,
        limits: &LoginLimits,
        claim: Option<&IdempotencyClaim>,
    ) -> Result<Option<SignInOutcome>, BackendError> {
        let retry_after = match limits.begin(&**self.core.shared.kv(), claim).await? {
            AttemptDecision::Counted => return Ok(None),
            AttemptDecision::Repeated => return Ok(Some(SignInOutcome::Repeated)),
            AttemptDecision::Limited(retry_after) => retry_after,
        };
        let event = self.core.event(cx, None, AuditEventKind::RateLimitLogin);
        self.core.shared.audit.record_once(cx, event, retry_after).await?;
        Ok(Some(SignInOutcome::Limited { retry_after }))
    }

    /// Verifies the password, then checks the account's status and continues the sign-in.
    async fn authenticate(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        attempt: PasswordAttempt<'_>,
        browser: Browser<'_>,
        (user, is_known_browser): (Option<User>, bool),
    ) -> Result<SignInOutcome, BackendError> {
        let tenant = cx.tenant;
        let dummy_cost = self.dummy_hash_costs.cost_for(cx, &Email::key_of(attempt.email)).await?;
        let priority =
            QueuePriority { organization: Some(tenant.organization.id), is_known: is_known_browser };
        let verified = match user.as_ref().and_then(|user| user.password_hash.as_ref()) {
            Some(stored) => self.core.hasher.verify(attempt.password.clone(), stored, priority).await,
            None => self.core.hasher.verify_dummy(attempt.password.clone(), dummy_cost, priority).await,
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(HashError::Busy) => return Ok(SignInOutcome::Busy),
            // Costs the same as an unknown account. The operator finds it in the log; the caller cannot tell.
            Err(error) => {
                tracing::error!(%error, tenant = %tenant.organization.slug, "stored password hash is unusable");
                match self.core.hasher.verify_dummy(attempt.password.clone(), dummy_cost, priority).await {
                    Ok(verified) => verified,
                    Err(_) => return Ok(SignInOutcome::Busy),
                }
            }
        };
        let Some(user) = user.filter(|_| verified.matches) else { return Ok(SignInOutcome::Refused) };
        // The verification took a while: a lock may be over, and the session begins now.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        match check_status(tenant, &user, cx.now) {
            StatusCheck::Allowed => {}
            StatusCheck::DeniedSilently if is_known_browser => {}
            StatusCheck::DeniedSilently => return Ok(SignInOutcome::Refused),
            StatusCheck::Denied(status) => {
                let event = self.core.event(cx, Some(user.id), AuditEventKind::UserLoginPasswordFailed);
                self.core.shared.audit.record(&event).await?;
                return Ok(SignInOutcome::NotActive(status));
            }
        }
        let authenticated = AuthenticatedUser {
            user: &user,
            amr: amr::of_first_factor(LoginMethod::Password),
            event: AuditEventKind::UserLoginPassword,
            rehash: attempt.password.normal().filter(|_| verified.outdated),
            past_lock: is_known_browser,
        };
        self.challenge.continue_after_first_factor(cx, bound, authenticated, browser).await
    }

    async fn count_failure(
        &self,
        cx: OperationContext<'_>,
        email_key: &str,
        device: Option<&KnownBrowser>,
    ) -> Result<(), BackendError> {
        let (tenant, now) = (cx.tenant, self.core.shared.now());
        let policy = LockPolicy {
            // Failures in a known browser never lock the account; they limit that browser only (decision 0027).
            max_failed_logins: match device {
                Some(_) => NEVER,
                None => tenant.settings.number(settings::MAX_FAILED_LOGINS),
            },
            lockout: tenant.settings.duration(settings::LOCKOUT_DURATION),
        };
        let event = |what| self.core.event(cx, None, what);
        let (failed, locked) =
            (event(AuditEventKind::UserLoginPasswordFailed), event(AuditEventKind::UserAutoLocked));
        let events = FailureEvents {
            failed: &failed,
            locked: &locked,
            unlocked: &event(AuditEventKind::UserAutoUnlocked),
        };
        let mut repositories = self.core.shared.store().repositories();
        let mut users = repositories.users(tenant.organization.id);
        let outcome = users.record_sign_in_failure(email_key, policy, now, events).await?;
        count_sign_in(LoginMethod::Password.as_str(), "failure");
        if outcome.is_some_and(|o| o.locked_now) {
            ::metrics::counter!(metrics::LOCKOUTS).increment(1);
            tracing::warn!(event = "user.auto_locked", tenant = %tenant.organization.slug, "account locked after failed sign-ins");
        }
        Ok(())
    }
}
