//! `GET …/history`: what happened to one entity. The rows outlive it: the id of something that is gone has a history, and
//! an id that never was has an empty one.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::audit::EntityKind;
use porta_core::{EntityId as _, UserId};
use porta_store::{AuditFilter, EventFilter, PageStart};
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::query::{after, clamped, encode, event_start};
use super::view::HistoryEntry;
use crate::access::{Authorized, ReadApplications, ReadClients, ReadOrganizations, ReadUsers};
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

const DEFAULT: u32 = 20;
const MOST: u32 = 100;

/// The parameters of a history, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `answer` reads")]
struct HistoryParameters {
    /// How events begin, such as `org.`.
    event_type: Option<String>,
    /// Rows of a page. A number beyond 1 to 100 counts as the nearest of them. `pageSize` is the same.
    #[param(default = 20)]
    limit: Option<i64>,
    /// Position of the page before: its `nextCursor`. `cursor` is the same.
    after: Option<String>,
}

/// A page of a history, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryPage {
    data: Vec<HistoryEntry>,
    has_more: bool,
    /// `null` on the last page.
    next_cursor: Option<String>,
    /// The same as `nextCursor`.
    cursor: Option<String>,
}

/// The rows of `filter` that the query asks for.
async fn answer(state: &AdminState, query: &Query, filter: AuditFilter) -> Result<Reply> {
    let limit = clamped(query, ["limit", "pageSize"], DEFAULT, MOST)?;
    let named = ["after", "cursor"].into_iter().find_map(|name| query.text(name).map(|text| (name, text)));
    let start = match named {
        Some((name, text)) => after(name, text)?,
        None => PageStart::First,
    };
    let event = event_start(query, "event_type")?.map(EventFilter::BeginsWith);
    let filter = AuditFilter { event, ..filter };
    let found = state.directory.queries().audit().list(&filter, &start, limit).await?;
    let next_cursor = found.next.as_ref().map(encode);
    let page = HistoryPage {
        data: found.items.into_iter().map(HistoryEntry::from).collect(),
        has_more: next_cursor.is_some(),
        cursor: next_cursor.clone(),
        next_cursor,
    };
    Ok(reply::json(StatusCode::OK, &page))
}

/// List what happened in an organization, to its users and clients too.
#[utoipa::path(get, path = "/organizations/{orgId}/history", tag = "organizations", params(HistoryParameters),
    responses((status = 200, body = HistoryPage)))]
pub(crate) async fn organization_history(
    _: Authorized<ReadOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let organization = state.directory.queries().audit().organization(&organization).await?;
    let filter = AuditFilter { organization: Some(organization), ..AuditFilter::default() };
    answer(&state, &query, filter).await
}

/// List what happened to an application and its modules.
#[utoipa::path(get, path = "/applications/{appId}/history", tag = "applications", params(HistoryParameters),
    responses((status = 200, body = HistoryPage)))]
pub(crate) async fn application_history(
    _: Authorized<ReadApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let id = state.directory.queries().audit().application(&application).await?;
    let kind = Some(EntityKind::Application);
    let filter = AuditFilter { entity_kind: kind, entity_id: Some(id.uuid()), ..AuditFilter::default() };
    answer(&state, &query, filter).await
}

/// List what happened to a client and its secrets.
#[utoipa::path(get, path = "/clients/{clientId}/history", tag = "clients", params(HistoryParameters),
    responses((status = 200, body = HistoryPage)))]
pub(crate) async fn client_history(
    _: Authorized<ReadClients>,
    State(state): State<AdminState>,
    InPath(client): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let id = state.directory.queries().audit().client(&client).await?;
    let kind = Some(EntityKind::Client);
    let filter = AuditFilter { entity_kind: kind, entity_id: Some(id.uuid()), ..AuditFilter::default() };
    answer(&state, &query, filter).await
}

/// List what happened to a user of an organization.
#[utoipa::path(get, path = "/organizations/{orgId}/users/{userId}/history", tag = "users",
    params(HistoryParameters), responses((status = 200, body = HistoryPage)))]
pub(crate) async fn user_history(
    _: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    InPath((organization, user)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let user = user_id(&user)?;
    let organization = state.directory.queries().organization(&organization).await?.id;
    let filter = AuditFilter { organization: Some(organization), user: Some(user), ..AuditFilter::default() };
    answer(&state, &query, filter).await
}

/// List what happened to a user.
#[utoipa::path(get, path = "/users/{userId}/history", tag = "users", params(HistoryParameters),
    responses((status = 200, body = HistoryPage)))]
pub(crate) async fn user_history_by_id(
    _: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    InPath(user): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let filter = AuditFilter { user: Some(user_id(&user)?), ..AuditFilter::default() };
    answer(&state, &query, filter).await
}

fn user_id(text: &str) -> Result<UserId> {
    UserId::parse(text).ok_or_else(|| AdminError::not_found("User", text))
}
