//! Plain words in English, for tests and until a renderer with translations and branding is there.

use porta_core::Timestamp;
use porta_core::mail::{Letter, Mail, MailBody, SecondFactorChange};
use porta_core::organization::Organization;

use crate::worker::{RenderError, Renderer};

#[derive(Debug, Clone, Copy)]
pub struct PlainRenderer;

/// A paragraph.
enum Part {
    Words(String),
    Link(String),
}

impl Part {
    fn text(&self) -> &str {
        match self {
            Self::Words(text) | Self::Link(text) => text,
        }
    }

    fn html(&self) -> String {
        let text = escape(self.text());
        match self {
            Self::Words(_) => format!("<p>{text}</p>"),
            Self::Link(_) => format!("<p><a href=\"{text}\">{text}</a></p>"),
        }
    }
}

impl Renderer for PlainRenderer {
    fn render(&self, organization: &Organization, letter: &Letter) -> Result<MailBody, RenderError> {
        let name = organization.branding.company_name.as_ref().unwrap_or(&organization.name);
        let (subject, mut parts) = words(name, &letter.mail);
        parts.insert(0, Part::Words(format!("Hello {},", letter.recipient.name())));
        let text: Vec<&str> = parts.iter().map(Part::text).collect();
        let html: Vec<String> = parts.iter().map(Part::html).collect();
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{}\n</body></html>\n",
            escape(&subject),
            html.join("\n")
        );
        Ok(MailBody { subject, html, text: text.join("\n\n") + "\n" })
    }
}

fn words(organization: &str, mail: &Mail) -> (String, Vec<Part>) {
    let unasked = || Part::Words("If you did not ask for this, ignore this message.".to_owned());
    let link = |url: &String| Part::Link(url.clone());
    let until = |time: &Timestamp| {
        let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
        Part::Words(format!("It is good until {}.", time.to_offset().format(format).unwrap_or_default()))
    };
    let say = |text: &str| Part::Words(text.to_owned());
    match mail {
        Mail::MagicLink { url, code, expires_at } => {
            let mut parts = vec![say("Sign in with this link:"), link(url)];
            if let Some(code) = code {
                parts.push(Part::Words(format!("Or enter this code where you want to sign in: {code}")));
            }
            parts.extend([until(expires_at), unasked()]);
            (format!("Sign in to {organization}"), parts)
        }
        Mail::PasswordReset { url, expires_at } => (
            format!("Reset your password for {organization}"),
            vec![say("Choose a new password here:"), link(url), until(expires_at), unasked()],
        ),
        Mail::Invitation { url, expires_at, inviter, message } => {
            let subject = match inviter {
                Some(inviter) => format!("{inviter} invited you to {organization}"),
                None => format!("You are invited to {organization}"),
            };
            let mut parts: Vec<Part> = message.iter().map(|message| say(message)).collect();
            parts.extend([say("Accept the invitation here:"), link(url), until(expires_at)]);
            (subject, parts)
        }
        Mail::EmailCode { code, expires_at } => (
            format!("Your verification code for {organization}"),
            vec![
                Part::Words(format!("Your code: {code}")),
                until(expires_at),
                say(
                    "Tell it to nobody. If you did not try to sign in, somebody knows your password: change it.",
                ),
            ],
        ),
        Mail::PasswordChanged => (
            format!("Your password for {organization} was changed"),
            vec![say("If that was not you, contact an administrator at once.")],
        ),
        Mail::EmailVerification { url, expires_at } => (
            format!("Confirm your address for {organization}"),
            vec![say("Confirm that this address is yours:"), link(url), until(expires_at), unasked()],
        ),
        Mail::Welcome => (format!("Welcome to {organization}"), vec![say("Your account is ready.")]),
        Mail::SecondFactorChanged { change } => {
            let what = match change {
                SecondFactorChange::EmailEnabled => "Codes by mail are now asked for when you sign in.",
                SecondFactorChange::TotpEnabled => "Codes of your app are now asked for when you sign in.",
                SecondFactorChange::Disabled => "No second step is asked for any more when you sign in.",
                SecondFactorChange::RecoveryCodesReplaced => "Your recovery codes were replaced.",
            };
            let warning = say("If that was not you, contact an administrator at once.");
            (format!("Your sign-in at {organization} was changed"), vec![say(what), warning])
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
