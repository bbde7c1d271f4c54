//! What operators read. Every query is a round trip of its own, outside a unit of work. Each kind of entity has a file
//! with its own type.

mod administrators;
mod applications;
mod audit;
mod claims;
mod clients;
mod exports;
mod invitations;
mod lookups;
mod organizations;
mod outbox;
mod permissions;
mod roles;
mod second_factors;
mod sessions;
mod statistics;
mod system;
mod users;

use std::sync::Arc;

use porta_core::organization::Organization;
use porta_core::{OrganizationId, Slug};
use porta_store::Repositories;

pub use self::administrators::{AdminSignIn, AdministratorQueries};
pub use self::applications::ApplicationQueries;
pub use self::audit::AuditQueries;
pub use self::claims::ClaimQueries;
pub use self::clients::ClientQueries;
pub use self::exports::{ApplicationParts, ExportQueries, NamedClient};
pub use self::invitations::InvitationQueries;
pub use self::lookups::{FirstRows, LookupQueries, Wanted};
pub use self::organizations::OrganizationQueries;
pub use self::outbox::{OutboxQueries, Undelivered};
pub use self::permissions::PermissionQueries;
pub use self::roles::RoleQueries;
pub use self::second_factors::{FactorStatus, SecondFactorQueries};
pub use self::sessions::SessionQueries;
pub use self::statistics::{Overview, StatisticsQueries};
pub use self::system::SystemState;
pub use self::users::UserQueries;

use crate::{DirectoryDeps, DirectoryError, Result};

/// Queries of operators; cheap to make.
pub struct Queries {
    deps: Arc<DirectoryDeps>,
}

impl Queries {
    pub(crate) fn new(deps: Arc<DirectoryDeps>) -> Self {
        Self { deps }
    }

    /// Repositories whose every call commits by itself.
    pub(crate) fn repositories(&self) -> Box<dyn Repositories + '_> {
        self.deps.store.repositories()
    }

    /// Finds an organization by id, then by slug: a slug may look like an id.
    pub async fn organization(&self, slug_or_id: &str) -> Result<Organization> {
        let mut repositories = self.repositories();
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
}
