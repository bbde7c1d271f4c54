//! Permissions of applications.

use std::collections::HashMap;

use porta_core::application::{Permission, Role};
use porta_core::{OrganizationId, PermissionId};

use super::Queries;
use crate::{DirectoryError, Result};

pub struct PermissionQueries<'q>(&'q Queries);

impl Queries {
    pub fn permissions(&self) -> PermissionQueries<'_> {
        PermissionQueries(self)
    }
}

impl PermissionQueries<'_> {
    /// The permissions of an application, named by id or slug.
    pub async fn list(&self, application: &str) -> Result<Vec<Permission>> {
        let (organization, application) = self.0.applications().with_organization(application).await?;
        Ok(self.0.repositories().applications(organization).permissions(application.id).await?)
    }

    /// How many roles have each of these permissions.
    pub async fn counts(&self, ids: &[PermissionId]) -> Result<HashMap<PermissionId, u64>> {
        Ok(self.0.repositories().all_applications().permission_counts(ids).await?)
    }

    /// A permission of an application.
    pub async fn find(&self, application: &str, id: &str) -> Result<(OrganizationId, Permission)> {
        let (organization, application) = self.0.applications().with_organization(application).await?;
        let missing = || DirectoryError::not_found("permission", id);
        let permission = PermissionId::parse(id).ok_or_else(missing)?;
        let found = self.0.repositories().rights(organization).permission(application.id, permission).await?;
        Ok((organization, found.ok_or_else(missing)?))
    }

    /// The roles that have a permission.
    pub async fn roles(&self, application: &str, id: &str) -> Result<Vec<Role>> {
        let (organization, permission) = self.find(application, id).await?;
        Ok(self.0.repositories().rights(organization).roles_with_permission(&permission).await?)
    }
}
