//! Roles, and the permissions of an application. Who has which is in `assignments` and `permissions`.

use porta_core::admin::BUILT_IN_ROLE_PREFIX;
use porta_core::application::{Application, Permission, Role};
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::{Organization, display_name};
use porta_core::slug::{permission_slug, published_permission_slug};
use porta_core::{Invalid, ModuleId, PermissionId, RoleId, Slug, Version};
use porta_store::DeleteOutcome;
use serde_json::json;

use crate::applications::{description, require_owner};
use crate::error::{already_taken, refuse, stale};
use crate::organizations::slug_of;
use crate::protected::refuse_built_in;
use crate::transaction::changed;
use crate::{DirectoryError, Problem, Result, Transaction};

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
    /// Module of the same application.
    pub module: Option<ModuleId>,
    pub description: Option<String>,
}

/// Slugs of built-in roles are reserved in every application, so that no other role looks like one.
fn reserved_slug() -> DirectoryError {
    let problem = format!("`{BUILT_IN_ROLE_PREFIX}` is reserved for built-in roles; choose another");
    DirectoryError::Reserved(Problem::new("slug", problem))
}

fn name_and_description(name: &str, text: Option<&String>) -> Vec<Invalid> {
    display_name("name", name).err().into_iter().chain(description(text)).collect()
}

/// Operations on roles, the permissions of applications, and assignments.
pub struct RoleOperations<'t> {
    pub(crate) work: &'t mut Transaction,
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

    /// A role of an application, by its id.
    pub async fn find(
        &mut self,
        organization: &Organization,
        application: &Application,
        id: &str,
    ) -> Result<Role> {
        let missing = || DirectoryError::not_found("role", id);
        let role = RoleId::parse(id).ok_or_else(missing)?;
        self.work.unit.rights(organization.id).role(application.id, role).await?.ok_or_else(missing)
    }

    /// Creates a role.
    pub async fn create(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewRole,
    ) -> Result<Role> {
        if slug_of(new.slug.clone(), &new.name).starts_with(BUILT_IN_ROLE_PREFIX) {
            return Err(reserved_slug());
        }
        self.add_role(organization, application, new).await
    }

    /// Creates a role with any slug.
    pub(crate) async fn add_role(
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
            created_at: self.work.now,
            updated_at: self.work.now,
            version: Version::FIRST,
        };
        refuse(name_and_description(&role.name, role.description.as_ref()))?;
        self.work
            .unit
            .applications(organization.id)
            .insert_role(&role)
            .await
            .map_err(already_taken("role", &role.slug))?;
        let metadata = json!({ "roleId": role.id, "applicationId": application.id, "slug": role.slug });
        self.work.audit(AuditEventKind::RoleCreated, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok(role)
    }

    /// Updates name, slug and description. Returns the names of changed fields.
    pub async fn update(
        &mut self,
        organization: &Organization,
        application: &Application,
        before: &Role,
        after: Role,
    ) -> Result<(Role, Vec<&'static str>)> {
        require_owner(organization, application)?;
        let after = Role {
            name: after.name.trim().to_owned(),
            slug: after.slug,
            description: after.description,
            updated_at: self.work.now,
            ..before.clone()
        };
        refuse(name_and_description(&after.name, after.description.as_ref()))?;
        let fields = changed!(before, after, [name, slug, description]);
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        refuse_built_in(organization, application, before.slug.as_str())?;
        if after.slug != before.slug && after.slug.as_str().starts_with(BUILT_IN_ROLE_PREFIX) {
            return Err(reserved_slug());
        }
        let updated = self.work.unit.applications(organization.id).update_role(&after).await;
        if !updated.map_err(already_taken("role", &after.slug))? {
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

    /// Deletes a role; with `force` also if people have it, who lose it.
    pub async fn delete(
        &mut self,
        organization: &Organization,
        application: &Application,
        role: &Role,
        force: bool,
    ) -> Result<()> {
        require_owner(organization, application)?;
        refuse_built_in(organization, application, role.slug.as_str())?;
        let outcome = self.work.unit.rights(organization.id).delete_role(role, force).await;
        match outcome.map_err(stale("role"))? {
            DeleteOutcome::Deleted => {}
            DeleteOutcome::Missing => return Err(DirectoryError::not_found("role", role.id)),
            DeleteOutcome::InUse(people) => {
                return Err(DirectoryError::InUse(format!(
                    "Cannot delete role \"{}\": {people} user(s) still assigned. Use force=true to override.",
                    role.slug
                )));
            }
        }
        let metadata = json!({
            "roleId": role.id, "applicationId": application.id, "slug": role.slug, "force": force,
        });
        self.work.audit(AuditEventKind::RoleDeleted, Some(organization), None, metadata).await?;
        self.work.announce(Change::Application(application.id));
        Ok(())
    }

    pub async fn create_permission(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewPermission,
    ) -> Result<Permission> {
        self.add_permission(organization, application, new, permission_slug).await
    }

    /// Creates a permission that may be named as in published manifests.
    pub(crate) async fn adopt_permission(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewPermission,
    ) -> Result<Permission> {
        self.add_permission(organization, application, new, published_permission_slug).await
    }

    async fn add_permission(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewPermission,
        slug: fn(&str) -> std::result::Result<String, Invalid>,
    ) -> Result<Permission> {
        require_owner(organization, application)?;
        if let Some(module) = new.module {
            let modules = self.work.unit.applications(organization.id).modules(application.id).await?;
            if !modules.iter().any(|known| known.id == module) {
                return Err(DirectoryError::not_found("module", module));
            }
        }
        let permission = Permission {
            id: PermissionId::new(self.work.now, &*self.work.deps.entropy),
            application_id: application.id,
            module_id: new.module,
            slug: slug(&new.slug)?,
            name: new.name.trim().to_owned(),
            description: new.description,
            created_at: self.work.now,
            version: Version::FIRST,
        };
        refuse(name_and_description(&permission.name, permission.description.as_ref()))?;
        self.work
            .unit
            .applications(organization.id)
            .insert_permission(&permission)
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
        refuse_built_in(organization, application, &before.slug)?;
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
        let one = std::slice::from_ref(permission);
        Ok(self.work.permissions().link(organization, application, role, one).await? > 0)
    }
}
