//! `GET /applications`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::application::ApplicationStatus;
use porta_store::{ApplicationFilter, ApplicationSort};
use porta_web::reply::{self, Reply};

use super::view::ApplicationView;
use crate::access::{Authorized, ReadApplications};
use crate::error::Result;
use crate::list::{ListAnswer, ListParameters, ListRequest, Query, Sorts};
use crate::state::AdminState;

/// The canonical word of each column comes first.
const SORTS: Sorts<ApplicationSort> = &[
    ("created_at", ApplicationSort::CreatedAt),
    ("createdAt", ApplicationSort::CreatedAt),
    ("name", ApplicationSort::Name),
];

const STATUSES: [(&str, ApplicationStatus); 3] = [
    (ApplicationStatus::Active.as_str(), ApplicationStatus::Active),
    (ApplicationStatus::Inactive.as_str(), ApplicationStatus::Inactive),
    (ApplicationStatus::Archived.as_str(), ApplicationStatus::Archived),
];

/// List the applications of all owners. A search is in name and slug.
#[utoipa::path(get, path = "/applications", tag = "applications",
    params(
        ListParameters,
        ("sortBy" = Option<String>, Query, description = "`created_at` or `name`."),
        ("status" = Option<String>, Query, description = "`active`, `inactive` or `archived`."),
        ("organizationId" = Option<String>, Query, description = "Id or slug of the owner."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of applications, separated by commas."),
        ("include" = Option<String>, Query, description = "`counts`: each row tells how many modules, clients and roles it has."),
    ),
    responses((status = 200, body = ListAnswer<ApplicationView>)))]
pub(crate) async fn list_applications(
    _: Authorized<ReadApplications>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, ApplicationSort::CreatedAt)?;
    let includes_counts = query.includes_counts()?;
    let mut filter = ApplicationFilter {
        owner: None,
        status: query.word("status", &STATUSES)?,
        ids: query.ids()?,
        search: query.search()?,
    };
    let queries = state.directory.queries();
    if let Some(owner) = query.text("organizationId") {
        filter.owner = Some(queries.organization(owner).await?.id);
    }
    let found = queries.applications().list(&filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.applications().count(&filter, at_most).await?),
        None => None,
    };
    let counts = if includes_counts {
        let ids: Vec<_> = found.items.iter().map(|application| application.id).collect();
        Some(queries.applications().counts(&ids).await?)
    } else {
        None
    };
    let answer = request.answer(found, counted, |row| ApplicationView::listed(row, counts.as_ref()));
    Ok(reply::json(StatusCode::OK, &answer))
}
