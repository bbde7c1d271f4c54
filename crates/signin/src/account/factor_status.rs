//! The second factor a person has, and those they may set up.

use porta_core::Timestamp;
use porta_core::organization::TwoFactorPolicy;
use porta_core::user::{TwoFactorMethod, User};
use porta_session::{BackendError, Tenant};

use crate::sign_in_core::SignInCore;
use crate::sign_in_steps::factors_to_enrol;

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

impl FactorStatus {
    pub(super) async fn load(core: &SignInCore, tenant: &Tenant, user: &User) -> Result<Self, BackendError> {
        let (policy, method) = (tenant.organization.two_factor_policy, user.two_factor_method);
        let mut repositories = core.shared.store().repositories();
        let mut factors = repositories.second_factors(tenant.organization.id);
        let totp = factors.totp(user.id).await?;
        let recovery_codes_left = match method {
            Some(_) => factors.unused_recovery_codes(user.id).await?,
            None => 0,
        };
        Ok(Self {
            method,
            since: totp.filter(|_| method == Some(TwoFactorMethod::Totp)).map(|totp| totp.verified_at),
            recovery_codes_left,
            offered: offered(policy, method),
            is_required: factors_to_enrol(policy, None).is_some(),
        })
    }
}

/// A weaker factor never replaces a stronger one; an authenticator may replace another.
fn offered(policy: TwoFactorPolicy, held: Option<TwoFactorMethod>) -> Vec<TwoFactorMethod> {
    use TwoFactorMethod::{Email, Totp};
    let candidates: &[TwoFactorMethod] = if held.is_some() { &[Totp] } else { &[Totp, Email] };
    candidates.iter().copied().filter(|method| factors_to_enrol(policy, Some(*method)).is_none()).collect()
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
