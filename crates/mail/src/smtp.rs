//! SMTP transport.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use porta_trust::Roots;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, timeout};

use crate::compose::{Sender, SenderError, compose};
use crate::connection::{Relay, Security, transmit};
use crate::transport::{Message, SendError, Transport};

/// Idle connections older than this are not reused: relays close theirs silently.
const REST: Duration = Duration::from_secs(20);
/// Time for an idle connection to prove that it is alive. Nothing of a message was sent yet, so a new one can replace
/// it.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);
/// Maximum of idle connections.
const KEPT: usize = 8;

/// Account at the relay.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub user: String,
    pub password: SecretString,
}

/// Relay, and how to connect to it.
#[derive(Debug, Clone)]
pub struct SmtpOptions {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// `None`: the relay accepts mail without authentication.
    pub credentials: Option<Credentials>,
    pub from: String,
    /// Own name in `EHLO` (RFC 5321 §4.1.1.1): a host name or an address.
    pub hello: String,
    /// For one message, including the connection.
    pub timeout: Duration,
    /// Certificate authorities for the relay's certificate.
    pub roots: Roots,
}

/// Options that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    #[error(transparent)]
    Sender(#[from] SenderError),
    #[error("no CA certificate was found on this system")]
    NobodyBelieved,
    #[error("TLS cannot be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Opens connections on demand and keeps them idle for a while.
pub struct SmtpTransport {
    relay: Relay,
    sender: Sender,
    timeout: Duration,
    resting: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl fmt::Debug for SmtpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpTransport({}:{}, {:?})", self.relay.host, self.relay.port, self.relay.security)
    }
}

impl SmtpTransport {
    /// Checks the options; opens no connection.
    pub fn new(options: SmtpOptions) -> Result<Self, SmtpError> {
        let relay = Relay {
            tls: match options.security {
                Security::Implicit | Security::StartTls => Some(tls(&options)?),
                // A container without CA certificates can still use a relay without TLS.
                Security::Opportunistic => tls(&options).ok(),
                Security::Plain => None,
            },
            host: options.host,
            port: options.port,
            security: options.security,
            hello: hello(options.hello),
            credentials: options
                .credentials
                .map(|c| authentication::Credentials::new(c.user, c.password.expose_secret().to_owned())),
            connect_within: options.timeout / 2,
        };
        Ok(Self {
            relay,
            sender: Sender::parse(&options.from)?,
            timeout: options.timeout,
            resting: Mutex::default(),
        })
    }

    /// Takes an idle connection that still answers, or opens a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        loop {
            let rested = self.resting.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some((mut connection, since)) = rested else { return self.relay.connect().await };
            if since.elapsed() >= REST {
                continue;
            }
            match timeout(SIGN_OF_LIFE, connection.test_connected()).await {
                Ok(true) => return Ok(connection),
                Ok(false) => {}
                // The relay vanished silently; the other idle connections lead to the same machine.
                Err(_) => self.resting.lock().unwrap_or_else(PoisonError::into_inner).clear(),
            }
        }
    }

    fn rest(&self, connection: AsyncSmtpConnection) {
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|(_, since)| since.elapsed() < REST);
        if resting.len() < KEPT {
            resting.push((connection, Instant::now()));
        }
    }
}

fn tls(options: &SmtpOptions) -> Result<TlsParameters, SmtpError> {
    let wrong = |error: lettre::transport::smtp::Error| SmtpError::Tls(error.into());
    if options.roots.is_empty() {
        return Err(SmtpError::NobodyBelieved);
    }
    let roots = Certificate::from_pem(options.roots.pem().as_bytes()).map_err(wrong)?;
    let parameters = TlsParameters::builder(options.host.clone())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(roots);
    parameters.build().map_err(wrong)
}

fn hello(name: String) -> ClientId {
    match name.parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(name),
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let (envelope, bytes) =
            compose(message, &self.sender).map_err(|error| SendError::Refused(error.to_string()))?;
        let sending = async {
            let mut connection = self.connection().await?;
            transmit(&mut connection, &envelope, &bytes).await?;
            self.rest(connection);
            Ok(())
        };
        timeout(self.timeout, sending).await.unwrap_or_else(|_| {
            // `Failed` rather than `Unreachable`: the relay may have accepted the message, and quick retries would deliver
            // it repeatedly.
            Err(SendError::Failed(format!(
                "the relay did not finish within {} s",
                self.timeout.as_secs_f32()
            )))
        })
    }

    async fn is_reachable(&self) -> bool {
        self.relay.greets().await
    }
}
