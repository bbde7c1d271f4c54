//! What a kind of outbox item tells the worker: how it is executed, and what follows a failure.

use std::sync::Arc;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::outbox::{ItemError, OutboxClaim};
use porta_core::seal::{Keyring, SealError};
use porta_core::{Clock, Entropy, Timestamp};
use porta_store::Store;

use crate::retry::RetryPolicy;

/// Dependencies of the worker and of every handler.
#[derive(Clone)]
pub struct OutboxDeps {
    pub store: Arc<dyn Store>,
    /// Keyring for [`porta_core::outbox::SEALING_PURPOSE`].
    pub keyring: Arc<Keyring>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// Executes the items of one kind.
#[async_trait]
pub trait Handler: Send + Sync {
    fn retry_policy(&self) -> RetryPolicy;

    /// Executes one item, in bounded time. An item may be executed twice, if the worker dies or the result cannot be
    /// stored: at least once rather than at most once.
    async fn attempt(&self, claim: &OutboxClaim, deps: &OutboxDeps) -> Result<Completion, AttemptError>;

    /// Logs and counts a failed attempt, and returns its audit row. The worker stores the rows of the first failure and
    /// of the last one, with the organization's name.
    fn report_failure(&self, claim: &OutboxClaim, failure: &FailedAttempt, deps: &OutboxDeps) -> AuditEvent;

    /// Waits until the service that was [unavailable](AttemptError::unavailable) is back. Meanwhile no item of the kind
    /// is claimed.
    async fn until_available(&self) {}
}

/// Result of an executed item.
pub enum Completion {
    /// The effect is outside the database: the worker marks the item as delivered and stores this audit row.
    Delivered(Box<AuditEvent>),
    /// The handler finished the item, in the transaction of its effect.
    Finished,
}

/// Why an attempt failed. The text is stored and shown to operators: it contains no address, no link and no text of
/// another server.
#[derive(Debug)]
pub struct AttemptError {
    pub(crate) error: String,
    /// The service that the kind needs is unavailable, whatever the item.
    pub(crate) is_unavailable: bool,
    /// Deadline for retries; `None`: permanent failure.
    pub(crate) until: Option<Timestamp>,
    /// Until when the item can be sent again by an operator if it is given up now; `None`: it cannot.
    pub(crate) sendable_until: Option<Timestamp>,
}

impl AttemptError {
    pub fn permanent(error: impl Into<String>) -> Self {
        Self { error: error.into(), is_unavailable: false, until: None, sendable_until: None }
    }

    pub fn retryable(error: &impl ToString, until: Timestamp) -> Self {
        Self { until: Some(until), ..Self::permanent(error.to_string()) }
    }

    pub fn unavailable(error: impl Into<String>, until: Timestamp) -> Self {
        Self { is_unavailable: true, until: Some(until), ..Self::permanent(error) }
    }

    /// Lets an operator have the item sent again until then. Its sealed part is kept so long.
    #[must_use]
    pub fn sendable_until(self, until: Timestamp) -> Self {
        Self { sendable_until: Some(until), ..self }
    }

    pub fn unreadable_item(error: &ItemError, until: Timestamp) -> Self {
        match error {
            // Another process may have the key during a key rotation (decision 0039).
            ItemError::Seal(SealError::UnknownKey(_)) => Self::retryable(error, until),
            ItemError::Seal(SealError::Refused) | ItemError::Form => Self::permanent(error.to_string()),
        }
    }
}

/// A failed attempt, as a handler reports it.
pub struct FailedAttempt {
    pub error: String,
    /// `false`: the item is given up.
    pub will_retry: bool,
    pub at: Timestamp,
}
