//! `POST` and `DELETE …/users/{userId}/password`.

use axum::extract::State;
use porta_core::password_rules::ContextWords;
use porta_web::reply::Reply;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::UserPath;
use crate::access::{Authorized, UpdateUsers};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::Result;
use crate::state::AdminState;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewPassword {
    /// Guessable passwords are refused.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    password: SecretString,
    /// Whether a sign-in with this password asks for a new one before it goes on. Without it: yes, unless the caller's
    /// own password is set.
    temporary: Option<bool>,
}

/// Set a user's password. Ends every session, token and mailed link of the user.
#[utoipa::path(post, path = "/password", tag = "users", request_body = NewPassword, responses((status = 204)))]
pub(crate) async fn set_user_password(
    caller: Authorized<UpdateUsers>,
    State(state): State<AdminState>,
    path: UserPath,
    JsonBody(body): JsonBody<NewPassword>,
) -> Result<Reply> {
    let organization = path.organization.as_deref();
    let queries = state.directory.queries();
    let (found_in, user) = queries.users().find(organization, &path.user).await?;
    let hash = state.directory.hash_password(&body.password, ContextWords::of(&user, &found_in)).await?;
    let actor = caller.into_actor();
    let is_temporary = body.temporary.unwrap_or(actor.user() != Some(user.id));
    let mut unit = state.directory.begin(actor).await?;
    let (organization, user) = unit.users().find(organization, &path.user).await?;
    if is_temporary {
        unit.users().set_temporary_password(&organization, &user, &hash).await?;
    } else {
        unit.users().set_password(&organization, &user, Some(&hash)).await?;
    }
    unit.commit().await?;
    Ok(no_content())
}

/// Remove a user's password. Ends every session, token and mailed link of the user.
#[utoipa::path(delete, path = "/password", tag = "users", responses((status = 204)))]
pub(crate) async fn clear_user_password(
    caller: Authorized<UpdateUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    unit.users().set_password(&organization, &user, None).await?;
    unit.commit().await?;
    Ok(no_content())
}
