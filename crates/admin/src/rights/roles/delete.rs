//! `DELETE /applications/{appId}/roles/{roleId}`, and `POST …/archive`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_directory::Actor;
use porta_web::reply::Reply;

use super::view::RoleView;
use crate::access::{Authorized, DeleteRoles};
use crate::answer::no_content;
use crate::error::Result;
use crate::etag;
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

async fn delete(
    state: &AdminState,
    actor: Actor,
    (application, role): (&str, &str),
    headers: &HeaderMap,
    force: bool,
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let (organization, application) = unit.applications().find(application).await?;
    let role = unit.roles().find(&organization, &application, role).await?;
    etag::check(headers, &RoleView::tag(&role), &RoleView::from(role.clone()))?;
    unit.roles().delete(&organization, &application, &role, force).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Delete a role.
///
/// One that users have is deleted only with `force`; they lose it.
#[utoipa::path(delete, path = "/applications/{appId}/roles/{roleId}", tag = "roles",
    params(
        ("force" = Option<bool>, Query, description = "`true`: delete it although users have it."),
        ("If-Match" = Option<String>, Header, description = "Version that is to be deleted: the `ETag` of an answer."),
    ),
    responses((status = 204)))]
pub(crate) async fn delete_role(
    caller: Authorized<DeleteRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Reply> {
    let force = query.force()?;
    delete(&state, caller.into_actor(), (&application, &role), &headers, force).await
}

/// Delete a role that no user has.
///
/// The same as `DELETE` without `force`.
#[utoipa::path(post, path = "/applications/{appId}/roles/{roleId}/archive", tag = "roles",
    params(("If-Match" = Option<String>, Header, description = "Version that is to be deleted: the `ETag` of an answer.")),
    responses((status = 204)))]
pub(crate) async fn archive_role(
    caller: Authorized<DeleteRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Reply> {
    delete(&state, caller.into_actor(), (&application, &role), &headers, false).await
}
