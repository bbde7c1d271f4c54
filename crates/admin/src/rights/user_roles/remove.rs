//! `DELETE /organizations/{orgId}/users/{userId}/roles`, and `DELETE …/{roleId}`.

use axum::extract::State;
use porta_core::RoleId;
use porta_directory::Actor;
use porta_web::reply::Reply;

use super::view::RoleIds;
use crate::access::{AssignRoles, Authorized};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::rights::ids;
use crate::state::AdminState;

async fn remove(
    state: &AdminState,
    actor: Actor,
    (organization, user): (&str, &str),
    ids: &[RoleId],
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let (organization, user) = unit.users().find(Some(organization), user).await?;
    unit.roles().unassign_all(&organization, &user, ids).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Take roles from a user.
///
/// Those that the user does not have are ignored.
#[utoipa::path(delete, path = "/organizations/{orgId}/users/{userId}/roles", tag = "user roles",
    request_body = RoleIds, responses((status = 204)))]
pub(crate) async fn remove_user_roles(
    caller: Authorized<AssignRoles>,
    State(state): State<AdminState>,
    InPath((organization, user)): InPath<(String, String)>,
    JsonBody(body): JsonBody<RoleIds>,
) -> Result<Reply> {
    let ids = ids::checked("roleIds", &body.role_ids)?;
    remove(&state, caller.into_actor(), (&organization, &user), &ids).await
}

/// Take a role from a user.
///
/// One that the user does not have is ignored.
#[utoipa::path(delete, path = "/organizations/{orgId}/users/{userId}/roles/{roleId}", tag = "user roles",
    responses((status = 204)))]
pub(crate) async fn remove_user_role(
    caller: Authorized<AssignRoles>,
    State(state): State<AdminState>,
    InPath((organization, user, role)): InPath<(String, String, String)>,
) -> Result<Reply> {
    let id = RoleId::parse(&role).ok_or_else(|| AdminError::not_found("Role", &role))?;
    remove(&state, caller.into_actor(), (&organization, &user), &[id]).await
}
