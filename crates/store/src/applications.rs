//! Applications, modules, roles, permissions, custom claims.

use std::collections::HashMap;

use async_trait::async_trait;
use porta_core::application::{Application, ApplicationStatus, ClaimDefinition, Module, Permission, Role};
use porta_core::{ApplicationId, ClaimDefinitionId, PermissionId, RoleId, Slug, Timestamp, UserId};

use crate::{
    ApplicationCounts, ApplicationFilter, ApplicationSort, Page, PageRequest, Result, RoleCounts, RoleFilter,
    RoleSort, SortedCursor,
};

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpsertOutcome {
    Created,
    Updated,
}

/// A user's value of a custom claim.
#[derive(Debug, Clone, PartialEq)]
pub struct AssignedClaim {
    pub application_id: ApplicationId,
    pub name: String,
    pub value: serde_json::Value,
}

/// Obtained for an organization. Reads see its own applications first, then the shared ones of the platform (owner
/// `None`). Writes affect only its own; the super-admin organization may also write shared ones.
#[async_trait]
pub trait ApplicationRepository: Send {
    async fn by_slug(&mut self, slug: &Slug) -> Result<Option<Application>>;
    async fn by_id(&mut self, id: ApplicationId) -> Result<Option<Application>>;
    /// `MissingReference`: `application.organization_id` is neither this organization nor, for the super-admin
    /// organization, `None` (platform).
    async fn insert(&mut self, application: &Application) -> Result<()>;
    /// Updates name and description. `false`: no such writable application. `Stale`: it was changed since it was read.
    async fn update(&mut self, application: &Application) -> Result<bool>;
    async fn set_status(
        &mut self,
        id: ApplicationId,
        from: ApplicationStatus,
        to: ApplicationStatus,
        now: Timestamp,
    ) -> Result<bool>;
    /// The applications that this organization sees, shared ones included.
    async fn list(
        &mut self,
        filter: &ApplicationFilter,
        page: &PageRequest<ApplicationSort>,
    ) -> Result<Page<Application, SortedCursor>>;

    // The methods below work on children of an application visible to this organization; children of other applications
    // do not exist for them. An update with a version that is not the current one is the error `Stale`.
    /// Ordered by name.
    async fn modules(&mut self, application: ApplicationId) -> Result<Vec<Module>>;
    async fn insert_module(&mut self, module: &Module) -> Result<()>;
    /// Updates everything except ids and creation time.
    async fn update_module(&mut self, module: &Module) -> Result<bool>;

    async fn roles(&mut self, application: ApplicationId) -> Result<Vec<Role>>;
    async fn insert_role(&mut self, role: &Role) -> Result<()>;
    async fn update_role(&mut self, role: &Role) -> Result<bool>;

    async fn permissions(&mut self, application: ApplicationId) -> Result<Vec<Permission>>;
    /// The module, if there is one, must belong to the same application; the caller has looked.
    async fn insert_permission(&mut self, permission: &Permission) -> Result<()>;
    /// Updates name and description.
    async fn update_permission(&mut self, permission: &Permission) -> Result<bool>;
    /// Adds the link if absent. Role and permission must belong to the same application. `true`: it was added.
    async fn link_permission(
        &mut self,
        role: RoleId,
        permission: PermissionId,
        now: Timestamp,
    ) -> Result<bool>;

    async fn claims(&mut self, application: ApplicationId) -> Result<Vec<ClaimDefinition>>;
    async fn insert_claim(&mut self, claim: &ClaimDefinition) -> Result<()>;
    async fn update_claim(&mut self, claim: &ClaimDefinition) -> Result<bool>;

    /// Assigns a role of a visible application to a user of this organization. `true`: it was added.
    async fn assign_role(
        &mut self,
        user: UserId,
        role: RoleId,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<bool>;
    async fn remove_role(&mut self, user: UserId, role: RoleId) -> Result<bool>;
    /// Roles of a user of this organization, in any application.
    async fn roles_of(&mut self, user: UserId) -> Result<Vec<Role>>;
    /// Claim values of a user of this organization, in any application, ordered by name. One round trip.
    async fn claims_of(&mut self, user: UserId) -> Result<Vec<AssignedClaim>>;
    /// Sets a user's value of a claim of a visible application.
    async fn set_claim_value(
        &mut self,
        user: UserId,
        claim: ClaimDefinitionId,
        value: &serde_json::Value,
        now: Timestamp,
    ) -> Result<UpsertOutcome>;
    async fn claim_value(
        &mut self,
        user: UserId,
        claim: ClaimDefinitionId,
    ) -> Result<Option<serde_json::Value>>;
}

/// A role with the name of its application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRole {
    pub role: Role,
    pub application_name: String,
}

/// The applications of all owners. Not scoped to an organization: operators name an application without its owner.
#[async_trait]
pub trait AllApplicationRepository: Send {
    async fn by_id(&mut self, id: ApplicationId) -> Result<Option<Application>>;
    /// What operators may mean by a slug: the super-admin organization's own application, else the shared one, else those
    /// of other organizations, at most two of them.
    async fn by_slug(&mut self, slug: &Slug) -> Result<Vec<Application>>;
    async fn list(
        &mut self,
        filter: &ApplicationFilter,
        page: &PageRequest<ApplicationSort>,
    ) -> Result<Page<Application, SortedCursor>>;
    /// Number of applications that a list with this filter has on all its pages, counted up to `at_most`.
    async fn count(&mut self, filter: &ApplicationFilter, at_most: u64) -> Result<u64>;
    /// Roles of all applications.
    async fn roles(
        &mut self,
        filter: &RoleFilter,
        page: &PageRequest<RoleSort>,
    ) -> Result<Page<ListedRole, SortedCursor>>;

    // What is counted for each of these ids; what does not exist has nothing. One round trip each.
    async fn counts(&mut self, ids: &[ApplicationId]) -> Result<HashMap<ApplicationId, ApplicationCounts>>;
    /// Users of all organizations.
    async fn role_counts(&mut self, ids: &[RoleId]) -> Result<HashMap<RoleId, RoleCounts>>;
    /// The number of roles that have a permission.
    async fn permission_counts(&mut self, ids: &[PermissionId]) -> Result<HashMap<PermissionId, u64>>;
    /// The number of users who have a value of a claim.
    async fn claim_counts(&mut self, ids: &[ClaimDefinitionId]) -> Result<HashMap<ClaimDefinitionId, u64>>;
}
