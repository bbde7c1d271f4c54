//! Contexts of mails. `name` is used in the greeting, `url` is a one-time link of the server, `expires_in` is the
//! lifetime of the link or code in seconds.

#![expect(clippy::ref_option_ref, reason = "serde hands a field to `serialize_with` by reference")]

use std::net::IpAddr;

use porta_core::Timestamp;
use serde::{Serialize, Serializer};

use crate::text::defanged;

/// Context of a mail and the name of its templates.
pub trait EmailContext: Serialize {
    /// File name below `emails/`, without suffix.
    const NAME: &'static str;
    /// Key of the subject, whose only placeholder is the organization's name.
    const SUBJECT: &'static str;
}

/// A sign-in link.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MagicLinkMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    /// Application that the person signs in to, if known.
    #[serde(serialize_with = "maybe_defanged")]
    pub client_name: Option<&'a str>,
    pub url: &'a str,
    /// Code to type where sign-in began, if that is another device.
    pub code: Option<&'a str>,
    pub expires_in: u64,
}

impl EmailContext for MagicLinkMail<'_> {
    const NAME: &'static str = "magic-link";
    const SUBJECT: &'static str = "mail.magic_link_subject";
}

/// Link to set a new password.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PasswordResetMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    pub url: &'a str,
    pub expires_in: u64,
}

impl EmailContext for PasswordResetMail<'_> {
    const NAME: &'static str = "password-reset";
    const SUBJECT: &'static str = "mail.password_reset_subject";
}

/// Invitation to an organization.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct InvitationMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    #[serde(serialize_with = "defang")]
    pub organization: &'a str,
    #[serde(serialize_with = "maybe_defanged")]
    pub inviter: Option<&'a str>,
    /// Personal message of the inviter.
    #[serde(serialize_with = "lines")]
    pub message: Option<&'a str>,
    pub url: &'a str,
    pub expires_in: u64,
}

impl EmailContext for InvitationMail<'_> {
    const NAME: &'static str = "invitation";
    const SUBJECT: &'static str = "mail.invitation_subject";
}

/// Second-factor code.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OtpCodeMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    pub code: &'a str,
    pub expires_in: u64,
}

impl EmailContext for OtpCodeMail<'_> {
    const NAME: &'static str = "otp-code";
    const SUBJECT: &'static str = "mail.otp_code_subject";
}

/// When and from where something was done.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SecurityContext<'a> {
    pub at: Timestamp,
    #[serde(serialize_with = "place")]
    pub address: Option<&'a str>,
    /// The `User-Agent` header; the mail shows browser and system.
    pub user_agent: Option<&'a str>,
}

/// Notifies the owner that the password was changed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PasswordChangedMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    pub event: Option<SecurityContext<'a>>,
    /// Page for a forgotten password, in case the owner did not do this.
    pub reset_url: Option<&'a str>,
}

impl EmailContext for PasswordChangedMail<'_> {
    const NAME: &'static str = "password-changed";
    const SUBJECT: &'static str = "mail.password_changed_subject";
}

/// Warns the owner that somebody knew the password but failed at the second factor.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PasswordKnownMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    pub event: Option<SecurityContext<'a>>,
    /// Page for a forgotten password, in case the owner did not do this.
    pub reset_url: Option<&'a str>,
}

impl EmailContext for PasswordKnownMail<'_> {
    const NAME: &'static str = "password-known";
    const SUBJECT: &'static str = "mail.password_known_subject";
}

/// Link that confirms an address.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct EmailVerificationMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    pub url: &'a str,
    pub expires_in: u64,
}

impl EmailContext for EmailVerificationMail<'_> {
    const NAME: &'static str = "verify-email";
    const SUBJECT: &'static str = "mail.verify_email_subject";
}

/// Confirms that the account is ready.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct WelcomeMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    #[serde(serialize_with = "defang")]
    pub organization: &'a str,
    /// The account pages or the application.
    pub url: Option<&'a str>,
}

impl EmailContext for WelcomeMail<'_> {
    const NAME: &'static str = "welcome";
    const SUBJECT: &'static str = "mail.welcome_subject";
}

/// Shows an administrator that mail arrives, and how it looks.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct TestMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    #[serde(serialize_with = "defang")]
    pub organization: &'a str,
}

impl EmailContext for TestMail<'_> {
    const NAME: &'static str = "test";
    const SUBJECT: &'static str = "mail.test_subject";
}

/// Notifies the owner that second factors were changed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SecondFactorChangedMail<'a> {
    #[serde(serialize_with = "maybe_defanged")]
    pub name: Option<&'a str>,
    pub change: FactorChange,
    pub event: Option<SecurityContext<'a>>,
    /// Page that shows the second factors.
    pub account_url: Option<&'a str>,
}

impl EmailContext for SecondFactorChangedMail<'_> {
    const NAME: &'static str = "second-factor-changed";
    const SUBJECT: &'static str = "mail.factor_subject";
}

/// What changed about the second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactorChange {
    EmailEnabled,
    EmailDisabled,
    AuthenticatorEnabled,
    AuthenticatorDisabled,
    /// The last second factor was removed.
    Disabled,
    RecoveryCodesReplaced,
    /// An administrator removed all of them.
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

/// Serialized as the key of its sentence.
impl Serialize for FactorChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

fn defang<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&defanged(text))
}

fn maybe_defanged<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    text.map(defanged).serialize(serializer)
}

/// IP addresses are shown as they are, since mail clients make no useful link of them; anything else is defanged.
fn place<S: Serializer>(address: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    let shown = |address: &str| match address.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => defanged(address),
    };
    address.map(shown).serialize(serializer)
}

fn lines<S: Serializer>(text: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    text.map(|text| text.lines().map(defanged).collect::<Vec<_>>()).serialize(serializer)
}
