//! Mails as values: flows enqueue them, crate `mail` renders and sends them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::audit::AuditEventKind;
use crate::outbox::{ItemError, OutboxClaim, OutboxItem, OutboxKind, OutboxPayload, OutboxRow};
use crate::seal::Keyring;
use crate::user::{Email, User};
use crate::{Entropy, OrganizationId, OutboxId, Timestamp, UserId, string_enum};

string_enum! {
    /// Names of templates, as in the audit events `email.send.<template>`.
    pub enum MailTemplate {
        MagicLink = "magic_link",
        PasswordReset = "password_reset",
        Invitation = "invitation",
        OtpCode = "otp_code",
        PasswordChanged = "password_changed",
        PasswordKnown = "password_known",
        EmailVerification = "email_verification",
        Welcome = "welcome",
        SecondFactorChanged = "second_factor_changed",
        Test = "test",
    }
}

impl MailTemplate {
    /// Recorded when the relay accepted the mail.
    pub const fn sent_event(self) -> AuditEventKind {
        match self {
            Self::MagicLink => AuditEventKind::EmailSendMagicLink,
            Self::PasswordReset => AuditEventKind::EmailSendPasswordReset,
            Self::Invitation => AuditEventKind::EmailSendInvitation,
            Self::OtpCode => AuditEventKind::EmailSendOtpCode,
            Self::PasswordChanged => AuditEventKind::EmailSendPasswordChanged,
            Self::PasswordKnown => AuditEventKind::EmailSendPasswordKnown,
            Self::EmailVerification => AuditEventKind::EmailSendEmailVerification,
            Self::Welcome => AuditEventKind::EmailSendWelcome,
            Self::SecondFactorChanged => AuditEventKind::EmailSendSecondFactorChanged,
            Self::Test => AuditEventKind::EmailSendTest,
        }
    }
}

string_enum! {
    /// What changed about somebody's second factor.
    pub enum SecondFactorChange {
        EmailEnabled = "email_enabled",
        TotpEnabled = "totp_enabled",
        Disabled = "disabled",
        RecoveryCodesReplaced = "recovery_codes_replaced",
    }
}

/// One mail and its data. Links and codes are bearer values, so `Debug` shows the template only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Mail {
    MagicLink {
        url: String,
        /// The application the sign-in is for.
        application: Option<String>,
        /// Short code, typed where the sign-in began when the mail is read on another device.
        code: Option<String>,
        expires_at: Timestamp,
    },
    PasswordReset {
        url: String,
        expires_at: Timestamp,
    },
    Invitation {
        url: String,
        expires_at: Timestamp,
        /// The name of the person who invites.
        inviter: Option<String>,
        /// Personal message of the inviter; plain text.
        message: Option<String>,
    },
    /// A mailed second-factor code. The code never appears in the subject.
    #[serde(rename = "otp_code")]
    EmailCode {
        code: String,
        expires_at: Timestamp,
    },
    PasswordChanged {
        event: SecurityEvent,
    },
    /// Warning: somebody knows the password and repeatedly entered wrong second-factor codes.
    PasswordKnown {
        event: SecurityEvent,
    },
    EmailVerification {
        url: String,
        expires_at: Timestamp,
    },
    Welcome,
    SecondFactorChanged {
        change: SecondFactorChange,
        event: SecurityEvent,
    },
    /// Shows an administrator that mail arrives, and how it looks.
    Test,
}

/// When and from where a security-relevant action was done; shown to the account's owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityEvent {
    pub at: Timestamp,
    pub address: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
}

impl Mail {
    pub const fn template(&self) -> MailTemplate {
        match self {
            Self::MagicLink { .. } => MailTemplate::MagicLink,
            Self::PasswordReset { .. } => MailTemplate::PasswordReset,
            Self::Invitation { .. } => MailTemplate::Invitation,
            Self::EmailCode { .. } => MailTemplate::OtpCode,
            Self::PasswordChanged { .. } => MailTemplate::PasswordChanged,
            Self::PasswordKnown { .. } => MailTemplate::PasswordKnown,
            Self::EmailVerification { .. } => MailTemplate::EmailVerification,
            Self::Welcome => MailTemplate::Welcome,
            Self::SecondFactorChanged { .. } => MailTemplate::SecondFactorChanged,
            Self::Test => MailTemplate::Test,
        }
    }

    /// When the link or code expires; `None` for mails without one.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::MagicLink { expires_at, .. }
            | Self::PasswordReset { expires_at, .. }
            | Self::Invitation { expires_at, .. }
            | Self::EmailCode { expires_at, .. }
            | Self::EmailVerification { expires_at, .. } => Some(*expires_at),
            Self::PasswordChanged { .. }
            | Self::PasswordKnown { .. }
            | Self::Welcome
            | Self::SecondFactorChanged { .. }
            | Self::Test => None,
        }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({})", self.template())
    }
}

/// Recipient of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub user_id: Option<UserId>,
    pub address: Email,
    /// Given and family name, if known.
    pub full_name: Option<String>,
    /// Language chosen by the person or requested by their browser; `None`: the organization's.
    pub locale: Option<String>,
}

impl Recipient {
    /// The recipient for a person's own address.
    pub fn of(user: &User) -> Self {
        let (given, family) = (user.profile.given_name.as_deref(), user.profile.family_name.as_deref());
        let given = given.map(str::trim).filter(|name| !name.is_empty());
        let family = family.map(str::trim).filter(|name| !name.is_empty());
        Self {
            user_id: Some(user.id),
            address: user.email.clone(),
            full_name: given.map(|given| family.map_or_else(|| given.to_owned(), |f| format!("{given} {f}"))),
            locale: user.profile.locale.clone(),
        }
    }

    /// Adds the language of the page the person is reading; a language chosen for the account takes precedence.
    #[must_use]
    pub fn reading(self, locale: &str) -> Self {
        Self { locale: self.locale.or_else(|| Some(locale.to_owned())), ..self }
    }

    /// `userName` in templates: the name, else the local part of the address.
    pub fn name(&self) -> &str {
        let local = || self.address.shown().split('@').next().unwrap_or_default();
        self.full_name.as_deref().unwrap_or_else(local)
    }
}

/// A mail to one recipient, sent in the name of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingEmail {
    pub organization_id: OrganizationId,
    pub recipient: Recipient,
    pub mail: Mail,
}

/// A rendered mail.
#[derive(Clone, PartialEq, Eq)]
pub struct MailBody {
    pub subject: String,
    pub html: String,
    /// Plain-text alternative.
    pub text: String,
}

impl fmt::Debug for MailBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailBody(…)")
    }
}

/// The part of an email in the outbox that operators may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailSummary {
    pub template: MailTemplate,
    pub user_id: Option<UserId>,
}

/// The sealed part: address and name are personal data, links and codes are bearer values.
#[derive(Serialize, Deserialize)]
struct SealedContents {
    recipient: Recipient,
    mail: Mail,
}

impl OutgoingEmail {
    /// Makes the outbox item. `event` names the occasion, for instance the id of the one-time token in the link; it is
    /// part of the idempotency key, so a second email of the same template for the same event is ignored.
    pub fn into_item(
        self,
        event: &str,
        keyring: &Keyring,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> OutboxItem {
        let id = OutboxId::new(now, entropy);
        let template = self.mail.template();
        let about = EmailSummary { template, user_id: self.recipient.user_id };
        let contents = SealedContents { recipient: self.recipient, mail: self.mail };
        let whose = (id, self.organization_id);
        OutboxItem {
            id,
            organization_id: Some(self.organization_id),
            kind: OutboxKind::Mail,
            payload: OutboxPayload::sealed(&about, &contents, whose, keyring, entropy),
            idempotency_key: format!("mail:{template}:{event}"),
            created_at: now,
        }
    }

    /// Opens an item that [`OutgoingEmail::into_item`] made.
    pub fn open(claim: &OutboxClaim, keyring: &Keyring) -> Result<Self, ItemError> {
        let (organization_id, SealedContents { recipient, mail }) = claim.open(keyring)?;
        Ok(Self { organization_id, recipient, mail })
    }
}

impl EmailSummary {
    pub fn of(claim: &OutboxClaim) -> Option<Self> {
        Self::deserialize(&claim.payload.about).ok()
    }

    /// `None`: an item that this version does not know, or one that could not be read.
    pub fn of_row(row: &OutboxRow) -> Option<Self> {
        Self::deserialize(&row.about).ok()
    }
}

#[cfg(test)]
mod tests;
