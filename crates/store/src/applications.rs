//! Applications, modules, roles, permissions, custom claims.

use async_trait::async_trait;
use porta_core::application::{Application, ApplicationStatus, ClaimDefinition, Module, Permission, Role};
use porta_core::{ApplicationId, ClaimDefinitionId, PermissionId, RoleId, Slug, Timestamp, UserId};

use crate::Result;

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upserted {
    Created,
    Updated,
}

/// A value of a custom claim somebody has.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldClaim {
    pub application_id: ApplicationId,
    pub name: String,
    pub value: serde_json::Value,
}

/// Obtained for an organization: reads see its own applications and the platform's shared ones (owner `None`), own
/// ones first; writes touch only what it owns, and `applications` of the super-admin organization may also write
/// shared ones.
#[async_trait]
pub trait ApplicationRepository: Send {
    async fn by_slug(&mut self, slug: &Slug) -> Result<Option<Application>>;
    async fn by_id(&mut self, id: ApplicationId) -> Result<Option<Application>>;
    /// `application.organization_id` must be this organization (or `None`, platform); else `MissingReference`.
    async fn insert(&mut self, application: &Application) -> Result<()>;
    /// Name and description.
    async fn update(&mut self, application: &Application) -> Result<bool>;
    async fn set_status(
        &mut self,
        id: ApplicationId,
        from: ApplicationStatus,
        to: ApplicationStatus,
        now: Timestamp,
    ) -> Result<bool>;

    // The following work on children of an application visible to this organization; a child of a foreign application
    // is "not there".
    async fn modules(&mut self, application: ApplicationId) -> Result<Vec<Module>>;
    async fn insert_module(&mut self, module: &Module, now: Timestamp) -> Result<()>;
    async fn update_module(&mut self, module: &Module, now: Timestamp) -> Result<bool>;

    async fn roles(&mut self, application: ApplicationId) -> Result<Vec<Role>>;
    async fn insert_role(&mut self, role: &Role, now: Timestamp) -> Result<()>;
    async fn update_role(&mut self, role: &Role, now: Timestamp) -> Result<bool>;

    async fn permissions(&mut self, application: ApplicationId) -> Result<Vec<Permission>>;
    async fn insert_permission(&mut self, permission: &Permission, now: Timestamp) -> Result<()>;
    async fn update_permission(&mut self, permission: &Permission) -> Result<bool>;
    /// Adds the link when absent; both must belong to the same application. `true` when it was added.
    async fn link_permission(
        &mut self,
        role: RoleId,
        permission: PermissionId,
        now: Timestamp,
    ) -> Result<bool>;

    async fn claims(&mut self, application: ApplicationId) -> Result<Vec<ClaimDefinition>>;
    async fn insert_claim(&mut self, claim: &ClaimDefinition, now: Timestamp) -> Result<()>;
    async fn update_claim(&mut self, claim: &ClaimDefinition, now: Timestamp) -> Result<bool>;

    /// Gives a user of this organization a role of a visible application; `true` when it was added.
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
    /// Claim values of a user of this organization, in any application, in the order of their names. One round trip.
    async fn claims_of(&mut self, user: UserId) -> Result<Vec<HeldClaim>>;
    /// Sets a user's value of a claim of a visible application.
    async fn set_claim_value(
        &mut self,
        user: UserId,
        claim: ClaimDefinitionId,
        value: &serde_json::Value,
        now: Timestamp,
    ) -> Result<Upserted>;
    async fn claim_value(
        &mut self,
        user: UserId,
        claim: ClaimDefinitionId,
    ) -> Result<Option<serde_json::Value>>;
}
