//! `POST /outbox/{outboxId}/retry`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::{Addresses, OutboxItemView};
use crate::access::{Authorized, UpdateSettings};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Send a mail again that was given up.
///
/// It is due at once, and retried for a day. Only for as long as `retryableUntil` says: three days, or until the link in
/// the mail expires.
#[utoipa::path(post, path = "/outbox/{outboxId}/retry", tag = "outbox",
    responses((status = 200, body = Data<OutboxItemView>)))]
pub(crate) async fn retry_outbox_item(
    caller: Authorized<UpdateSettings>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let are_shown = Addresses::are_for(&caller);
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let queued = unit.organizations().outbox().send_again(&id).await?;
    unit.commit().await?;
    let addresses = Addresses::of(&state, std::slice::from_ref(&queued), are_shown).await?;
    Ok(answer::ok(OutboxItemView::of(queued, &addresses, state.clock.now())))
}
