//! `GET /outbox`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::outbox::{OutboxKind, OutboxState};
use porta_store::{OutboxFilter, OutboxSort};
use porta_web::reply::{self, Reply};

use super::view::{Addresses, OutboxItemView};
use crate::access::{Authorized, ReadSettings};
use crate::error::Result;
use crate::list::{ListAnswer, ListRequest, PageParameters, Query, Sorts};
use crate::state::AdminState;

/// The canonical word of each column comes first.
const SORTS: Sorts<OutboxSort> =
    &[("created_at", OutboxSort::CreatedAt), ("createdAt", OutboxSort::CreatedAt)];
const STATES: &[(&str, OutboxState)] = &[
    ("pending", OutboxState::Pending),
    ("delivered", OutboxState::Delivered),
    ("given_up", OutboxState::GivenUp),
];
const KINDS: &[(&str, OutboxKind)] = &[("mail", OutboxKind::Mail), ("link_request", OutboxKind::LinkRequest)];

/// List the mails of all organizations that wait, were delivered or were given up, the newest first.
///
/// Neither what a mail says nor the address that it goes to is shown.
#[utoipa::path(get, path = "/outbox", tag = "outbox",
    params(
        PageParameters,
        ("sortBy" = Option<String>, Query, description = "`created_at`."),
        ("status" = Option<String>, Query, description = "`pending`, `delivered` or `given_up`."),
        ("kind" = Option<String>, Query, description = "`mail` or `link_request`."),
        ("organizationId" = Option<String>, Query, description = "Only mails of this organization: its id or slug."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids, separated by commas."),
    ),
    responses((status = 200, body = ListAnswer<OutboxItemView>)))]
pub(crate) async fn list_outbox(
    caller: Authorized<ReadSettings>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, OutboxSort::CreatedAt)?;
    let (ids, kind) = (query.ids()?, query.word("kind", KINDS)?);
    let in_state = query.word("status", STATES)?;
    let queries = state.directory.queries();
    let organization = match query.text("organizationId") {
        Some(name) => Some(queries.organization(name).await?.id),
        None => None,
    };
    let filter = OutboxFilter { ids, organization, kind, state: in_state };
    let found = queries.organizations().outbox().list(&filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.organizations().outbox().count(&filter, at_most).await?),
        None => None,
    };
    let addresses = Addresses::of(&state, &found.items, Addresses::are_for(&caller)).await?;
    let now = state.clock.now();
    let answer = request.answer(found, counted, |entry| OutboxItemView::of(entry, &addresses, now));
    Ok(reply::json(StatusCode::OK, &answer))
}
