//! `DELETE …/users/{userId}/grants/{grantId}`.

use axum::extract::State;
use porta_web::reply::Reply;
use serde::Deserialize;

use crate::access::{Authorized, RevokeSessions};
use crate::answer::no_content;
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;
use crate::users::UserPath;

/// The grant that the path names.
#[derive(Deserialize)]
pub(crate) struct GrantPath {
    #[serde(rename = "grantId")]
    grant: String,
}

/// Withdraw what a user allowed a client.
///
/// Ends the tokens that the client got by it.
#[utoipa::path(delete, path = "/", tag = "sessions", responses((status = 204)))]
pub(crate) async fn withdraw_user_grant(
    caller: Authorized<RevokeSessions>,
    State(state): State<AdminState>,
    path: UserPath,
    InPath(named): InPath<GrantPath>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    unit.users().sessions().withdraw_grant(&organization, &user, &named.grant).await?;
    unit.commit().await?;
    Ok(no_content())
}
