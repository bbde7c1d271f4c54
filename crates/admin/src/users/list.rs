//! `GET /organizations/{orgId}/users`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::user::UserStatus;
use porta_store::{UserFilter, UserSort};
use porta_web::reply::{self, Reply};

use super::view::UserView;
use crate::access::{Authorized, ReadUsers};
use crate::error::Result;
use crate::list::{ListAnswer, ListParameters, ListRequest, Query, Sorts};
use crate::path::InPath;
use crate::state::AdminState;

/// The canonical word of each column comes first.
pub(super) const SORTS: Sorts<UserSort> = &[
    ("created_at", UserSort::CreatedAt),
    ("createdAt", UserSort::CreatedAt),
    ("email", UserSort::Email),
    ("given_name", UserSort::GivenName),
    ("givenName", UserSort::GivenName),
    ("family_name", UserSort::FamilyName),
    ("familyName", UserSort::FamilyName),
    ("last_login_at", UserSort::LastLoginAt),
    ("lastLoginAt", UserSort::LastLoginAt),
];

const STATUSES: [(&str, UserStatus); 4] = [
    (UserStatus::Active.as_str(), UserStatus::Active),
    (UserStatus::Inactive.as_str(), UserStatus::Inactive),
    (UserStatus::Suspended.as_str(), UserStatus::Suspended),
    (UserStatus::Locked.as_str(), UserStatus::Locked),
];

/// Which users a query asks for.
pub(super) fn filter(query: &Query) -> Result<UserFilter> {
    Ok(UserFilter {
        ids: query.ids()?,
        status: query.word("status", &STATUSES)?,
        has_second_factor: query.flag("twoFactor")?,
        has_signed_in: query.flag("neverSignedIn")?.map(|never| !never),
        search: query.search()?,
    })
}

/// List the users of an organization.
#[utoipa::path(get, path = "/", tag = "users",
    params(
        ListParameters,
        ("sortBy" = Option<String>, Query, description = "`created_at`, `email`, `given_name`, `family_name` or `last_login_at`."),
        ("status" = Option<String>, Query, description = "`active`, `inactive`, `suspended` or `locked`."),
        ("twoFactor" = Option<bool>, Query, description = "Whether the users have a second factor."),
        ("neverSignedIn" = Option<bool>, Query, description = "`true`: users who never signed in; `false`: the others."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of users, separated by commas."),
    ),
    responses((status = 200, body = ListAnswer<UserView>)))]
pub(crate) async fn list_users(
    _: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let request = ListRequest::of(&query, SORTS, UserSort::CreatedAt)?;
    let filter = filter(&query)?;
    let queries = state.directory.queries();
    let (organization, found) = queries.users().list_of(&organization, &filter, &request.page).await?;
    let counted = match request.rows_to_count(&found) {
        Some(at_most) => Some(queries.users().count(organization, &filter, at_most).await?),
        None => None,
    };
    let answer = request.answer(found, counted, UserView::from);
    Ok(reply::json(StatusCode::OK, &answer))
}
