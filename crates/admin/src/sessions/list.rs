//! `GET /sessions`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::UserId;
use porta_store::{SessionFilter, SessionSort};
use porta_web::reply::{self, Reply};

use super::view::SessionView;
use crate::access::{Authorized, ReadSessions};
use crate::error::Result;
use crate::list::{ListAnswer, ListRequest, PageParameters, Query, Sorts};
use crate::state::AdminState;

/// The canonical word of each column comes first.
const SORTS: Sorts<SessionSort> = &[
    ("last_activity_at", SessionSort::LastActivityAt),
    ("lastActivityAt", SessionSort::LastActivityAt),
    ("created_at", SessionSort::CreatedAt),
    ("createdAt", SessionSort::CreatedAt),
];

/// List the sessions of all organizations, last used first.
#[utoipa::path(get, path = "/", tag = "sessions",
    params(
        PageParameters,
        ("sortBy" = Option<String>, Query, description = "`last_activity_at` or `created_at`."),
        ("userId" = Option<String>, Query, description = "Only sessions of this user."),
        ("organizationId" = Option<String>, Query, description = "Only sessions of this organization: its id or slug."),
        ("clientId" = Option<String>, Query, description = "Only sessions in which this client got tokens: its id or OAuth client id."),
        ("ip" = Option<String>, Query, description = "Only sessions that began from this address."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of sessions, separated by commas."),
        ("activeOnly" = Option<bool>, Query, description = "`true`, which is the default: only sessions that are neither revoked nor expired."),
    ),
    responses((status = 200, body = ListAnswer<SessionView>)))]
pub(crate) async fn list_sessions(
    _: Authorized<ReadSessions>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, SessionSort::LastActivityAt)?;
    let (ids, user) = (query.ids()?, query.id("userId", UserId::parse)?);
    let ip_address = query.network_address("ip")?;
    let is_active_only = query.flag("activeOnly")?.unwrap_or(true);
    let queries = state.directory.queries();
    let organization = match query.text("organizationId") {
        Some(name) => Some(queries.organization(name).await?.id),
        None => None,
    };
    let client = match query.text("clientId") {
        Some(name) => Some(queries.clients().find(name).await?.client.id),
        None => None,
    };
    let live_at = is_active_only.then(|| state.clock.now());
    let filter = SessionFilter { ids, user, organization, client, ip_address, live_at };
    let found = queries.sessions().list(&filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.sessions().count(&filter, at_most).await?),
        None => None,
    };
    let answer = request.answer(found, counted, SessionView::from);
    Ok(reply::json(StatusCode::OK, &answer))
}
