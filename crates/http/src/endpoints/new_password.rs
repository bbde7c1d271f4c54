//! Choosing a password, on whatever page.

use porta_core::user::{PASSWORD_LENGTH, PasswordRefusal};
use porta_pages::{PasswordFault, PasswordRules};
use porta_protocol::Params;
use secrecy::SecretString;

/// What a page says about them before.
pub(super) fn rules() -> PasswordRules {
    let bound = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    PasswordRules { min: bound(*PASSWORD_LENGTH.start()), max: bound(*PASSWORD_LENGTH.end()) }
}

/// What was typed twice.
pub(super) fn chosen(params: &Params) -> Result<SecretString, PasswordFault> {
    let password = params.get("password").unwrap_or_default();
    if password.is_empty() {
        return Err(PasswordFault::Missing);
    }
    if params.get("confirmPassword") != Some(password) {
        return Err(PasswordFault::Mismatch);
    }
    Ok(password.to_owned().into())
}

pub(super) fn fault(refusal: PasswordRefusal) -> PasswordFault {
    let PasswordRules { min, max } = rules();
    match refusal {
        PasswordRefusal::TooShort => PasswordFault::TooShort { min },
        PasswordRefusal::TooLong => PasswordFault::TooLong { max },
        PasswordRefusal::Common => PasswordFault::Common,
        PasswordRefusal::Personal => PasswordFault::ContainsPersonal,
        PasswordRefusal::Guessable => PasswordFault::Guessable,
    }
}
