//! Steps of a sign-in, the same for every method.
//!
//! ```text
//!               ┌─ has a factor ───► Verify ─┬─ policy satisfied ────────────────────────────► session
//! first factor ─┤                            └─ policy wants another ─┐                           ▲
//!               ├─ policy wants one ──────────────────────────────────┴► enrol ──► save codes ────┤
//!               └─ neither ───────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Before the session, whoever typed a temporary password chooses a new one.
//!
//! A new first factor is a module that ends in `SecondFactorChallenge::continue_after_first_factor`; a new second factor
//! is a variant of `TwoFactorMethod` and of `SecondFactorStep`. State is kept in the interaction only, so an unfinished
//! enrolment leaves nothing behind.

use porta_core::organization::{LoginMethod, TwoFactorPolicy};
use porta_core::user::{TwoFactorMethod, User};

use crate::amr::first_factor;

/// The step after the first factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NextStep {
    Session,
    Verify(TwoFactorMethod),
    /// Enrol one of these factors.
    Enrol(Vec<TwoFactorMethod>),
}

/// A person who has a factor must use it whatever the policy: relaxing a policy must not weaken accounts.
pub(crate) fn after_first_factor(policy: TwoFactorPolicy, held: Option<TwoFactorMethod>) -> NextStep {
    match (held, factors_to_enrol(policy, held)) {
        (Some(method), _) => NextStep::Verify(method),
        (None, Some(allowed)) => NextStep::Enrol(allowed),
        (None, None) => NextStep::Session,
    }
}

/// Returns the factors to choose from if the person's factor, or the lack of one, does not satisfy the policy. An
/// authenticator satisfies a policy that asks for mailed codes, because it is the stronger of the two.
pub(crate) fn factors_to_enrol(
    policy: TwoFactorPolicy,
    held: Option<TwoFactorMethod>,
) -> Option<Vec<TwoFactorMethod>> {
    use TwoFactorMethod::{Email, Totp};
    match (policy, held) {
        (TwoFactorPolicy::Optional, _)
        | (TwoFactorPolicy::RequiredAny, Some(_))
        | (TwoFactorPolicy::RequiredEmail, Some(Email | Totp))
        | (TwoFactorPolicy::RequiredTotp, Some(Totp)) => None,
        (TwoFactorPolicy::RequiredEmail, None) => Some(vec![Email]),
        (TwoFactorPolicy::RequiredTotp, None | Some(Email)) => Some(vec![Totp]),
        (TwoFactorPolicy::RequiredAny, None) => Some(vec![Totp, Email]),
    }
}

/// Whether the sign-in must end with a new password: one that somebody else set was typed. A mailed link does not prove
/// that password, and leaves it temporary.
pub(crate) fn needs_new_password(user: &User, amr: &[String]) -> bool {
    user.password_change_required && first_factor(amr) == Some(LoginMethod::Password)
}

/// `a***z@host`: enough to recognise one's own address, too little to reveal it.
pub fn masked(email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    let mut chars = local.chars();
    let first = chars.next().map(String::from).unwrap_or_default();
    let last = chars.next_back().filter(|_| local.chars().count() > 2);
    let last = last.map(String::from).unwrap_or_default();
    format!("{first}***{last}@{domain}")
}

#[cfg(test)]
mod tests {
    use TwoFactorMethod::{Email, Totp};
    use TwoFactorPolicy::{Optional, RequiredAny, RequiredEmail, RequiredTotp};

    use super::*;

    #[test]
    fn each_policy_asks_what_it_says() {
        for (policy, held, next) in [
            (Optional, None, NextStep::Session),
            (RequiredEmail, None, NextStep::Enrol(vec![Email])),
            (RequiredTotp, None, NextStep::Enrol(vec![Totp])),
            (RequiredAny, None, NextStep::Enrol(vec![Totp, Email])),
        ] {
            assert_eq!(after_first_factor(policy, held), next, "{policy}");
        }
        for policy in [Optional, RequiredEmail, RequiredTotp, RequiredAny] {
            for method in [Email, Totp] {
                assert_eq!(after_first_factor(policy, Some(method)), NextStep::Verify(method), "{policy}");
                let more = (policy == RequiredTotp && method == Email).then(|| vec![Totp]);
                assert_eq!(factors_to_enrol(policy, Some(method)), more, "{policy} with {method}");
            }
        }
    }

    #[test]
    fn an_address_is_masked() {
        for (email, shown) in [
            ("a@x.test", "a***@x.test"),
            ("ab@x.test", "a***@x.test"),
            ("abc@x.test", "a***c@x.test"),
            ("ünï@x.test", "ü***ï@x.test"),
            ("a@b@x.test", "a***b@x.test"),
        ] {
            assert_eq!(masked(email), shown);
        }
    }
}
