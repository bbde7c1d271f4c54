//! Roles, permissions and claims as operators administer them. Reads see the applications that the organization sees;
//! writes affect only those that it may change, and its own users.

pub(crate) mod deletion;
mod holders;

use async_trait::async_trait;
use porta_core::application::{ClaimDefinition, Permission, Role};
use porta_core::{ApplicationId, ClaimDefinitionId, EntityId, OrganizationId, PermissionId, RoleId, UserId};
use porta_store::{
    ClaimValue, DeleteOutcome, HolderSort, Page, PageRequest, Result, RightsRepository, RoleAssignment,
    RoleHolder, SortedCursor,
};

use crate::applications::children::{
    claim_columns, permission_columns, read_claim, read_permission, read_role, role_columns,
};
use crate::applications::{visible, writable};
use crate::kernel::{Row, Runner, Value, statements, uuid};

/// Row `$3` of application `$2`, which `$1` sees.
macro_rules! one {
    ($columns:expr, $table:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ",
            $table,
            " c JOIN applications a ON a.id = c.application_id WHERE c.id = $3 AND c.application_id = $2 AND ",
            visible!()
        )
    };
}
/// Row `$2` of whichever application that `$1` sees.
macro_rules! any {
    ($columns:expr, $table:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ",
            $table,
            " c JOIN applications a ON a.id = c.application_id WHERE c.id = $2 AND ",
            visible!()
        )
    };
}

statements! {
    ROLE: Read = one!(role_columns!(list "c."), "roles");
    PERMISSION: Read = one!(permission_columns!(list "c."), "permissions");
    CLAIM: Read = one!(claim_columns!(list "c."), "custom_claim_definitions");
    VISIBLE_ROLE: Read = any!(role_columns!(list "c."), "roles");
    VISIBLE_CLAIM: Read = any!(claim_columns!(list "c."), "custom_claim_definitions");
    PERMISSIONS_OF_ROLE: Read = concat!("SELECT ", permission_columns!(list "p."), " FROM role_permissions rp \
         JOIN permissions p ON p.id = rp.permission_id JOIN applications a ON a.id = p.application_id \
         WHERE rp.role_id = $3 AND p.application_id = $2 AND ", visible!(), " ORDER BY p.slug, p.id");
    ROLES_WITH_PERMISSION: Read = concat!("SELECT ", role_columns!(list "r."), " FROM role_permissions rp \
         JOIN roles r ON r.id = rp.role_id JOIN applications a ON a.id = r.application_id \
         WHERE rp.permission_id = $3 AND r.application_id = $2 AND ", visible!(), " ORDER BY r.name, r.id");
    UNLINK_PERMISSION: Write = concat!("DELETE FROM role_permissions WHERE role_id = $2 AND permission_id = $3 \
         AND EXISTS (SELECT 1 FROM roles r JOIN applications a ON a.id = r.application_id WHERE r.id = $2 AND ",
         writable!(), ")");
    ROLES_OF_USER: Read = concat!("SELECT ", role_columns!(list "r."), ", ur.assigned_by, ur.created_at FROM user_roles ur \
         JOIN users u ON u.id = ur.user_id JOIN roles r ON r.id = ur.role_id \
         WHERE ur.user_id = $2 AND u.organization_id = $1 ORDER BY r.name, r.id");
    PERMISSIONS_OF_USER: Read = concat!("SELECT DISTINCT ", permission_columns!(list "p."), " FROM user_roles ur \
         JOIN users u ON u.id = ur.user_id JOIN role_permissions rp ON rp.role_id = ur.role_id \
         JOIN permissions p ON p.id = rp.permission_id \
         WHERE ur.user_id = $2 AND u.organization_id = $1 ORDER BY p.slug, p.id");
    VALUES_OF_USER: Read = concat!("SELECT ", claim_columns!(list "d."), ", v.value, v.created_at, v.updated_at \
         FROM custom_claim_values v JOIN users u ON u.id = v.user_id JOIN custom_claim_definitions d ON d.id = v.claim_id \
         WHERE v.user_id = $2 AND u.organization_id = $1 ORDER BY d.claim_name, d.id");
    DELETE_VALUE: Write = "DELETE FROM custom_claim_values WHERE user_id = $2 AND claim_id = $3 \
         AND EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND u.organization_id = $1)";
}

pub(crate) struct AdministeredRights<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

impl AdministeredRights<'_> {
    /// Organization, application and the id of one of its parts.
    fn key(&self, application: ApplicationId, id: impl EntityId) -> [Value<'static>; 3] {
        [uuid(self.organization), uuid(application), uuid(id)]
    }

    /// Organization and an id.
    fn own(&self, id: impl EntityId) -> [Value<'static>; 2] {
        [uuid(self.organization), uuid(id)]
    }
}

fn next_assignment(row: &Row) -> Result<RoleAssignment> {
    let mut r = row.reader("user_roles");
    Ok(RoleAssignment {
        role: read_role(&r.record())?,
        assigned_by: r.opt_id()?,
        assigned_at: r.time("created_at")?,
    })
}

#[async_trait]
impl RightsRepository for AdministeredRights<'_> {
    async fn role(&mut self, application: ApplicationId, id: RoleId) -> Result<Option<Role>> {
        let row = self.run.row(&ROLE, &self.key(application, id)).await?;
        row.map(|row| read_role(&row.record())).transpose()
    }

    async fn permission(
        &mut self,
        application: ApplicationId,
        id: PermissionId,
    ) -> Result<Option<Permission>> {
        let row = self.run.row(&PERMISSION, &self.key(application, id)).await?;
        row.map(|row| read_permission(&row.record())).transpose()
    }

    async fn claim(
        &mut self,
        application: ApplicationId,
        id: ClaimDefinitionId,
    ) -> Result<Option<ClaimDefinition>> {
        let row = self.run.row(&CLAIM, &self.key(application, id)).await?;
        row.map(|row| read_claim(&row.record())).transpose()
    }

    async fn visible_role(&mut self, id: RoleId) -> Result<Option<Role>> {
        let row = self.run.row(&VISIBLE_ROLE, &self.own(id)).await?;
        row.map(|row| read_role(&row.record())).transpose()
    }

    async fn visible_claim(&mut self, id: ClaimDefinitionId) -> Result<Option<ClaimDefinition>> {
        let row = self.run.row(&VISIBLE_CLAIM, &self.own(id)).await?;
        row.map(|row| read_claim(&row.record())).transpose()
    }

    async fn permissions_of_role(&mut self, role: &Role) -> Result<Vec<Permission>> {
        let rows = self.run.rows(&PERMISSIONS_OF_ROLE, &self.key(role.application_id, role.id)).await?;
        rows.iter().map(|row| read_permission(&row.record())).collect()
    }

    async fn roles_with_permission(&mut self, permission: &Permission) -> Result<Vec<Role>> {
        let key = self.key(permission.application_id, permission.id);
        let rows = self.run.rows(&ROLES_WITH_PERMISSION, &key).await?;
        rows.iter().map(|row| read_role(&row.record())).collect()
    }

    async fn unlink_permission(&mut self, role: RoleId, permission: PermissionId) -> Result<bool> {
        let values = [uuid(self.organization), uuid(role), uuid(permission)];
        self.run.affects_row(&UNLINK_PERMISSION, &values).await
    }

    async fn delete_role(&mut self, role: &Role, force: bool) -> Result<DeleteOutcome> {
        self.remove_role(role, force).await
    }

    async fn delete_permission(&mut self, permission: &Permission, force: bool) -> Result<DeleteOutcome> {
        self.remove_permission(permission, force).await
    }

    async fn delete_claim(&mut self, claim: &ClaimDefinition) -> Result<DeleteOutcome> {
        self.remove_claim(claim).await
    }

    async fn holders(
        &mut self,
        role: RoleId,
        of: Option<OrganizationId>,
        page: &PageRequest<HolderSort>,
    ) -> Result<Page<RoleHolder, SortedCursor>> {
        self.page_of_holders(role, of, page).await
    }

    async fn count_holders(&mut self, role: RoleId, of: Option<OrganizationId>, at_most: u64) -> Result<u64> {
        self.number_of_holders(role, of, at_most).await
    }

    async fn roles_of_user(&mut self, user: UserId) -> Result<Vec<RoleAssignment>> {
        self.run.rows(&ROLES_OF_USER, &self.own(user)).await?.iter().map(next_assignment).collect()
    }

    async fn permissions_of_user(&mut self, user: UserId) -> Result<Vec<Permission>> {
        let rows = self.run.rows(&PERMISSIONS_OF_USER, &self.own(user)).await?;
        rows.iter().map(|row| read_permission(&row.record())).collect()
    }

    async fn values_of_user(&mut self, user: UserId) -> Result<Vec<ClaimValue>> {
        let rows = self.run.rows(&VALUES_OF_USER, &self.own(user)).await?;
        let read = |row: &Row| {
            let mut r = row.reader("custom_claim_values");
            Ok(ClaimValue {
                user_id: user,
                definition: read_claim(&r.record())?,
                value: r.json("value")?,
                created_at: r.time("created_at")?,
                updated_at: r.time("updated_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    async fn delete_value(&mut self, user: UserId, claim: ClaimDefinitionId) -> Result<bool> {
        let values = [uuid(self.organization), uuid(user), uuid(claim)];
        self.run.affects_row(&DELETE_VALUE, &values).await
    }
}
