//! A permission as the API shows it.

use porta_core::EntityId;
use porta_core::application::Permission;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Permission)]
pub(crate) struct PermissionView {
    id: Uuid,
    application_id: Uuid,
    module_id: Option<Uuid>,
    name: String,
    /// What tokens call it.
    slug: String,
    description: Option<String>,
    created_at: String,
}

impl PermissionView {
    /// The tag of the permission's version.
    pub(crate) fn tag(permission: &Permission) -> String {
        etag::tag(permission.id.uuid(), permission.version)
    }
}

impl From<Permission> for PermissionView {
    fn from(permission: Permission) -> Self {
        Self {
            id: permission.id.uuid(),
            application_id: permission.application_id.uuid(),
            module_id: permission.module_id.map(EntityId::uuid),
            name: permission.name,
            slug: permission.slug,
            description: permission.description,
            created_at: time(permission.created_at),
        }
    }
}
