//! The one way through a sign-in, for every method (repairs W01, W02).
//!
//! ```text
//!               ┌─ has a factor ───► Verify ─┬─ policy content ──────────────────────────────► session
//! first factor ─┤                            └─ policy wants another ─┐                           ▲
//!               ├─ policy wants one ──────────────────────────────────┴► enrol ──► keep codes ────┤
//!               └─ neither ─────────────────────────────────────────────────────────────────────-─┘
//! ```
//!
//! Another first factor is a module that ends in [`SignIn::passed`](crate::SignIn); another second factor is a variant of
//! `TwoFactorMethod` and of `SecondStep`. The state is the interaction's and nobody else's: what an unfinished
//! enrolment leaves behind is nothing.

use porta_core::organization::TwoFactorPolicy;
use porta_core::user::TwoFactorMethod;

/// What comes after the first factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    Session,
    Verify(TwoFactorMethod),
    /// Get one of these.
    Enrol(Vec<TwoFactorMethod>),
}

/// Whoever has a factor shows it, whatever the policy: switching a policy off must not open accounts.
pub(crate) fn after_first_factor(policy: TwoFactorPolicy, held: Option<TwoFactorMethod>) -> Next {
    match (held, wanted(policy, held)) {
        (Some(method), _) => Next::Verify(method),
        (None, Some(allowed)) => Next::Enrol(allowed),
        (None, None) => Next::Session,
    }
}

/// The factors to choose from for somebody whose factor, or the lack of one, does not satisfy the policy. An
/// authenticator satisfies a policy that asks for mailed codes: it is the stronger of the two (repairs W23).
pub(crate) fn wanted(policy: TwoFactorPolicy, held: Option<TwoFactorMethod>) -> Option<Vec<TwoFactorMethod>> {
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

/// `a***z@host`: enough to recognise an address, too little to learn one (oidc-and-login §6.5).
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
            (Optional, None, Next::Session),
            (RequiredEmail, None, Next::Enrol(vec![Email])),
            (RequiredTotp, None, Next::Enrol(vec![Totp])),
            (RequiredAny, None, Next::Enrol(vec![Totp, Email])),
        ] {
            assert_eq!(after_first_factor(policy, held), next, "{policy}");
        }
        for policy in [Optional, RequiredEmail, RequiredTotp, RequiredAny] {
            for method in [Email, Totp] {
                assert_eq!(after_first_factor(policy, Some(method)), Next::Verify(method), "{policy}");
                let more = (policy == RequiredTotp && method == Email).then(|| vec![Totp]);
                assert_eq!(wanted(policy, Some(method)), more, "{policy} with {method}");
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
