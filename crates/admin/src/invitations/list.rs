//! `GET /organizations/{orgId}/invitations`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::invitation::InvitationState;
use porta_store::{InvitationFilter, InvitationSort};
use porta_web::reply::{self, Reply};

use super::view::InvitationView;
use crate::access::{Authorized, ReadUsers};
use crate::error::Result;
use crate::list::{ListAnswer, ListParameters, ListRequest, Query, Sorts};
use crate::path::InPath;
use crate::state::AdminState;

/// The canonical word of each column comes first.
const SORTS: Sorts<InvitationSort> = &[
    ("created_at", InvitationSort::CreatedAt),
    ("createdAt", InvitationSort::CreatedAt),
    ("expires_at", InvitationSort::ExpiresAt),
    ("expiresAt", InvitationSort::ExpiresAt),
];

const STATES: [(&str, InvitationState); 3] = [
    (InvitationState::Open.as_str(), InvitationState::Open),
    (InvitationState::Used.as_str(), InvitationState::Used),
    (InvitationState::Expired.as_str(), InvitationState::Expired),
];

/// List the invitations of an organization.
///
/// Old ones are removed some time after they expired.
#[utoipa::path(get, path = "/", tag = "invitations",
    params(
        ListParameters,
        ("sortBy" = Option<String>, Query, description = "`created_at` or `expires_at`."),
        ("state" = Option<String>, Query, description = "`open`, `used` or `expired`."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of invitations, separated by commas."),
    ),
    responses((status = 200, body = ListAnswer<InvitationView>)))]
pub(crate) async fn list_invitations(
    _: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, InvitationSort::CreatedAt)?;
    let now = state.clock.now();
    let filter = InvitationFilter {
        ids: query.ids()?,
        state: query.word("state", &STATES)?.map(|state| (state, now)),
        search: query.search()?,
    };
    let queries = state.directory.queries();
    let organization = queries.organization(&name).await?;
    let found = queries.invitations().list(&organization, &filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.invitations().count(&organization, &filter, at_most).await?),
        None => None,
    };
    let answer = request.answer(found, counted, |entry| InvitationView::at(now, entry));
    Ok(reply::json(StatusCode::OK, &answer))
}
