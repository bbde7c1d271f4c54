//! `GET /applications/{appId}/roles/{roleId}/users`, and the same by the id of the role alone.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::admin::AdminPermission;
use porta_core::application::Role;
use porta_core::{EntityId as _, OrganizationId};
use porta_store::{HolderSort, RoleHolder};
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::{Authorized, ReadRoles};
use crate::answer::time;
use crate::error::Result;
use crate::list::{ListAnswer, ListRequest, Query, Sorts};
use crate::path::InPath;
use crate::state::AdminState;

/// The canonical word comes first.
const SORTS: Sorts<HolderSort> = &[
    ("created_at", HolderSort::AssignedAt),
    ("createdAt", HolderSort::AssignedAt),
    ("assignedAt", HolderSort::AssignedAt),
];

/// A user who has a role.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserRole)]
pub(crate) struct RoleHolderView {
    user_id: Uuid,
    role_id: Uuid,
    /// `null`: nobody who still exists.
    assigned_by: Option<Uuid>,
    /// When the user was given the role.
    created_at: String,
    /// The same as `createdAt`.
    assigned_at: String,
    /// `null` for administrators who may not read users.
    email: Option<String>,
    /// `null` for administrators who may not read users.
    name: Option<String>,
    organization_id: Uuid,
    organization_name: String,
}

impl RoleHolderView {
    fn new(holder: RoleHolder, shows_person: bool) -> Self {
        let assigned_at = time(holder.assigned_at);
        let names: Vec<String> = [holder.given_name, holder.family_name].into_iter().flatten().collect();
        let name = (!names.is_empty()).then(|| names.join(" "));
        Self {
            user_id: holder.user_id.uuid(),
            role_id: holder.role_id.uuid(),
            assigned_by: holder.assigned_by.map(porta_core::EntityId::uuid),
            created_at: assigned_at.clone(),
            assigned_at,
            email: shows_person.then_some(holder.email),
            name: name.filter(|_| shows_person),
            organization_id: holder.organization_id.uuid(),
            organization_name: holder.organization_name,
        }
    }
}

/// The parameters, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what `answer` reads")]
pub(crate) struct HolderParameters {
    /// Id or slug of an organization: only its users. Without it those of all organizations.
    org_id: Option<String>,
    /// The same as `orgId`.
    organization_id: Option<String>,
    /// Page number, from 1. Not with `cursor` or `limit`.
    #[param(minimum = 1, maximum = 1_000_000_000, default = 1)]
    page: Option<u64>,
    /// Rows of a page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    page_size: Option<u64>,
    /// Position of the page before: its `nextCursor`.
    cursor: Option<String>,
    /// Rows of a page by cursor. Selects pages by cursor.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// `asc` or `desc`: newest assignment first, unless it is `asc`.
    sort_order: Option<String>,
}

async fn answer(
    state: &AdminState,
    caller: &Authorized<ReadRoles>,
    (organization, role): (OrganizationId, &Role),
    query: &Query,
) -> Result<Reply> {
    let request = ListRequest::of(query, SORTS, HolderSort::AssignedAt)?;
    let queries = state.directory.queries();
    let of = match query.text("orgId").or_else(|| query.text("organizationId")) {
        Some(name) => Some(queries.organization(name).await?.id),
        None => None,
    };
    let found = queries.roles().holders(organization, role, of, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.roles().count_holders(organization, role, of, at_most).await?),
        None => None,
    };
    let shows_people = caller.also_may(AdminPermission::UserRead);
    let answer = request.answer(found, counted, |holder| RoleHolderView::new(holder, shows_people));
    Ok(reply::json(StatusCode::OK, &answer))
}

/// List the users who have a role of an application, newest assignment first.
#[utoipa::path(get, path = "/applications/{appId}/roles/{roleId}/users", tag = "roles",
    params(HolderParameters), responses((status = 200, body = ListAnswer<RoleHolderView>)))]
pub(crate) async fn list_role_users(
    caller: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let (organization, role) = state.directory.queries().roles().find(&application, &role).await?;
    answer(&state, &caller, (organization, &role), &query).await
}

/// List the users who have a role, newest assignment first.
#[utoipa::path(get, path = "/roles/{roleId}/users", tag = "roles",
    params(HolderParameters), responses((status = 200, body = ListAnswer<RoleHolderView>)))]
pub(crate) async fn list_users_of_role(
    caller: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath(role): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let (organization, role) = state.directory.queries().roles().find_by_id(&role).await?;
    answer(&state, &caller, (organization, &role), &query).await
}
