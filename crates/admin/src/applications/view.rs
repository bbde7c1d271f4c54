//! An application as the API shows it.

use std::collections::HashMap;

use porta_core::application::Application;
use porta_core::{ApplicationId, EntityId};
use porta_store::ApplicationCounts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// What belongs to an application.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApplicationCounts)]
pub(crate) struct ApplicationCountsView {
    modules: u64,
    clients: u64,
    roles: u64,
}

impl From<ApplicationCounts> for ApplicationCountsView {
    fn from(counts: ApplicationCounts) -> Self {
        Self { modules: counts.modules, clients: counts.clients, roles: counts.roles }
    }
}

/// An application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Application)]
pub(crate) struct ApplicationView {
    id: Uuid,
    /// The owner. `null`: every organization may use it.
    organization_id: Option<Uuid>,
    name: String,
    slug: String,
    description: Option<String>,
    /// `active`, `inactive` or `archived`.
    status: &'static str,
    created_at: String,
    updated_at: String,
    /// Only in a list with `include=counts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<ApplicationCountsView>,
}

impl ApplicationView {
    /// A row of a list. `counts` is there if it was asked for.
    pub(super) fn listed(
        application: Application,
        counts: Option<&HashMap<ApplicationId, ApplicationCounts>>,
    ) -> Self {
        let counts = counts.map(|all| all.get(&application.id).copied().unwrap_or_default().into());
        Self { counts, ..Self::from(application) }
    }

    /// The tag of the application's version.
    pub(crate) fn tag(application: &Application) -> String {
        etag::tag(application.id.uuid(), application.version, &Self::from(application.clone()))
    }
}

impl From<Application> for ApplicationView {
    fn from(application: Application) -> Self {
        Self {
            id: application.id.uuid(),
            organization_id: application.organization_id.map(EntityId::uuid),
            name: application.name,
            slug: application.slug.to_string(),
            description: application.description,
            status: application.status.as_str(),
            created_at: time(application.created_at),
            updated_at: time(application.updated_at),
            counts: None,
        }
    }
}
