//! Mailed links that work once.

use async_trait::async_trait;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::Email;
use porta_core::{Timestamp, TokenDigest, UserId};

use crate::Result;

/// Obtained for an organization. Each method is one round trip.
#[async_trait]
pub trait OneTimeTokenRepository: Send {
    /// Stores a link that is mailed to an address, in place of the person's unused one of that purpose: of several at
    /// once, one is left. `false`: the address is not, or not any more, that person's, and nothing was stored. Whoever
    /// changes an address and then withdraws the person's links leaves none to the one before, however both meet.
    async fn issue(&mut self, token: &OneTimeToken, to: &Email) -> Result<bool>;
    /// As [`OneTimeTokenRepository::issue`], but only where no link of this purpose works: of several at once, one is
    /// stored, and that one stays.
    async fn issue_unless_one_lives(&mut self, token: &OneTimeToken, to: &Email) -> Result<bool>;
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
