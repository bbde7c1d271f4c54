//! `PUT …/users/{userId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::user::{Email, User};
use porta_directory::DirectoryError;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::UserPath;
use super::input::ProfileInput;
use super::view::UserView;
use crate::access::{Authorized, UpdateUsers};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::state::AdminState;

/// What changes. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserChange {
    /// A new address is not verified.
    #[schema(max_length = 255)]
    email: Option<String>,
    #[serde(flatten)]
    profile: ProfileInput,
}

/// Change a user's address and profile.
#[utoipa::path(put, path = "/", tag = "users", request_body = UserChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<UserView>, headers(("ETag" = String)))))]
pub(crate) async fn update_user(
    caller: Authorized<UpdateUsers>,
    State(state): State<AdminState>,
    path: UserPath,
    headers: HeaderMap,
    JsonBody(body): JsonBody<UserChange>,
) -> Result<Reply> {
    if body.email.is_none() && body.profile.is_empty() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, before) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    etag::check(&headers, &UserView::tag(&before), &UserView::from(before.clone()))?;
    let email = match &body.email {
        Some(email) => Email::parse(email).map_err(DirectoryError::from)?,
        None => before.email.clone(),
    };
    let after = User { email, profile: body.profile.applied_to(&before.profile)?, ..before.clone() };
    let (user, _) = unit.users().update(&organization, &before, after).await?;
    unit.commit().await?;
    let tag = UserView::tag(&user);
    Ok(with_etag(answer::ok(UserView::from(user)), &tag))
}
