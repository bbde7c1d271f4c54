//! `DELETE /outbox/{outboxId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use crate::access::{Authorized, UpdateSettings};
use crate::answer::no_content;
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Withdraw a mail that waits, or that was given up and could be sent again.
///
/// What it says is deleted; its row stays, as given up. A mail that is being sent at this moment may still go out.
#[utoipa::path(delete, path = "/outbox/{outboxId}", tag = "outbox", responses((status = 204)))]
pub(crate) async fn withdraw_outbox_item(
    caller: Authorized<UpdateSettings>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    unit.organizations().outbox().withdraw(&id).await?;
    unit.commit().await?;
    Ok(no_content())
}
