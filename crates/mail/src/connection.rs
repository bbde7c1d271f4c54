//! One connection to a relay.
//!
//! `lettre` has a transport with a pool, but its timeout ends with the TCP handshake, and a connection whose user went
//! away in the middle of a command returns to the pool: the next message would read the answers to the last one. Here a
//! connection is owned by the future that uses it, so giving up closes it.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use tokio::time::timeout;

use crate::transport::SendError;

/// When a connection is encrypted. Wherever it is, the relay's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314 §3.3).
    Implicit,
    /// STARTTLS, or no mail (RFC 3207).
    StartTls,
    /// STARTTLS if the relay offers it.
    Opportunistic,
    Plain,
}

/// How to reach the relay.
#[derive(Clone)]
pub(crate) struct Relay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    /// `None` where it is never needed, or cannot be set up and was not insisted on.
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
        // The library's limit ends with the TCP handshake, before anybody greeted.
        match timeout(self.connect_within, connecting).await {
            Ok(greeted) => greeted.map_err(|error| SendError::Away(describe("connecting", &error))),
            Err(_) => Err(SendError::Away(format!(
                "connecting: the relay did not greet within {} s",
                self.connect_within.as_secs_f32()
            ))),
        }
    }

    /// Whether the relay greets; goes away again at once.
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

    /// Connected, encrypted and authenticated. Nothing that goes wrong here is a message's fault: all of it may work
    /// later, a wrong password included.
    pub(crate) async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let failed = |step: &str, error: &Error| SendError::Failed(describe(step, error));
        // Not in the clear either: a relay that offers to encrypt means to be spoken to in private.
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
    SendError::Failed("TLS: this machine knows no certificate authority".to_owned())
}

/// One message over an open connection.
pub(crate) async fn transmit(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
) -> Result<(), SendError> {
    let Err(error) = connection.send(envelope, bytes).await else { return Ok(()) };
    let text = describe("sending", &error);
    // A local part beyond ASCII and a relay without SMTPUTF8 (RFC 6531 §3.2) is the client's kind: that stays so.
    Err(if is_final(&error) || error.is_client() {
        SendError::Refused(text)
    } else {
        SendError::Failed(text)
    })
}

/// 5yz says never (RFC 5321 §4.2.1), except that a relay which asks who we are (530, RFC 4954 §6) is set up wrongly on
/// our side.
fn is_final(error: &Error) -> bool {
    error.is_permanent() && error.status().is_some_and(|code| u16::from(code) != 530)
}

/// What went wrong, without a word of the relay's: answers quote addresses, and links out of a message's text.
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
    // The network's words, TLS's or the client's own.
    format!("{step}: {error}")
}

/// `5.1.1` at the start of an answer (RFC 3463 §2).
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
