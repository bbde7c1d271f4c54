//! A person's second factor: status, removal, new recovery codes. One change at a time per person.

use std::time::Duration;

use bytes::Bytes;
use porta_core::Timestamp;
use porta_core::audit::AuditCategory;
use porta_core::mail::SecondFactorChange;
use porta_core::organization::TwoFactorPolicy;
use porta_core::user::{TwoFactorMethod, User};
use porta_session::{Caller, EngineError, Tenant};
use porta_store::Revocation;
use serde_json::json;

use super::setup::SetupStep;
use super::{AccountChange, RecentlyAuthenticated, SignedInUser};
use crate::SignIn;
use crate::sign_in_steps::factors_to_enrol;

/// The factor a person has, and those they may set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorStatus {
    pub method: Option<TwoFactorMethod>,
    /// When the authenticator was confirmed.
    pub since: Option<Timestamp>,
    pub recovery_codes_left: u64,
    /// Factors that may be set up, in addition or as a replacement.
    pub offered: Vec<TwoFactorMethod>,
    /// The organization requires a second factor.
    pub is_required: bool,
}

/// A weaker factor never replaces a stronger one; an authenticator may replace another.
fn offered(policy: TwoFactorPolicy, held: Option<TwoFactorMethod>) -> Vec<TwoFactorMethod> {
    use TwoFactorMethod::{Email, Totp};
    let candidates: &[TwoFactorMethod] = if held.is_some() { &[Totp] } else { &[Totp, Email] };
    candidates.iter().copied().filter(|method| factors_to_enrol(policy, Some(*method)).is_none()).collect()
}

/// Lifetime of the lock for one change: if a process dies, the next change waits no longer than this.
const LONGEST_CHANGE: Duration = Duration::from_secs(10);

impl SignIn {
    pub async fn factor_status(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
    ) -> Result<FactorStatus, EngineError> {
        let (policy, method) = (tenant.organization.two_factor_policy, signed_in.user.two_factor_method);
        let mut repositories = self.engine.store().repositories();
        let mut factors = repositories.second_factors(tenant.organization.id);
        let totp = factors.totp(signed_in.user.id).await?;
        let recovery_codes_left = match method {
            Some(_) => factors.unused_recovery_codes(signed_in.user.id).await?,
            None => 0,
        };
        Ok(FactorStatus {
            method,
            since: totp.filter(|_| method == Some(TwoFactorMethod::Totp)).map(|totp| totp.verified_at),
            recovery_codes_left,
            offered: offered(policy, method),
            is_required: factors_to_enrol(policy, None).is_some(),
        })
    }

    /// Removes the factor, unless the organization requires one.
    pub async fn disable_factor(
        &self,
        tenant: &Tenant,
        recent: RecentlyAuthenticated<'_>,
        caller: &Caller,
    ) -> Result<AccountChange, EngineError> {
        let signed_in = recent.signed_in();
        if factors_to_enrol(tenant.organization.two_factor_policy, None).is_some() {
            return Ok(AccountChange::Required);
        }
        if !self.lock(tenant, &signed_in.user).await? {
            return Ok(AccountChange::Nothing);
        }
        let outcome = self.disable_locked(tenant, signed_in, caller).await;
        self.unlock(tenant, &signed_in.user).await?;
        outcome
    }

    async fn disable_locked(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
        caller: &Caller,
    ) -> Result<AccountChange, EngineError> {
        let (organization, user, now) = (tenant.organization.id, signed_in.user.id, self.engine.now());
        let mut unit = self.engine.store().begin().await?;
        let current = unit.users(organization).by_id(user).await?;
        let Some(method) = current.and_then(|user| user.two_factor_method) else {
            return Ok(AccountChange::Nothing);
        };
        if !unit.second_factors(organization).disable(user, now).await? {
            return Ok(AccountChange::Nothing);
        }
        let Some(credentials) =
            self.credentials_after_changes(&mut *unit, tenant, &signed_in.user, 1).await?
        else {
            return Ok(AccountChange::Nothing);
        };
        let others = Revocation::OtherSessions { user, keep: signed_in.session.key };
        unit.tokens(organization).revoke(others, now).await?;
        unit.tokens(organization).revoke(Revocation::TokensOf(user), now).await?;
        self.notify_of(&mut *unit, tenant, &signed_in.user, SecondFactorChange::Disabled, caller).await?;
        let event = self.account_event(
            tenant,
            signed_in,
            "2fa.disabled",
            AuditCategory::Security,
            json!({ "method": method }),
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        self.forget_setup(tenant, signed_in).await?;
        Ok(AccountChange::Credentials(credentials))
    }

    /// Generates new recovery codes. While a set is still being shown, shows that one again, so a double click makes
    /// one set.
    pub async fn replace_recovery_codes(
        &self,
        tenant: &Tenant,
        recent: RecentlyAuthenticated<'_>,
        caller: &Caller,
    ) -> Result<AccountChange, EngineError> {
        let signed_in = recent.signed_in();
        if !self.lock(tenant, &signed_in.user).await? {
            return Ok(AccountChange::Done);
        }
        let outcome = self.replace_locked(tenant, signed_in, caller).await;
        self.unlock(tenant, &signed_in.user).await?;
        outcome
    }

    async fn replace_locked(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
        caller: &Caller,
    ) -> Result<AccountChange, EngineError> {
        let setup = self.setup(tenant, signed_in).await?;
        if setup.is_some_and(|setup| matches!(setup.step, SetupStep::Codes { .. })) {
            return Ok(AccountChange::Done);
        }
        let (organization, user, now) = (tenant.organization.id, signed_in.user.id, self.engine.now());
        let (shown, rows) = self.factors.new_recovery_codes(&signed_in.user, now, self.engine.entropy());
        let mut unit = self.engine.store().begin().await?;
        if !unit.second_factors(organization).replace_recovery_codes(user, &rows, now).await? {
            return Ok(AccountChange::Nothing);
        }
        // Read under the row lock taken by the replacement: recovery codes must not exist without a factor.
        let current = unit.users(organization).by_id(user).await?;
        if current.is_none_or(|user| user.two_factor_method.is_none()) {
            return Ok(AccountChange::Nothing);
        }
        if self.credentials_after_changes(&mut *unit, tenant, &signed_in.user, 0).await?.is_none() {
            return Ok(AccountChange::Nothing);
        }
        self.notify_of(
            &mut *unit,
            tenant,
            &signed_in.user,
            SecondFactorChange::RecoveryCodesReplaced,
            caller,
        )
        .await?;
        let event = self.account_event(
            tenant,
            signed_in,
            "2fa.recovery.regenerated",
            AuditCategory::Security,
            json!({}),
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        self.show_codes(tenant, signed_in, &shown, false).await?;
        Ok(AccountChange::Done)
    }

    /// Locks a person's factors, so that the codes shown are the codes stored. `false`: another change is in progress.
    pub(super) async fn lock(&self, tenant: &Tenant, user: &User) -> Result<bool, EngineError> {
        let key = lock_key(tenant, user);
        Ok(self.engine.kv().put_if_absent(&key, Bytes::from_static(b"1"), LONGEST_CHANGE).await?)
    }

    /// Whether a change is in progress.
    pub(super) async fn is_locked(&self, tenant: &Tenant, user: &User) -> Result<bool, EngineError> {
        Ok(self.engine.kv().get(&lock_key(tenant, user)).await?.is_some())
    }

    pub(super) async fn unlock(&self, tenant: &Tenant, user: &User) -> Result<(), EngineError> {
        self.engine.kv().take(&lock_key(tenant, user)).await?;
        Ok(())
    }
}

fn lock_key(tenant: &Tenant, user: &User) -> String {
    format!("{}:account-lock:{}", tenant.organization.id, user.id)
}

#[cfg(test)]
mod tests {
    use TwoFactorMethod::{Email, Totp};
    use TwoFactorPolicy::{Optional, RequiredAny, RequiredEmail, RequiredTotp};

    use super::*;

    #[test]
    fn what_is_offered_satisfies_the_policy_and_never_weakens() {
        for (policy, held, expected) in [
            (Optional, None, vec![Totp, Email]),
            (RequiredAny, None, vec![Totp, Email]),
            (RequiredEmail, None, vec![Totp, Email]),
            (RequiredTotp, None, vec![Totp]),
        ] {
            assert_eq!(offered(policy, held), expected, "{policy}");
        }
        for policy in [Optional, RequiredAny, RequiredEmail, RequiredTotp] {
            for held in [Email, Totp] {
                assert_eq!(offered(policy, Some(held)), [Totp], "{policy} with {held}");
            }
        }
    }
}
