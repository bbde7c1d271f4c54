//! Mails: a typed context becomes subject, HTML and plain text in the reader's language and the tenant's colours.
//!
//! A subject contains only catalogue text and the organization's name, without line breaks (no header injection); never
//! personal text or codes. Personal text is defanged, so that no mail client turns it into a link.

mod context;
mod outgoing;

pub use context::{
    EmailContext, EmailVerificationMail, FactorChange, InvitationMail, MagicLinkMail, OtpCodeMail,
    PasswordChangedMail, PasswordKnownMail, PasswordResetMail, SecondFactorChangedMail, SecurityContext,
    TestMail, WelcomeMail,
};

pub use porta_core::mail::MailBody;

use serde::Serialize;
use url::Url;

use crate::text::without_deceptive;
use crate::{Pages, Theme};

/// Maximum length of a subject; mail clients cut longer ones.
const MAX_SUBJECT_CHARACTERS: usize = 120;

/// The built-in template failed, too; tests rule this out.
#[derive(Debug, thiserror::Error)]
#[error("mail `{template}` could not be rendered")]
pub struct MailError {
    template: &'static str,
    #[source]
    source: minijinja::Error,
}

#[derive(Serialize)]
struct EmailFrame<'a, L> {
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
    /// When neither the operator's template nor the built-in one renders.
    pub fn render_mail<C: EmailContext>(&self, theme: &Theme<'_>, mail: &C) -> Result<MailBody, MailError> {
        let messages = self.engine.messages(theme.locale);
        let company = without_deceptive(theme.company_name);
        let subject = one_line(&messages.translate(C::SUBJECT, &[("companyName", &company)]));
        let palette = theme.palette();
        let frame = EmailFrame {
            lang: messages.language,
            dir: messages.direction(),
            subject: &subject,
            company_name: &company,
            logo: theme.logo_url.filter(|url| is_mail_picture(url)),
            primary: palette.primary.to_string(),
            on_primary: palette.on_primary.to_string(),
            accent: palette.accent_light.to_string(),
            accent_dark: palette.accent_dark.to_string(),
            mail,
        };
        let render = |suffix: &str| {
            let template = format!("emails/{}.{suffix}", C::NAME);
            let rendered = self.engine.render(&template, theme.organization, &frame);
            rendered.map_err(|source| MailError { template: C::NAME, source })
        };
        let (html, text) = (render("html")?, render("txt")?);
        Ok(MailBody { subject, html, text })
    }
}

/// Collapses white space to single spaces and cuts to the maximum length of a subject.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = without_deceptive(&line);
    if line.chars().count() <= MAX_SUBJECT_CHARACTERS {
        return line.into_owned();
    }
    line.chars().take(MAX_SUBJECT_CHARACTERS - 1).chain(std::iter::once('…')).collect()
}

/// Whether a mail may load the picture: only absolute https URLs, since a mail has no base URL.
fn is_mail_picture(url: &str) -> bool {
    Url::parse(url).is_ok_and(|u| u.scheme() == "https" && u.has_host())
}
