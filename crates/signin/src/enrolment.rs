//! Getting a second factor while signing in. The secret and the recovery codes live in the interaction, sealed, until
//! they are confirmed and kept; nothing of an unfinished enrolment is ever stored with the person (repairs W01).

use porta_core::audit::AuditEvent;
use porta_core::mail::{Mail, SecondFactorChange};
use porta_core::second_factor::CodePurpose;
use porta_core::user::{TwoFactorMethod, User};
use porta_oidc::interaction::{BoundInteraction, Pending, SecondStep};
use porta_oidc::{Caller, EngineError, Tenant};
use serde_json::json;

use crate::challenge::Tried;
use crate::enter::{Entrant, MULTI_FACTOR};
use crate::{Browser, FactorOutcome, SignIn};

impl SignIn {
    /// The first step of getting one of these factors: no choice where there is none.
    pub(crate) fn enrolment(
        &self,
        bound: &BoundInteraction,
        allowed: Vec<TwoFactorMethod>,
        known: Option<TwoFactorMethod>,
    ) -> SecondStep {
        match allowed.as_slice() {
            [only] => self.enrolment_of(bound, *only, allowed.clone(), known),
            _ => SecondStep::Choose { allowed },
        }
    }

    fn enrolment_of(
        &self,
        bound: &BoundInteraction,
        method: TwoFactorMethod,
        allowed: Vec<TwoFactorMethod>,
        known: Option<TwoFactorMethod>,
    ) -> SecondStep {
        match method {
            TwoFactorMethod::Totp => {
                let secret = self.factors.new_secret(&bound.interaction.uid, self.engine.entropy());
                SecondStep::Authenticator { secret, allowed, known }
            }
            TwoFactorMethod::Email => SecondStep::Email { allowed },
        }
    }

    /// Chooses the factor to get, or another one than chosen before.
    pub async fn choose_factor(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        method: TwoFactorMethod,
        caller: &Caller,
    ) -> Result<FactorOutcome, EngineError> {
        let Some((pending, user)) = self.pending(tenant, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        let (allowed, known) = match pending.step {
            SecondStep::Choose { allowed } | SecondStep::Email { allowed } => (allowed, None),
            SecondStep::Authenticator { allowed, known, .. } => (allowed, known),
            SecondStep::Verify { .. } | SecondStep::Codes { .. } => return Ok(FactorOutcome::Moved),
        };
        if !allowed.contains(&method) {
            return Ok(FactorOutcome::Moved);
        }
        let step = self.enrolment_of(&bound, method, allowed, known);
        let sends = matches!(step, SecondStep::Email { .. });
        let moved = self.move_on(bound.clone(), Pending { step, ..pending }).await?;
        if sends && moved == FactorOutcome::Moved {
            self.mail_code(tenant, &bound, &user, CodePurpose::Enrolment, caller).await?;
        }
        Ok(moved)
    }

    /// Confirms the factor with a first code of it, and makes the recovery codes.
    pub async fn confirm_factor(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        code: &str,
        caller: &Caller,
    ) -> Result<FactorOutcome, EngineError> {
        let Some((pending, user)) = self.pending(tenant, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        if let Some(retry_after) = self.count_try(tenant, user.id, caller).await? {
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let (organization, now) = (tenant.organization.id, self.engine.now());
        let uid = bound.interaction.uid.clone();
        let confirmed = match &pending.step {
            SecondStep::Authenticator { secret, known, .. } => {
                let confirmed = self.factors.confirm(&uid, secret, organization, user.id, code, now);
                confirmed.map_err(EngineError::from)?.map(|credential| Confirmed::Totp { credential, known: *known })
            }
            SecondStep::Email { .. } => {
                match self.email_code(tenant, &bound, &user, CodePurpose::Enrolment, code).await? {
                    Tried::Right => Some(Confirmed::Email),
                    Tried::Exhausted => return Ok(FactorOutcome::Exhausted),
                    Tried::Wrong => None,
                }
            }
            SecondStep::Verify { .. } | SecondStep::Choose { .. } | SecondStep::Codes { .. } => {
                return Ok(FactorOutcome::Moved);
            }
        };
        let Some(confirmed) = confirmed else {
            let event = self.event(tenant, Some(user.id), "2fa.setup.totp.failed", caller);
            self.engine.store().repositories().audit().record(&event).await?;
            return Ok(FactorOutcome::Wrong);
        };
        let codes = self.factors.new_recovery_codes(user.id, now, self.engine.entropy());
        let rows: Vec<_> = codes.iter().map(|(_, row)| row.clone()).collect();
        let mut unit = self.engine.store().begin().await?;
        let mut factors = unit.second_factors(organization);
        let enrolled = match &confirmed {
            Confirmed::Totp { credential, known } => factors.enrol_totp(credential, *known).await?,
            Confirmed::Email => factors.enrol_email(user.id, now).await?,
        };
        if !enrolled {
            // Somebody got a factor in another window: this journey must not replace it (repairs W01).
            return Ok(FactorOutcome::Gone);
        }
        factors.replace_recovery_codes(user.id, &rows, now).await?;
        drop(factors);
        let event = self.event(tenant, Some(user.id), confirmed.event(), caller);
        let metadata = json!({ "method": confirmed.method() });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        let notice = Mail::SecondFactorChanged { change: confirmed.change() };
        self.enqueue(&mut *unit, tenant, &user, notice, &format!("{}:{}", user.id, now.micros())).await?;
        unit.commit().await?;
        let shown: Vec<String> = codes.into_iter().map(|(shown, _)| shown).collect();
        let sealed = self.factors.seal_codes(&uid, &shown, self.engine.entropy());
        let mut amr = pending.amr;
        if !amr.iter().any(|method| method == MULTI_FACTOR) {
            amr.extend(["otp", MULTI_FACTOR].map(str::to_owned));
        }
        self.move_on(bound, Pending { user: user.id, amr, step: SecondStep::Codes { sealed } }).await
    }

    /// The recovery codes of this enrolment, for as long as the person did not say that they kept them.
    pub fn recovery_codes(&self, bound: &BoundInteraction) -> Option<Vec<String>> {
        let pending = bound.interaction.pending.as_ref()?;
        let SecondStep::Codes { sealed } = &pending.step else { return None };
        self.factors.open_codes(&bound.interaction.uid, sealed)
    }

    /// The person kept the recovery codes: sign-in is complete.
    pub async fn codes_kept(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, EngineError> {
        let Some((pending, user)) = self.pending(tenant, &bound).await? else {
            return Ok(FactorOutcome::Gone);
        };
        if !matches!(pending.step, SecondStep::Codes { .. }) {
            return Ok(FactorOutcome::Moved);
        }
        let event = match user.two_factor_method {
            Some(TwoFactorMethod::Email) => "2fa.setup.email.complete",
            Some(TwoFactorMethod::Totp) | None => "2fa.setup.totp.complete",
        };
        let entrant = Entrant { user: &user, amr: pending.amr, event, rehash: None };
        Ok(self.enter(tenant, bound, entrant, browser).await?.into())
    }
}
