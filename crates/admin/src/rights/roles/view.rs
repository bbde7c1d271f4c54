//! A role as the API shows it.

use porta_core::EntityId as _;
use porta_core::application::Role;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// A role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Role)]
pub(crate) struct RoleView {
    id: Uuid,
    application_id: Uuid,
    name: String,
    /// What tokens call it.
    slug: String,
    description: Option<String>,
    created_at: String,
    updated_at: String,
}

impl RoleView {
    /// The tag of the role's version.
    pub(crate) fn tag(role: &Role) -> String {
        etag::tag(role.id.uuid(), role.version)
    }
}

impl From<Role> for RoleView {
    fn from(role: Role) -> Self {
        Self {
            id: role.id.uuid(),
            application_id: role.application_id.uuid(),
            name: role.name,
            slug: role.slug.to_string(),
            description: role.description,
            created_at: time(role.created_at),
            updated_at: time(role.updated_at),
        }
    }
}
