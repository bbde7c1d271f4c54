//! Applications and their modules.

use std::collections::HashMap;

use porta_core::admin::ADMIN_SLUG;
use porta_core::application::{Application, Module};
use porta_core::{ApplicationId, OrganizationId};
use porta_store::{ApplicationCounts, ApplicationFilter, ApplicationSort, Page, PageRequest, SortedCursor};

use super::Queries;
use crate::Result;
use crate::lookup::find_application;

pub struct ApplicationQueries<'q>(&'q Queries);

impl Queries {
    pub fn applications(&self) -> ApplicationQueries<'_> {
        ApplicationQueries(self)
    }
}

impl ApplicationQueries<'_> {
    /// Finds an application by id or slug.
    pub async fn find(&self, slug_or_id: &str) -> Result<Application> {
        find_application(&mut *self.0.repositories().all_applications(), slug_or_id).await
    }

    /// Finds an application by id or slug, with the organization that may change it.
    pub(super) async fn with_organization(&self, slug_or_id: &str) -> Result<(OrganizationId, Application)> {
        let application = self.find(slug_or_id).await?;
        Ok((self.organization_of(&application).await?, application))
    }

    /// The owner, or the super-admin organization if it is shared.
    async fn organization_of(&self, application: &Application) -> Result<OrganizationId> {
        match application.organization_id {
            Some(owner) => Ok(owner),
            None => Ok(self.0.organization(ADMIN_SLUG).await?.id),
        }
    }

    pub async fn list(
        &self,
        filter: &ApplicationFilter,
        page: &PageRequest<ApplicationSort>,
    ) -> Result<Page<Application, SortedCursor>> {
        Ok(self.0.repositories().all_applications().list(filter, page).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(&self, filter: &ApplicationFilter, at_most: u64) -> Result<u64> {
        Ok(self.0.repositories().all_applications().count(filter, at_most).await?)
    }

    /// What belongs to each of these applications.
    pub async fn counts(&self, ids: &[ApplicationId]) -> Result<HashMap<ApplicationId, ApplicationCounts>> {
        Ok(self.0.repositories().all_applications().counts(ids).await?)
    }

    /// Modules of an application, by name.
    pub async fn modules(&self, application: &Application) -> Result<Vec<Module>> {
        let organization = self.organization_of(application).await?;
        Ok(self.0.repositories().applications(organization).modules(application.id).await?)
    }
}
