//! Changes of a person's second factor: with new recovery codes, an audit row and a mail, in one transaction.

use std::sync::Arc;

use porta_core::Timestamp;
use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::mail::{Mail, SecondFactorChange};
use porta_core::second_factor::TotpCredential;
use porta_core::user::{CredentialState, TwoFactorMethod, User};
use porta_session::{BackendError, OperationContext, Tenant};
use porta_store::{Revocation, UnitOfWork};
use serde_json::json;

use crate::sign_in_core::{SignInCore, security_event};

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
    const fn event(&self) -> AuditEventKind {
        match self {
            Self::Totp { .. } | Self::ReplacementTotp { .. } => AuditEventKind::TwoFactorSetupTotp,
            Self::Email => AuditEventKind::TwoFactorSetupEmail,
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

pub(crate) struct FactorChanges {
    core: Arc<SignInCore>,
}

impl FactorChanges {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core }
    }

    /// Stores a confirmed factor with new recovery codes, and revokes `ended`. `None`: another window added or removed
    /// a factor, or the credentials changed; this enrolment must not replace a factor it did not know of (decision
    /// 0025).
    pub(crate) async fn enrol(
        &self,
        cx: OperationContext<'_>,
        user: &User,
        confirmed: &ConfirmedFactor,
        ended: &[Revocation],
    ) -> Result<Option<EnrolmentResult>, BackendError> {
        // Read again: a revocation covers tokens issued until `now`.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        let (organization, now) = (cx.tenant.organization.id, cx.now);
        let (shown, rows) = self.core.factors.new_recovery_codes(user, now, self.core.shared.entropy());
        let mut unit = self.core.shared.store().begin().await?;
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
        let Some(credentials) = credentials_after(&mut *unit, cx.tenant, user, changes).await? else {
            return Ok(None);
        };
        for ended in ended {
            unit.tokens(organization).revoke(*ended, now).await?;
        }
        let event = self.core.event(cx, Some(user.id), confirmed.event());
        let metadata = json!({ "method": confirmed.method() });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        self.notify(&mut *unit, cx, user, confirmed.change()).await?;
        unit.commit().await?;
        Ok(Some(EnrolmentResult { shown, credentials }))
    }

    /// Mails somebody that their second factor changed.
    pub(crate) async fn notify(
        &self,
        unit: &mut dyn UnitOfWork,
        cx: OperationContext<'_>,
        user: &User,
        change: SecondFactorChange,
    ) -> Result<(), BackendError> {
        let about = format!("{}:{change}:{}", user.id, cx.now.micros());
        let mail = Mail::SecondFactorChanged { change, event: security_event(cx) };
        self.core.enqueue(unit, cx, user, mail, &about).await
    }
}

/// Returns the credential state after `changes` changes made in this unit of work, which holds the lock of the person's
/// row. `None`: somebody else changed it since `user` was read, so the operation is void (decision D22).
pub(crate) async fn credentials_after(
    unit: &mut dyn UnitOfWork,
    tenant: &Tenant,
    user: &User,
    changes: i64,
) -> Result<Option<CredentialState>, BackendError> {
    let before = user.credentials();
    let expected = CredentialState { epoch: before.epoch + changes, ..before };
    let after = unit.users(tenant.organization.id).by_id(user.id).await?;
    Ok(after.map(|user| user.credentials()).filter(|after| *after == expected))
}
