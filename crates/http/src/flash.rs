//! Flash messages. Every form is answered with a redirect, and a signed cookie holds what the next page says. Reloading
//! that page repeats nothing, and Back finds it in the history.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::string_enum;
use porta_pages::{CodeFlash, Flash};

string_enum! {
    /// What the next page says.
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
        PasswordSet = "password_set",
        InvitationAccepted = "invitation_accepted",
        AddressConfirmed = "address_confirmed",
    }
}

impl FlashKind {
    /// The message as the login page shows it.
    pub(crate) const fn login(self) -> Option<Flash> {
        match self {
            Self::WrongPassword => Some(Flash::InvalidCredentials),
            Self::AccountInactive => Some(Flash::AccountInactive),
            Self::AccountSuspended => Some(Flash::AccountSuspended),
            Self::AccountLocked => Some(Flash::AccountLocked),
            Self::EmailMissing => Some(Flash::EmailMissing),
            Self::PasswordMissing => Some(Flash::PasswordMissing),
            Self::MethodDisabled => Some(Flash::MethodDisabled),
            Self::CsrfInvalid => Some(Flash::CsrfInvalid),
            Self::CodeMissing
            | Self::CodeInvalid
            | Self::CodeExhausted
            | Self::CodeBlocked
            | Self::CodeResent
            | Self::LinkSent
            | Self::PasswordSet
            | Self::InvitationAccepted
            | Self::AddressConfirmed => None,
        }
    }

    /// The message as a page with a code field shows it.
    pub(crate) const fn code(self) -> Option<CodeFlash> {
        match self {
            Self::CsrfInvalid => Some(CodeFlash::CsrfInvalid),
            Self::CodeMissing => Some(CodeFlash::Missing),
            Self::CodeInvalid => Some(CodeFlash::Invalid),
            Self::CodeExhausted => Some(CodeFlash::Exhausted),
            Self::CodeBlocked => Some(CodeFlash::Blocked),
            Self::CodeResent => Some(CodeFlash::Resent),
            Self::WrongPassword
            | Self::AccountInactive
            | Self::AccountSuspended
            | Self::AccountLocked
            | Self::EmailMissing
            | Self::PasswordMissing
            | Self::MethodDisabled
            | Self::LinkSent
            | Self::PasswordSet
            | Self::InvitationAccepted
            | Self::AddressConfirmed => None,
        }
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
