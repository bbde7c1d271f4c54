//! SMTP connection to a relay.
//!
//! The pooled transport of `lettre` has two defects: its timeout covers the TCP handshake only, and a connection whose
//! user is dropped in the middle of a command returns to the pool, so that the next message would read the answers to
//! the last one. Here the future that uses a connection owns it, so dropping the future closes it.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use tokio::time::timeout;

use crate::transport::SendError;

/// Encryption of a connection. The relay's certificate is always verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 §3.3).
    Implicit,
    /// STARTTLS is required (RFC 3207).
    StartTls,
    /// STARTTLS if the relay offers it.
    Opportunistic,
    Plain,
}

/// Address and connection parameters of the relay.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    /// `None` for [`Security::Plain`], and for [`Security::Opportunistic`] if TLS could not be set up.
    pub(crate) tls: Option<TlsParameters>,
    pub(crate) hello: ClientId,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) connect_within: Duration,
}

impl Relay {
    fn implicit(&self) -> Result<Option<TlsParameters>, SendError> {
        match self.security {
            Security::Implicit => self.tls.clone().map(Some).ok_or_else(no_roots),
            Security::StartTls | Security::Opportunistic | Security::Plain => Ok(None),
        }
    }

    async fn greeted(&self, implicit: Option<TlsParameters>) -> Result<AsyncSmtpConnection, SendError> {
        let (server, within) = ((self.host.as_str(), self.port), Some(self.connect_within));
        let connecting = AsyncSmtpConnection::connect_tokio1(server, within, &self.hello, implicit, None);
        // The library's timeout covers the TCP handshake only, not the greeting.
        match timeout(self.connect_within, connecting).await {
            Ok(greeted) => greeted.map_err(|error| SendError::Unreachable(describe("connecting", &error))),
            Err(_) => Err(SendError::Unreachable(format!(
                "connecting: the relay did not greet within {} s",
                self.connect_within.as_secs_f32()
            ))),
        }
    }

    /// Whether the relay sends its greeting; disconnects at once.
    pub(crate) async fn greets(&self) -> bool {
        let Ok(implicit) = self.implicit() else { return false };
        match self.greeted(implicit).await {
            Ok(mut connection) => {
                drop(connection.quit().await);
                true
            }
            Err(_) => false,
        }
    }

    /// Connects, encrypts and authenticates. No error here is caused by a message, so all of them are retried,
    /// including a wrong password.
    pub(crate) async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let failed = |step: &str, error: &Error| SendError::Failed(describe(step, error));
        // No fallback to plain text, not even for opportunistic TLS: if the relay offers STARTTLS, it is used or the
        // attempt fails.
        let tls = || self.tls.clone().ok_or_else(no_roots);
        let implicit = self.implicit()?;
        let mut connection = self.greeted(implicit).await?;
        let upgrades = match self.security {
            Security::StartTls => true,
            Security::Opportunistic => connection.can_starttls(),
            Security::Implicit | Security::Plain => false,
        };
        if upgrades {
            let encrypted = connection.starttls(tls()?, &self.hello).await;
            encrypted.map_err(|e| failed("STARTTLS", &e))?;
        }
        if let Some(credentials) = &self.credentials {
            let accepted = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            accepted.map_err(|e| failed("AUTH", &e))?;
        }
        Ok(connection)
    }
}

fn no_roots() -> SendError {
    SendError::Failed("TLS: no CA certificate was found on this system".to_owned())
}

/// Sends one message over an open connection.
pub(crate) async fn transmit(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<(), SendError> {
    let Err(error) = connection.send(envelope, bytes).await else { return Ok(()) };
    let text = describe("sending", &error);
    // A non-ASCII local part with a relay without SMTPUTF8 (RFC 6531 §3.2) is a client error, and permanent.
    Err(if is_final(&error) || error.is_client() {
        SendError::Refused(text)
    } else {
        SendError::Failed(text)
    })
}

/// 5yz is permanent (RFC 5321 §4.2.1), except 530, authentication required (RFC 4954 §6): a mistake in our
/// configuration.
fn is_final(error: &Error) -> bool {
    error.is_permanent() && error.status().is_some_and(|code| u16::from(code) != 530)
}

/// Describes an error without quoting the relay, whose answers contain addresses, and links from messages.
fn describe(step: &str, error: &Error) -> String {
    use std::error::Error as _;
    if let Some(code) = error.status() {
        let answer = error.source().map(ToString::to_string).unwrap_or_default();
        return match enhanced_status(&answer) {
            Some(status) => format!("{step}: the relay answered {code} {status}"),
            None => format!("{step}: the relay answered {code}"),
        };
    }
    if error.is_response() {
        return format!("{step}: the relay's answer was not SMTP, or the connection ended");
    }
    // An error of the network, of TLS or of the client itself.
    format!("{step}: {error}")
}

/// Parses the enhanced status code at the start of an answer, `5.1.1` (RFC 3463 §2).
fn enhanced_status(answer: &str) -> Option<&str> {
    let word = answer.split_whitespace().next()?;
    let mut parts = word.split('.');
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let is_status = parts.clone().count() == 3 && parts.all(is_number);
    is_status.then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enhanced_status_is_digits_and_nothing_else() {
        assert_eq!(enhanced_status("5.1.1 <ana@example.com>: no such user"), Some("5.1.1"));
        assert_eq!(enhanced_status("4.7.650 try later"), Some("4.7.650"));
        for other in ["", "no", "5.1", "5.1.1.1", "5.1.x", "5..1", "127.0.0.1000", "a.b.c"] {
            assert_eq!(enhanced_status(other), None, "{other}");
        }
    }
}
