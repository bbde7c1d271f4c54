//! `POST …/users/{userId}/verify-email`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::UserPath;
use crate::access::{Authorized, UpdateUsers};
use crate::answer::no_content;
use crate::error::Result;
use crate::state::AdminState;

/// Mark a user's address as verified.
#[utoipa::path(post, path = "/verify-email", tag = "users", responses((status = 204)))]
pub(crate) async fn verify_user_email(
    caller: Authorized<UpdateUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    unit.users().verify_email(&organization, &user).await?;
    unit.commit().await?;
    Ok(no_content())
}
