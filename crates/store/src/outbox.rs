//! The outbox: mails and other work that is delivered after the commit.

use async_trait::async_trait;
use porta_core::outbox::{OutboxClaim, OutboxCounts, OutboxItem, OutboxKind, OutboxRow, OutboxState};
use porta_core::{OrganizationId, OutboxId, Timestamp};

use crate::{Cursor, Page, PageRequest, Result, SortedCursor};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxFilter {
    pub ids: Option<Vec<OutboxId>>,
    pub organization: Option<OrganizationId>,
    pub kind: Option<OutboxKind>,
    pub state: Option<OutboxState>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxSort {
    CreatedAt,
}

/// An item with the name of its organization.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxEntry {
    pub item: OutboxRow,
    /// `None`: it belongs to the platform.
    pub organization_name: Option<String>,
}

/// Not scoped to an organization, because workers serve all of them and operators look at all of them.
///
/// Each method is one statement, and changes are guarded in it: two workers never hold the same item at once, a worker
/// whose claim expired cannot change the item of the next claim, and of two operators one changes it.
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
    /// Records a final failure. The sealed part stays until `sendable_until`, so that the item can be
    /// [sent again](Self::requeue); `None`: it is deleted. `false`: the claim is no longer the current one.
    async fn give_up(
        &mut self,
        claim: &OutboxClaim,
        error: &str,
        sendable_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool>;
    /// Makes a given-up item due, if it can be sent at `now`. `false`: it cannot, or is in another state, or does not
    /// exist.
    async fn requeue(&mut self, id: OutboxId, now: Timestamp) -> Result<bool>;
    /// Gives up an item that waits, for this `reason`, or makes a given-up one impossible to send again; deletes the
    /// sealed part. A worker that holds the item may send it all the same. `false`: there is nothing to withdraw, or the
    /// item does not exist.
    async fn withdraw(&mut self, id: OutboxId, reason: &str, now: Timestamp) -> Result<bool>;
    /// Items of one organization, oldest first, without sealed parts.
    async fn page_for(
        &mut self,
        organization: OrganizationId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<OutboxRow>>;
    /// Items of all organizations, without sealed parts.
    async fn list(
        &mut self,
        filter: &OutboxFilter,
        page: &PageRequest<OutboxSort>,
    ) -> Result<Page<OutboxEntry, SortedCursor>>;
    /// Number of items that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count(&mut self, filter: &OutboxFilter, at_most: u64) -> Result<u64>;
    async fn find(&mut self, id: OutboxId) -> Result<Option<OutboxEntry>>;
    /// Number of items in each state, of one organization or (`None`) of the whole platform.
    async fn counts(&mut self, organization: Option<OrganizationId>) -> Result<OutboxCounts>;
}
