//! `GET /organizations/{orgId}/users/{userId}/roles`, and `GET …/permissions`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::AssignedRoleView;
use crate::access::{Authorized, ReadRoles};
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters};
use crate::path::InPath;
use crate::rights::permissions::view::PermissionView;
use crate::state::AdminState;

/// List the roles of a user, of all applications, by name.
#[utoipa::path(get, path = "/organizations/{orgId}/users/{userId}/roles", tag = "user roles",
    params(WholeListParameters), responses((status = 200, body = ListAnswer<AssignedRoleView>)))]
pub(crate) async fn list_user_roles(
    _: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath((organization, user)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let (user, roles) = state.directory.queries().roles().of_user(&organization, &user).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(roles, |role| AssignedRoleView::new(user, role))))
}

/// List the permissions of all roles of a user, each once, by slug.
#[utoipa::path(get, path = "/organizations/{orgId}/users/{userId}/roles/permissions", tag = "user roles",
    params(WholeListParameters), responses((status = 200, body = ListAnswer<PermissionView>)))]
pub(crate) async fn list_user_permissions(
    _: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath((organization, user)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let permissions = state.directory.queries().roles().permissions_of_user(&organization, &user).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(permissions, PermissionView::from)))
}
