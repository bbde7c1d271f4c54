//! `GET /organizations`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::organization::OrganizationStatus;
use porta_store::{OrganizationFilter, OrganizationSort};
use porta_web::reply::{self, Reply};

use super::view::OrganizationView;
use crate::access::{Authorized, ReadOrganizations};
use crate::error::Result;
use crate::list::{ListAnswer, ListParameters, ListRequest, Query, Sorts};
use crate::state::AdminState;

/// The canonical word of each column comes first.
const SORTS: Sorts<OrganizationSort> = &[
    ("created_at", OrganizationSort::CreatedAt),
    ("createdAt", OrganizationSort::CreatedAt),
    ("name", OrganizationSort::Name),
];

const STATUSES: [(&str, OrganizationStatus); 3] = [
    (OrganizationStatus::Active.as_str(), OrganizationStatus::Active),
    (OrganizationStatus::Suspended.as_str(), OrganizationStatus::Suspended),
    (OrganizationStatus::Archived.as_str(), OrganizationStatus::Archived),
];

/// List organizations. A search is in name and slug.
#[utoipa::path(get, path = "/organizations", tag = "organizations",
    params(
        ListParameters,
        ("sortBy" = Option<String>, Query, description = "`created_at` or `name`."),
        ("status" = Option<String>, Query, description = "`active`, `suspended` or `archived`."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of organizations, separated by commas."),
        ("include" = Option<String>, Query, description = "`counts`: each row tells how many users and clients it has."),
    ),
    responses((status = 200, body = ListAnswer<OrganizationView>)))]
pub(crate) async fn list_organizations(
    _: Authorized<ReadOrganizations>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, OrganizationSort::CreatedAt)?;
    let includes_counts = query.includes_counts()?;
    let filter = OrganizationFilter {
        status: query.word("status", &STATUSES)?,
        ids: query.ids()?,
        search: query.search()?,
    };
    let queries = state.directory.queries();
    let found = queries.organizations().list(&filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.organizations().count(&filter, at_most).await?),
        None => None,
    };
    let counts = if includes_counts {
        let ids: Vec<_> = found.items.iter().map(|organization| organization.id).collect();
        Some(queries.organizations().counts(&ids).await?)
    } else {
        None
    };
    let answer = request.answer(found, counted, |row| OrganizationView::listed(row, counts.as_ref()));
    Ok(reply::json(StatusCode::OK, &answer))
}
