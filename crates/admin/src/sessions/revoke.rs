//! `DELETE /sessions/{sessionId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use crate::access::{Authorized, RevokeSessions};
use crate::answer::no_content;
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// End a session with all its tokens.
///
/// One that has ended stays as it is.
#[utoipa::path(delete, path = "/", tag = "sessions", responses((status = 204)))]
pub(crate) async fn revoke_session(
    caller: Authorized<RevokeSessions>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    unit.users().sessions().end(&id).await?;
    unit.commit().await?;
    Ok(no_content())
}
