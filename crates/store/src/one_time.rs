//! One-time tokens: mailed links that work once.

use async_trait::async_trait;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::Email;
use porta_core::{OneTimeTokenId, Timestamp, TokenDigest, UserId};

use crate::{InvitationFilter, InvitationSort, Page, PageRequest, Result, SortedCursor};

/// An invitation with the addresses of those it concerns.
#[derive(Debug, Clone, PartialEq)]
pub struct InvitationEntry {
    pub link: OneTimeToken,
    pub email: String,
    /// `None`: nobody invited, or nobody who still exists.
    pub inviter_email: Option<String>,
}

/// Obtained for an organization. Each method is one round trip.
#[async_trait]
pub trait OneTimeTokenRepository: Send {
    /// Stores the token of a link mailed to address `to`. It replaces the user's unused token of the same purpose; of
    /// concurrent calls, one token remains. `false`: the address is not (or no longer) the user's; nothing was stored.
    /// A change of address followed by `withdraw` leaves no usable link to the old address, however it interleaves with
    /// this call.
    async fn issue(&mut self, token: &OneTimeToken, to: &Email) -> Result<bool>;
    /// Like [`OneTimeTokenRepository::issue`], but only if the user has no usable token of this purpose. Of concurrent
    /// calls, the first one stores its token and that one stays.
    async fn issue_if_none_live(&mut self, token: &OneTimeToken, to: &Email) -> Result<bool>;
    /// Finds a token, whether or not it is still usable. Does not consume it: mail scanners open links.
    async fn find(&mut self, digest: &TokenDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>>;
    /// Uses up an unused, unexpired token. One concurrent caller gets it.
    async fn consume(
        &mut self,
        digest: &TokenDigest,
        purpose: TokenPurpose,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>>;
    /// Uses up every usable token of a user, for instance after a change of address. Returns the number of tokens.
    async fn withdraw(&mut self, user: UserId, now: Timestamp) -> Result<u64>;

    /// Links of invitations that are still stored, used and expired ones included.
    async fn invitations(
        &mut self,
        filter: &InvitationFilter,
        page: &PageRequest<InvitationSort>,
    ) -> Result<Page<InvitationEntry, SortedCursor>>;
    /// Number of invitations that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count_invitations(&mut self, filter: &InvitationFilter, at_most: u64) -> Result<u64>;
    async fn invitation(&mut self, id: OneTimeTokenId) -> Result<Option<InvitationEntry>>;
    /// Uses up an unused invitation. One concurrent caller does. `false`: there is no such unused invitation.
    async fn withdraw_invitation(&mut self, id: OneTimeTokenId, now: Timestamp) -> Result<bool>;
}
