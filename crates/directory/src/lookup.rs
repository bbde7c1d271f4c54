//! Looks up entities by the names that operators use.

use porta_core::application::Application;
use porta_core::client::Client;
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{ApplicationId, OrganizationId, Slug, UserId};
use porta_store::AllApplicationRepository;

use crate::{DirectoryError, Result, Transaction};

impl Transaction {
    /// Finds an organization by id or slug; text that has the form of an id is tried as an id first.
    pub async fn organization(&mut self, slug_or_id: &str) -> Result<Organization> {
        if let Some(id) = OrganizationId::parse(slug_or_id)
            && let Some(found) = self.unit.organizations().by_id(id).await?
        {
            return Ok(found);
        }
        let missing = || DirectoryError::not_found("organization", slug_or_id);
        let slug = Slug::parse(slug_or_id).map_err(|_| missing())?;
        self.unit.organizations().by_slug(&slug).await?.ok_or_else(missing)
    }

    /// Finds a person of one organization by id or address.
    pub async fn user(&mut self, organization: &Organization, id_or_email: &str) -> Result<User> {
        let mut users = self.unit.users(organization.id);
        let found = match UserId::parse(id_or_email) {
            Some(id) => users.by_id(id).await?,
            None => users.by_email(id_or_email).await?,
        };
        found.ok_or_else(|| DirectoryError::not_found("user", id_or_email))
    }

    /// Finds a client and its organization by the client's id or public identifier.
    pub async fn client(&mut self, name: &str) -> Result<(Organization, Client)> {
        let found = self.clients().find(name).await?;
        Ok((found.organization, found.client))
    }
}

/// Finds an application by id, then by slug: a slug may look like an id. Several organizations may have an application of
/// one slug; then the slug names none of them.
pub(crate) async fn find_application(
    applications: &mut dyn AllApplicationRepository,
    slug_or_id: &str,
) -> Result<Application> {
    if let Some(id) = ApplicationId::parse(slug_or_id)
        && let Some(found) = applications.by_id(id).await?
    {
        return Ok(found);
    }
    let missing = || DirectoryError::not_found("application", slug_or_id);
    let slug = Slug::parse(slug_or_id).map_err(|_| missing())?;
    let mut found = applications.by_slug(&slug).await?;
    if found.len() > 1 {
        let text = format!("several organizations have an application `{slug}`; use its id");
        return Err(DirectoryError::Conflict(text));
    }
    found.pop().ok_or_else(missing)
}
