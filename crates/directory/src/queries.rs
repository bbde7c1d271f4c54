//! What operators read. Every query is a round trip of its own, outside a unit of work.

use std::sync::Arc;

use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{OrganizationId, Slug, TokenDigest, UserId};
use porta_store::{AdministratorFacts, Page, PageRequest, SortedCursor, UserFilter, UserSort};

use crate::{DirectoryDeps, DirectoryError, Result};

/// Queries of operators; cheap to make.
pub struct Queries {
    deps: Arc<DirectoryDeps>,
}

impl Queries {
    pub(crate) fn new(deps: Arc<DirectoryDeps>) -> Self {
        Self { deps }
    }

    /// `None`: the installation has no admin application yet.
    pub async fn admin_sign_in(&self) -> Result<Option<AdminSignIn>> {
        let found = self.deps.store.repositories().administrators().sign_in().await?;
        Ok(found.map(|(organization, client_id)| AdminSignIn { organization, client_id }))
    }

    /// Who is behind an access token; whether it is still valid is for the caller to decide.
    pub async fn administrator(&self, token: &TokenDigest) -> Result<Option<AdministratorFacts>> {
        let now = self.deps.clock.now();
        Ok(self.deps.store.repositories().administrators().facts(token, now).await?)
    }

    /// Finds an organization by id, then by slug: a slug may look like an id.
    pub async fn organization(&self, slug_or_id: &str) -> Result<Organization> {
        let mut repositories = self.deps.store.repositories();
        let mut organizations = repositories.organizations();
        if let Some(id) = OrganizationId::parse(slug_or_id)
            && let Some(found) = organizations.by_id(id).await?
        {
            return Ok(found);
        }
        let missing = || DirectoryError::not_found("organization", slug_or_id);
        let slug = Slug::parse(slug_or_id).map_err(|_| missing())?;
        organizations.by_slug(&slug).await?.ok_or_else(missing)
    }

    /// Finds a person by id, in a named organization or in whichever has the person.
    pub async fn user(&self, organization: Option<&str>, id: &str) -> Result<User> {
        self.user_with_organization(organization, id).await.map(|(_, user)| user)
    }

    pub async fn user_with_organization(
        &self,
        organization: Option<&str>,
        id: &str,
    ) -> Result<(Organization, User)> {
        let missing = || DirectoryError::not_found("user", id);
        let user = UserId::parse(id).ok_or_else(missing)?;
        let organization = match organization {
            Some(name) => self.organization(name).await?,
            None => {
                let mut repositories = self.deps.store.repositories();
                repositories.organizations().of_user(user).await?.ok_or_else(missing)?
            }
        };
        let found = self.deps.store.repositories().users(organization.id).by_id(user).await?;
        Ok((organization, found.ok_or_else(missing)?))
    }

    pub async fn users(
        &self,
        organization: OrganizationId,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<User, SortedCursor>> {
        Ok(self.deps.store.repositories().users(organization).list(filter, page).await?)
    }

    pub async fn count_users(&self, organization: OrganizationId, filter: &UserFilter) -> Result<u64> {
        Ok(self.deps.store.repositories().users(organization).count(filter).await?)
    }
}

/// Where administrators sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminSignIn {
    /// Slug of the super-admin organization.
    pub organization: Slug,
    /// Client of the command line.
    pub client_id: Option<String>,
}
