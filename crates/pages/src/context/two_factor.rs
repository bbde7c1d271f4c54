//! Second factor: asking for a code, enrolment, and recovery codes.

use serde::{Serialize, Serializer};

use super::{FormTargets, Notice, PageContext};

/// A second factor a person can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactorKind {
    Email,
    Authenticator,
}

/// Asks for a code.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TwoFactorPage<'a> {
    /// Receives `_csrf`, `code`, `codeType` (`otp`, `totp` or `recovery`).
    pub action_url: &'a str,
    /// Receives `_csrf`; cancels the interaction.
    pub cancel_url: &'a str,
    pub csrf: &'a str,
    pub challenge: TwoFactorChallenge<'a>,
    /// This page, asking for a recovery code; `None` while it does so, or if none is left.
    pub recovery_url: Option<&'a str>,
    /// This page, asking for the usual code; set while it asks for a recovery code.
    pub usual_url: Option<&'a str>,
    pub flash: Option<CodeFlash>,
}

/// Kind of code to ask for.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum TwoFactorChallenge<'a> {
    Email {
        masked_email: &'a str,
        /// Receives `_csrf`.
        resend_url: &'a str,
        /// Lifetime of a code in seconds.
        expires_in: u64,
    },
    Authenticator,
    Recovery,
}

impl PageContext for TwoFactorPage<'_> {
    const NAME: &'static str = "two-factor-verify";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        match self.challenge {
            TwoFactorChallenge::Recovery => "two_factor.recovery_title",
            TwoFactorChallenge::Email { .. } | TwoFactorChallenge::Authenticator => "two_factor.verify_title",
        }
    }
}

/// Flash message of pages with a code field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "Notice")]
pub enum CodeFlash {
    Missing,
    Invalid,
    /// The code was correct but has expired.
    Expired,
    /// Too many wrong codes: a new code must be requested.
    Exhausted,
    /// Too many consecutive wrong codes: no code is accepted any more.
    Blocked,
    RateLimited {
        /// Seconds.
        retry_after: u64,
    },
    CsrfInvalid,
    Resent,
    /// Another magic link was requested, whether or not the address has an account.
    LinkResent,
    /// The mail server did not accept the mail.
    MailTrouble,
}

impl From<CodeFlash> for Notice {
    fn from(flash: CodeFlash) -> Self {
        match flash {
            CodeFlash::Missing => Self::error("code.error_missing", &["code"]),
            CodeFlash::Invalid => Self::error("code.error_invalid", &["code"]),
            CodeFlash::Expired => Self::error("code.error_expired", &["code"]),
            CodeFlash::Exhausted => Self::error("code.error_exhausted", &["code"]),
            CodeFlash::Blocked => Self::error("code.error_blocked", &["code"]),
            CodeFlash::RateLimited { retry_after } => Self::limited(retry_after),
            CodeFlash::CsrfInvalid => Self::error("errors.csrf_invalid", &[]),
            CodeFlash::Resent => Self::success("code.resent"),
            CodeFlash::LinkResent => Self::success("magic_link.resent"),
            CodeFlash::MailTrouble => Self::error("errors.mail_trouble", &[]),
        }
    }
}

/// Enrols a second factor, during sign-in or from the account pages.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TwoFactorSetupPage<'a> {
    /// Receives `_csrf` and `setupMethod` (`email` or `totp`) in the first step; later also `code`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub step: SetupView<'a>,
    /// Whether the organization requires it; otherwise the person chose it.
    pub is_required: bool,
    /// Back to the choice of method, if there is one.
    pub choose_url: Option<&'a str>,
    /// Receives `_csrf`: cancels the interaction, or returns to the account.
    pub cancel_url: &'a str,
    pub flash: Option<CodeFlash>,
}

/// Step of the enrolment.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum SetupView<'a> {
    Choose {
        allowed: &'a [FactorKind],
    },
    Authenticator {
        /// The `otpauth` URI as a QR code.
        qr: TrustedSvg<'a>,
        /// The same secret in base32, without spaces.
        #[serde(serialize_with = "grouped")]
        key: &'a str,
    },
    Email {
        masked_email: &'a str,
        /// Receives `_csrf`.
        resend_url: &'a str,
        /// Lifetime of a code in seconds.
        expires_in: u64,
    },
}

/// Splits into groups of four for reading and typing.
fn grouped<S: Serializer>(key: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = String::with_capacity(key.len() + key.len() / 4);
    for (index, c) in key.chars().enumerate() {
        if index > 0 && index % 4 == 0 {
            out.push(' ');
        }
        out.push(c);
    }
    serializer.serialize_str(&out)
}

impl PageContext for TwoFactorSetupPage<'_> {
    const NAME: &'static str = "two-factor-setup";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        match self.step {
            SetupView::Choose { .. } => "two_factor.choose_title",
            SetupView::Authenticator { .. } => "two_factor.authenticator_title",
            SetupView::Email { .. } => "two_factor.email_title",
        }
    }
}

/// An SVG generated by this program, inserted unescaped.
#[derive(Debug, Clone, Copy)]
pub struct TrustedSvg<'a>(&'a str);

impl<'a> TrustedSvg<'a> {
    /// `markup` must be generated entirely by this program. An XML prologue is removed, because HTML does not allow it.
    pub fn from_generated(markup: &'a str) -> Self {
        Self(markup.find("<svg").map_or("", |start| &markup[start..]))
    }
}

impl Serialize for TrustedSvg<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        minijinja::Value::from_safe_string(self.0.to_owned()).serialize(serializer)
    }
}

/// Recovery codes, shown only once.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RecoveryCodesPage<'a> {
    /// As the person will type them.
    pub codes: &'a [String],
    /// Receives `_csrf` once the codes are saved.
    pub done_url: &'a str,
    pub csrf: &'a str,
    /// Account that the codes belong to.
    pub email: &'a str,
}

impl PageContext for RecoveryCodesPage<'_> {
    const NAME: &'static str = "recovery-codes";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        "recovery_codes.title"
    }
}
