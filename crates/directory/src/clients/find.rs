//! Finds clients, and the applications they are to belong to, by the names that operators use.

use porta_core::application::Application;
use porta_core::client::ClientId;
use porta_core::organization::Organization;
use porta_core::{ApplicationId, ClientKey, Slug};
use porta_store::{FoundClient, Repositories};

use super::ClientOperations;
use crate::lookup::find_application;
use crate::{DirectoryError, Result};

/// The client of an id or public identifier. Text that has the form of an id is tried as an id first.
pub(crate) async fn client<R: Repositories + ?Sized>(
    repositories: &mut R,
    name: &str,
) -> Result<FoundClient> {
    let missing = || DirectoryError::not_found("client", name);
    // Every id has the form of a public identifier.
    let client_id = ClientId::parse(name).map_err(|_| missing())?;
    let found = repositories.all_clients().find(ClientKey::parse(name), &client_id).await?;
    found.ok_or_else(missing)
}

/// The application of an id or slug: one that the organization sees, or, if none is named, the only one of that name.
pub(crate) async fn application<R: Repositories + ?Sized>(
    repositories: &mut R,
    organization: Option<&Organization>,
    name: &str,
) -> Result<Application> {
    if let Some(organization) = organization {
        let missing = || DirectoryError::not_found("application", name);
        let mut visible = repositories.applications(organization.id);
        if let Some(id) = ApplicationId::parse(name)
            && let Some(found) = visible.by_id(id).await?
        {
            return Ok(found);
        }
        let slug = Slug::parse(name).map_err(|_| missing())?;
        return visible.by_slug(&slug).await?.ok_or_else(missing);
    }
    find_application(&mut *repositories.all_applications(), name).await.map_err(|error| match error {
        DirectoryError::Conflict(_) => {
            let problem =
                format!("several organizations have an application `{name}`; name the organization");
            DirectoryError::invalid("organization_id", problem)
        }
        other => other,
    })
}

impl ClientOperations<'_> {
    /// Finds a client by id or public identifier, in whichever organization has it.
    pub async fn find(&mut self, name: &str) -> Result<FoundClient> {
        client(&mut *self.work.unit, name).await
    }

    /// Finds the application that a client is to belong to, by id or slug: one that the organization sees, or, if none
    /// is named, the only one of that name.
    pub async fn application(
        &mut self,
        organization: Option<&Organization>,
        name: &str,
    ) -> Result<Application> {
        application(&mut *self.work.unit, organization, name).await
    }
}
