//! Work that leaves the process.

use async_trait::async_trait;
use porta_core::outbox::{OutboxClaim, OutboxCounts, OutboxItem, OutboxRow};
use porta_core::{OrganizationId, OutboxId, Timestamp};

use crate::{Cursor, Page, Result};

/// The whole platform's: workers serve every organization. What operators read is narrowed to one.
///
/// Each method is one statement, and that statement decides: two workers never hold the same item at the same time, and
/// one that comes back after its claim ended changes nothing of the next one's.
#[async_trait]
pub trait OutboxRepository: Send {
    /// `false`: the organization has an item of this idempotency key; nothing was added.
    async fn enqueue(&mut self, item: &OutboxItem) -> Result<bool>;
    /// Takes up to `limit` pending items that are due at `now`, longest due first, of the kinds this version knows.
    /// Nobody else gets them before `until`; from then on, an item that was neither finished nor postponed is due
    /// again. One that cannot be read is given up instead, and nothing of what it carried is kept.
    async fn claim(&mut self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<OutboxClaim>>;
    /// Done, whoever holds the item by now; its sealed half and its last error go. `false`: it was finished before, or
    /// is not there.
    async fn deliver(&mut self, id: OutboxId, now: Timestamp) -> Result<bool>;
    /// It came to nothing, and nothing is kept of it. `false`: it is not there.
    async fn remove(&mut self, id: OutboxId) -> Result<bool>;
    /// Failed and due again at `retry_at`. `false`: it is no longer this claim's.
    async fn postpone(
        &mut self,
        claim: &OutboxClaim,
        retry_at: Timestamp,
        error: &str,
        now: Timestamp,
    ) -> Result<bool>;
    /// Failed for good; its sealed half goes. `false`: it is no longer this claim's.
    async fn give_up(&mut self, claim: &OutboxClaim, error: &str, now: Timestamp) -> Result<bool>;
    /// What one organization enqueued, oldest first, without anything that was sealed.
    async fn page_for(
        &mut self,
        organization: OrganizationId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<OutboxRow>>;
    /// How much there is in each state, of one organization or (`None`) of the whole platform.
    async fn counts(&mut self, organization: Option<OrganizationId>) -> Result<OutboxCounts>;
}
