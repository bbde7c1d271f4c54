//! `GET /outbox/{outboxId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::{Addresses, OutboxItemView};
use crate::access::{Authorized, ReadSettings};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Get a mail of the outbox.
///
/// Neither what it says nor the address that it goes to is shown.
#[utoipa::path(get, path = "/outbox/{outboxId}", tag = "outbox",
    responses((status = 200, body = Data<OutboxItemView>)))]
pub(crate) async fn get_outbox_item(
    caller: Authorized<ReadSettings>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let found = state.directory.queries().organizations().outbox().find(&id).await?;
    let are_shown = Addresses::are_for(&caller);
    let addresses = Addresses::of(&state, std::slice::from_ref(&found), are_shown).await?;
    Ok(answer::ok(OutboxItemView::of(found, &addresses, state.clock.now())))
}
