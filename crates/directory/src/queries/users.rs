//! People.

use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{OrganizationId, UserId};
use porta_store::{
    Page, PageRequest, PersonalData, SortedCursor, UserEntry, UserFilter, UserSort, collect_personal_data,
};

use super::Queries;
use crate::{DirectoryError, Result};

/// Most audit rows of the data about a person.
const AUDIT_ROWS: usize = 500;

pub struct UserQueries<'q>(&'q Queries);

impl Queries {
    pub fn users(&self) -> UserQueries<'_> {
        UserQueries(self)
    }
}

impl UserQueries<'_> {
    /// Finds a person by id, in a named organization or in whichever has the person.
    pub async fn find(&self, organization: Option<&str>, id: &str) -> Result<(Organization, User)> {
        let missing = || DirectoryError::not_found("user", id);
        let user = UserId::parse(id).ok_or_else(missing)?;
        let organization = match organization {
            Some(name) => self.0.organization(name).await?,
            None => self.0.repositories().organizations().of_user(user).await?.ok_or_else(missing)?,
        };
        let found = self.0.repositories().users(organization.id).by_id(user).await?;
        Ok((organization, found.ok_or_else(missing)?))
    }

    /// The people of an organization that is named by id or slug, and its id. If the id is named and has people on the
    /// page, the organization is there: so the page is the only round trip.
    pub async fn list_of(
        &self,
        organization: &str,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<(OrganizationId, Page<User, SortedCursor>)> {
        if let Some(id) = OrganizationId::parse(organization) {
            let found = self.list(id, filter, page).await?;
            if !found.items.is_empty() {
                return Ok((id, found));
            }
        }
        let id = self.0.organization(organization).await?.id;
        Ok((id, self.list(id, filter, page).await?))
    }

    pub async fn list(
        &self,
        organization: OrganizationId,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<User, SortedCursor>> {
        Ok(self.0.repositories().users(organization).list(filter, page).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(
        &self,
        organization: OrganizationId,
        filter: &UserFilter,
        at_most: u64,
    ) -> Result<u64> {
        Ok(self.0.repositories().users(organization).count(filter, at_most).await?)
    }

    /// What is stored about a person beside the account, with the newest audit rows.
    pub async fn personal_data(&self, user: &User) -> Result<PersonalData> {
        let now = self.0.deps.clock.now();
        Ok(collect_personal_data(&mut *self.0.repositories(), user, now, AUDIT_ROWS).await?)
    }

    /// People of all organizations, or of one, with the names of the organizations.
    pub async fn list_all(
        &self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<UserEntry, SortedCursor>> {
        Ok(self.0.repositories().people().users(of, filter, page).await?)
    }

    /// Number of rows of [`list_all`](Self::list_all) on all its pages, counted up to `at_most`.
    pub async fn count_all(
        &self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        at_most: u64,
    ) -> Result<u64> {
        Ok(self.0.repositories().people().count_users(of, filter, at_most).await?)
    }
}
