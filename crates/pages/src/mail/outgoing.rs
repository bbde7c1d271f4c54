//! Renders an email of the outbox.

use porta_core::Timestamp;
use porta_core::mail::{Mail, MailBody, OutgoingEmail, SecondFactorChange, SecurityEvent};
use porta_core::organization::Organization;

use crate::{
    EmailVerificationMail, FactorChange, InvitationMail, LocaleCandidates, MagicLinkMail, MailError,
    OtpCodeMail, Pages, PasswordChangedMail, PasswordKnownMail, PasswordResetMail, SecondFactorChangedMail,
    SecurityContext, TestMail, Theme, WelcomeMail, negotiate,
};

impl Pages {
    /// Renders an email in the recipient's language if supported, else the organization's, with the organization's
    /// branding. Remaining lifetimes are computed from `now`. `issuer` is the organization's base URL.
    ///
    /// # Errors
    /// See [`Pages::render_mail`].
    pub fn outgoing(
        &self,
        organization: &Organization,
        issuer: &str,
        outgoing: &OutgoingEmail,
        now: Timestamp,
    ) -> Result<MailBody, MailError> {
        let locale = negotiate(&LocaleCandidates {
            user: outgoing.recipient.locale.as_deref(),
            organization: Some(&organization.default_locale),
            ..LocaleCandidates::default()
        });
        let branding = organization.branding.clone().with_uploads(issuer);
        let organization = Organization { branding, ..organization.clone() };
        let theme = Theme::of(&organization).in_locale(locale);
        let name = Some(outgoing.recipient.name());
        let seconds_until = |expires_at: &Timestamp| expires_at.since(now).as_secs();
        match &outgoing.mail {
            Mail::MagicLink { url, application, code, expires_at } => self.render_mail(
                &theme,
                &MagicLinkMail {
                    name,
                    client_name: application.as_deref(),
                    url,
                    code: code.as_deref(),
                    expires_in: seconds_until(expires_at),
                },
            ),
            Mail::PasswordReset { url, expires_at } => {
                let expires_in = seconds_until(expires_at);
                self.render_mail(&theme, &PasswordResetMail { name, url, expires_in })
            }
            Mail::Invitation { url, expires_at, inviter, message } => self.render_mail(
                &theme,
                &InvitationMail {
                    name,
                    organization: organization.display_name(),
                    inviter: inviter.as_deref(),
                    message: message.as_deref(),
                    url,
                    expires_in: seconds_until(expires_at),
                },
            ),
            Mail::EmailCode { code, expires_at } => {
                let expires_in = seconds_until(expires_at);
                self.render_mail(&theme, &OtpCodeMail { name, code, expires_in })
            }
            Mail::PasswordChanged { event } => {
                let reset_url = format!("{issuer}/auth/forgot-password");
                let mail = PasswordChangedMail {
                    name,
                    event: Some(security_context(event)),
                    reset_url: Some(&reset_url),
                };
                self.render_mail(&theme, &mail)
            }
            Mail::PasswordKnown { event } => {
                let reset_url = format!("{issuer}/auth/forgot-password");
                let mail = PasswordKnownMail {
                    name,
                    event: Some(security_context(event)),
                    reset_url: Some(&reset_url),
                };
                self.render_mail(&theme, &mail)
            }
            Mail::EmailVerification { url, expires_at } => {
                let expires_in = seconds_until(expires_at);
                self.render_mail(&theme, &EmailVerificationMail { name, url, expires_in })
            }
            Mail::Welcome => {
                let (organization, url) = (organization.display_name(), format!("{issuer}/account"));
                self.render_mail(&theme, &WelcomeMail { name, organization, url: Some(&url) })
            }
            Mail::SecondFactorChanged { change, event } => {
                let account_url = format!("{issuer}/account");
                let (change, account_url) = (factor_change(*change), Some(account_url.as_str()));
                let mail = SecondFactorChangedMail {
                    name,
                    change,
                    event: Some(security_context(event)),
                    account_url,
                };
                self.render_mail(&theme, &mail)
            }
            Mail::Test => {
                self.render_mail(&theme, &TestMail { name, organization: organization.display_name() })
            }
        }
    }
}

fn security_context(event: &SecurityEvent) -> SecurityContext<'_> {
    SecurityContext {
        at: event.at,
        address: event.address.as_deref(),
        user_agent: event.user_agent.as_deref(),
    }
}

const fn factor_change(change: SecondFactorChange) -> FactorChange {
    match change {
        SecondFactorChange::EmailEnabled => FactorChange::EmailEnabled,
        SecondFactorChange::TotpEnabled => FactorChange::AuthenticatorEnabled,
        SecondFactorChange::Disabled => FactorChange::Disabled,
        SecondFactorChange::RecoveryCodesReplaced => FactorChange::RecoveryCodesReplaced,
    }
}
