//! A person's second factor: status, removal, new recovery codes. One change at a time per person.

use std::sync::Arc;

use porta_core::audit::AuditEventKind;
use porta_core::mail::SecondFactorChange;
use porta_session::{BackendError, OperationContext, Tenant};
use porta_store::Revocation;
use serde_json::json;

use super::setup::{FactorSetups, SetupStep};
use super::{AccountChange, FactorLock, FactorStatus, RecentlyAuthenticated, SignedInUser};
use crate::factor_changes::{FactorChanges, credentials_after};
use crate::sign_in_core::SignInCore;
use crate::sign_in_steps::factors_to_enrol;

pub struct AccountFactors {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) changes: Arc<FactorChanges>,
    pub(crate) lock: Arc<FactorLock>,
    pub(crate) setup: Arc<FactorSetups>,
}

impl AccountFactors {
    pub async fn status(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
    ) -> Result<FactorStatus, BackendError> {
        FactorStatus::load(&self.core, tenant, &signed_in.user).await
    }

    /// Removes the factor, unless the organization requires one.
    pub async fn disable(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
    ) -> Result<AccountChange, BackendError> {
        let signed_in = recent.signed_in();
        if factors_to_enrol(cx.tenant.organization.two_factor_policy, None).is_some() {
            return Ok(AccountChange::Required);
        }
        if !self.lock.lock(cx.tenant, &signed_in.user).await? {
            return Ok(AccountChange::Nothing);
        }
        let outcome = self.disable_locked(cx, signed_in).await;
        self.lock.unlock(cx.tenant, &signed_in.user).await?;
        outcome
    }

    async fn disable_locked(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
    ) -> Result<AccountChange, BackendError> {
        // Read again: a revocation covers tokens issued until `now`.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        let (organization, user, now) = (cx.tenant.organization.id, signed_in.user.id, cx.now);
        let mut unit = self.core.shared.store().begin().await?;
        let current = unit.users(organization).by_id(user).await?;
        let Some(method) = current.and_then(|user| user.two_factor_method) else {
            return Ok(AccountChange::Nothing);
        };
        if !unit.second_factors(organization).disable(user, now).await? {
            return Ok(AccountChange::Nothing);
        }
        let after = credentials_after(&mut *unit, cx.tenant, &signed_in.user, 1).await?;
        let Some(credentials) = after else { return Ok(AccountChange::Nothing) };
        let others = Revocation::OtherSessions { user, keep: signed_in.session.key };
        unit.tokens(organization).revoke(others, now).await?;
        unit.tokens(organization).revoke(Revocation::TokensOf(user), now).await?;
        self.changes.notify(&mut *unit, cx, &signed_in.user, SecondFactorChange::Disabled).await?;
        let (what, metadata) = (AuditEventKind::TwoFactorDisabled, json!({ "method": method }));
        let event = signed_in.event(&self.core, cx, what, metadata);
        unit.audit().record(&event).await?;
        unit.commit().await?;
        self.setup.forget(cx, signed_in).await?;
        Ok(AccountChange::Credentials(credentials))
    }

    /// Generates new recovery codes. While a set is still being shown, shows that one again, so a double click makes
    /// one set.
    pub async fn replace_recovery_codes(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
    ) -> Result<AccountChange, BackendError> {
        let signed_in = recent.signed_in();
        if !self.lock.lock(cx.tenant, &signed_in.user).await? {
            return Ok(AccountChange::Done);
        }
        let outcome = self.replace_locked(cx, signed_in).await;
        self.lock.unlock(cx.tenant, &signed_in.user).await?;
        outcome
    }

    async fn replace_locked(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
    ) -> Result<AccountChange, BackendError> {
        let setup = self.setup.load(cx, signed_in).await?;
        if setup.is_some_and(|setup| matches!(setup.step, SetupStep::Codes { .. })) {
            return Ok(AccountChange::Done);
        }
        let (organization, user, now) = (cx.tenant.organization.id, &signed_in.user, cx.now);
        let (shown, rows) = self.core.factors.new_recovery_codes(user, now, self.core.shared.entropy());
        let mut unit = self.core.shared.store().begin().await?;
        if !unit.second_factors(organization).replace_recovery_codes(user.id, &rows, now).await? {
            return Ok(AccountChange::Nothing);
        }
        // Read under the row lock taken by the replacement: recovery codes must not exist without a factor.
        let current = unit.users(organization).by_id(user.id).await?;
        if current.is_none_or(|user| user.two_factor_method.is_none()) {
            return Ok(AccountChange::Nothing);
        }
        if credentials_after(&mut *unit, cx.tenant, user, 0).await?.is_none() {
            return Ok(AccountChange::Nothing);
        }
        self.changes.notify(&mut *unit, cx, user, SecondFactorChange::RecoveryCodesReplaced).await?;
        let event = signed_in.event(&self.core, cx, AuditEventKind::TwoFactorRecoveryRegenerated, json!({}));
        unit.audit().record(&event).await?;
        unit.commit().await?;
        self.setup.show_codes(cx, signed_in, &shown, false).await?;
        Ok(AccountChange::Done)
    }
}
