//! Tenants and settings.

use std::collections::BTreeMap;

use async_trait::async_trait;
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::{OrganizationId, Slug, Timestamp};

use crate::{Cursor, Page, Result};

#[async_trait]
pub trait OrganizationRepository: Send {
    async fn by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>>;
    async fn by_id(&mut self, id: OrganizationId) -> Result<Option<Organization>>;
    /// Refuses a slug that is taken with `Conflict`.
    async fn insert(&mut self, organization: &Organization) -> Result<()>;
    /// Rewrites everything but id, slug, status and creation time; `false` when it is not there.
    async fn update(&mut self, organization: &Organization) -> Result<bool>;
    /// Moves `from` → `to` in one guarded statement; what was issued until `now` does not count any more. `false` when
    /// the row was not in `from`.
    async fn set_status(
        &mut self,
        id: OrganizationId,
        from: OrganizationStatus,
        to: OrganizationStatus,
        now: Timestamp,
    ) -> Result<bool>;
    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<Organization>>;
}

/// Settings of one owner: the platform or an organization.
#[async_trait]
pub trait SettingRepository: Send {
    /// What is set explicitly, by canonical key.
    async fn all(&mut self) -> Result<BTreeMap<String, serde_json::Value>>;
    async fn set(&mut self, key: &str, value: &serde_json::Value, now: Timestamp) -> Result<()>;
    /// Back to the default; `false` when nothing was set.
    async fn unset(&mut self, key: &str) -> Result<bool>;
}
