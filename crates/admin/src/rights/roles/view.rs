//! A role as the API shows it.

use std::collections::HashMap;

use porta_core::application::Role;
use porta_core::{EntityId as _, RoleId};
use porta_store::RoleCounts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// What a role confers, and how many have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RoleCounts)]
pub(crate) struct RoleCountsView {
    permissions: u64,
    /// Users of all organizations.
    users: u64,
}

impl From<RoleCounts> for RoleCountsView {
    fn from(counts: RoleCounts) -> Self {
        Self { permissions: counts.permissions, users: counts.users }
    }
}

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
    /// Only in a list with `include=counts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<RoleCountsView>,
}

impl RoleView {
    /// A row of a list. `counts` is there if it was asked for.
    pub(super) fn listed(role: Role, counts: Option<&HashMap<RoleId, RoleCounts>>) -> Self {
        let counts = counts.map(|all| all.get(&role.id).copied().unwrap_or_default().into());
        Self { counts, ..Self::from(role) }
    }

    /// The tag of the role's version.
    pub(crate) fn tag(role: &Role) -> String {
        etag::tag(role.id.uuid(), role.version, &Self::from(role.clone()))
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
            counts: None,
        }
    }
}
