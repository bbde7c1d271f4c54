//! `DELETE /applications/{appId}/permissions/{permId}`, and `POST …/archive`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_directory::Actor;
use porta_web::reply::Reply;

use super::view::PermissionView;
use crate::access::{Authorized, DeletePermissions};
use crate::answer::no_content;
use crate::error::Result;
use crate::etag;
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

async fn delete(
    state: &AdminState,
    actor: Actor,
    (application, permission): (&str, &str),
    headers: &HeaderMap,
    force: bool,
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let (organization, application) = unit.applications().find(application).await?;
    let permission = unit.permissions().find(&organization, &application, permission).await?;
    etag::check(headers, &PermissionView::tag(&permission), &PermissionView::from(permission.clone()))?;
    unit.permissions().delete(&organization, &application, &permission, force).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Delete a permission.
///
/// One that roles have is deleted only with `force`; they lose it.
#[utoipa::path(delete, path = "/applications/{appId}/permissions/{permId}", tag = "permissions",
    params(
        ("force" = Option<bool>, Query, description = "`true`: delete it although roles have it."),
        ("If-Match" = Option<String>, Header, description = "Version that is to be deleted: the `ETag` of an answer."),
    ),
    responses((status = 204)))]
pub(crate) async fn delete_permission(
    caller: Authorized<DeletePermissions>,
    State(state): State<AdminState>,
    InPath((application, permission)): InPath<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Reply> {
    let force = query.force()?;
    delete(&state, caller.into_actor(), (&application, &permission), &headers, force).await
}

/// Delete a permission that no role has.
///
/// The same as `DELETE` without `force`.
#[utoipa::path(post, path = "/applications/{appId}/permissions/{permId}/archive", tag = "permissions",
    params(("If-Match" = Option<String>, Header, description = "Version that is to be deleted: the `ETag` of an answer.")),
    responses((status = 204)))]
pub(crate) async fn archive_permission(
    caller: Authorized<DeletePermissions>,
    State(state): State<AdminState>,
    InPath((application, permission)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Reply> {
    delete(&state, caller.into_actor(), (&application, &permission), &headers, false).await
}
