//! Flash messages. Every form is answered with a redirect, and a signed cookie holds what the next page says. Reloading
//! that page repeats nothing, and Back finds it in the history.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::string_enum;
use porta_pages::{AccountFlash, CodeFlash, EmailFlash, Flash, PasswordFault, PasswordRules};

string_enum! {
    /// What the next page says. The cookie is signed, so no link can make a page say it.
    pub(crate) enum FlashKind {
        WrongPassword = "wrong_password",
        AccountInactive = "account_inactive",
        AccountSuspended = "account_suspended",
        AccountLocked = "account_locked",
        EmailMissing = "email_missing",
        PasswordMissing = "password_missing",
        MethodDisabled = "method_disabled",
        CsrfInvalid = "csrf_invalid",
        CodeMissing = "code_missing",
        CodeInvalid = "code_invalid",
        CodeExhausted = "code_exhausted",
        CodeBlocked = "code_blocked",
        CodeResent = "code_resent",
        LinkSent = "link_sent",
        LinkResent = "link_resent",
        PasswordSet = "password_set",
        InvitationAccepted = "invitation_accepted",
        AddressConfirmed = "address_confirmed",
        PasswordTooShort = "password_too_short",
        PasswordTooLong = "password_too_long",
        PasswordControlCharacter = "password_control_character",
        PasswordCommon = "password_common",
        PasswordGuessable = "password_guessable",
        PasswordPersonal = "password_personal",
        PasswordMismatch = "password_mismatch",
        PasswordUnchanged = "password_unchanged",
        CurrentPasswordWrong = "current_password_wrong",
        PasswordChanged = "password_changed",
        FactorEnabled = "factor_enabled",
        FactorDisabled = "factor_disabled",
        FactorRequired = "factor_required",
        RecoveryCodesReplaced = "recovery_codes_replaced",
        SessionEnded = "session_ended",
        OtherSessionsEnded = "other_sessions_ended",
        ApplicationRevoked = "application_revoked",
        VerificationSent = "verification_sent",
    }
}

const LOGIN: &[(FlashKind, Flash)] = &[
    (FlashKind::WrongPassword, Flash::InvalidCredentials),
    (FlashKind::AccountInactive, Flash::AccountInactive),
    (FlashKind::AccountSuspended, Flash::AccountSuspended),
    (FlashKind::AccountLocked, Flash::AccountLocked),
    (FlashKind::EmailMissing, Flash::EmailMissing),
    (FlashKind::PasswordMissing, Flash::PasswordMissing),
    (FlashKind::MethodDisabled, Flash::MethodDisabled),
    (FlashKind::CsrfInvalid, Flash::CsrfInvalid),
];

const CODE: &[(FlashKind, CodeFlash)] = &[
    (FlashKind::CsrfInvalid, CodeFlash::CsrfInvalid),
    (FlashKind::CodeMissing, CodeFlash::Missing),
    (FlashKind::CodeInvalid, CodeFlash::Invalid),
    (FlashKind::CodeExhausted, CodeFlash::Exhausted),
    (FlashKind::CodeBlocked, CodeFlash::Blocked),
    (FlashKind::CodeResent, CodeFlash::Resent),
    (FlashKind::LinkResent, CodeFlash::LinkResent),
];

const EMAIL: &[(FlashKind, EmailFlash)] =
    &[(FlashKind::EmailMissing, EmailFlash::EmailMissing), (FlashKind::CsrfInvalid, EmailFlash::CsrfInvalid)];

const ACCOUNT: &[(FlashKind, AccountFlash)] = &[
    (FlashKind::PasswordChanged, AccountFlash::PasswordChanged),
    (FlashKind::FactorEnabled, AccountFlash::FactorEnabled),
    (FlashKind::FactorDisabled, AccountFlash::FactorDisabled),
    (FlashKind::FactorRequired, AccountFlash::FactorRequired),
    (FlashKind::RecoveryCodesReplaced, AccountFlash::RecoveryCodesReplaced),
    (FlashKind::SessionEnded, AccountFlash::SessionEnded),
    (FlashKind::OtherSessionsEnded, AccountFlash::OtherSessionsEnded),
    (FlashKind::ApplicationRevoked, AccountFlash::ApplicationRevoked),
    (FlashKind::VerificationSent, AccountFlash::VerificationSent),
    (FlashKind::CsrfInvalid, AccountFlash::CsrfInvalid),
];

const fn password_faults(PasswordRules { min, max }: PasswordRules) -> [(FlashKind, PasswordFault); 11] {
    [
        (FlashKind::PasswordMissing, PasswordFault::Missing),
        (FlashKind::PasswordTooShort, PasswordFault::TooShort { min }),
        (FlashKind::PasswordTooLong, PasswordFault::TooLong { max }),
        (FlashKind::PasswordControlCharacter, PasswordFault::ControlCharacter),
        (FlashKind::PasswordCommon, PasswordFault::Common),
        (FlashKind::PasswordGuessable, PasswordFault::Guessable),
        (FlashKind::PasswordPersonal, PasswordFault::ContainsPersonal),
        (FlashKind::PasswordMismatch, PasswordFault::Mismatch),
        (FlashKind::PasswordUnchanged, PasswordFault::Unchanged),
        (FlashKind::CurrentPasswordWrong, PasswordFault::WrongCurrent),
        (FlashKind::CsrfInvalid, PasswordFault::CsrfInvalid),
    ]
}

fn lookup<T: Copy>(table: &[(FlashKind, T)], kind: FlashKind) -> Option<T> {
    table.iter().find(|(known, _)| *known == kind).map(|(_, flash)| *flash)
}

impl FlashKind {
    /// The message as the login page shows it.
    pub(crate) fn login(self) -> Option<Flash> {
        lookup(LOGIN, self)
    }

    /// The message as a page with a code field shows it.
    pub(crate) fn code(self) -> Option<CodeFlash> {
        lookup(CODE, self)
    }

    /// The message as a page with only an e-mail field shows it.
    pub(crate) fn email(self) -> Option<EmailFlash> {
        lookup(EMAIL, self)
    }

    /// The message as an account page shows it.
    pub(crate) fn account(self) -> Option<AccountFlash> {
        lookup(ACCOUNT, self)
    }

    /// The message as a page that sets a password shows it.
    pub(crate) fn password(self, rules: PasswordRules) -> Option<PasswordFault> {
        lookup(&password_faults(rules), self)
    }

    /// `None`: a rate limit, which the response to the form shows itself.
    pub(crate) fn of_password_fault(fault: PasswordFault, rules: PasswordRules) -> Option<Self> {
        password_faults(rules).iter().find(|(_, known)| *known == fault).map(|(kind, _)| *kind)
    }
}

/// A flash message with the e-mail address to fill in. The cookie that holds it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlashMessage {
    pub(crate) kind: FlashKind,
    pub(crate) email: String,
}

impl FlashMessage {
    pub(crate) fn value(&self) -> String {
        format!("{}.{}", self.kind, URL_SAFE_NO_PAD.encode(&self.email))
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (kind, email) = value.split_once('.')?;
        let email = String::from_utf8(URL_SAFE_NO_PAD.decode(email).ok()?).ok()?;
        Some(Self { kind: FlashKind::parse(kind)?, email })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_comes_back() {
        for kind in FlashKind::ALL {
            for email in ["", "ana@acme.test", "ü@ü.test; x=\"1\"", "a.b.c"] {
                let flash_message = FlashMessage { kind: *kind, email: email.to_owned() };
                let value = flash_message.value();
                assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{value}");
                assert_eq!(FlashMessage::parse(&value), Some(flash_message));
            }
        }
    }

    #[test]
    fn anything_else_says_nothing() {
        for bad in ["", "wrong_password", "wrong.", "wrong_password.*", "wrong_password._w", ".YQ"] {
            assert_eq!(FlashMessage::parse(bad), None, "{bad}");
        }
    }
}
