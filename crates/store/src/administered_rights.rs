//! Roles, permissions and claims as operators administer them: single ones, who has them, and their deletion.

use async_trait::async_trait;
use porta_core::application::{ClaimDefinition, Permission, Role};
use porta_core::{ApplicationId, ClaimDefinitionId, OrganizationId, PermissionId, RoleId, Timestamp, UserId};

use crate::{Page, PageRequest, Result, SortedCursor};

/// A role of a user, with how the user got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    pub role: Role,
    /// `None`: nobody who still exists.
    pub assigned_by: Option<UserId>,
    pub assigned_at: Timestamp,
}

/// A user who has a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleHolder {
    pub user_id: UserId,
    pub role_id: RoleId,
    pub assigned_by: Option<UserId>,
    pub assigned_at: Timestamp,
    pub email: String,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub organization_id: OrganizationId,
    pub organization_name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderSort {
    AssignedAt,
}

/// A user's value of a custom claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimValue {
    pub user_id: UserId,
    pub definition: ClaimDefinition,
    pub value: serde_json::Value,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What the deletion of something that others may refer to came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeleteOutcome {
    Deleted,
    /// Nothing was deleted: so many refer to it.
    InUse(u64),
    /// There is no such entity that the organization may change.
    Missing,
}

/// Obtained for an organization. Reads see the applications that it sees; writes affect only the applications that it
/// may change, and its own users.
#[async_trait]
pub trait RightsRepository: Send {
    async fn role(&mut self, application: ApplicationId, id: RoleId) -> Result<Option<Role>>;
    async fn permission(
        &mut self,
        application: ApplicationId,
        id: PermissionId,
    ) -> Result<Option<Permission>>;
    async fn claim(
        &mut self,
        application: ApplicationId,
        id: ClaimDefinitionId,
    ) -> Result<Option<ClaimDefinition>>;
    /// A role of whichever visible application.
    async fn visible_role(&mut self, id: RoleId) -> Result<Option<Role>>;
    /// A claim of whichever visible application.
    async fn visible_claim(&mut self, id: ClaimDefinitionId) -> Result<Option<ClaimDefinition>>;

    /// In the order of their slugs.
    async fn permissions_of_role(&mut self, role: &Role) -> Result<Vec<Permission>>;
    /// In the order of their names.
    async fn roles_with_permission(&mut self, permission: &Permission) -> Result<Vec<Role>>;
    /// `false`: the role did not have the permission.
    async fn unlink_permission(&mut self, role: RoleId, permission: PermissionId) -> Result<bool>;

    /// Deletes a role; with `force` also if users have it, who lose it. `Stale`: it was changed since it was read.
    async fn delete_role(&mut self, role: &Role, force: bool) -> Result<DeleteOutcome>;
    /// Deletes a permission; with `force` also if roles have it, which lose it. `Stale`: it was changed since it was
    /// read.
    async fn delete_permission(&mut self, permission: &Permission, force: bool) -> Result<DeleteOutcome>;
    /// Deletes a claim with all its values. `Stale`: it was changed since it was read.
    async fn delete_claim(&mut self, claim: &ClaimDefinition) -> Result<DeleteOutcome>;

    /// The users of all organizations, or of one, who have a role.
    async fn holders(
        &mut self,
        role: RoleId,
        of: Option<OrganizationId>,
        page: &PageRequest<HolderSort>,
    ) -> Result<Page<RoleHolder, SortedCursor>>;
    /// Number of rows of [`holders`](Self::holders) on all pages, counted up to `at_most`.
    async fn count_holders(&mut self, role: RoleId, of: Option<OrganizationId>, at_most: u64) -> Result<u64>;

    /// The roles of a user of this organization, of all applications, in the order of their names. One round trip.
    async fn roles_of_user(&mut self, user: UserId) -> Result<Vec<RoleAssignment>>;
    /// The permissions of all roles of a user of this organization, each once, in the order of their slugs. One round
    /// trip.
    async fn permissions_of_user(&mut self, user: UserId) -> Result<Vec<Permission>>;
    /// The claim values of a user of this organization, of all applications, in the order of the claims' names. One
    /// round trip.
    async fn values_of_user(&mut self, user: UserId) -> Result<Vec<ClaimValue>>;
    /// Removes the value of a user of this organization. `false`: there was none.
    async fn delete_value(&mut self, user: UserId, claim: ClaimDefinitionId) -> Result<bool>;
}
