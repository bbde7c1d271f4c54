//! Enrols a second factor during sign-in. Secret and recovery codes are kept in the interaction, sealed, until they are
//! confirmed and saved; an unfinished enrolment stores nothing with the person (decision 0025).

use porta_core::Timestamp;
use porta_core::audit::AuditEvent;
use porta_core::mail::SecondFactorChange;
use porta_core::second_factor::{CodePurpose, TotpCredential};
use porta_core::user::{CredentialState, TwoFactorMethod, User};
use porta_session::interaction::{BoundInteraction, PendingSecondFactor, SecondFactorStep};
use porta_session::{Caller, EngineError, Tenant};
use porta_store::{Revocation, UnitOfWork};
use serde_json::json;

use crate::challenge::{CodeCheck, amr_with};
use crate::limits::FactorLimits;
use crate::mailed_codes::CodeRequester;
use crate::new_session::{AuthenticatedUser, MULTI_FACTOR};
use crate::{Browser, CodeKind, FactorOutcome, SignIn};

impl SignIn {
    /// First step of enrolling one of these factors; skips the choice if there is only one.
    pub(crate) fn enrolment(
        &self,
        user: &User,
        allowed: Vec<TwoFactorMethod>,
        known: Option<TwoFactorMethod>,
    ) -> SecondFactorStep {
        match allowed.as_slice() {
            [only] => self.enrolment_of(user, *only, allowed.clone(), known),
            _ => SecondFactorStep::Choose { allowed },
        }
    }

    fn enrolment_of(
        &self,
        user: &User,
        method: TwoFactorMethod,
        allowed: Vec<TwoFactorMethod>,
        known: Option<TwoFactorMethod>,
    ) -> SecondFactorStep {
        match method {
            TwoFactorMethod::Totp => {
                let secret = self.factors.new_secret(user, self.engine.entropy());
                SecondFactorStep::Authenticator { secret, allowed, known }
            }
            TwoFactorMethod::Email => SecondFactorStep::Email { allowed },
        }
    }

    /// Chooses the factor to enrol, or a different one than before.
    pub async fn choose_factor(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        method: TwoFactorMethod,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, EngineError> {
        let Some((pending, user)) = self.pending(tenant, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        let (allowed, known) = match pending.step {
            SecondFactorStep::Choose { allowed } | SecondFactorStep::Email { allowed } => (allowed, None),
            SecondFactorStep::Authenticator { allowed, known, .. } => (allowed, known),
            SecondFactorStep::Verify { .. } | SecondFactorStep::Codes { .. } => {
                return Ok(FactorOutcome::Moved);
            }
        };
        if !allowed.contains(&method) {
            return Ok(FactorOutcome::Moved);
        }
        let step = self.enrolment_of(&user, method, allowed, known);
        let sends = matches!(step, SecondFactorStep::Email { .. });
        let requester = CodeRequester::Browser(&browser);
        if sends && let Some(retry_after) = self.count_mail(tenant, &user, requester).await? {
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let moved =
            self.store_next_step(tenant, bound.clone(), PendingSecondFactor { step, ..pending }).await?;
        if sends && moved == FactorOutcome::Moved {
            self.mail_code(tenant, &bound.interaction.uid, &user, CodePurpose::Enrolment, requester).await?;
        }
        Ok(moved)
    }

    /// Confirms the factor by its first code, and generates recovery codes.
    pub async fn confirm_factor(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        code: &str,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, EngineError> {
        let caller = browser.caller;
        let Some((pending, user)) = self.pending(tenant, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        if !matches!(pending.step, SecondFactorStep::Authenticator { .. } | SecondFactorStep::Email { .. }) {
            return Ok(FactorOutcome::Moved);
        }
        let limits = FactorLimits::of(tenant, &user, &bound.interaction.uid, CodeKind::Usual, &browser);
        if let Some(retry_after) = self.count_attempt(tenant, user.id, &limits, caller).await? {
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let now = self.engine.now();
        let confirmed = match &pending.step {
            SecondFactorStep::Authenticator { secret, known, .. } => {
                let confirmed = self.factors.confirm(&user, secret, code, now, self.engine.entropy())?;
                confirmed.map(|credential| ConfirmedFactor::Totp { credential, known: *known })
            }
            SecondFactorStep::Email { .. } => {
                match self
                    .email_code(tenant, &bound.interaction.uid, &user, CodePurpose::Enrolment, code)
                    .await?
                {
                    CodeCheck::Right => Some(ConfirmedFactor::Email),
                    CodeCheck::Exhausted => return Ok(FactorOutcome::Exhausted),
                    CodeCheck::Wrong => None,
                }
            }
            SecondFactorStep::Verify { .. }
            | SecondFactorStep::Choose { .. }
            | SecondFactorStep::Codes { .. } => None,
        };
        let Some(confirmed) = confirmed else {
            let is_mail = matches!(pending.step, SecondFactorStep::Email { .. });
            let what = if is_mail { "2fa.setup.email.failed" } else { "2fa.setup.totp.failed" };
            let event = self.event(tenant, Some(user.id), what, caller);
            self.engine.store().repositories().audit().record(&event).await?;
            return Ok(FactorOutcome::Wrong);
        };
        let enrolled = self.enrol(tenant, &user, &confirmed, &[Revocation::User(user.id)], caller).await?;
        let Some(EnrolmentResult { shown, credentials }) = enrolled else {
            return Ok(FactorOutcome::Gone);
        };
        self.clear_attempts(&limits).await?;
        let pending = PendingSecondFactor { credentials: Some(credentials), ..pending };
        let mut pending = self.sealed_codes(&bound, pending, &shown);
        if !pending.amr.iter().any(|method| method == MULTI_FACTOR) {
            pending.amr = amr_with(pending.amr, Some(confirmed.method()));
        }
        self.store_next_step(tenant, bound, pending).await
    }

    /// Stores a confirmed factor with new recovery codes, and revokes `ended`. `None`: another window added or removed
    /// a factor, or the credentials changed; this enrolment must not replace a factor it did not know of (decision
    /// 0025).
    pub(crate) async fn enrol(
        &self,
        tenant: &Tenant,
        user: &User,
        confirmed: &ConfirmedFactor,
        ended: &[Revocation],
        caller: &Caller,
    ) -> Result<Option<EnrolmentResult>, EngineError> {
        let (organization, now) = (tenant.organization.id, self.engine.now());
        let (shown, rows) = self.factors.new_recovery_codes(user, now, self.engine.entropy());
        let mut unit = self.engine.store().begin().await?;
        let mut factors = unit.second_factors(organization);
        let mut changes = 1;
        let enrolled = match confirmed {
            ConfirmedFactor::Totp { credential, known } => factors.enrol_totp(credential, *known).await?,
            ConfirmedFactor::ReplacementTotp { credential, verified_at } => {
                changes = 2;
                let current = factors.totp(user.id).await?;
                current.is_some_and(|c| c.verified_at == *verified_at)
                    && factors.disable(user.id, now).await?
                    && factors.enrol_totp(credential, None).await?
            }
            ConfirmedFactor::Email => factors.enrol_email(user.id, now).await?,
        };
        if !enrolled {
            return Ok(None);
        }
        factors.replace_recovery_codes(user.id, &rows, now).await?;
        drop(factors);
        let Some(credentials) = self.credentials_after_changes(&mut *unit, tenant, user, changes).await?
        else {
            return Ok(None);
        };
        for ended in ended {
            unit.tokens(organization).revoke(*ended, now).await?;
        }
        let event = self.event(tenant, Some(user.id), confirmed.event(), caller);
        let metadata = json!({ "method": confirmed.method() });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        self.notify_of(&mut *unit, tenant, user, confirmed.change(), caller).await?;
        unit.commit().await?;
        Ok(Some(EnrolmentResult { shown, credentials }))
    }

    /// Returns the credential state after `changes` changes made in this unit of work, which holds the lock of the
    /// person's row. `None`: somebody else changed it since `user` was read, so the operation is void (decision D22).
    pub(crate) async fn credentials_after_changes(
        &self,
        unit: &mut dyn UnitOfWork,
        tenant: &Tenant,
        user: &User,
        changes: i64,
    ) -> Result<Option<CredentialState>, EngineError> {
        let before = user.credentials();
        let expected = CredentialState { epoch: before.epoch + changes, ..before };
        let after = unit.users(tenant.organization.id).by_id(user.id).await?;
        Ok(after.map(|user| user.credentials()).filter(|after| *after == expected))
    }

    /// The person confirms that they saved the recovery codes: completes the sign-in.
    pub async fn confirm_codes_saved(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, EngineError> {
        let Some((pending, user)) = self.pending(tenant, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        if !matches!(pending.step, SecondFactorStep::Codes { .. }) {
            return Ok(FactorOutcome::Moved);
        }
        let event = match user.two_factor_method {
            Some(TwoFactorMethod::Email) => "2fa.setup.email.complete",
            Some(TwoFactorMethod::Totp) | None => "2fa.setup.totp.complete",
        };
        let authenticated = AuthenticatedUser {
            user: &user,
            amr: pending.amr,
            event,
            rehash: None,
            past_lock: pending.past_lock,
        };
        Ok(self.create_session(tenant, bound, authenticated, browser).await?.into())
    }
}

/// Result of an enrolment.
pub(crate) struct EnrolmentResult {
    /// Recovery codes to show.
    pub(crate) shown: Vec<String>,
    /// Credential state after the enrolment.
    pub(crate) credentials: CredentialState,
}

/// A factor confirmed by its first code.
pub(crate) enum ConfirmedFactor {
    Totp {
        credential: TotpCredential,
        known: Option<TwoFactorMethod>,
    },
    /// Replaces the authenticator that was confirmed at `verified_at`.
    ReplacementTotp {
        credential: TotpCredential,
        verified_at: Timestamp,
    },
    Email,
}

impl ConfirmedFactor {
    const fn event(&self) -> &'static str {
        match self {
            Self::Totp { .. } | Self::ReplacementTotp { .. } => "2fa.setup.totp",
            Self::Email => "2fa.setup.email",
        }
    }

    pub(crate) const fn method(&self) -> TwoFactorMethod {
        match self {
            Self::Totp { .. } | Self::ReplacementTotp { .. } => TwoFactorMethod::Totp,
            Self::Email => TwoFactorMethod::Email,
        }
    }

    const fn change(&self) -> SecondFactorChange {
        match self {
            Self::Totp { .. } | Self::ReplacementTotp { .. } => SecondFactorChange::TotpEnabled,
            Self::Email => SecondFactorChange::EmailEnabled,
        }
    }
}
