//! A person's second factor: status, removal, new recovery codes. One change at a time per person.

use std::time::Duration;

use bytes::Bytes;
use porta_core::Timestamp;
use porta_core::audit::AuditCategory;
use porta_core::mail::SecondFactorChange;
use porta_core::organization::TwoFactorPolicy;
use porta_core::user::{TwoFactorMethod, User};
use porta_oidc::{Caller, EngineError, Tenant};
use porta_store::Revocation;
use serde_json::json;

use super::setup::SetupStep;
use super::{Changed, Member, Recent};
use crate::SignIn;
use crate::journey::wanted;

/// The factor a person has, and those they may set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
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
    candidates.iter().copied().filter(|method| wanted(policy, Some(*method)).is_none()).collect()
}

/// Lifetime of the lock for one change: if a process dies, the next change waits no longer than this.
const LONGEST_CHANGE: Duration = Duration::from_secs(10);

impl SignIn {
    pub async fn held_factors(&self, tenant: &Tenant, member: &Member) -> Result<Held, EngineError> {
        let (policy, method) = (tenant.organization.two_factor_policy, member.user.two_factor_method);
        let mut repositories = self.engine.store().repositories();
        let mut factors = repositories.second_factors(tenant.organization.id);
        let totp = factors.totp(member.user.id).await?;
        let recovery_codes_left = match method {
            Some(_) => factors.unused_recovery_codes(member.user.id).await?,
            None => 0,
        };
        Ok(Held {
            method,
            since: totp.filter(|_| method == Some(TwoFactorMethod::Totp)).map(|totp| totp.verified_at),
            recovery_codes_left,
            offered: offered(policy, method),
            is_required: wanted(policy, None).is_some(),
        })
    }

    /// Removes the factor, unless the organization requires one.
    pub async fn disable_factor(
        &self,
        tenant: &Tenant,
        recent: Recent<'_>,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let member = recent.member();
        if wanted(tenant.organization.two_factor_policy, None).is_some() {
            return Ok(Changed::Required);
        }
        if !self.lock(tenant, &member.user).await? {
            return Ok(Changed::Nothing);
        }
        let outcome = self.disable_locked(tenant, member, caller).await;
        self.unlock(tenant, &member.user).await?;
        outcome
    }

    async fn disable_locked(
        &self,
        tenant: &Tenant,
        member: &Member,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let (organization, user, now) = (tenant.organization.id, member.user.id, self.engine.now());
        let mut unit = self.engine.store().begin().await?;
        let current = unit.users(organization).by_id(user).await?;
        let Some(method) = current.and_then(|user| user.two_factor_method) else {
            return Ok(Changed::Nothing);
        };
        if !unit.second_factors(organization).disable(user, now).await? {
            return Ok(Changed::Nothing);
        }
        let Some(credentials) = self.changed_alone(&mut *unit, tenant, &member.user, 1).await? else {
            return Ok(Changed::Nothing);
        };
        let others = Revocation::OtherSessions { user, keep: member.session.key };
        unit.tokens(organization).revoke(others, now).await?;
        unit.tokens(organization).revoke(Revocation::TokensOf(user), now).await?;
        self.notify_of(&mut *unit, tenant, &member.user, SecondFactorChange::Disabled, caller).await?;
        let event = self.own_event(
            tenant,
            member,
            "2fa.disabled",
            AuditCategory::Security,
            json!({ "method": method }),
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        self.forget_setup(tenant, member).await?;
        Ok(Changed::Credentials(credentials))
    }

    /// Generates new recovery codes. While a set is still being shown, shows that one again, so a double click makes
    /// one set.
    pub async fn replace_recovery_codes(
        &self,
        tenant: &Tenant,
        recent: Recent<'_>,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let member = recent.member();
        if !self.lock(tenant, &member.user).await? {
            return Ok(Changed::Done);
        }
        let outcome = self.replace_locked(tenant, member, caller).await;
        self.unlock(tenant, &member.user).await?;
        outcome
    }

    async fn replace_locked(
        &self,
        tenant: &Tenant,
        member: &Member,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let setup = self.setup(tenant, member).await?;
        if setup.is_some_and(|setup| matches!(setup.step, SetupStep::Codes { .. })) {
            return Ok(Changed::Done);
        }
        let (organization, user, now) = (tenant.organization.id, member.user.id, self.engine.now());
        let (shown, rows) = self.factors.new_recovery_codes(&member.user, now, self.engine.entropy());
        let mut unit = self.engine.store().begin().await?;
        if !unit.second_factors(organization).replace_recovery_codes(user, &rows, now).await? {
            return Ok(Changed::Nothing);
        }
        // Read under the row lock taken by the replacement: recovery codes must not exist without a factor.
        let current = unit.users(organization).by_id(user).await?;
        if current.is_none_or(|user| user.two_factor_method.is_none()) {
            return Ok(Changed::Nothing);
        }
        if self.changed_alone(&mut *unit, tenant, &member.user, 0).await?.is_none() {
            return Ok(Changed::Nothing);
        }
        self.notify_of(&mut *unit, tenant, &member.user, SecondFactorChange::RecoveryCodesReplaced, caller)
            .await?;
        let event = self.own_event(
            tenant,
            member,
            "2fa.recovery.regenerated",
            AuditCategory::Security,
            json!({}),
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        self.show_codes(tenant, member, &shown, false).await?;
        Ok(Changed::Done)
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
