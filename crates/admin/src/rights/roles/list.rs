//! `GET /applications/{appId}/roles`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::RoleView;
use crate::access::{Authorized, ReadRoles};
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters};
use crate::path::InPath;
use crate::state::AdminState;

/// List the roles of an application, by name.
#[utoipa::path(get, path = "/applications/{appId}/roles", tag = "roles", params(WholeListParameters),
    responses((status = 200, body = ListAnswer<RoleView>)))]
pub(crate) async fn list_roles(
    _: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let roles = state.directory.queries().roles().list(&application).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(roles, RoleView::from)))
}
