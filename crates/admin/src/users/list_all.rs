//! `GET /users`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_store::{UserEntry, UserSort};
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::list::{SORTS, filter};
use super::view::UserView;
use crate::access::{Authorized, ReadUsers};
use crate::error::Result;
use crate::list::{ListAnswer, ListParameters, ListRequest, Query};
use crate::state::AdminState;

/// A user with the name of the organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedUser)]
pub(crate) struct ListedUserView {
    #[serde(flatten)]
    user: UserView,
    organization_name: String,
}

impl From<UserEntry> for ListedUserView {
    fn from(entry: UserEntry) -> Self {
        Self { user: entry.user.into(), organization_name: entry.organization_name }
    }
}

/// List the users of all organizations, or of one.
#[utoipa::path(get, path = "/", tag = "users",
    params(
        ListParameters,
        ("sortBy" = Option<String>, Query, description = "`created_at`, `email`, `given_name`, `family_name` or `last_login_at`."),
        ("organizationId" = Option<String>, Query, description = "Id or slug of the organization."),
        ("status" = Option<String>, Query, description = "`active`, `inactive`, `suspended` or `locked`."),
        ("twoFactor" = Option<bool>, Query, description = "Whether the users have a second factor."),
        ("neverSignedIn" = Option<bool>, Query, description = "`true`: users who never signed in; `false`: the others."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of users, separated by commas."),
    ),
    responses((status = 200, body = ListAnswer<ListedUserView>)))]
pub(crate) async fn list_all_users(
    _: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, UserSort::CreatedAt)?;
    let filter = filter(&query)?;
    let queries = state.directory.queries();
    let organization = match query.text("organizationId") {
        Some(name) => Some(queries.organization(name).await?.id),
        None => None,
    };
    let found = queries.users().list_all(organization, &filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.users().count_all(organization, &filter, at_most).await?),
        None => None,
    };
    let answer = request.answer(found, counted, ListedUserView::from);
    Ok(reply::json(StatusCode::OK, &answer))
}
