//! `DELETE …/users/{userId}/grants/{grantId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use crate::access::{Authorized, RevokeSessions};
use crate::answer::no_content;
use crate::error::Result;
use crate::path::PathValues;
use crate::state::AdminState;
use crate::users::UserPath;

/// Withdraw what a user allowed a client. Ends the tokens that the client got by it.
#[utoipa::path(delete, path = "/", tag = "sessions", responses((status = 204)))]
pub(crate) async fn withdraw_user_grant(
    caller: Authorized<RevokeSessions>,
    State(state): State<AdminState>,
    path: UserPath,
    values: PathValues,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.user_by_id(path.organization.as_deref(), &path.user).await?;
    unit.users().sessions().withdraw_grant(&organization, &user, values.get("grantId")).await?;
    unit.commit().await?;
    Ok(no_content())
}
