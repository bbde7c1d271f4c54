//! Interface of mail transports.

use std::fmt;

use async_trait::async_trait;
use porta_core::mail::MailBody;
use porta_core::user::Email;
use porta_core::{OutboxId, Timestamp};

/// One message to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The same for every attempt. Becomes the `Message-ID`, by which a mailbox can recognise duplicates.
    pub id: OutboxId,
    /// Display name before the sender's address.
    pub from_name: String,
    pub to: Email,
    pub body: MailBody,
    pub date: Timestamp,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({})", self.id)
    }
}

/// Why a message was not accepted. The text is stored and shown to operators: it contains no address, no link and
/// nothing from the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Permanent: do not retry.
    #[error("{0}")]
    Refused(String),
    /// Temporary: retry with backoff.
    #[error("{0}")]
    Failed(String),
    /// The relay is unreachable, for any message.
    #[error("{0}")]
    Unreachable(String),
}

#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands over one message, in bounded time. After `Ok` the relay is responsible for it. If the future is dropped,
    /// it is unknown whether the message went out.
    async fn send(&self, message: &Message) -> Result<(), SendError>;
    /// Whether the relay is reachable again after [`SendError::Unreachable`], in bounded time. Does not authenticate, so that
    /// the relay does not take the probes for password guessing.
    async fn is_reachable(&self) -> bool {
        true
    }
}

/// For servers without a relay: refuses every message, so that none waits for a relay that is not configured.
#[derive(Debug, Clone, Copy)]
pub struct NoRelay;

#[async_trait]
impl Transport for NoRelay {
    async fn send(&self, _: &Message) -> Result<(), SendError> {
        Err(SendError::Refused("no mail relay is configured".to_owned()))
    }
}
