//! Tenants and settings.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use porta_core::organization::{CascadeCounts, Organization, OrganizationStatus};
use porta_core::signing_key::{SigningAlgorithm, SigningKeyStatus};
use porta_core::{OrganizationId, RoleId, SigningKeyId, Slug, Timestamp, UserId, Version};

use crate::{
    Cursor, OrganizationCounts, OrganizationFilter, OrganizationSort, Page, PageRequest, Result, SortedCursor,
};

/// A signing key that was found without knowing its organization. Nothing of the private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundKey {
    pub id: SigningKeyId,
    pub kid: String,
    pub algorithm: SigningAlgorithm,
    pub status: SigningKeyStatus,
    pub organization_id: OrganizationId,
    pub organization_name: String,
}

#[async_trait]
pub trait OrganizationRepository: Send {
    async fn by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>>;
    async fn by_id(&mut self, id: OrganizationId) -> Result<Option<Organization>>;
    /// The organization of a user.
    async fn of_user(&mut self, user: UserId) -> Result<Option<Organization>>;
    /// The organization that may change the application of a role: its owner, or the super-admin organization if it is
    /// shared.
    async fn of_role(&mut self, role: RoleId) -> Result<Option<Organization>>;
    /// `Conflict`: the slug is taken.
    async fn insert(&mut self, organization: &Organization) -> Result<()>;
    /// Updates everything except id, slug, status and creation time. `false`: no such organization. `Stale`: it was
    /// changed since it was read.
    async fn update(&mut self, organization: &Organization) -> Result<bool>;
    /// Changes the status `from` → `to` in one guarded statement. If it is another one, codes and tokens issued up to
    /// `now` become invalid.
    /// `false`: the status was not `from`.
    async fn set_status(
        &mut self,
        id: OrganizationId,
        from: OrganizationStatus,
        to: OrganizationStatus,
        now: Timestamp,
    ) -> Result<bool>;
    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<Organization>>;
    async fn list(
        &mut self,
        filter: &OrganizationFilter,
        page: &PageRequest<OrganizationSort>,
    ) -> Result<Page<Organization, SortedCursor>>;
    /// Number of organizations that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count(&mut self, filter: &OrganizationFilter, at_most: u64) -> Result<u64>;
    /// What belongs to each of these organizations; one that does not exist has nothing. One round trip.
    async fn counts(&mut self, ids: &[OrganizationId])
    -> Result<HashMap<OrganizationId, OrganizationCounts>>;
    /// The signing key with this `kid`, else the one with this id, of whichever organization. One round trip.
    async fn signing_key(&mut self, kid: &str, id: Option<SigningKeyId>) -> Result<Option<FoundKey>>;
    /// What [`destroy`](Self::destroy) would delete now. One round trip.
    async fn cascade_counts(&mut self, id: OrganizationId) -> Result<CascadeCounts>;
    /// Deletes an organization with everything it owns, in one transaction, and returns what was deleted. Nothing can be
    /// added to it meanwhile. An application that other organizations' clients use becomes a shared one instead;
    /// `Conflict`: there is a shared one of its slug. `None`: no such organization, or it is the super-admin's, which
    /// stays.
    async fn destroy(&mut self, id: OrganizationId, now: Timestamp) -> Result<Option<CascadeCounts>>;
}

/// A setting that has a value of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSetting {
    pub value: serde_json::Value,
    pub version: Version,
    pub updated_at: Timestamp,
}

/// Settings of one owner: the platform or an organization.
#[async_trait]
pub trait SettingRepository: Send {
    /// Explicitly set values, by canonical key.
    async fn all(&mut self) -> Result<BTreeMap<String, serde_json::Value>>;
    /// The same, with version and time.
    async fn stored(&mut self) -> Result<BTreeMap<String, StoredSetting>>;
    async fn find(&mut self, key: &str) -> Result<Option<StoredSetting>>;
    /// Sets a value in place of the one that was read: `seen` is its version, `None` if the setting was not set.
    /// `Stale`: it was changed since.
    async fn set(
        &mut self,
        key: &str,
        value: &serde_json::Value,
        seen: Option<Version>,
        now: Timestamp,
    ) -> Result<()>;
    /// Resets to the default. `false`: the setting was not set.
    async fn unset(&mut self, key: &str) -> Result<bool>;
}
