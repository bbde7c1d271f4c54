//! Permissions of roles, and the deletion of permissions.

use porta_core::PermissionId;
use porta_core::application::{Application, Permission, Role};
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::Organization;
use porta_store::DeleteOutcome;
use serde_json::json;

use crate::applications::require_owner;
use crate::error::stale;
use crate::protected::refuse_built_in;
use crate::{DirectoryError, Result, Transaction};

/// Operations on permissions, and on those that roles have.
pub struct PermissionOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn permissions(&mut self) -> PermissionOperations<'_> {
        PermissionOperations { work: self }
    }
}

impl PermissionOperations<'_> {
    /// A permission of an application, by its id.
    pub async fn find(
        &mut self,
        organization: &Organization,
        application: &Application,
        id: &str,
    ) -> Result<Permission> {
        let missing = || DirectoryError::not_found("permission", id);
        let permission = PermissionId::parse(id).ok_or_else(missing)?;
        let mut rights = self.work.unit.rights(organization.id);
        rights.permission(application.id, permission).await?.ok_or_else(missing)
    }

    /// Permissions of an application, by their ids; all of them, or the error says which one is missing.
    pub async fn find_all(
        &mut self,
        organization: &Organization,
        application: &Application,
        ids: &[PermissionId],
    ) -> Result<Vec<Permission>> {
        let known = self.work.unit.applications(organization.id).permissions(application.id).await?;
        let find = |id: &PermissionId| {
            let found = known.iter().find(|permission| permission.id == *id).cloned();
            found.ok_or_else(|| DirectoryError::not_found("permission", id))
        };
        ids.iter().map(find).collect()
    }

    /// The permissions that a role has.
    pub async fn of_role(&mut self, organization: &Organization, role: &Role) -> Result<Vec<Permission>> {
        Ok(self.work.unit.rights(organization.id).permissions_of_role(role).await?)
    }

    /// Deletes a permission; with `force` also if roles have it, which lose it.
    pub async fn delete(
        &mut self,
        organization: &Organization,
        application: &Application,
        permission: &Permission,
        force: bool,
    ) -> Result<()> {
        require_owner(organization, application)?;
        refuse_built_in(organization, application, &permission.slug)?;
        let outcome = self.work.unit.rights(organization.id).delete_permission(permission, force).await;
        match outcome.map_err(stale("permission"))? {
            DeleteOutcome::Deleted => {}
            DeleteOutcome::Missing => return Err(DirectoryError::not_found("permission", permission.id)),
            DeleteOutcome::InUse(roles) => {
                return Err(DirectoryError::InUse(format!(
                    "Cannot delete permission \"{}\": assigned to {roles} role(s). Use force=true to override.",
                    permission.slug
                )));
            }
        }
        let metadata = json!({
            "permissionId": permission.id, "applicationId": application.id, "slug": permission.slug,
            "force": force,
        });
        self.work.audit(AuditEventKind::PermissionDeleted, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok(())
    }

    /// Grants a role permissions of the same application; returns how many it did not have yet.
    pub async fn link(
        &mut self,
        organization: &Organization,
        application: &Application,
        role: &Role,
        permissions: &[Permission],
    ) -> Result<usize> {
        require_owner(organization, application)?;
        refuse_built_in(organization, application, role.slug.as_str())?;
        let mut added = Vec::new();
        for permission in in_order(permissions.iter().map(|permission| permission.id)) {
            let mut applications = self.work.unit.applications(organization.id);
            if applications.link_permission(role.id, permission, self.work.now).await? {
                added.push(permission);
            }
        }
        self.changed(AuditEventKind::RolePermissionsAssigned, organization, role, &added).await?;
        Ok(added.len())
    }

    /// Takes permissions from a role; returns how many it had.
    pub async fn unlink(
        &mut self,
        organization: &Organization,
        application: &Application,
        role: &Role,
        permissions: &[PermissionId],
    ) -> Result<usize> {
        require_owner(organization, application)?;
        refuse_built_in(organization, application, role.slug.as_str())?;
        let mut removed = Vec::new();
        for permission in in_order(permissions.iter().copied()) {
            let mut rights = self.work.unit.rights(organization.id);
            if rights.unlink_permission(role.id, permission).await? {
                removed.push(permission);
            }
        }
        self.changed(AuditEventKind::RolePermissionsRemoved, organization, role, &removed).await?;
        Ok(removed.len())
    }

    /// Records a change of a role's permissions, if there was one.
    async fn changed(
        &mut self,
        event: AuditEventKind,
        organization: &Organization,
        role: &Role,
        permissions: &[PermissionId],
    ) -> Result<()> {
        if permissions.is_empty() {
            return Ok(());
        }
        let metadata = json!({ "roleId": role.id, "permissionIds": permissions });
        self.work.audit(event, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(role.application_id));
        Ok(())
    }
}

/// Each id once, in an order that all units of work have: so that two of them do not wait for each other.
pub(crate) fn in_order<I: Ord>(ids: impl Iterator<Item = I>) -> std::collections::BTreeSet<I> {
    ids.collect()
}
