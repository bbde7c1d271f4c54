//! Roles of people.

use porta_core::admin::{ADMIN_SLUG, AdminRole};
use porta_core::application::Role;
use porta_core::audit::AuditEventKind;
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{RoleId, Slug};
use porta_store::RoleAssignment;
use serde_json::json;

use crate::permissions::in_order;
use crate::protected::is_admin_application;
use crate::roles::RoleOperations;
use crate::{DirectoryError, Result, Transaction};

impl RoleOperations<'_> {
    /// The roles of a person, of all applications.
    pub async fn of_user(&mut self, organization: &Organization, user: &User) -> Result<Vec<RoleAssignment>> {
        Ok(self.work.unit.rights(organization.id).roles_of_user(user.id).await?)
    }

    /// Assigns a role of an application that the organization sees; `false` if the person had it already.
    pub async fn assign(&mut self, organization: &Organization, user: &User, role: &Role) -> Result<bool> {
        Ok(self.give(organization, user, std::slice::from_ref(role)).await? > 0)
    }

    /// Assigns roles by their ids: all of them, or the error says which one the organization does not see.
    pub async fn assign_all(
        &mut self,
        organization: &Organization,
        user: &User,
        ids: &[RoleId],
    ) -> Result<usize> {
        let mut roles = Vec::new();
        for id in in_order(ids.iter().copied()) {
            let found = self.work.unit.rights(organization.id).visible_role(id).await?;
            roles.push(found.ok_or_else(|| DirectoryError::not_found("role", id))?);
        }
        self.give(organization, user, &roles).await
    }

    /// Removes a role from a person; `false` if they did not have it.
    pub async fn unassign(&mut self, organization: &Organization, user: &User, role: &Role) -> Result<bool> {
        Ok(self.take(organization, user, std::slice::from_ref(role)).await? > 0)
    }

    /// Removes roles by their ids. What the organization does not see is ignored.
    pub async fn unassign_all(
        &mut self,
        organization: &Organization,
        user: &User,
        ids: &[RoleId],
    ) -> Result<usize> {
        let mut roles = Vec::new();
        for id in in_order(ids.iter().copied()) {
            roles.extend(self.work.unit.rights(organization.id).visible_role(id).await?);
        }
        self.take(organization, user, &roles).await
    }

    async fn give(&mut self, organization: &Organization, user: &User, roles: &[Role]) -> Result<usize> {
        let by = self.work.actor.user();
        let mut given = Vec::new();
        for role in roles {
            self.check_may_decide(organization, role).await?;
            let mut applications = self.work.unit.applications(organization.id);
            if applications.assign_role(user.id, role.id, by, self.work.now).await? {
                given.push(role);
            }
        }
        self.changed(AuditEventKind::UserRolesAssigned, organization, user, &given).await
    }

    async fn take(&mut self, organization: &Organization, user: &User, roles: &[Role]) -> Result<usize> {
        let mut taken = Vec::new();
        for role in roles {
            self.check_may_decide(organization, role).await?;
            check_may_lose(self.work, organization, user, role).await?;
            if self.work.unit.applications(organization.id).remove_role(user.id, role.id).await? {
                taken.push(role);
            }
        }
        self.changed(AuditEventKind::UserRolesRemoved, organization, user, &taken).await
    }

    /// Records a change of a person's roles, if there was one; returns their number.
    async fn changed(
        &mut self,
        event: AuditEventKind,
        organization: &Organization,
        user: &User,
        roles: &[&Role],
    ) -> Result<usize> {
        if !roles.is_empty() {
            let ids: Vec<RoleId> = roles.iter().map(|role| role.id).collect();
            let slugs: Vec<&Slug> = roles.iter().map(|role| &role.slug).collect();
            let metadata = json!({ "roleIds": ids, "roles": slugs });
            self.work.audit(event, Some(organization), Some(user.id), metadata).await?;
        }
        Ok(roles.len())
    }

    /// Refuses to decide who has a role of the application of administration for somebody who does not have every
    /// permission: nobody grants more than they hold.
    pub(crate) async fn check_may_decide(&mut self, organization: &Organization, role: &Role) -> Result<()> {
        if self.work.actor.is_super_admin() {
            return Ok(());
        }
        let application = self.work.unit.applications(organization.id).by_id(role.application_id).await?;
        let application = application.ok_or_else(|| DirectoryError::not_found("role", role.id))?;
        if is_admin_application(organization, &application) {
            let text =
                format!("Only a super-admin may assign or remove roles of the application `{ADMIN_SLUG}`");
            return Err(DirectoryError::Forbidden(text));
        }
        Ok(())
    }
}

/// Refuses to take the role of a super-admin from the super-admin user: nobody could administer then.
async fn check_may_lose(
    work: &mut Transaction,
    organization: &Organization,
    user: &User,
    role: &Role,
) -> Result<()> {
    if !organization.is_super_admin || role.slug.as_str() != AdminRole::SuperAdmin.as_str() {
        return Ok(());
    }
    let installed = work.installation().find().await?;
    let is_administration = installed.application.is_some_and(|own| own.id == role.application_id);
    let is_protected = installed.administrator.is_some_and(|administrator| administrator.id == user.id);
    if is_administration && is_protected {
        let text = format!("Cannot remove the role `{}` from the super-admin user", role.slug);
        return Err(DirectoryError::Forbidden(text));
    }
    Ok(())
}
