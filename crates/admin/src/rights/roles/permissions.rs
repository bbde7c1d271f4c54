//! `GET`, `PUT` and `DELETE /applications/{appId}/roles/{roleId}/permissions`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::PermissionId;
use porta_web::reply::{self, Reply};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Authorized, ReadRoles, UpdateRoles};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters};
use crate::path::InPath;
use crate::rights::ids;
use crate::rights::permissions::view::PermissionView;
use crate::state::AdminState;

/// Permissions of the application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionIds {
    #[schema(min_items = 1, max_items = 500)]
    permission_ids: Vec<Uuid>,
}

impl PermissionIds {
    fn checked(&self) -> Result<Vec<PermissionId>> {
        ids::checked("permissionIds", &self.permission_ids)
    }
}

/// List the permissions of a role, by slug.
#[utoipa::path(get, path = "/applications/{appId}/roles/{roleId}/permissions", tag = "roles",
    params(WholeListParameters), responses((status = 200, body = ListAnswer<PermissionView>)))]
pub(crate) async fn list_role_permissions(
    _: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let permissions = state.directory.queries().roles().permissions(&application, &role).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(permissions, PermissionView::from)))
}

/// Give a role permissions.
///
/// It keeps those that it has; the answer lists all.
#[utoipa::path(put, path = "/applications/{appId}/roles/{roleId}/permissions", tag = "roles",
    request_body = PermissionIds, responses((status = 200, body = ListAnswer<PermissionView>)))]
pub(crate) async fn add_role_permissions(
    caller: Authorized<UpdateRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
    JsonBody(body): JsonBody<PermissionIds>,
) -> Result<Reply> {
    let ids = body.checked()?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let role = unit.roles().find(&organization, &application, &role).await?;
    let permissions = unit.permissions().find_all(&organization, &application, &ids).await?;
    unit.permissions().link(&organization, &application, &role, &permissions).await?;
    let all = unit.permissions().of_role(&organization, &role).await?;
    unit.commit().await?;
    let all = all.into_iter().map(PermissionView::from).collect();
    Ok(reply::json(StatusCode::OK, &ListAnswer::everything(all)))
}

/// Take permissions from a role.
///
/// Those that it does not have are ignored.
#[utoipa::path(delete, path = "/applications/{appId}/roles/{roleId}/permissions", tag = "roles",
    request_body = PermissionIds, responses((status = 204)))]
pub(crate) async fn remove_role_permissions(
    caller: Authorized<UpdateRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
    JsonBody(body): JsonBody<PermissionIds>,
) -> Result<Reply> {
    let ids = body.checked()?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let role = unit.roles().find(&organization, &application, &role).await?;
    unit.permissions().unlink(&organization, &application, &role, &ids).await?;
    unit.commit().await?;
    Ok(no_content())
}
