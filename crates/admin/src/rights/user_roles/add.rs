//! `PUT` and `POST /organizations/{orgId}/users/{userId}/roles`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::{EntityId as _, RoleId};
use porta_web::reply::{self, Reply};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{AssignedRoleView, RoleIds};
use crate::access::{AssignRoles, Authorized};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::Result;
use crate::list::ListAnswer;
use crate::path::InPath;
use crate::rights::ids;
use crate::state::AdminState;

/// Give a user roles.
///
/// The user keeps those already held; the answer lists all.
#[utoipa::path(put, path = "/organizations/{orgId}/users/{userId}/roles", tag = "user roles",
    request_body = RoleIds, responses((status = 200, body = ListAnswer<AssignedRoleView>)))]
pub(crate) async fn add_user_roles(
    caller: Authorized<AssignRoles>,
    State(state): State<AdminState>,
    InPath((organization, user)): InPath<(String, String)>,
    JsonBody(body): JsonBody<RoleIds>,
) -> Result<Reply> {
    let ids = ids::checked("roleIds", &body.role_ids)?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(Some(&organization), &user).await?;
    unit.roles().assign_all(&organization, &user, &ids).await?;
    let all = unit.roles().of_user(&organization, &user).await?;
    unit.commit().await?;
    let all = all.into_iter().map(|role| AssignedRoleView::new(user.id, role)).collect();
    Ok(reply::json(StatusCode::OK, &ListAnswer::everything(all)))
}

/// A role of an application that the user's organization sees.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneRole {
    role_id: Uuid,
}

/// Give a user a role.
#[utoipa::path(post, path = "/organizations/{orgId}/users/{userId}/roles", tag = "user roles",
    request_body = OneRole, responses((status = 204)))]
pub(crate) async fn add_user_role(
    caller: Authorized<AssignRoles>,
    State(state): State<AdminState>,
    InPath((organization, user)): InPath<(String, String)>,
    JsonBody(body): JsonBody<OneRole>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(Some(&organization), &user).await?;
    unit.roles().assign_all(&organization, &user, &[RoleId::from_uuid(body.role_id)]).await?;
    unit.commit().await?;
    Ok(no_content())
}
