//! The outbox: mails and other work that is delivered after the commit.

use async_trait::async_trait;
use porta_core::outbox::{OutboxClaim, OutboxCounts, OutboxItem, OutboxKind, OutboxRow};
use porta_core::{OrganizationId, OutboxId, Timestamp};

use crate::{Cursor, Page, Result};

/// Not scoped to an organization, because workers serve all of them; what operators read is restricted to one.
///
/// Each method is one statement, and changes are guarded in it: two workers never hold the same item at once, and a
/// worker whose claim expired cannot change the item of the next claim.
#[async_trait]
pub trait OutboxRepository: Send {
    /// Adds an item. `false`: the organization already has one with this idempotency key; nothing was added.
    async fn enqueue(&mut self, item: &OutboxItem) -> Result<bool>;
    /// Claims up to `limit` pending items of these kinds that are due at `now`, longest due first. The claim lasts
    /// until `until`; after that, an item that was neither finished nor postponed is due again. An unreadable item is
    /// given up and its payload deleted.
    async fn claim(
        &mut self,
        kinds: &[OutboxKind],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxClaim>>;
    /// Marks an item as delivered, even if another worker holds the claim by now; deletes its sealed part and last
    /// error. `false`: it was finished before, or does not exist.
    async fn deliver(&mut self, id: OutboxId, now: Timestamp) -> Result<bool>;
    /// Deletes an item that turned out to need no work. `false`: it does not exist.
    async fn remove(&mut self, id: OutboxId) -> Result<bool>;
    /// Records a failure and makes the item due again at `retry_at`. `false`: the claim is no longer the current one.
    async fn postpone(
        &mut self,
        claim: &OutboxClaim,
        retry_at: Timestamp,
        error: &str,
        now: Timestamp,
    ) -> Result<bool>;
    /// Records a final failure and deletes the sealed part. `false`: the claim is no longer the current one.
    async fn give_up(&mut self, claim: &OutboxClaim, error: &str, now: Timestamp) -> Result<bool>;
    /// Items of one organization, oldest first, without sealed parts.
    async fn page_for(
        &mut self,
        organization: OrganizationId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<OutboxRow>>;
    /// Number of items in each state, of one organization or (`None`) of the whole platform.
    async fn counts(&mut self, organization: Option<OrganizationId>) -> Result<OutboxCounts>;
}
