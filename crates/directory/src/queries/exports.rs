//! What exports read: pages in the order of creation, each a query of its own, so that no connection waits for the
//! reader of a file.

use std::collections::{BTreeMap, HashMap};

use porta_core::application::{Application, ClaimDefinition, Module, Permission, Role};
use porta_core::client::Client;
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{ApplicationId, EntityId as _, OrganizationId, Slug};
use porta_store::{
    ApplicationFilter, ApplicationSort, Cursor, Direction, ExportedRole, ExportedValue, Page, PageRequest,
    PageStart, SortedCursor,
};
use serde_json::Value;

use super::Queries;
use crate::Result;

/// Rows of a page.
const PAGE: u32 = 500;

/// An application with everything that belongs to it, except clients.
#[derive(Debug, Clone)]
pub struct ApplicationParts {
    pub application: Application,
    pub modules: Vec<Module>,
    pub permissions: Vec<Permission>,
    /// With the slugs of their permissions.
    pub roles: Vec<(Role, Vec<String>)>,
    pub claims: Vec<ClaimDefinition>,
}

/// A client by the names that operators use.
#[derive(Debug, Clone)]
pub struct NamedClient {
    pub client: Client,
    pub application: Slug,
    pub allowed_organizations: Vec<Slug>,
}

pub struct ExportQueries<'q>(&'q Queries);

impl Queries {
    pub fn exports(&self) -> ExportQueries<'_> {
        ExportQueries(self)
    }
}

/// Position of somebody in the order of creation.
fn position(user: &User) -> Cursor {
    Cursor { created_at: user.created_at, id: user.id.uuid() }
}

impl ExportQueries<'_> {
    pub async fn organizations(&self, after: Option<Cursor>) -> Result<Page<Organization>> {
        Ok(self.0.repositories().organizations().page(after, PAGE).await?)
    }

    pub async fn users(&self, organization: OrganizationId, after: Option<Cursor>) -> Result<Page<User>> {
        Ok(self.0.repositories().users(organization).page(after, PAGE).await?)
    }

    pub async fn clients(&self, organization: OrganizationId, after: Option<Cursor>) -> Result<Page<Client>> {
        Ok(self.0.repositories().clients(organization).page(after, PAGE).await?)
    }

    /// The applications of all owners, or of one.
    pub async fn applications(
        &self,
        owner: Option<OrganizationId>,
        after: Option<SortedCursor>,
    ) -> Result<Page<Application, SortedCursor>> {
        let filter = ApplicationFilter { owner, ..ApplicationFilter::default() };
        let request = PageRequest {
            sort: ApplicationSort::CreatedAt,
            direction: Direction::Ascending,
            start: after.map_or(PageStart::First, PageStart::After),
            limit: PAGE,
        };
        Ok(self.0.repositories().all_applications().list(&filter, &request).await?)
    }

    /// Number of clients of an organization.
    pub async fn count_clients(&self, organization: OrganizationId) -> Result<u64> {
        Ok(self.0.organizations().cascade_counts(organization).await?.clients)
    }

    /// The roles of the people of a page.
    pub async fn roles_of(&self, organization: OrganizationId, page: &[User]) -> Result<Vec<ExportedRole>> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
        Ok(self.0.repositories().exports(organization).roles(position(first), position(last)).await?)
    }

    /// The claim values of the people of a page.
    pub async fn values_of(&self, organization: OrganizationId, page: &[User]) -> Result<Vec<ExportedValue>> {
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
        Ok(self.0.repositories().exports(organization).values(position(first), position(last)).await?)
    }

    /// The settings that an organization has of its own.
    pub async fn settings(&self, organization: OrganizationId) -> Result<BTreeMap<String, Value>> {
        Ok(self.0.repositories().settings(Some(organization)).all().await?)
    }

    /// Every application of an organization with its parts.
    pub async fn applications_of(&self, organization: OrganizationId) -> Result<Vec<ApplicationParts>> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.applications(Some(organization), after).await?;
            for application in page.items {
                all.push(self.parts(organization, application).await?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    async fn parts(
        &self,
        organization: OrganizationId,
        application: Application,
    ) -> Result<ApplicationParts> {
        let mut repositories = self.0.repositories();
        let mut applications = repositories.applications(organization);
        let modules = applications.modules(application.id).await?;
        let permissions = applications.permissions(application.id).await?;
        let found = applications.roles(application.id).await?;
        let claims = applications.claims(application.id).await?;
        drop(applications);
        let mut roles = Vec::with_capacity(found.len());
        for role in found {
            let granted = repositories.rights(organization).permissions_of_role(&role).await?;
            roles.push((role, granted.into_iter().map(|permission| permission.slug).collect()));
        }
        Ok(ApplicationParts { application, modules, permissions, roles, claims })
    }

    /// Every client of an organization. Clients may belong to shared applications.
    pub async fn clients_of(&self, organization: OrganizationId) -> Result<Vec<NamedClient>> {
        let mut names = Names::default();
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = self.clients(organization, after).await?;
            for client in page.items {
                let Some(application) = names.application(self.0, client.application_id).await? else {
                    // Deleted at the same moment, and the client with it.
                    continue;
                };
                let mut allowed_organizations = Vec::with_capacity(client.allowed_organizations.len());
                for guest in &client.allowed_organizations {
                    allowed_organizations.extend(names.organization(self.0, *guest).await?);
                }
                all.push(NamedClient { client, application, allowed_organizations });
            }
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}

/// Slugs that were looked up.
#[derive(Default)]
struct Names {
    applications: HashMap<ApplicationId, Option<Slug>>,
    organizations: HashMap<OrganizationId, Option<Slug>>,
}

impl Names {
    async fn application(&mut self, queries: &Queries, id: ApplicationId) -> Result<Option<Slug>> {
        if let Some(known) = self.applications.get(&id) {
            return Ok(known.clone());
        }
        let found = queries.repositories().all_applications().by_id(id).await?.map(|found| found.slug);
        self.applications.insert(id, found.clone());
        Ok(found)
    }

    async fn organization(&mut self, queries: &Queries, id: OrganizationId) -> Result<Option<Slug>> {
        if let Some(known) = self.organizations.get(&id) {
            return Ok(known.clone());
        }
        let found = queries.repositories().organizations().by_id(id).await?.map(|found| found.slug);
        self.organizations.insert(id, found.clone());
        Ok(found)
    }
}
