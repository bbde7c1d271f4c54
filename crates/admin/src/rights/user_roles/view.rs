//! A role of a user as the API shows it.

use porta_core::{EntityId, UserId};
use porta_store::RoleAssignment;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::rights::roles::view::RoleView;

/// A role of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserRoleAssignment)]
pub(crate) struct AssignedRoleView {
    #[serde(flatten)]
    role: RoleView,
    user_id: Uuid,
    /// The same as `id`.
    role_id: Uuid,
    /// The same as `name`.
    role_name: String,
    /// The same as `slug`.
    role_slug: String,
    /// `null`: nobody who still exists.
    assigned_by: Option<Uuid>,
    assigned_at: String,
}

impl AssignedRoleView {
    pub(crate) fn new(user: UserId, assignment: RoleAssignment) -> Self {
        let role = assignment.role;
        Self {
            user_id: user.uuid(),
            role_id: role.id.uuid(),
            role_name: role.name.clone(),
            role_slug: role.slug.to_string(),
            assigned_by: assignment.assigned_by.map(EntityId::uuid),
            assigned_at: time(assignment.assigned_at),
            role: role.into(),
        }
    }
}

/// Roles of applications that the user's organization sees.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleIds {
    #[schema(min_items = 1, max_items = 500)]
    pub(crate) role_ids: Vec<Uuid>,
}
