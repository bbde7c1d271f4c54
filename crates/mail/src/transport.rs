//! Where messages go.

use std::fmt;

use async_trait::async_trait;
use porta_core::mail::MailBody;
use porta_core::user::Email;
use porta_core::{OutboxId, Timestamp};

/// One message to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Stays the same however often it is sent, and becomes its `Message-ID`: a mailbox that gets it twice can tell.
    pub id: OutboxId,
    /// In whose name: the display name before the sender's address.
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

/// Why a message was not taken. The text is kept and shown to operators: no address, no link, nothing a server said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// It will never be.
    #[error("{0}")]
    Refused(String),
    /// It may be later.
    #[error("{0}")]
    Failed(String),
    /// Nobody was there to take it, nor would anybody take another one now.
    #[error("{0}")]
    Away(String),
}

#[async_trait]
pub trait Transport: Send + Sync {
    /// Hands one message over, in bounded time. `Ok` means that somebody else answers for it now. Dropping the future
    /// in the middle leaves open whether the message went out.
    async fn send(&self, message: &Message) -> Result<(), SendError>;
    /// Whether somebody is there again after [`SendError::Away`], in bounded time. Shows no password: a relay must not
    /// take the question for guessing.
    async fn is_there(&self) -> bool {
        true
    }
}

/// For servers without a relay: refuses everything, so that nothing waits for a relay that never comes.
#[derive(Debug, Clone, Copy)]
pub struct NoRelay;

#[async_trait]
impl Transport for NoRelay {
    async fn send(&self, _: &Message) -> Result<(), SendError> {
        Err(SendError::Refused("no mail relay is configured".to_owned()))
    }
}
