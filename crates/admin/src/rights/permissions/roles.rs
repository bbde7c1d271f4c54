//! `GET /applications/{appId}/permissions/{permId}/roles`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use crate::access::{Authorized, ReadPermissions};
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters};
use crate::path::InPath;
use crate::rights::roles::view::RoleView;
use crate::state::AdminState;

/// List the roles that have a permission, by name.
#[utoipa::path(get, path = "/applications/{appId}/permissions/{permId}/roles", tag = "permissions",
    params(WholeListParameters), responses((status = 200, body = ListAnswer<RoleView>)))]
pub(crate) async fn list_permission_roles(
    _: Authorized<ReadPermissions>,
    State(state): State<AdminState>,
    InPath((application, permission)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let roles = state.directory.queries().permissions().roles(&application, &permission).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(roles, RoleView::from)))
}
