//! A permission as the API shows it.

use std::collections::HashMap;

use porta_core::application::Permission;
use porta_core::{EntityId, PermissionId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// Who has a permission.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PermissionCounts)]
pub(crate) struct PermissionCountsView {
    roles: u64,
}

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
    /// Only in a list with `include=counts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<PermissionCountsView>,
}

impl PermissionView {
    /// A row of a list. The number of roles is there if it was asked for.
    pub(super) fn listed(permission: Permission, roles: Option<&HashMap<PermissionId, u64>>) -> Self {
        let roles = roles.map(|all| all.get(&permission.id).copied().unwrap_or_default());
        Self { counts: roles.map(|roles| PermissionCountsView { roles }), ..Self::from(permission) }
    }

    /// The tag of the permission's version.
    pub(crate) fn tag(permission: &Permission) -> String {
        etag::tag(permission.id.uuid(), permission.version, &Self::from(permission.clone()))
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
            counts: None,
        }
    }
}
