//! Safety checks for production (`docs/configuration.md`). Every check looks at the value and none stops at the first
//! violation, so that one start reports all of them.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Problem;
use crate::keys::{EncryptionKeys, PartialSecrets};
use crate::server::{ServerConfig, TrustProxy};
use crate::smtp::SmtpConfig;
use crate::storage::Storage;
use crate::telemetry::{LogConfig, LogLevel};
use crate::variable::{
    ADMIN_CORS_ORIGINS, COOKIE_KEYS, DATABASE_URL, ISSUER_BASE_URL, LOG_LEVEL, REDIS_URL,
    SIGNING_KEY_ENCRYPTION_KEY, SMTP_HOST, TRUST_PROXY_CIDRS, TWO_FACTOR_ENCRYPTION_KEY, VariableDoc,
};

/// Passwords of the development and example stacks.
const PUBLISHED_PASSWORDS: &[&str] = &["porta_dev", "porta_secret"];
/// Keys that were printed in documentation or in `docker/.env.development.example`.
const PUBLISHED_KEYS: &[&str] = &[
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210",
    "development-only-cookie-key-0123456789",
    "3f1c9a5be07d42868b6e1f90c2d7a4583f0e6b1d9c8a72546d3b5f7e1a90c2d4",
    "a94e07c61d3f58b2907c4ae6f1b83d5206e9d7c4815af36b2d90e8c7f4a1b365",
];
/// Mail sinks: programs and services that accept mail without delivering it. Matched against each label of a host name.
const MAIL_SINKS: &[&str] = &[
    "mailhog",
    "mailpit",
    "maildev",
    "mailcatcher",
    "mailslurper",
    "smtp4dev",
    "fakesmtp",
    "greenmail",
    "inbucket",
    "mailtrap",
    "ethereal",
];
const NEW_KEY: &str = "make one with `openssl rand -hex 32`";

/// Result of the safety checks. Holds violations only with `PORTA_SKIP_PROD_SAFETY`; each is logged as an error, and
/// their number is a gauge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SafetyReport {
    /// Whether the checks ran without stopping the start.
    pub is_skipped: bool,
    pub violations: Vec<Problem>,
}

pub(crate) struct SafetyInput<'a> {
    pub(crate) server: Option<&'a ServerConfig>,
    pub(crate) storage: &'a Storage,
    pub(crate) secrets: &'a PartialSecrets,
    pub(crate) smtp: Option<&'a SmtpConfig>,
    pub(crate) log: LogConfig,
}

/// Runs every check.
pub(crate) fn violations(config: &SafetyInput<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    check_cookie_keys(config.secrets, &mut found);
    check_encryption_keys(config.secrets, &mut found);
    if let Storage::Production { postgres, redis } = config.storage {
        check_password(DATABASE_URL, &postgres.url, &mut found);
        check_password(REDIS_URL, &redis.url, &mut found);
    }
    if let Some(server) = config.server {
        check_server(server, &mut found);
    }
    if config.log.level == LogLevel::Debug {
        found.push(violation(LOG_LEVEL, "debug writes personal data", "use info"));
    }
    if let Some(smtp) = config.smtp {
        check_mail_host(&smtp.host, &mut found);
    }
    found
}

fn violation(variable: &VariableDoc, message: &str, remedy: &str) -> Problem {
    Problem::new(variable.name, message, remedy)
}

fn check_cookie_keys(secrets: &PartialSecrets, found: &mut Vec<Problem>) {
    for (index, key) in secrets.cookie_keys.iter().flatten().enumerate() {
        let key = key.expose_secret();
        let bare: String = key.to_ascii_lowercase().chars().filter(|c| !matches!(c, '-' | '_')).collect();
        let complaint = if bare.contains("changeme") {
            "is a placeholder"
        } else if key.chars().count() < 32 {
            "is shorter than 32 characters"
        } else if PUBLISHED_KEYS.contains(&key.to_ascii_lowercase().as_str()) {
            "is printed in documentation"
        } else if repeats(key.as_bytes()) {
            "repeats a short pattern"
        } else {
            continue;
        };
        found.push(violation(COOKIE_KEYS, &format!("key {} {complaint}", index + 1), NEW_KEY));
    }
}

fn check_encryption_keys(secrets: &PartialSecrets, found: &mut Vec<Problem>) {
    let keys =
        [(SIGNING_KEY_ENCRYPTION_KEY, &secrets.signing), (TWO_FACTOR_ENCRYPTION_KEY, &secrets.two_factor)];
    for (variable, keys) in keys {
        let Some(keys) = keys else { continue }; // a missing one was noted when it was read
        for (index, key) in keys.expose().iter().enumerate() {
            let digits = porta_core::secret::hex(key);
            let complaint = if PUBLISHED_KEYS.contains(&digits.as_str()) {
                "is printed in documentation"
            } else if repeats(digits.as_bytes()) {
                "repeats a short pattern"
            } else {
                continue;
            };
            found.push(violation(variable, &format!("{} {complaint}", named(keys, index)), NEW_KEY));
        }
    }
    let (Some(ours), Some(theirs)) = (&secrets.two_factor, &secrets.signing) else { return };
    for (index, key) in ours.expose().iter().enumerate() {
        let Some(place) = theirs.expose().iter().position(|other| other == key) else { continue };
        let other = match theirs.expose().len() {
            1 => SIGNING_KEY_ENCRYPTION_KEY.name.to_owned(),
            _ => format!("key {} of {}", place + 1, SIGNING_KEY_ENCRYPTION_KEY.name),
        };
        let message = format!("{} equals {other}", named(ours, index));
        found.push(violation(TWO_FACTOR_ENCRYPTION_KEY, &message, NEW_KEY));
    }
}

/// Names a key by its position, or as "it" if the list has only one.
fn named(keys: &EncryptionKeys, index: usize) -> String {
    if keys.expose().len() == 1 { "it".to_owned() } else { format!("key {}", index + 1) }
}

/// Whether the text repeats one pattern of at most half its length.
fn repeats(text: &[u8]) -> bool {
    (1..=text.len() / 2).any(|period| text.iter().zip(&text[period..]).all(|(a, b)| a == b))
}

fn check_password(variable: &VariableDoc, url: &SecretString, found: &mut Vec<Problem>) {
    let Ok(url) = Url::parse(url.expose_secret()) else { return };
    // libpq also takes the password from the query.
    let in_query =
        url.query_pairs().find(|(name, _)| name == "password").map(|(_, value)| value.into_owned());
    let passwords = url.password().map(str::to_owned).into_iter().chain(in_query);
    if passwords.into_iter().any(|password| PUBLISHED_PASSWORDS.contains(&password.as_str())) {
        found.push(violation(
            variable,
            "its password is printed in documentation",
            "choose another password",
        ));
    }
}

fn check_server(server: &ServerConfig, found: &mut Vec<Problem>) {
    let issuer = &server.issuer_base_url;
    if !issuer.is_https() && !issuer.is_loopback() {
        found.push(violation(ISSUER_BASE_URL, "it is not https", "put TLS in front and use https"));
    }
    if let TrustProxy::From { networks, .. } = &server.trust_proxy {
        let message = if networks.is_empty() {
            "it is not set, so everybody could write the address that limits and the audit log see"
        } else if networks.iter().any(|network| network.prefix_len() == 0) {
            "it names every address there is"
        } else {
            ""
        };
        if !message.is_empty() {
            found.push(violation(TRUST_PROXY_CIDRS, message, "name where the proxy connects from"));
        }
    }
    for origin in server.admin_cors_origins.iter().filter(|origin| !origin.starts_with("https://")) {
        found.push(violation(ADMIN_CORS_ORIGINS, &format!("{origin} is not https"), "use https"));
    }
}

/// Refuses this machine and mail sinks as the mail relay.
fn check_mail_host(host: &str, found: &mut Vec<Problem>) {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let is_loopback = host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with("127.")
        || address.is_some_and(|a| a.to_canonical().is_loopback() || a.is_unspecified());
    if is_loopback {
        found.push(violation(SMTP_HOST, "it is this machine", "name the mail relay"));
    } else if host.split('.').any(|label| MAIL_SINKS.contains(&label)) {
        found.push(violation(SMTP_HOST, "it is a mail sink that delivers nothing", "name the mail relay"));
    }
}
