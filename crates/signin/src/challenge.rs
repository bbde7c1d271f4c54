//! Second-factor challenge during sign-in.

use std::sync::Arc;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::mail::Mail;
use porta_core::second_factor::CodePurpose;
use porta_core::user::{TwoFactorMethod, User};
use porta_session::interaction::{BoundInteraction, PendingSecondFactor, SecondFactorStep};
use porta_session::{BackendError, OperationContext};
use serde_json::json;

use crate::amr::amr_with;
use crate::browser::Browser;
use crate::enrolment::Enrolment;
use crate::factor_attempts::{CodeCheck, CodeKind, FactorAttempts, FactorLimits};
use crate::login_metric::count_sign_in;
use crate::mailed_codes::{CodeRequester, CodeUse, MailedCodes};
use crate::new_session::{AuthenticatedUser, NewSessions};
use crate::outcome::{FactorOutcome, SignInOutcome};
use crate::pending_sign_in::PendingSignIns;
use crate::sign_in_core::{SignInCore, security_event};
use crate::sign_in_steps::{NextStep, after_first_factor, factors_to_enrol};

/// Consecutive wrong codes after which the owner is mailed that somebody knows their password.
const FACTOR_FAILURES_TOLD: i64 = 10;
/// Consecutive wrong codes after which codes are refused (NIST SP 800-63B-4 §3.2.2).
const FACTOR_FAILURES_MAX: i64 = 100;

pub struct SecondFactorChallenge {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) attempts: Arc<FactorAttempts>,
    pub(crate) codes: Arc<MailedCodes>,
    pub(crate) enrolment: Arc<Enrolment>,
    pub(crate) pending: Arc<PendingSignIns>,
    pub(crate) sessions: Arc<NewSessions>,
}

impl SecondFactorChallenge {
    /// Continues after any first factor: creates the session, or asks for the second factor first.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.passed", skip_all)]
    pub(crate) async fn continue_after_first_factor(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        authenticated: AuthenticatedUser<'_>,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, BackendError> {
        let (organization, user) = (&cx.tenant.organization, authenticated.user);
        let step = match after_first_factor(organization.two_factor_policy, user.two_factor_method) {
            NextStep::Session => return self.sessions.create(cx, bound, authenticated, browser).await,
            NextStep::Verify(method) => SecondFactorStep::Verify { method },
            NextStep::Enrol(allowed) => self.enrolment.first_step(user, allowed, None),
        };
        let purpose = mailed(&step);
        let requester = CodeRequester::Browser(browser);
        if purpose.is_some()
            && let Some(retry_after) = self.codes.count_mail(cx, user, requester).await?
        {
            return Ok(SignInOutcome::Limited { retry_after });
        }
        let event = self.core.event(cx, Some(user.id), AuditEventKind::TwoFactorChallengeStarted);
        let lockout = authenticated.lockout(cx.tenant);
        let mut repositories = self.core.shared.store().repositories();
        let mut users = repositories.users(organization.id);
        if !users.record_challenge(user, lockout, &event).await? {
            return Ok(SignInOutcome::Refused);
        }
        drop(users);
        drop(repositories);
        self.sessions.rehash_if_outdated(cx.tenant, &authenticated).await;
        let uid = bound.interaction.uid.clone();
        let pending = PendingSecondFactor {
            user: user.id,
            amr: authenticated.amr,
            step,
            credentials: Some(user.credentials()),
            past_lock: authenticated.past_lock,
            expires_at: None,
        };
        // Replacing the hash may have taken a while: the next step lasts from now on.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        if self.pending.store(cx, bound, pending).await? == FactorOutcome::Gone {
            return Ok(SignInOutcome::Gone);
        }
        if let Some(purpose) = purpose {
            self.codes.send(cx, CodeUse { user, purpose, place: &uid }, requester).await?;
        }
        Ok(SignInOutcome::SecondFactor)
    }

    /// Verifies a code of the person's second factor, or one of their recovery codes.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.verify_code", skip_all)]
    pub async fn verify(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        kind: CodeKind,
        code: &str,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, BackendError> {
        let Some((pending, user)) = self.pending.load(cx, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        let SecondFactorStep::Verify { method } = pending.step else { return Ok(FactorOutcome::Moved) };
        // Recovery codes are too long to be guessed and must stay usable, so they are exempt.
        if kind == CodeKind::Usual && user.factor_failures >= FACTOR_FAILURES_MAX {
            return Ok(FactorOutcome::Blocked);
        }
        let limits = FactorLimits::of(cx, &user, &bound.interaction.uid, kind, browser);
        if let Some(retry_after) = self.attempts.count(cx, user.id, &limits).await? {
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let outcome = match (kind, method) {
            (CodeKind::Recovery, _) => self.recovery_code(cx, &user, code).await?,
            (CodeKind::Usual, TwoFactorMethod::Totp) => self.totp_code(cx, &user, code).await?,
            (CodeKind::Usual, TwoFactorMethod::Email) => {
                let place = &bound.interaction.uid;
                let mailed = CodeUse { user: &user, purpose: CodePurpose::SignIn, place };
                self.codes.check(cx, mailed, code).await?
            }
        };
        match outcome {
            CodeCheck::Right => {}
            CodeCheck::Wrong | CodeCheck::Exhausted => {
                count_sign_in("second_factor", "failure");
                self.count_failure(cx, &user).await?;
                let is_over = outcome == CodeCheck::Exhausted;
                return Ok(if is_over { FactorOutcome::Exhausted } else { FactorOutcome::Wrong });
            }
        }
        self.attempts.clear(&limits).await?;
        let organization = &cx.tenant.organization;
        if user.factor_failures > 0 {
            let mut repositories = self.core.shared.store().repositories();
            repositories.users(organization.id).reset_factor_failures(user.id).await?;
        }
        let shown = if kind == CodeKind::Recovery { None } else { Some(method) };
        let amr = amr_with(pending.amr, shown);
        if let Some(allowed) = factors_to_enrol(organization.two_factor_policy, Some(method)) {
            let step = self.enrolment.first_step(&user, allowed, Some(method));
            return self.pending.store(cx, bound, PendingSecondFactor { amr, step, ..pending }).await;
        }
        let authenticated = AuthenticatedUser {
            user: &user,
            amr,
            event: AuditEventKind::TwoFactorVerifySuccess,
            rehash: None,
            past_lock: pending.past_lock,
        };
        Ok(self.sessions.create(cx, bound, authenticated, browser).await?.into())
    }

    /// Sends another code to somebody whose factor is mail, or who is enrolling it.
    pub async fn resend_code(
        &self,
        cx: OperationContext<'_>,
        bound: &BoundInteraction,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, BackendError> {
        let Some((pending, user)) = self.pending.load(cx, bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        let Some(purpose) = mailed(&pending.step) else { return Ok(FactorOutcome::Moved) };
        let code = CodeUse { user: &user, purpose, place: &bound.interaction.uid };
        Ok(match self.codes.send_again(cx, code, CodeRequester::Browser(browser)).await? {
            Some(retry_after) => FactorOutcome::Limited { retry_after },
            None => FactorOutcome::Moved,
        })
    }

    /// Counts and audits a consecutive wrong code. After 10 the owner is mailed: whoever gets this far knows their
    /// password.
    async fn count_failure(&self, cx: OperationContext<'_>, user: &User) -> Result<(), BackendError> {
        let mut unit = self.core.shared.store().begin().await?;
        let failures = unit.users(cx.tenant.organization.id).count_factor_failure(user.id).await?;
        let event = self.core.event(cx, Some(user.id), AuditEventKind::TwoFactorVerifyFailed);
        let metadata = json!({ "failuresInARow": failures });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        if failures == Some(FACTOR_FAILURES_TOLD) {
            let mail = Mail::PasswordKnown { event: security_event(cx) };
            let about = format!("{}:{}", user.id, cx.now.micros());
            self.core.enqueue(&mut *unit, cx, user, mail, &about).await?;
        }
        if failures == Some(FACTOR_FAILURES_MAX) {
            let event = self.core.event(cx, Some(user.id), AuditEventKind::TwoFactorBlocked);
            unit.audit().record(&event).await?;
        }
        Ok(unit.commit().await?)
    }

    async fn recovery_code(
        &self,
        cx: OperationContext<'_>,
        user: &User,
        code: &str,
    ) -> Result<CodeCheck, BackendError> {
        let Some(macs) = self.core.factors.recovery_macs(user, code) else { return Ok(CodeCheck::Wrong) };
        let organization = cx.tenant.organization.id;
        let mut unit = self.core.shared.store().begin().await?;
        let left = unit.second_factors(organization).use_recovery_code(user.id, &macs, cx.now).await?;
        let Some(left) = left else { return Ok(CodeCheck::Wrong) };
        let event = self.core.event(cx, Some(user.id), AuditEventKind::TwoFactorRecoveryUsed);
        let metadata = json!({ "remainingCodes": left });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        unit.commit().await?;
        Ok(CodeCheck::Right)
    }

    async fn totp_code(
        &self,
        cx: OperationContext<'_>,
        user: &User,
        code: &str,
    ) -> Result<CodeCheck, BackendError> {
        let mut repositories = self.core.shared.store().repositories();
        let mut factors = repositories.second_factors(cx.tenant.organization.id);
        let Some(credential) = factors.totp(user.id).await? else { return Ok(CodeCheck::Wrong) };
        let Some(step) = self.core.factors.totp_step(user, &credential, code, cx.now)? else {
            return Ok(CodeCheck::Wrong);
        };
        let is_first = factors.accept_step(&credential, step, cx.now).await?;
        Ok(if is_first { CodeCheck::Right } else { CodeCheck::Wrong })
    }
}

/// The purpose of the mailed code that this step asks for, if any.
fn mailed(step: &SecondFactorStep) -> Option<CodePurpose> {
    match step {
        SecondFactorStep::Verify { method: TwoFactorMethod::Email } => Some(CodePurpose::SignIn),
        SecondFactorStep::Email { .. } => Some(CodePurpose::Enrolment),
        SecondFactorStep::Verify { method: TwoFactorMethod::Totp }
        | SecondFactorStep::Choose { .. }
        | SecondFactorStep::Authenticator { .. }
        | SecondFactorStep::Codes { .. }
        | SecondFactorStep::NewPassword { .. } => None,
    }
}
