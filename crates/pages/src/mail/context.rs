//! What each mail is told. `name` is how the person is greeted, `url` a one-time address of ours, `expires_in` a
//! lifetime in seconds, taken from the settings that made the link or code.

#![expect(clippy::ref_option_ref, reason = "serde hands a field to `serialize_with` by reference")]

use std::net::IpAddr;

use porta_core::Timestamp;
use serde::{Serialize, Serializer};

use crate::text::defused;

/// A mail's context, tied to its templates.
pub(crate) trait Letter: Serialize {
    /// File name below `emails/`, without suffix.
    const NAME: &'static str;
    /// Key of the subject; it may name the organization and nothing else.
    const SUBJECT: &'static str;
}

/// A link to sign in with.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MagicLinkMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    /// Where the person goes on to, when that is known.
    #[serde(serialize_with = "maybe_defused")]
    pub client_name: Option<&'a str>,
    pub url: &'a str,
    /// To be typed where sign-in began, when that is another device.
    pub code: Option<&'a str>,
    pub expires_in: u64,
}

impl Letter for MagicLinkMail<'_> {
    const NAME: &'static str = "magic-link";
    const SUBJECT: &'static str = "mail.magic_link_subject";
}

/// A link to set a new password with.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PasswordResetMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    pub url: &'a str,
    pub expires_in: u64,
}

impl Letter for PasswordResetMail<'_> {
    const NAME: &'static str = "password-reset";
    const SUBJECT: &'static str = "mail.password_reset_subject";
}

/// An invitation to an organization.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InvitationMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    #[serde(serialize_with = "defuse")]
    pub organization: &'a str,
    #[serde(serialize_with = "maybe_defused")]
    pub inviter: Option<&'a str>,
    /// The inviter's words.
    #[serde(serialize_with = "lines")]
    pub message: Option<&'a str>,
    pub url: &'a str,
    pub expires_in: u64,
}

impl Letter for InvitationMail<'_> {
    const NAME: &'static str = "invitation";
    const SUBJECT: &'static str = "mail.invitation_subject";
}

/// A code as second factor.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OtpCodeMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    pub code: &'a str,
    pub expires_in: u64,
}

impl Letter for OtpCodeMail<'_> {
    const NAME: &'static str = "otp-code";
    const SUBJECT: &'static str = "mail.otp_code_subject";
}

/// When and from where something was done.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SecurityContext<'a> {
    pub at: Timestamp,
    #[serde(serialize_with = "place")]
    pub address: Option<&'a str>,
    /// The `User-Agent` header; the mail says it in words.
    pub user_agent: Option<&'a str>,
}

/// Tells the owner that the password is another one now.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PasswordChangedMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    pub event: Option<SecurityContext<'a>>,
    /// The page for a forgotten password, for an owner who did not do this.
    pub reset_url: Option<&'a str>,
}

impl Letter for PasswordChangedMail<'_> {
    const NAME: &'static str = "password-changed";
    const SUBJECT: &'static str = "mail.password_changed_subject";
}

/// Tells the owner that somebody got as far as the second factor, and no further.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PasswordKnownMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    pub event: Option<SecurityContext<'a>>,
    /// The page for a forgotten password, for an owner who did not do this.
    pub reset_url: Option<&'a str>,
}

impl Letter for PasswordKnownMail<'_> {
    const NAME: &'static str = "password-known";
    const SUBJECT: &'static str = "mail.password_known_subject";
}

/// A link that confirms an address.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EmailVerificationMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    pub url: &'a str,
    pub expires_in: u64,
}

impl Letter for EmailVerificationMail<'_> {
    const NAME: &'static str = "verify-email";
    const SUBJECT: &'static str = "mail.verify_email_subject";
}

/// The account is ready.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WelcomeMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    #[serde(serialize_with = "defuse")]
    pub organization: &'a str,
    /// The account pages, or the application.
    pub url: Option<&'a str>,
}

impl Letter for WelcomeMail<'_> {
    const NAME: &'static str = "welcome";
    const SUBJECT: &'static str = "mail.welcome_subject";
}

/// Tells the owner that their second factors are other ones now.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SecondFactorChangedMail<'a> {
    #[serde(serialize_with = "maybe_defused")]
    pub name: Option<&'a str>,
    pub change: FactorChange,
    pub event: Option<SecurityContext<'a>>,
    /// The page that shows the second factors.
    pub account_url: Option<&'a str>,
}

impl Letter for SecondFactorChangedMail<'_> {
    const NAME: &'static str = "second-factor-changed";
    const SUBJECT: &'static str = "mail.factor_subject";
}

/// What happened to the second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorChange {
    EmailEnabled,
    EmailDisabled,
    AuthenticatorEnabled,
    AuthenticatorDisabled,
    /// No second factor is left.
    Disabled,
    RecoveryCodesReplaced,
    /// An administrator removed them all.
    Reset,
}

impl FactorChange {
    pub const ALL: &'static [Self] = &[
        Self::EmailEnabled,
        Self::EmailDisabled,
        Self::AuthenticatorEnabled,
        Self::AuthenticatorDisabled,
        Self::Disabled,
        Self::RecoveryCodesReplaced,
        Self::Reset,
    ];

    const fn key(self) -> &'static str {
        match self {
            Self::EmailEnabled => "mail.factor_email_enabled",
            Self::EmailDisabled => "mail.factor_email_disabled",
            Self::AuthenticatorEnabled => "mail.factor_authenticator_enabled",
            Self::AuthenticatorDisabled => "mail.factor_authenticator_disabled",
            Self::Disabled => "mail.factor_disabled",
            Self::RecoveryCodesReplaced => "mail.factor_recovery_replaced",
            Self::Reset => "mail.factor_reset",
        }
    }
}

/// As the key of its sentence.
impl Serialize for FactorChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

fn defuse<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&defused(text))
}

fn maybe_defused<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    text.map(defused).serialize(serializer)
}

/// An address of the network cannot become a link worth following; anything else may.
fn place<S: Serializer>(address: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    let shown = |address: &str| match address.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => defused(address),
    };
    address.map(shown).serialize(serializer)
}

fn lines<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    text.map(|text| text.lines().map(defused).collect::<Vec<_>>()).serialize(serializer)
}
