//! The mail relay.

use porta_core::string_enum;
use secrecy::SecretString;

use crate::reader::{Reader, SecretInput};
use crate::server::Environment;
use crate::variable::{SMTP_FROM, SMTP_HOST, SMTP_PASS, SMTP_PORT, SMTP_TLS, SMTP_USER};

string_enum! {
    pub enum SmtpTls {
        /// Port 465 uses TLS from the start; other ports use STARTTLS if the relay offers it. In production the same as
        /// `Required`.
        Auto = "auto",
        Required = "required",
        None = "none",
    }
}

#[derive(Debug, Clone)]
pub struct SmtpConfig {
    pub host: String,
    pub port: u16,
    pub credentials: Option<SmtpCredentials>,
    pub from: String,
    pub tls: SmtpTls,
}

#[derive(Debug, Clone)]
pub struct SmtpCredentials {
    pub user: String,
    pub password: SecretString,
}

impl SmtpConfig {
    pub(crate) fn read(reader: &mut Reader<'_>, environment: Environment, is_required: bool) -> Option<Self> {
        let host = reader.text(SMTP_HOST);
        let port = u16::try_from(reader.number_or_default(SMTP_PORT)).unwrap_or(587);
        let from = reader.text(SMTP_FROM);
        let user = reader.text(SMTP_USER);
        let password = reader.secret(SMTP_PASS);
        // Production requires TLS: a man in the middle could strip the STARTTLS offer and read every mailed link.
        let tls = match reader.word(SMTP_TLS).and_then(SmtpTls::parse).unwrap_or(SmtpTls::Auto) {
            SmtpTls::Auto if environment.is_production() => SmtpTls::Required,
            said => said,
        };
        if host.is_none() && (is_required || from.is_some() || user.is_some() || !password.is_absent()) {
            reader.note(
                SMTP_HOST,
                "it is not set",
                "name the mail relay, or unset all SMTP variables without DATABASE_URL",
            );
        }
        if from.is_none() && (is_required || host.is_some()) {
            reader.note_missing(SMTP_FROM);
        }
        if from.as_ref().is_some_and(|from| !from.contains('@')) {
            reader.note(SMTP_FROM, "it is not an address", "use name@example.com or Name <name@example.com>");
        }
        let credentials = match (user, password) {
            (Some(user), SecretInput::Value(password)) => Some(SmtpCredentials { user, password }),
            (None, SecretInput::Absent) | (_, SecretInput::Refused) => None,
            (Some(_), SecretInput::Absent) => {
                reader.note(SMTP_PASS, "it is not set, but SMTP_USER is", "set both or neither");
                None
            }
            (None, SecretInput::Value(_)) => {
                reader.note(SMTP_USER, "it is not set, but SMTP_PASS is", "set both or neither");
                None
            }
        };
        Some(Self { host: host?, port, credentials, from: from?, tls })
    }
}
