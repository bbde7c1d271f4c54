//! `GET …/users/{userId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::UserPath;
use super::view::UserView;
use crate::access::{Authorized, ReadUsers};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::state::AdminState;

/// Get a user.
#[utoipa::path(get, path = "/", tag = "users",
    responses((status = 200, body = Data<UserView>, headers(("ETag" = String, description = "Version of the user, for `If-Match`.")))))]
pub(crate) async fn get_user(
    _: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let (_, user) = queries.users().find(path.organization.as_deref(), &path.user).await?;
    let tag = UserView::tag(&user);
    Ok(with_etag(answer::ok(UserView::from(user)), &tag))
}
