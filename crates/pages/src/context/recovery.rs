//! Ways back in: forgotten password, invitation, confirming an address.

use serde::Serialize;

use super::{Content, Forms, Notice, plain_link};

/// Asks for the address of an account whose password is forgotten.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ForgotPasswordPage<'a> {
    /// Receives `_csrf`, `email`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub email: &'a str,
    /// Back to sign-in, when it is known where that was.
    pub login_url: Option<&'a str>,
    pub flash: Option<EmailFlash>,
}

impl Content for ForgotPasswordPage<'_> {
    const NAME: &'static str = "forgot-password";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "forgot_password.title"
    }
}

/// What a page with only an e-mail field says about the attempt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "Notice")]
pub enum EmailFlash {
    EmailMissing,
    RateLimited {
        /// Seconds.
        retry_after: u64,
    },
    CsrfInvalid,
}

impl From<EmailFlash> for Notice {
    fn from(flash: EmailFlash) -> Self {
        match flash {
            EmailFlash::EmailMissing => Self::error("login.error_email_missing", &["email"]),
            EmailFlash::RateLimited { retry_after } => Self::limited(retry_after),
            EmailFlash::CsrfInvalid => Self::error("errors.csrf_invalid", &[]),
        }
    }
}

/// The answer to every address, known or not (weakness W18).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ForgotPasswordSentPage<'a> {
    /// The address as typed.
    pub email: &'a str,
    /// Lifetime of the link in seconds.
    pub expires_in: u64,
    /// The form again.
    pub again_url: &'a str,
    pub login_url: Option<&'a str>,
}

impl Content for ForgotPasswordSentPage<'_> {
    const NAME: &'static str = "forgot-password-sent";
    const FORMS: Forms = Forms::None;
    fn title(&self) -> &'static str {
        "forgot_password.sent_title"
    }
}

/// The bounds of a password, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PasswordRules {
    pub min: u32,
    pub max: u32,
}

/// Why a new password was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "Notice")]
pub enum PasswordFault {
    Missing,
    /// Fewer than this many characters.
    TooShort {
        min: u32,
    },
    /// More than this many characters.
    TooLong {
        max: u32,
    },
    /// A tab, a line break or the like.
    ControlCharacter,
    /// On the list of passwords everybody tries.
    Common,
    /// Put together from what is tried first.
    Guessable,
    /// Contains the person's name or address.
    ContainsPersonal,
    Mismatch,
    /// The present password, asked for when changing it, was wrong.
    WrongCurrent,
    /// The new password is the present one.
    Unchanged,
    RateLimited {
        /// Seconds.
        retry_after: u64,
    },
    CsrfInvalid,
}

impl From<PasswordFault> for Notice {
    fn from(fault: PasswordFault) -> Self {
        match fault {
            PasswordFault::Missing => Self::error("password.error_missing", &["password"]),
            PasswordFault::TooShort { min } => {
                Self::error("password.error_too_short", &["password"]).counting(min.into())
            }
            PasswordFault::TooLong { max } => {
                Self::error("password.error_too_long", &["password"]).counting(max.into())
            }
            PasswordFault::ControlCharacter => Self::error("password.error_control", &["password"]),
            PasswordFault::Common => Self::error("password.error_common", &["password"]),
            PasswordFault::Guessable => Self::error("password.error_guessable", &["password"]),
            PasswordFault::ContainsPersonal => Self::error("password.error_personal", &["password"]),
            PasswordFault::Mismatch => Self::error("password.error_mismatch", &["confirmPassword"]),
            PasswordFault::WrongCurrent => Self::error("password.error_wrong_current", &["currentPassword"]),
            PasswordFault::Unchanged => Self::error("password.error_unchanged", &["password"]),
            PasswordFault::RateLimited { retry_after } => Self::limited(retry_after),
            PasswordFault::CsrfInvalid => Self::error("errors.csrf_invalid", &[]),
        }
    }
}

/// What the link of a reset mail opens; the link is consumed by the POST.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ResetPasswordPage<'a> {
    /// Receives `_csrf`, `password`, `confirmPassword`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    /// For the person and for password managers.
    pub email: &'a str,
    pub rules: PasswordRules,
    pub flash: Option<PasswordFault>,
}

impl Content for ResetPasswordPage<'_> {
    const NAME: &'static str = "reset-password";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "reset_password.title"
    }
}

/// The password is changed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ResetSuccessPage<'a> {
    /// A way onward: sign-in, the account, or the application; left out when it is not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub login_url: Option<&'a str>,
}

impl Content for ResetSuccessPage<'_> {
    const NAME: &'static str = "reset-success";
    const FORMS: Forms = Forms::None;
    fn title(&self) -> &'static str {
        "reset_password.success_title"
    }
}

/// What the link of an invitation opens.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InvitationPage<'a> {
    /// Receives `_csrf`, and with rules also `password`, `confirmPassword`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub organization: &'a str,
    pub inviter: Option<&'a str>,
    pub email: &'a str,
    /// The inviter's words, quoted.
    pub message: Option<&'a str>,
    /// `None` where the organization does not use passwords: the person only accepts.
    pub rules: Option<PasswordRules>,
    pub flash: Option<PasswordFault>,
}

impl Content for InvitationPage<'_> {
    const NAME: &'static str = "accept-invite";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "invitation.title"
    }
}

/// The invitation is accepted.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InviteSuccessPage<'a> {
    pub organization: &'a str,
    pub email: &'a str,
    /// A way onward; left out when it is not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub login_url: Option<&'a str>,
}

impl Content for InviteSuccessPage<'_> {
    const NAME: &'static str = "invite-success";
    const FORMS: Forms = Forms::None;
    fn title(&self) -> &'static str {
        "invitation.success_title"
    }
}

/// The invitation is over, used or unknown.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InviteExpiredPage<'a> {
    pub organization: &'a str,
    /// Who sent it, when that is known.
    pub inviter: Option<&'a str>,
}

impl Content for InviteExpiredPage<'_> {
    const NAME: &'static str = "invite-expired";
    const FORMS: Forms = Forms::None;
    fn title(&self) -> &'static str {
        "invitation.expired_title"
    }
}

/// What the link that confirms an address opens; it is consumed by the POST.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EmailVerificationPage<'a> {
    /// Receives `_csrf`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub email: &'a str,
}

impl Content for EmailVerificationPage<'_> {
    const NAME: &'static str = "verify-email";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "verify_email.title"
    }
}

/// The address is confirmed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EmailVerifiedPage<'a> {
    pub email: &'a str,
    /// A way onward; left out when it is not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub login_url: Option<&'a str>,
}

impl Content for EmailVerifiedPage<'_> {
    const NAME: &'static str = "email-verified";
    const FORMS: Forms = Forms::None;
    fn title(&self) -> &'static str {
        "verify_email.success_title"
    }
}
