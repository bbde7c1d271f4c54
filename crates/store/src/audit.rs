//! The audit log.

use async_trait::async_trait;
use porta_core::audit::{AuditCategory, AuditEvent, EntityKind};
use porta_core::{AuditId, OrganizationId, Timestamp, UserId};
use uuid::Uuid;

use crate::{Cursor, Page, PageStart, Result, SortedCursor};

/// Which events a list of audit rows has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFilter {
    Named(String),
    BeginsWith(String),
}

/// Which audit rows a list has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    pub organization: Option<OrganizationId>,
    /// The person affected.
    pub user: Option<UserId>,
    pub actor: Option<UserId>,
    /// Whether a person must be affected.
    pub is_about_a_user: bool,
    pub event: Option<EventFilter>,
    pub category: Option<AuditCategory>,
    pub entity_kind: Option<EntityKind>,
    pub entity_id: Option<Uuid>,
    pub ip_address: Option<String>,
    /// In the event, the labels of actor and organization, the description and the text of the metadata. Reads all rows
    /// that the rest of the filter leaves.
    pub search: Option<String>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// At this time or earlier.
    pub until: Option<Timestamp>,
}

/// An audit row with the names that its ids have now; `None`: no such row any more.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub event: AuditEvent,
    pub actor_email: Option<String>,
    pub user_email: Option<String>,
    pub organization_name: Option<String>,
    pub entity_name: Option<String>,
}

#[async_trait]
pub trait AuditRepository: Send {
    async fn record(&mut self, event: &AuditEvent) -> Result<()>;
    /// Newest first, for tests and the CLI. `organization` restricts the rows to that organization.
    async fn recent(&mut self, organization: Option<OrganizationId>, limit: u32) -> Result<Vec<AuditEvent>>;
    /// Rows of an organization whose subject or actor is `user`, newest first. One round trip.
    async fn about(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        before: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<AuditEvent>>;

    // What follows sees the rows of all organizations.

    /// Newest first. One round trip.
    async fn list(
        &mut self,
        filter: &AuditFilter,
        start: &PageStart,
        limit: u32,
    ) -> Result<Page<AuditRow, SortedCursor>>;
    /// Number of rows that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count(&mut self, filter: &AuditFilter, at_most: u64) -> Result<u64>;
    async fn find(&mut self, id: AuditId) -> Result<Option<AuditRow>>;
    /// Number of rows older than `before`.
    async fn count_older(&mut self, before: Timestamp) -> Result<u64>;
    /// Deletes rows older than `before`, oldest first, at most `limit`; returns their number.
    async fn delete_older(&mut self, before: Timestamp, limit: u32) -> Result<u64>;
}
