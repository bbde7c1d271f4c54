//! Mailed links that work once.

use async_trait::async_trait;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::{Timestamp, TokenDigest, UserId};

use crate::Result;

/// Obtained for an organization. Each method is one round trip.
#[async_trait]
pub trait OneTimeTokenRepository: Send {
    /// Stores a link in place of the person's unused one of that purpose: of several at once, one is left.
    async fn issue(&mut self, token: &OneTimeToken) -> Result<()>;
    /// A link, whether it still works or not. Finding it consumes nothing: mail scanners open links (repairs W17).
    async fn find(&mut self, digest: &TokenDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>>;
    /// Uses a live link up. Of several at once, one gets it.
    async fn consume(
        &mut self,
        digest: &TokenDigest,
        purpose: TokenPurpose,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>>;
    /// Uses up every link a person could still consume, because their address is not theirs any more, for instance.
    /// Returns how many these were.
    async fn withdraw(&mut self, user: UserId, now: Timestamp) -> Result<u64>;
}
