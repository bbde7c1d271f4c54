//! Roles, permissions, the links between them, and assignments to people.

use porta_core::application::{Application, Permission, Role};
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::{Organization, display_name};
use porta_core::slug::permission_slug;
use porta_core::user::User;
use porta_core::{Invalid, PermissionId, RoleId, Slug, Version};
use serde_json::json;

use crate::applications::{description, require_owner};
use crate::error::{already_taken, refuse, stale};
use crate::organizations::slug_of;
use crate::transaction::changed;
use crate::{DirectoryError, Result, Transaction};

/// A role to create.
#[derive(Debug, Clone, Default)]
pub struct NewRole {
    pub name: String,
    /// Derived from the name if absent.
    pub slug: Option<String>,
    pub description: Option<String>,
}

/// A permission to create.
#[derive(Debug, Clone, Default)]
pub struct NewPermission {
    pub name: String,
    /// `area:resource:action`.
    pub slug: String,
    pub description: Option<String>,
}

fn name_and_description(name: &str, text: Option<&String>) -> Vec<Invalid> {
    display_name("name", name).err().into_iter().chain(description(text)).collect()
}

/// Operations on roles, permissions and assignments.
pub struct RoleOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn roles(&mut self) -> RoleOperations<'_> {
        RoleOperations { work: self }
    }
}

impl RoleOperations<'_> {
    /// A role of an application that the organization sees.
    pub async fn visible(
        &mut self,
        organization: &Organization,
        application: &str,
        slug: &str,
    ) -> Result<Role> {
        let application = self.work.applications().visible(organization, application).await?;
        let roles = self.work.unit.applications(organization.id).roles(application.id).await?;
        let role = roles.into_iter().find(|role| role.slug.as_str() == slug);
        role.ok_or_else(|| DirectoryError::not_found("role", slug))
    }

    pub async fn create(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewRole,
    ) -> Result<Role> {
        require_owner(organization, application)?;
        let role = Role {
            id: RoleId::new(self.work.now, &*self.work.deps.entropy),
            application_id: application.id,
            slug: Slug::for_role(&slug_of(new.slug, &new.name))?,
            name: new.name.trim().to_owned(),
            description: new.description,
            version: Version::FIRST,
        };
        refuse(name_and_description(&role.name, role.description.as_ref()))?;
        self.work
            .unit
            .applications(organization.id)
            .insert_role(&role, self.work.now)
            .await
            .map_err(already_taken("role", &role.slug))?;
        let metadata = json!({ "roleId": role.id, "applicationId": application.id, "slug": role.slug });
        self.work.audit(AuditEventKind::RoleCreated, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok(role)
    }

    /// Updates name and description. Returns the names of changed fields.
    pub async fn update(
        &mut self,
        organization: &Organization,
        application: &Application,
        before: &Role,
        after: Role,
    ) -> Result<(Role, Vec<&'static str>)> {
        require_owner(organization, application)?;
        let after =
            Role { name: after.name.trim().to_owned(), description: after.description, ..before.clone() };
        refuse(name_and_description(&after.name, after.description.as_ref()))?;
        let fields = changed!(before, after, [name, description]);
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        let updated = self.work.unit.applications(organization.id).update_role(&after, self.work.now).await;
        if !updated.map_err(stale("role"))? {
            return Err(DirectoryError::not_found("role", &before.slug));
        }
        let after = Role { version: before.version.next(), ..after };
        self.work
            .audit(
                AuditEventKind::RoleUpdated,
                Some(organization),
                None,
                json!({ "roleId": after.id, "changes": fields }),
            )
            .await?;
        self.work.announce(Change::Application(application.id));
        Ok((after, fields))
    }

    pub async fn create_permission(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewPermission,
    ) -> Result<Permission> {
        require_owner(organization, application)?;
        let permission = Permission {
            id: PermissionId::new(self.work.now, &*self.work.deps.entropy),
            application_id: application.id,
            slug: permission_slug(&new.slug)?,
            name: new.name.trim().to_owned(),
            description: new.description,
            version: Version::FIRST,
        };
        refuse(name_and_description(&permission.name, permission.description.as_ref()))?;
        self.work
            .unit
            .applications(organization.id)
            .insert_permission(&permission, self.work.now)
            .await
            .map_err(already_taken("permission", &permission.slug))?;
        let metadata = json!({
            "permissionId": permission.id, "applicationId": application.id, "slug": permission.slug,
        });
        self.work.audit(AuditEventKind::PermissionCreated, Some(organization), None, metadata).await?;
        Ok(permission)
    }

    /// Updates name and description. Returns the names of changed fields.
    pub async fn update_permission(
        &mut self,
        organization: &Organization,
        application: &Application,
        before: &Permission,
        after: Permission,
    ) -> Result<(Permission, Vec<&'static str>)> {
        require_owner(organization, application)?;
        let after = Permission {
            name: after.name.trim().to_owned(),
            description: after.description,
            ..before.clone()
        };
        refuse(name_and_description(&after.name, after.description.as_ref()))?;
        let fields = changed!(before, after, [name, description]);
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        let updated = self.work.unit.applications(organization.id).update_permission(&after).await;
        if !updated.map_err(stale("permission"))? {
            return Err(DirectoryError::not_found("permission", &before.slug));
        }
        let after = Permission { version: before.version.next(), ..after };
        let metadata = json!({ "permissionId": after.id, "changes": fields });
        self.work.audit(AuditEventKind::PermissionUpdated, Some(organization), None, metadata).await?;
        Ok((after, fields))
    }

    /// Grants a role a permission of the same application; `false` if it had it already.
    pub async fn link_permission(
        &mut self,
        organization: &Organization,
        application: &Application,
        role: &Role,
        permission: &Permission,
    ) -> Result<bool> {
        require_owner(organization, application)?;
        let mut applications = self.work.unit.applications(organization.id);
        if !applications.link_permission(role.id, permission.id, self.work.now).await? {
            return Ok(false);
        }
        drop(applications);
        let metadata = json!({ "roleId": role.id, "permissionIds": [permission.id] });
        self.work.audit(AuditEventKind::RolePermissionsAssigned, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok(true)
    }

    /// Assigns a role of an application that the organization sees; `false` if the person had it already.
    pub async fn assign(&mut self, organization: &Organization, user: &User, role: &Role) -> Result<bool> {
        let by = self.work.actor.user();
        let mut applications = self.work.unit.applications(organization.id);
        if !applications.assign_role(user.id, role.id, by, self.work.now).await? {
            return Ok(false);
        }
        drop(applications);
        let metadata = json!({ "roleIds": [role.id], "roles": [role.slug] });
        self.work
            .audit(AuditEventKind::UserRolesAssigned, Some(organization), Some(user.id), metadata)
            .await?;
        Ok(true)
    }

    /// Removes a role from a person; `false` if they did not have it.
    pub async fn unassign(&mut self, organization: &Organization, user: &User, role: &Role) -> Result<bool> {
        if !self.work.unit.applications(organization.id).remove_role(user.id, role.id).await? {
            return Ok(false);
        }
        let metadata = json!({ "roleIds": [role.id], "roles": [role.slug] });
        self.work
            .audit(AuditEventKind::UserRolesRemoved, Some(organization), Some(user.id), metadata)
            .await?;
        Ok(true)
    }
}
