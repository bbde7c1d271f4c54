//! Enrols a second factor during sign-in. Secret and recovery codes are kept in the interaction, sealed, until they are
//! confirmed and saved; an unfinished enrolment stores nothing with the person (decision 0025).

use std::sync::Arc;

use porta_core::audit::AuditEventKind;
use porta_core::seal::Sealed;
use porta_core::second_factor::CodePurpose;
use porta_core::user::{TwoFactorMethod, User};
use porta_session::interaction::{BoundInteraction, PendingSecondFactor, SecondFactorStep};
use porta_session::{BackendError, OperationContext};
use porta_store::Revocation;

use crate::amr::{amr_with, is_multi_factor};
use crate::browser::Browser;
use crate::factor_attempts::{CodeCheck, CodeKind, FactorAttempts, FactorLimits};
use crate::factor_changes::{ConfirmedFactor, EnrolmentResult, FactorChanges};
use crate::mailed_codes::{CodeRequester, CodeUse, MailedCodes};
use crate::new_session::{AuthenticatedUser, NewSessions};
use crate::outcome::FactorOutcome;
use crate::pending_sign_in::PendingSignIns;
use crate::second_factor_keys::AuthenticatorSecret;
use crate::sign_in_core::SignInCore;

pub struct Enrolment {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) attempts: Arc<FactorAttempts>,
    pub(crate) changes: Arc<FactorChanges>,
    pub(crate) codes: Arc<MailedCodes>,
    pub(crate) pending: Arc<PendingSignIns>,
    pub(crate) sessions: Arc<NewSessions>,
}

impl Enrolment {
    /// First step of enrolling one of these factors; skips the choice if there is only one.
    pub(crate) fn first_step(
        &self,
        user: &User,
        allowed: Vec<TwoFactorMethod>,
        known: Option<TwoFactorMethod>,
    ) -> SecondFactorStep {
        match allowed.as_slice() {
            [only] => self.step_of(user, *only, allowed.clone(), known),
            _ => SecondFactorStep::Choose { allowed },
        }
    }

    fn step_of(
        &self,
        user: &User,
        method: TwoFactorMethod,
        allowed: Vec<TwoFactorMethod>,
        known: Option<TwoFactorMethod>,
    ) -> SecondFactorStep {
        match method {
            TwoFactorMethod::Totp => {
                let secret = self.core.factors.new_secret(user, self.core.shared.entropy());
                SecondFactorStep::Authenticator { secret, allowed, known }
            }
            TwoFactorMethod::Email => SecondFactorStep::Email { allowed },
        }
    }

    /// QR code and key for the page that sets up an authenticator.
    pub fn authenticator(&self, secret: &Sealed, issuer: &str, user: &User) -> Option<AuthenticatorSecret> {
        self.core.factors.offer(user, secret, issuer)
    }

    /// Recovery codes of an enrolment, until the person confirms that they saved them.
    pub fn recovery_codes(&self, bound: &BoundInteraction, sealed: &Sealed) -> Option<Vec<String>> {
        self.core.factors.open_codes(&bound.interaction.uid, sealed)
    }

    /// Chooses the factor to enrol, or a different one than before.
    pub async fn choose_factor(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        method: TwoFactorMethod,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, BackendError> {
        let Some((pending, user)) = self.pending.load(cx, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        let (allowed, known) = match pending.step {
            SecondFactorStep::Choose { allowed } | SecondFactorStep::Email { allowed } => (allowed, None),
            SecondFactorStep::Authenticator { allowed, known, .. } => (allowed, known),
            SecondFactorStep::Verify { .. }
            | SecondFactorStep::Codes { .. }
            | SecondFactorStep::NewPassword { .. } => return Ok(FactorOutcome::Moved),
        };
        if !allowed.contains(&method) {
            return Ok(FactorOutcome::Moved);
        }
        let step = self.step_of(&user, method, allowed, known);
        let sends = matches!(step, SecondFactorStep::Email { .. });
        let requester = CodeRequester::Browser(browser);
        if sends && let Some(retry_after) = self.codes.count_mail(cx, &user, requester).await? {
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let moved = self.pending.store(cx, bound.clone(), PendingSecondFactor { step, ..pending }).await?;
        if sends && moved == FactorOutcome::Moved {
            self.codes.send(cx, enrolment_code(&user, &bound), requester).await?;
        }
        Ok(moved)
    }

    /// Confirms the factor by its first code, and generates recovery codes.
    pub async fn confirm_factor(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        code: &str,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, BackendError> {
        let Some((pending, user)) = self.pending.load(cx, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        if !matches!(pending.step, SecondFactorStep::Authenticator { .. } | SecondFactorStep::Email { .. }) {
            return Ok(FactorOutcome::Moved);
        }
        let limits = FactorLimits::of(cx, &user, &bound.interaction.uid, CodeKind::Usual, browser);
        if let Some(retry_after) = self.attempts.count(cx, user.id, &limits).await? {
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let confirmed = match &pending.step {
            SecondFactorStep::Authenticator { secret, known, .. } => {
                let entropy = self.core.shared.entropy();
                let confirmed = self.core.factors.confirm(&user, secret, code, cx.now, entropy)?;
                confirmed.map(|credential| ConfirmedFactor::Totp { credential, known: *known })
            }
            SecondFactorStep::Email { .. } => {
                match self.codes.check(cx, enrolment_code(&user, &bound), code).await? {
                    CodeCheck::Right => Some(ConfirmedFactor::Email),
                    CodeCheck::Exhausted => return Ok(FactorOutcome::Exhausted),
                    CodeCheck::Wrong => None,
                }
            }
            SecondFactorStep::Verify { .. }
            | SecondFactorStep::Choose { .. }
            | SecondFactorStep::Codes { .. }
            | SecondFactorStep::NewPassword { .. } => None,
        };
        let Some(confirmed) = confirmed else {
            let is_mail = matches!(pending.step, SecondFactorStep::Email { .. });
            let what = if is_mail {
                AuditEventKind::TwoFactorSetupEmailFailed
            } else {
                AuditEventKind::TwoFactorSetupTotpFailed
            };
            let event = self.core.event(cx, Some(user.id), what);
            self.core.shared.audit.record(&event).await?;
            return Ok(FactorOutcome::Wrong);
        };
        let enrolled = self.changes.enrol(cx, &user, &confirmed, &[Revocation::User(user.id)]).await?;
        let Some(EnrolmentResult { shown, credentials }) = enrolled else {
            return Ok(FactorOutcome::Gone);
        };
        self.attempts.clear(&limits).await?;
        let sealed = self.core.factors.seal_codes(&bound.interaction.uid, &shown, self.core.shared.entropy());
        let step = SecondFactorStep::Codes { sealed };
        let mut pending = PendingSecondFactor { step, credentials: Some(credentials), ..pending };
        if !is_multi_factor(&pending.amr) {
            pending.amr = amr_with(pending.amr, Some(confirmed.method()));
        }
        self.pending.store(cx, bound, pending).await
    }

    /// The person confirms that they saved the recovery codes: completes the sign-in.
    pub async fn confirm_codes_saved(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, BackendError> {
        let Some((pending, user)) = self.pending.load(cx, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        if !matches!(pending.step, SecondFactorStep::Codes { .. }) {
            return Ok(FactorOutcome::Moved);
        }
        let event = match user.two_factor_method {
            Some(TwoFactorMethod::Email) => AuditEventKind::TwoFactorSetupEmailComplete,
            Some(TwoFactorMethod::Totp) | None => AuditEventKind::TwoFactorSetupTotpComplete,
        };
        let authenticated = AuthenticatedUser {
            user: &user,
            amr: pending.amr,
            event,
            rehash: None,
            past_lock: pending.past_lock,
        };
        Ok(self.sessions.create(cx, bound, authenticated, browser).await?.into())
    }
}

fn enrolment_code<'a>(user: &'a User, bound: &'a BoundInteraction) -> CodeUse<'a> {
    CodeUse { user, purpose: CodePurpose::Enrolment, place: &bound.interaction.uid }
}
