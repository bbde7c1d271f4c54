//! Account recovery: forgotten password, invitation, confirmation of an address.

use serde::Serialize;

use super::{FormTargets, Notice, PageContext, plain_link};

/// Asks for the address of the account whose password is forgotten.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ForgotPasswordPage<'a> {
    /// Receives `_csrf`, `email`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub email: &'a str,
    /// Back to sign-in, if the interaction is known.
    pub login_url: Option<&'a str>,
    pub flash: Option<EmailFlash>,
}

impl PageContext for ForgotPasswordPage<'_> {
    const NAME: &'static str = "forgot-password";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "forgot_password.title"
    }
}

/// Flash message of a page with only an e-mail field.
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

/// Confirmation that a link was requested; the same for every address, so that it reveals no accounts (decision 0026).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ForgotPasswordSentPage<'a> {
    /// The address as typed.
    pub email: &'a str,
    /// Lifetime of the link in seconds.
    pub expires_in: u64,
    /// Back to the form.
    pub again_url: &'a str,
    pub login_url: Option<&'a str>,
}

impl PageContext for ForgotPasswordSentPage<'_> {
    const NAME: &'static str = "forgot-password-sent";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    fn title(&self) -> &'static str {
        "forgot_password.sent_title"
    }
}

/// Length limits of a password, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PasswordRules {
    pub min: u32,
    pub max: u32,
}

/// Why a new password was refused.
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
    /// A tab, a line break or another control character.
    ControlCharacter,
    /// In the list of common passwords.
    Common,
    /// Composed of patterns that attackers try first.
    Guessable,
    /// Contains the person's name or address.
    ContainsPersonal,
    Mismatch,
    /// The current password was wrong.
    WrongCurrent,
    /// The new password equals the current one.
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

/// Target of the link in a reset mail; the POST consumes the link.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ResetPasswordPage<'a> {
    /// Receives `_csrf`, `password`, `confirmPassword`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    /// Shown, and used by password managers.
    pub email: &'a str,
    pub rules: PasswordRules,
    pub flash: Option<PasswordFault>,
}

impl PageContext for ResetPasswordPage<'_> {
    const NAME: &'static str = "reset-password";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "reset_password.title"
    }
}

/// Asks for a password in place of a temporary one, at the end of a sign-in.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TemporaryPasswordPage<'a> {
    /// Receives `_csrf`, `password`, `confirmPassword`.
    pub action_url: &'a str,
    /// Receives `_csrf`; cancels the interaction.
    pub cancel_url: &'a str,
    pub csrf: &'a str,
    /// Shown, and used by password managers.
    pub email: &'a str,
    pub rules: PasswordRules,
    pub flash: Option<PasswordFault>,
}

impl PageContext for TemporaryPasswordPage<'_> {
    const NAME: &'static str = "temporary-password";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        "temporary_password.title"
    }
}

/// Confirms that the password was changed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ResetSuccessPage<'a> {
    /// Next step: sign-in, the account, or the application; left out if not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub login_url: Option<&'a str>,
}

impl PageContext for ResetSuccessPage<'_> {
    const NAME: &'static str = "reset-success";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    fn title(&self) -> &'static str {
        "reset_password.success_title"
    }
}

/// Target of the link in an invitation.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InvitationPage<'a> {
    /// Receives `_csrf`, and if `rules` is set also `password`, `confirmPassword`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub organization: &'a str,
    pub inviter: Option<&'a str>,
    pub email: &'a str,
    /// Personal message of the inviter.
    pub message: Option<&'a str>,
    /// `None` if the organization does not use passwords: the person only accepts.
    pub rules: Option<PasswordRules>,
    pub flash: Option<PasswordFault>,
}

impl PageContext for InvitationPage<'_> {
    const NAME: &'static str = "accept-invite";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "invitation.title"
    }
}

/// Confirms that the invitation was accepted.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InviteSuccessPage<'a> {
    pub organization: &'a str,
    pub email: &'a str,
    /// Next step; left out if not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub login_url: Option<&'a str>,
}

impl PageContext for InviteSuccessPage<'_> {
    const NAME: &'static str = "invite-success";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    fn title(&self) -> &'static str {
        "invitation.success_title"
    }
}

/// The invitation is expired, used or unknown.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InviteExpiredPage<'a> {
    pub organization: &'a str,
    /// The inviter, if known.
    pub inviter: Option<&'a str>,
}

impl PageContext for InviteExpiredPage<'_> {
    const NAME: &'static str = "invite-expired";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    fn title(&self) -> &'static str {
        "invitation.expired_title"
    }
}

/// Target of the link that confirms an address; the POST consumes the link.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EmailVerificationPage<'a> {
    /// Receives `_csrf`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub email: &'a str,
    pub flash: Option<EmailFlash>,
}

impl PageContext for EmailVerificationPage<'_> {
    const NAME: &'static str = "verify-email";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "verify_email.title"
    }
}

/// Confirms that the address was confirmed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EmailVerifiedPage<'a> {
    pub email: &'a str,
    /// Next step; left out if not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub login_url: Option<&'a str>,
}

impl PageContext for EmailVerifiedPage<'_> {
    const NAME: &'static str = "email-verified";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    fn title(&self) -> &'static str {
        "verify_email.success_title"
    }
}
