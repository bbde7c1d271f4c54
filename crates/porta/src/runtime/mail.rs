//! Mail transport of this process, and how it renders mail.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use porta_config::{Config, SmtpConfig, SmtpTls};
use porta_core::Timestamp;
use porta_core::mail::OutgoingEmail;
use porta_core::organization::Organization;
use porta_mail::{
    Credentials, MailHandler, NoRelay, RenderError, Security, SmtpOptions, SmtpTransport, Transport,
};
use url::Url;

use super::services::Services;

/// For one message: long enough for a slow relay, short compared to a worker's lease.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The configured SMTP relay, or [`NoRelay`].
pub(crate) fn transport(config: &Config) -> anyhow::Result<Arc<dyn Transport>> {
    let Some(smtp) = &config.smtp else {
        tracing::warn!(event = "email.disabled", "no mail is sent: SMTP_HOST is not set");
        return Ok(Arc::new(NoRelay));
    };
    let issuer = Url::parse(config.server.issuer_base_url.as_str())?;
    let options = SmtpOptions {
        host: smtp.host.clone(),
        port: smtp.port,
        security: security(smtp),
        credentials: smtp
            .credentials
            .as_ref()
            .map(|c| Credentials { user: c.user.clone(), password: c.password.clone() }),
        from: smtp.from.clone(),
        hello: issuer.host_str().unwrap_or("localhost").trim_matches(['[', ']']).to_owned(),
        timeout: TIMEOUT,
        roots: config.roots.clone(),
    };
    Ok(Arc::new(SmtpTransport::new(options).context("SMTP_FROM or SMTP_HOST cannot be used")?))
}

/// Port 465 uses implicit TLS. On other ports `auto` uses STARTTLS if the relay offers it, and requires it when a
/// password is sent, because an attacker on the path could strip the offer.
fn security(smtp: &SmtpConfig) -> Security {
    match smtp.tls {
        SmtpTls::None => Security::Plain,
        SmtpTls::Auto | SmtpTls::Required if smtp.port == 465 => Security::Implicit,
        SmtpTls::Required => Security::StartTls,
        SmtpTls::Auto if smtp.credentials.is_some() => Security::StartTls,
        SmtpTls::Auto => Security::Opportunistic,
    }
}

pub(crate) fn handler(services: &Services, transport: Arc<dyn Transport>) -> MailHandler {
    let (pages, shared) = (Arc::clone(&services.pages), Arc::clone(&services.shared));
    let render = move |organization: &Organization, outgoing: &OutgoingEmail, now: Timestamp| {
        let issuer = shared.issuer(&organization.slug);
        pages.outgoing(organization, &issuer, outgoing, now).map_err(|error| RenderError(error.into()))
    };
    MailHandler { renderer: Arc::new(render), transport }
}

#[cfg(test)]
mod tests {
    use porta_config::SmtpCredentials;
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn a_password_goes_over_an_encrypted_wire_unless_told_otherwise() {
        for (tls, port, has_password, expected) in [
            (SmtpTls::Auto, 587, false, Security::Opportunistic),
            (SmtpTls::Auto, 25, true, Security::StartTls),
            (SmtpTls::Auto, 465, false, Security::Implicit),
            (SmtpTls::Auto, 465, true, Security::Implicit),
            (SmtpTls::Required, 587, false, Security::StartTls),
            (SmtpTls::Required, 465, false, Security::Implicit),
            (SmtpTls::None, 587, true, Security::Plain),
            (SmtpTls::None, 465, false, Security::Plain),
        ] {
            let credentials = has_password
                .then(|| SmtpCredentials { user: "u".to_owned(), password: SecretString::from("p") });
            let from = "a@example.com".to_owned();
            let smtp = SmtpConfig { host: "relay".to_owned(), port, credentials, from, tls };
            assert_eq!(security(&smtp), expected, "{tls} {port} {has_password}");
        }
    }
}
