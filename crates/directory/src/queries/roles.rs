//! Roles of applications, and who has them.

use std::collections::HashMap;

use porta_core::application::{Permission, Role};
use porta_core::{OrganizationId, RoleId, UserId};
use porta_store::{HolderSort, Page, PageRequest, RoleAssignment, RoleCounts, RoleHolder, SortedCursor};

use super::Queries;
use crate::{DirectoryError, Result};

pub struct RoleQueries<'q>(&'q Queries);

impl Queries {
    pub fn roles(&self) -> RoleQueries<'_> {
        RoleQueries(self)
    }
}

impl RoleQueries<'_> {
    /// The roles of an application, named by id or slug.
    pub async fn list(&self, application: &str) -> Result<Vec<Role>> {
        let (organization, application) = self.0.applications().with_organization(application).await?;
        Ok(self.0.repositories().applications(organization).roles(application.id).await?)
    }

    /// What each of these roles confers, and how many people of all organizations have it.
    pub async fn counts(&self, ids: &[RoleId]) -> Result<HashMap<RoleId, RoleCounts>> {
        Ok(self.0.repositories().all_applications().role_counts(ids).await?)
    }

    /// A role of an application.
    pub async fn find(&self, application: &str, id: &str) -> Result<(OrganizationId, Role)> {
        let (organization, application) = self.0.applications().with_organization(application).await?;
        let missing = || DirectoryError::not_found("role", id);
        let role = RoleId::parse(id).ok_or_else(missing)?;
        let found = self.0.repositories().rights(organization).role(application.id, role).await?;
        Ok((organization, found.ok_or_else(missing)?))
    }

    /// A role of whichever application.
    pub async fn find_by_id(&self, id: &str) -> Result<(OrganizationId, Role)> {
        let missing = || DirectoryError::not_found("role", id);
        let role = RoleId::parse(id).ok_or_else(missing)?;
        let organization = self.0.repositories().organizations().of_role(role).await?.ok_or_else(missing)?;
        let found = self.0.repositories().rights(organization.id).visible_role(role).await?;
        Ok((organization.id, found.ok_or_else(missing)?))
    }

    /// The permissions of a role.
    pub async fn permissions(&self, application: &str, id: &str) -> Result<Vec<Permission>> {
        let (organization, role) = self.find(application, id).await?;
        Ok(self.0.repositories().rights(organization).permissions_of_role(&role).await?)
    }

    /// Who has a role of an application of `organization`: people of all organizations, or of one.
    pub async fn holders(
        &self,
        organization: OrganizationId,
        role: &Role,
        of: Option<OrganizationId>,
        page: &PageRequest<HolderSort>,
    ) -> Result<Page<RoleHolder, SortedCursor>> {
        Ok(self.0.repositories().rights(organization).holders(role.id, of, page).await?)
    }

    /// Number of rows of [`holders`](Self::holders) on all pages, counted up to `at_most`.
    pub async fn count_holders(
        &self,
        organization: OrganizationId,
        role: &Role,
        of: Option<OrganizationId>,
        at_most: u64,
    ) -> Result<u64> {
        Ok(self.0.repositories().rights(organization).count_holders(role.id, of, at_most).await?)
    }

    /// The roles of a person, of all applications.
    pub async fn of_user(&self, organization: &str, user: &str) -> Result<(UserId, Vec<RoleAssignment>)> {
        let (organization, user) = self.0.users().find(Some(organization), user).await?;
        Ok((user.id, self.0.repositories().rights(organization.id).roles_of_user(user.id).await?))
    }

    /// The permissions of all roles of a person, each once.
    pub async fn permissions_of_user(&self, organization: &str, user: &str) -> Result<Vec<Permission>> {
        let (organization, user) = self.0.users().find(Some(organization), user).await?;
        Ok(self.0.repositories().rights(organization.id).permissions_of_user(user.id).await?)
    }
}
