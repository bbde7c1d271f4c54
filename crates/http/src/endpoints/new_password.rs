//! The fields of a new password, shared by all pages that set one.

use porta_core::user::{PASSWORD_LENGTH, PasswordRefusal};
use porta_core::{Password, TypedPassword};
use porta_pages::{PasswordFault, PasswordRules};
use porta_protocol::Params;

/// The length limits that a page states.
pub(super) fn rules() -> PasswordRules {
    let bound = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    PasswordRules { min: bound(*PASSWORD_LENGTH.start()), max: bound(*PASSWORD_LENGTH.end()) }
}

/// Returns the new password of a form, if its repetition matches. Compares normalised forms, because two keyboards may
/// encode a character differently (decision 0040).
pub(super) fn parse_new_password(params: &Params) -> Result<Password, PasswordFault> {
    let typed = params.get("password").unwrap_or_default();
    if typed.is_empty() {
        return Err(PasswordFault::Missing);
    }
    let password = Password::parse(typed).map_err(password_fault)?;
    let again = params.get("confirmPassword").map(TypedPassword::new);
    if again.as_ref().and_then(TypedPassword::normal) != Some(&password) {
        return Err(PasswordFault::Mismatch);
    }
    Ok(password)
}

pub(super) fn password_fault(refusal: PasswordRefusal) -> PasswordFault {
    let PasswordRules { min, max } = rules();
    match refusal {
        PasswordRefusal::TooShort => PasswordFault::TooShort { min },
        PasswordRefusal::TooLong => PasswordFault::TooLong { max },
        PasswordRefusal::ControlCharacter => PasswordFault::ControlCharacter,
        PasswordRefusal::Common => PasswordFault::Common,
        PasswordRefusal::Personal => PasswordFault::ContainsPersonal,
        PasswordRefusal::Guessable => PasswordFault::Guessable,
    }
}
