//! `GET /sessions/{sessionId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::SessionView;
use crate::access::{Authorized, ReadSessions};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Get a session, whether or not it has ended.
#[utoipa::path(get, path = "/", tag = "sessions", responses((status = 200, body = Data<SessionView>)))]
pub(crate) async fn get_session(
    _: Authorized<ReadSessions>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let found = state.directory.queries().sessions().find(&id).await?;
    Ok(answer::ok(SessionView::from(found)))
}
