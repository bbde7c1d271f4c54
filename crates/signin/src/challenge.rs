//! Second-factor challenge during sign-in.

use std::time::Duration;

use porta_core::audit::AuditEvent;
use porta_core::mail::Mail;
use porta_core::second_factor::CodePurpose;
use porta_core::user::{TwoFactorMethod, User};
use porta_core::{UserId, settings};
use porta_kv::LimitOutcome;
use porta_session::interaction::{BoundInteraction, PendingSecondFactor, SecondFactorStep, Stage};
use porta_session::{Caller, EngineError, Tenant};
use porta_store::EmailCodeOutcome;
use serde_json::json;

use crate::limits::FactorLimits;
use crate::mailed_codes::CodeRequester;
use crate::new_session::{AuthenticatedUser, MULTI_FACTOR};
use crate::sign_in::{StatusCheck, count_sign_in};
use crate::sign_in_steps::{NextStep, after_first_factor, factors_to_enrol};
use crate::{Browser, NewSessionCookies, SignIn, SignInOutcome};

/// `otp` (RFC 8176 §2): a one-time password of any kind. A mailed link counts as one.
pub(crate) const ONE_TIME_PASSWORD: &str = "otp";
/// Wrong attempts allowed for one mailed code.
pub(crate) const CODE_ATTEMPTS: u32 = 5;
/// Consecutive wrong codes after which the owner is mailed that somebody knows their password.
const FACTOR_FAILURES_TOLD: i64 = 10;
/// Consecutive wrong codes after which codes are refused (NIST SP 800-63B-4 §3.2.2).
const FACTOR_FAILURES_MAX: i64 = 100;

/// Kind of code typed as the second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A code of the factor that the page asks for.
    Usual,
    Recovery,
}

/// Result of a code, or of an enrolment step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorOutcome {
    /// The browser gets its cookies and is redirected to the resume URL.
    SignedIn(NewSessionCookies),
    /// The interaction is at another step now: show that.
    Moved,
    Wrong,
    /// The mailed code is used up or missing: a new one must be sent.
    Exhausted,
    Limited {
        retry_after: Duration,
    },
    /// Too many consecutive wrong codes: only a recovery code or a new password helps.
    Blocked,
    /// The interaction ended, or the account may no longer sign in.
    Gone,
}

impl From<SignInOutcome> for FactorOutcome {
    fn from(outcome: SignInOutcome) -> Self {
        match outcome {
            SignInOutcome::SignedIn(entered) => Self::SignedIn(entered),
            SignInOutcome::SecondFactor => Self::Moved,
            SignInOutcome::Limited { retry_after } => Self::Limited { retry_after },
            SignInOutcome::Refused
            | SignInOutcome::WrongPassword(_)
            | SignInOutcome::NotActive(_)
            | SignInOutcome::Busy
            | SignInOutcome::Paused(_)
            | SignInOutcome::MethodDisabled
            | SignInOutcome::Repeated
            | SignInOutcome::Gone => Self::Gone,
        }
    }
}

impl SignIn {
    /// Continues after any first factor: creates the session, or asks for the second factor first.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.passed", skip_all)]
    pub(crate) async fn continue_after_first_factor(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        authenticated: AuthenticatedUser<'_>,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, EngineError> {
        let user = authenticated.user;
        let step = match after_first_factor(tenant.organization.two_factor_policy, user.two_factor_method) {
            NextStep::Session => return self.create_session(tenant, bound, authenticated, browser).await,
            NextStep::Verify(method) => SecondFactorStep::Verify { method },
            NextStep::Enrol(allowed) => self.enrolment(user, allowed, None),
        };
        let purpose = mailed(&step);
        if purpose.is_some()
            && let Some(retry_after) = self.count_mail(tenant, user, CodeRequester::Browser(&browser)).await?
        {
            return Ok(SignInOutcome::Limited { retry_after });
        }
        let event = self.event(tenant, Some(user.id), "2fa.challenge.started", browser.caller);
        let lockout = authenticated.lockout(tenant);
        let mut repositories = self.engine.store().repositories();
        let mut users = repositories.users(tenant.organization.id);
        if !users.record_challenge(user, lockout, &event).await? {
            return Ok(SignInOutcome::Refused);
        }
        drop(users);
        drop(repositories);
        self.rehash_if_outdated(tenant, &authenticated).await;
        let uid = bound.interaction.uid.clone();
        let pending = PendingSecondFactor {
            user: user.id,
            amr: authenticated.amr,
            step,
            credentials: Some(user.credentials()),
            past_lock: authenticated.past_lock,
            expires_at: None,
        };
        if self.store_next_step(tenant, bound, pending).await? == FactorOutcome::Gone {
            return Ok(SignInOutcome::Gone);
        }
        if let Some(purpose) = purpose {
            self.mail_code(tenant, &uid, user, purpose, CodeRequester::Browser(&browser)).await?;
        }
        Ok(SignInOutcome::SecondFactor)
    }

    /// Verifies a code of the person's second factor, or one of their recovery codes.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.verify_code", skip_all)]
    pub async fn verify_code(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        kind: CodeKind,
        code: &str,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, EngineError> {
        let Some((pending, user)) = self.pending(tenant, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        let SecondFactorStep::Verify { method } = pending.step else { return Ok(FactorOutcome::Moved) };
        // Recovery codes are too long to be guessed and must stay usable, so they are exempt.
        if kind == CodeKind::Usual && user.factor_failures >= FACTOR_FAILURES_MAX {
            return Ok(FactorOutcome::Blocked);
        }
        let limits = FactorLimits::of(tenant, &user, &bound.interaction.uid, kind, &browser);
        if let Some(retry_after) = self.count_attempt(tenant, user.id, &limits, browser.caller).await? {
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let outcome = match (kind, method) {
            (CodeKind::Recovery, _) => self.recovery_code(tenant, &user, code, browser.caller).await?,
            (CodeKind::Usual, TwoFactorMethod::Totp) => self.totp_code(tenant, &user, code).await?,
            (CodeKind::Usual, TwoFactorMethod::Email) => {
                self.email_code(tenant, &bound.interaction.uid, &user, CodePurpose::SignIn, code).await?
            }
        };
        match outcome {
            CodeCheck::Right => {}
            CodeCheck::Wrong | CodeCheck::Exhausted => {
                count_sign_in("second_factor", "failure");
                self.factor_failed(tenant, &user, browser.caller).await?;
                let is_over = outcome == CodeCheck::Exhausted;
                return Ok(if is_over { FactorOutcome::Exhausted } else { FactorOutcome::Wrong });
            }
        }
        self.clear_attempts(&limits).await?;
        if user.factor_failures > 0 {
            let mut repositories = self.engine.store().repositories();
            repositories.users(tenant.organization.id).reset_factor_failures(user.id).await?;
        }
        let shown = if kind == CodeKind::Recovery { None } else { Some(method) };
        let amr = amr_with(pending.amr, shown);
        if let Some(allowed) = factors_to_enrol(tenant.organization.two_factor_policy, Some(method)) {
            let step = self.enrolment(&user, allowed, Some(method));
            return self.store_next_step(tenant, bound, PendingSecondFactor { amr, step, ..pending }).await;
        }
        let authenticated = AuthenticatedUser {
            user: &user,
            amr,
            event: "2fa.verify.success",
            rehash: None,
            past_lock: pending.past_lock,
        };
        Ok(self.create_session(tenant, bound, authenticated, browser).await?.into())
    }

    /// Sends another code to somebody whose factor is mail, or who is enrolling it.
    pub async fn resend_code(
        &self,
        tenant: &Tenant,
        bound: &BoundInteraction,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, EngineError> {
        let Some((pending, user)) = self.pending(tenant, bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        let Some(purpose) = mailed(&pending.step) else { return Ok(FactorOutcome::Moved) };
        let requester = CodeRequester::Browser(&browser);
        Ok(match self.mail_code_again(tenant, &bound.interaction.uid, &user, purpose, requester).await? {
            Some(retry_after) => FactorOutcome::Limited { retry_after },
            None => FactorOutcome::Moved,
        })
    }

    /// Loads the person who passed the first factor. `None`: they may no longer sign in, their credentials changed
    /// since then (decision D22), or the step expired.
    pub async fn pending(
        &self,
        tenant: &Tenant,
        bound: &BoundInteraction,
    ) -> Result<Option<(PendingSecondFactor, User)>, EngineError> {
        let Some(pending) = &bound.interaction.pending else { return Ok(None) };
        let mut repositories = self.engine.store().repositories();
        let user = repositories.users(tenant.organization.id).by_id(pending.user).await?;
        let now = self.engine.now();
        let user = user.filter(|user| {
            let may_enter = match self.check_status(tenant, user) {
                StatusCheck::Allowed => true,
                StatusCheck::DeniedSilently => pending.past_lock,
                StatusCheck::Denied(_) => false,
            };
            may_enter && pending.is_valid(user, now)
        });
        Ok(user.map(|user| (pending.clone(), user)))
    }

    /// Stores the next step. Each step after the first factor expires after `second_factor_ttl`.
    pub(crate) async fn store_next_step(
        &self,
        tenant: &Tenant,
        mut bound: BoundInteraction,
        pending: PendingSecondFactor,
    ) -> Result<FactorOutcome, EngineError> {
        let now = self.engine.now();
        let ends = now + tenant.settings.duration(settings::SECOND_FACTOR_TTL);
        bound.interaction.stage = Stage::SecondFactor;
        bound.interaction.pending = Some(PendingSecondFactor { expires_at: Some(ends), ..pending });
        let is_there = self.engine.kv().write(vec![bound.write(now)?]).await?;
        Ok(if is_there { FactorOutcome::Moved } else { FactorOutcome::Gone })
    }

    /// Counts and audits a consecutive wrong code. After 10 the owner is mailed: whoever gets this far knows their
    /// password.
    async fn factor_failed(&self, tenant: &Tenant, user: &User, caller: &Caller) -> Result<(), EngineError> {
        let mut unit = self.engine.store().begin().await?;
        let failures = unit.users(tenant.organization.id).count_factor_failure(user.id).await?;
        let event = self.event(tenant, Some(user.id), "2fa.verify.failed", caller);
        let metadata = json!({ "failuresInARow": failures });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        if failures == Some(FACTOR_FAILURES_TOLD) {
            let mail = Mail::PasswordKnown { event: self.security_event(caller) };
            let about = format!("{}:{}", user.id, self.engine.now().micros());
            self.enqueue(&mut *unit, tenant, user, mail, &about).await?;
        }
        if failures == Some(FACTOR_FAILURES_MAX) {
            let event = self.event(tenant, Some(user.id), "2fa.blocked", caller);
            unit.audit().record(&event).await?;
        }
        Ok(unit.commit().await?)
    }

    /// Counts an attempt before it is verified, so that parallel attempts cannot exceed a limit. Fails closed. `Some`:
    /// time to wait.
    pub(crate) async fn count_attempt(
        &self,
        tenant: &Tenant,
        user: UserId,
        limits: &FactorLimits,
        caller: &Caller,
    ) -> Result<Option<Duration>, EngineError> {
        let verdict = self.engine.kv().hit(limits.all()).await?;
        let LimitOutcome::Limited { retry_after } = verdict else { return Ok(None) };
        let event = self.event(tenant, Some(user), "rate_limit.2fa_verify", caller);
        self.engine.audit.record_once(self.engine.context(tenant, caller), event, retry_after).await?;
        Ok(Some(retry_after))
    }

    pub(crate) async fn clear_attempts(&self, limits: &FactorLimits) -> Result<(), EngineError> {
        let (own, shared) = limits.keys();
        self.engine.kv().clear(&own).await?;
        Ok(self.engine.kv().release(&shared).await?)
    }

    async fn recovery_code(
        &self,
        tenant: &Tenant,
        user: &User,
        code: &str,
        caller: &Caller,
    ) -> Result<CodeCheck, EngineError> {
        let Some(macs) = self.factors.recovery_macs(user, code) else { return Ok(CodeCheck::Wrong) };
        let mut unit = self.engine.store().begin().await?;
        let now = self.engine.now();
        let left = unit.second_factors(tenant.organization.id).use_recovery_code(user.id, &macs, now).await?;
        let Some(left) = left else { return Ok(CodeCheck::Wrong) };
        let event = self.event(tenant, Some(user.id), "2fa.recovery.used", caller);
        let metadata = json!({ "remainingCodes": left });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        unit.commit().await?;
        Ok(CodeCheck::Right)
    }

    async fn totp_code(&self, tenant: &Tenant, user: &User, code: &str) -> Result<CodeCheck, EngineError> {
        let now = self.engine.now();
        let mut repositories = self.engine.store().repositories();
        let mut factors = repositories.second_factors(tenant.organization.id);
        let Some(credential) = factors.totp(user.id).await? else { return Ok(CodeCheck::Wrong) };
        let Some(step) = self.factors.totp_step(user, &credential, code, now)? else {
            return Ok(CodeCheck::Wrong);
        };
        let is_first = factors.accept_step(&credential, step, now).await?;
        Ok(if is_first { CodeCheck::Right } else { CodeCheck::Wrong })
    }

    pub(crate) async fn email_code(
        &self,
        tenant: &Tenant,
        place: &str,
        user: &User,
        purpose: CodePurpose,
        code: &str,
    ) -> Result<CodeCheck, EngineError> {
        let Some(macs) = self.factors.email_macs(user, purpose, place, code) else {
            return Ok(CodeCheck::Wrong);
        };
        let mut repositories = self.engine.store().repositories();
        let outcome = repositories
            .second_factors(tenant.organization.id)
            .try_email_code(user.id, purpose, Some(place), &macs, CODE_ATTEMPTS, self.engine.now())
            .await?;
        Ok(match outcome {
            EmailCodeOutcome::Accepted => CodeCheck::Right,
            EmailCodeOutcome::Wrong { attempts_left: 0 } | EmailCodeOutcome::NothingToMatch => {
                CodeCheck::Exhausted
            }
            EmailCodeOutcome::Wrong { .. } => CodeCheck::Wrong,
        })
    }
}

/// Adds a second-factor code to `amr` (`None`: a recovery code). A mailed code after a mailed link proves the same
/// mailbox twice, which is one factor: no `mfa` (RFC 8176 §2).
pub(crate) fn amr_with(mut amr: Vec<String>, method: Option<TwoFactorMethod>) -> Vec<String> {
    let came_by_mail = amr.iter().any(|shown| shown == ONE_TIME_PASSWORD);
    let same_mailbox = came_by_mail && method == Some(TwoFactorMethod::Email);
    let shown = if same_mailbox { &[ONE_TIME_PASSWORD][..] } else { &[ONE_TIME_PASSWORD, MULTI_FACTOR] };
    for word in shown {
        if !amr.iter().any(|known| known == word) {
            amr.push((*word).to_owned());
        }
    }
    amr
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeCheck {
    Right,
    Wrong,
    Exhausted,
}

/// The purpose of the mailed code that this step asks for, if any.
fn mailed(step: &SecondFactorStep) -> Option<CodePurpose> {
    match step {
        SecondFactorStep::Verify { method: TwoFactorMethod::Email } => Some(CodePurpose::SignIn),
        SecondFactorStep::Email { .. } => Some(CodePurpose::Enrolment),
        SecondFactorStep::Verify { method: TwoFactorMethod::Totp }
        | SecondFactorStep::Choose { .. }
        | SecondFactorStep::Authenticator { .. }
        | SecondFactorStep::Codes { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use TwoFactorMethod::{Email, Totp};

    use super::*;

    #[test]
    fn one_mailbox_is_one_factor() {
        for (before, method, after) in [
            (vec!["pwd"], Some(Email), vec!["pwd", "otp", "mfa"]),
            (vec!["pwd"], Some(Totp), vec!["pwd", "otp", "mfa"]),
            (vec!["pwd"], None, vec!["pwd", "otp", "mfa"]),
            (vec!["otp"], Some(Email), vec!["otp"]),
            (vec!["otp"], Some(Totp), vec!["otp", "mfa"]),
            (vec!["otp"], None, vec!["otp", "mfa"]),
        ] {
            let before = before.into_iter().map(str::to_owned).collect();
            assert_eq!(amr_with(before, method), after);
        }
    }
}
