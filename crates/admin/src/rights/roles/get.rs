//! `GET /applications/{appId}/roles/{roleId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::RoleView;
use crate::access::{Authorized, ReadRoles};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// Get a role.
#[utoipa::path(get, path = "/applications/{appId}/roles/{roleId}", tag = "roles",
    responses((status = 200, body = Data<RoleView>, headers(("ETag" = String, description = "Version of the role, for `If-Match`.")))))]
pub(crate) async fn get_role(
    _: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
) -> Result<Reply> {
    let (_, role) = state.directory.queries().roles().find(&application, &role).await?;
    let tag = RoleView::tag(&role);
    Ok(with_etag(answer::ok(RoleView::from(role)), &tag))
}
