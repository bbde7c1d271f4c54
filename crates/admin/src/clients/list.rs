//! `GET /clients`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::client::{ClientStatus, ClientType};
use porta_store::{ClientFilter, ClientSort};
use porta_web::reply::{self, Reply};

use super::view::ClientView;
use crate::access::{Authorized, ReadClients};
use crate::error::Result;
use crate::list::{ListAnswer, ListParameters, ListRequest, Query, Sorts};
use crate::state::AdminState;

/// The canonical word of each column comes first.
const SORTS: Sorts<ClientSort> = &[
    ("created_at", ClientSort::CreatedAt),
    ("createdAt", ClientSort::CreatedAt),
    ("client_name", ClientSort::ClientName),
    ("clientName", ClientSort::ClientName),
];

const STATUSES: [(&str, ClientStatus); 3] = [
    (ClientStatus::Active.as_str(), ClientStatus::Active),
    (ClientStatus::Inactive.as_str(), ClientStatus::Inactive),
    (ClientStatus::Revoked.as_str(), ClientStatus::Revoked),
];

const TYPES: [(&str, ClientType); 2] = [
    (ClientType::Confidential.as_str(), ClientType::Confidential),
    (ClientType::Public.as_str(), ClientType::Public),
];

/// List the clients of all organizations, or of one.
#[utoipa::path(get, path = "/", tag = "clients",
    params(
        ListParameters,
        ("sortBy" = Option<String>, Query, description = "`created_at` or `client_name`."),
        ("organizationId" = Option<String>, Query, description = "Id or slug of the owner."),
        ("applicationId" = Option<String>, Query, description = "Id or slug of the application."),
        ("status" = Option<String>, Query, description = "`active`, `inactive` or `revoked`."),
        ("clientType" = Option<String>, Query, description = "`confidential` or `public`."),
        ("secretExpiresBefore" = Option<String>, Query, description = "Clients with a secret that is not revoked and expires, or expired, before this time: RFC 3339 or a date."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of clients, separated by commas."),
        ("include" = Option<String>, Query, description = "`counts`: each row tells how many secrets it has, and when the next expires."),
    ),
    responses((status = 200, body = ListAnswer<ClientView>)))]
pub(crate) async fn list_clients(
    _: Authorized<ReadClients>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, ClientSort::CreatedAt)?;
    let includes_counts = query.includes_counts()?;
    let mut filter = ClientFilter {
        status: query.word("status", &STATUSES)?,
        client_type: query.word("clientType", &TYPES)?,
        secret_expires_before: query.moment("secretExpiresBefore")?,
        keys: query.ids()?,
        search: query.search()?,
        ..ClientFilter::default()
    };
    let queries = state.directory.queries();
    let organization = match query.text("organizationId") {
        Some(name) => Some(queries.organization(name).await?),
        None => None,
    };
    filter.organization = organization.as_ref().map(|organization| organization.id);
    let clients = queries.clients();
    if let Some(name) = query.text("applicationId") {
        filter.application = Some(clients.application(organization.as_ref(), name).await?.id);
    }
    let found = clients.list(&filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(clients.count(&filter, at_most).await?),
        None => None,
    };
    let counts = if includes_counts {
        let keys: Vec<_> = found.items.iter().map(|row| row.client.id).collect();
        Some(clients.secret_counts(&keys).await?)
    } else {
        None
    };
    let answer = request.answer(found, counted, |row| ClientView::listed(row, counts.as_ref()));
    Ok(reply::json(StatusCode::OK, &answer))
}
