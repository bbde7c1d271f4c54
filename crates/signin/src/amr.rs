//! Authentication methods used (`amr`, RFC 8176 §2), and what they prove.

use porta_core::organization::LoginMethod;
use porta_core::user::TwoFactorMethod;
use porta_session::{ACR_ONE_FACTOR, ACR_TWO_FACTORS};

/// A one-time password of any kind. A mailed link counts as one.
const ONE_TIME_PASSWORD: &str = "otp";
/// More than one factor was used.
const MULTI_FACTOR: &str = "mfa";

/// The value for a first factor.
const fn value_of(method: LoginMethod) -> &'static str {
    match method {
        LoginMethod::Password => "pwd",
        LoginMethod::MagicLink => ONE_TIME_PASSWORD,
    }
}

/// The methods used after a first factor.
pub(crate) fn of_first_factor(method: LoginMethod) -> Vec<String> {
    vec![value_of(method).to_owned()]
}

/// The first factor: its value comes first.
pub(crate) fn first_factor(amr: &[String]) -> Option<LoginMethod> {
    let first = amr.first()?;
    LoginMethod::ALL.iter().copied().find(|method| value_of(*method) == first)
}

/// The `acr` value for these methods.
pub(crate) fn acr_of(amr: &[String]) -> &'static str {
    if is_multi_factor(amr) { ACR_TWO_FACTORS } else { ACR_ONE_FACTOR }
}

pub(crate) fn is_multi_factor(amr: &[String]) -> bool {
    has(amr, MULTI_FACTOR)
}

/// Whether these methods prove the person's second factor. A mailed link proves the mailbox that codes would be mailed
/// to.
pub(crate) fn proves_factor(amr: &[String], factor: TwoFactorMethod) -> bool {
    is_multi_factor(amr) || (factor == TwoFactorMethod::Email && has(amr, ONE_TIME_PASSWORD))
}

/// Adds a second-factor code to `amr` (`None`: a recovery code). A mailed code after a mailed link proves the same
/// mailbox twice, which is one factor: no `mfa` (RFC 8176 §2).
pub(crate) fn amr_with(mut amr: Vec<String>, method: Option<TwoFactorMethod>) -> Vec<String> {
    let came_by_mail = has(&amr, ONE_TIME_PASSWORD);
    let same_mailbox = came_by_mail && method == Some(TwoFactorMethod::Email);
    let shown = if same_mailbox { &[ONE_TIME_PASSWORD][..] } else { &[ONE_TIME_PASSWORD, MULTI_FACTOR] };
    for value in shown {
        if !has(&amr, value) {
            amr.push((*value).to_owned());
        }
    }
    amr
}

fn has(amr: &[String], value: &str) -> bool {
    amr.iter().any(|method| method == value)
}

#[cfg(test)]
mod tests {
    use TwoFactorMethod::{Email, Totp};

    use super::*;

    #[test]
    fn one_mailbox_is_one_factor() {
        for (before, method, after) in [
            (vec!["pwd"], Some(Email), vec!["pwd", "otp", "mfa"]),
            (vec!["pwd"], Some(Totp), vec!["pwd", "otp", "mfa"]),
            (vec!["pwd"], None, vec!["pwd", "otp", "mfa"]),
            (vec!["otp"], Some(Email), vec!["otp"]),
            (vec!["otp"], Some(Totp), vec!["otp", "mfa"]),
            (vec!["otp"], None, vec!["otp", "mfa"]),
        ] {
            let before = before.into_iter().map(str::to_owned).collect();
            assert_eq!(amr_with(before, method), after);
        }
    }

    #[test]
    fn the_first_factor_is_known_after_the_second() {
        for method in LoginMethod::ALL {
            for factor in [None, Some(Email), Some(Totp)] {
                let amr = amr_with(of_first_factor(*method), factor);
                assert_eq!(first_factor(&amr), Some(*method), "{amr:?}");
            }
        }
        assert_eq!(first_factor(&[]), None);
    }
}
