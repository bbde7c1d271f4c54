//! Implementation of the trait; delegates to the sibling modules.

use async_trait::async_trait;
use porta_core::application::{Application, ApplicationStatus, ClaimDefinition, Module, Permission, Role};
use porta_core::{ApplicationId, ClaimDefinitionId, PermissionId, RoleId, Slug, Timestamp, UserId};
use porta_store::{
    ApplicationFilter, ApplicationRepository, ApplicationSort, AssignedClaim, Page, PageRequest, Result,
    SortedCursor, UpsertOutcome,
};

use super::Applications;

#[async_trait]
impl ApplicationRepository for Applications<'_> {
    async fn by_slug(&mut self, slug: &Slug) -> Result<Option<Application>> {
        self.find_slug(slug).await
    }

    async fn by_id(&mut self, id: ApplicationId) -> Result<Option<Application>> {
        self.find(id).await
    }

    async fn insert(&mut self, application: &Application) -> Result<()> {
        self.store(application).await
    }

    async fn update(&mut self, application: &Application) -> Result<bool> {
        self.rewrite(application).await
    }

    async fn set_status(
        &mut self,
        id: ApplicationId,
        from: ApplicationStatus,
        to: ApplicationStatus,
        now: Timestamp,
    ) -> Result<bool> {
        self.change_status(id, from, to, now).await
    }

    async fn list(
        &mut self,
        filter: &ApplicationFilter,
        page: &PageRequest<ApplicationSort>,
    ) -> Result<Page<Application, SortedCursor>> {
        self.sorted(filter, page).await
    }

    async fn modules(&mut self, application: ApplicationId) -> Result<Vec<Module>> {
        self.children().list_modules(application).await
    }

    async fn insert_module(&mut self, module: &Module) -> Result<()> {
        self.children().add_module(module).await
    }

    async fn update_module(&mut self, module: &Module) -> Result<bool> {
        self.children().rewrite_module(module).await
    }

    async fn roles(&mut self, application: ApplicationId) -> Result<Vec<Role>> {
        self.children().list_roles(application).await
    }

    async fn insert_role(&mut self, role: &Role) -> Result<()> {
        self.children().add_role(role).await
    }

    async fn update_role(&mut self, role: &Role) -> Result<bool> {
        self.children().rewrite_role(role).await
    }

    async fn permissions(&mut self, application: ApplicationId) -> Result<Vec<Permission>> {
        self.children().list_permissions(application).await
    }

    async fn insert_permission(&mut self, permission: &Permission) -> Result<()> {
        self.children().add_permission(permission).await
    }

    async fn update_permission(&mut self, permission: &Permission) -> Result<bool> {
        self.children().rewrite_permission(permission).await
    }

    async fn link_permission(
        &mut self,
        role: RoleId,
        permission: PermissionId,
        now: Timestamp,
    ) -> Result<bool> {
        self.assignments().link(role, permission, now).await
    }

    async fn claims(&mut self, application: ApplicationId) -> Result<Vec<ClaimDefinition>> {
        self.children().list_claims(application).await
    }

    async fn insert_claim(&mut self, claim: &ClaimDefinition) -> Result<()> {
        self.children().add_claim(claim).await
    }

    async fn update_claim(&mut self, claim: &ClaimDefinition) -> Result<bool> {
        self.children().rewrite_claim(claim).await
    }

    async fn assign_role(
        &mut self,
        user: UserId,
        role: RoleId,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<bool> {
        self.assignments().assign(user, role, by, now).await
    }

    async fn remove_role(&mut self, user: UserId, role: RoleId) -> Result<bool> {
        self.assignments().unassign(user, role).await
    }

    async fn roles_of(&mut self, user: UserId) -> Result<Vec<Role>> {
        self.assignments().roles_held(user).await
    }

    async fn claims_of(&mut self, user: UserId) -> Result<Vec<AssignedClaim>> {
        self.assignments().claims_held(user).await
    }

    async fn set_claim_value(
        &mut self,
        user: UserId,
        claim: ClaimDefinitionId,
        value: &serde_json::Value,
        now: Timestamp,
    ) -> Result<UpsertOutcome> {
        self.assignments().set_value(user, claim, value, now).await
    }

    async fn claim_value(
        &mut self,
        user: UserId,
        claim: ClaimDefinitionId,
    ) -> Result<Option<serde_json::Value>> {
        self.assignments().value(user, claim).await
    }
}
