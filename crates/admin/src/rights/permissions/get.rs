//! `GET /applications/{appId}/permissions/{permId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::PermissionView;
use crate::access::{Authorized, ReadPermissions};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// Get a permission.
#[utoipa::path(get, path = "/applications/{appId}/permissions/{permId}", tag = "permissions",
    responses((status = 200, body = Data<PermissionView>, headers(("ETag" = String, description = "Version of the permission, for `If-Match`.")))))]
pub(crate) async fn get_permission(
    _: Authorized<ReadPermissions>,
    State(state): State<AdminState>,
    InPath((application, permission)): InPath<(String, String)>,
) -> Result<Reply> {
    let (_, permission) = state.directory.queries().permissions().find(&application, &permission).await?;
    let tag = PermissionView::tag(&permission);
    Ok(with_etag(answer::ok(PermissionView::from(permission)), &tag))
}
