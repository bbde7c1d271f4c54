//! An application as the API shows it.

use porta_core::EntityId;
use porta_core::application::Application;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

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
}

impl ApplicationView {
    /// The tag of the application's version.
    pub(crate) fn tag(application: &Application) -> String {
        etag::tag(application.id.uuid(), application.version)
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
        }
    }
}
