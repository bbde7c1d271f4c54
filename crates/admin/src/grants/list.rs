//! `GET …/users/{userId}/grants`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::GrantView;
use crate::access::{Authorized, ReadSessions};
use crate::error::Result;
use crate::list::ListAnswer;
use crate::state::AdminState;
use crate::users::UserPath;

/// List what a user allowed clients, newest first.
///
/// All of it is on one page.
#[utoipa::path(get, path = "/", tag = "sessions", responses((status = 200, body = ListAnswer<GrantView>)))]
pub(crate) async fn list_user_grants(
    _: Authorized<ReadSessions>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let (_, user) = queries.users().find(path.organization.as_deref(), &path.user).await?;
    let grants = queries.sessions().grants(&user).await?;
    let answer = ListAnswer::everything(grants.into_iter().map(GrantView::from).collect());
    Ok(reply::json(StatusCode::OK, &answer))
}
