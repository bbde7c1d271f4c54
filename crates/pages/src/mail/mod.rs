//! Mails: a typed context goes in, subject, HTML and plain text come out, in the reader's language and the tenant's
//! colours.
//!
//! A subject is made of our words and the organization's name, cleaned of anything a header could break at; no text of
//! a person and no code ever stands in it (weakness W25). Text of persons is defused, so that no mail client makes a
//! link of it.

mod context;
mod letter;

pub use context::{
    EmailVerificationMail, FactorChange, InvitationMail, MagicLinkMail, OtpCodeMail, PasswordChangedMail,
    PasswordKnownMail, PasswordResetMail, SecondFactorChangedMail, SecurityContext, WelcomeMail,
};

pub use porta_core::mail::MailBody;

use serde::Serialize;
use url::Url;

use crate::text::shown;
use crate::{Look, Pages};
use context::Letter;

/// Longer subjects are cut by mail clients anyway.
const MAX_SUBJECT_CHARACTERS: usize = 120;

/// The built-in template failed as well, which the tests rule out.
#[derive(Debug, thiserror::Error)]
#[error("mail `{template}` could not be rendered")]
pub struct MailError {
    template: &'static str,
    #[source]
    source: minijinja::Error,
}

#[derive(Serialize)]
struct Frame<'a, L> {
    lang: &'a str,
    dir: &'static str,
    subject: &'a str,
    company_name: &'a str,
    logo: Option<&'a str>,
    primary: String,
    on_primary: String,
    accent: String,
    accent_dark: String,
    mail: &'a L,
}

impl Pages {
    /// # Errors
    /// When neither the operator's template nor the built-in one renders; so for every mail below.
    pub fn magic_link_mail(&self, look: &Look<'_>, mail: &MagicLinkMail<'_>) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn password_reset_mail(
        &self,
        look: &Look<'_>,
        mail: &PasswordResetMail<'_>,
    ) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn invitation_mail(&self, look: &Look<'_>, mail: &InvitationMail<'_>) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn otp_code_mail(&self, look: &Look<'_>, mail: &OtpCodeMail<'_>) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn password_changed_mail(
        &self,
        look: &Look<'_>,
        mail: &PasswordChangedMail<'_>,
    ) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn password_known_mail(
        &self,
        look: &Look<'_>,
        mail: &PasswordKnownMail<'_>,
    ) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn email_verification_mail(
        &self,
        look: &Look<'_>,
        mail: &EmailVerificationMail<'_>,
    ) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn welcome_mail(&self, look: &Look<'_>, mail: &WelcomeMail<'_>) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    /// # Errors
    /// See [`Pages::magic_link_mail`].
    pub fn second_factor_changed_mail(
        &self,
        look: &Look<'_>,
        mail: &SecondFactorChangedMail<'_>,
    ) -> Result<MailBody, MailError> {
        self.mail(look, mail)
    }

    fn mail<L: Letter>(&self, look: &Look<'_>, mail: &L) -> Result<MailBody, MailError> {
        let words = self.engine.words(look.locale);
        let company = shown(look.company_name);
        let subject = one_line(&words.say(L::SUBJECT, &[("companyName", &company)]));
        let palette = look.palette();
        let frame = Frame {
            lang: words.language,
            dir: words.direction(),
            subject: &subject,
            company_name: &company,
            logo: look.logo_url.filter(|url| is_mail_picture(url)),
            primary: palette.primary.to_string(),
            on_primary: palette.on_primary.to_string(),
            accent: palette.accent_light.to_string(),
            accent_dark: palette.accent_dark.to_string(),
            mail,
        };
        let render = |suffix: &str| {
            let template = format!("emails/{}.{suffix}", L::NAME);
            let rendered = self.engine.render(&template, look.organization, &frame);
            rendered.map_err(|source| MailError { template: L::NAME, source })
        };
        let (html, text) = (render("html")?, render("txt")?);
        Ok(MailBody { subject, html, text })
    }
}

/// Without line ends and runs of blanks, and not longer than a header likes.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = shown(&line);
    if line.chars().count() <= MAX_SUBJECT_CHARACTERS {
        return line.into_owned();
    }
    line.chars().take(MAX_SUBJECT_CHARACTERS - 1).chain(std::iter::once('…')).collect()
}

/// A mail has no address of its own to resolve a path against, and no page around it that is secure.
fn is_mail_picture(url: &str) -> bool {
    Url::parse(url).is_ok_and(|u| u.scheme() == "https" && u.has_host())
}
