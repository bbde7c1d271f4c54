//! `GET /lookups/…`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::admin::AdminPermission;
use porta_web::reply::{self, Reply};

use super::query::{LookupParameters, of_application, of_organization, wanted};
use super::view::{ApplicationLabel, ClientLabel, LookupList, OrganizationLabel, RoleLabel, UserLabel};
use crate::access::{Authorized, NothingButARole};
use crate::error::Result;
use crate::list::Query;
use crate::state::AdminState;

/// List the names of organizations.
///
/// For pickers and labels. A search is in name and slug.
#[utoipa::path(get, path = "/lookups/organizations", tag = "lookups", params(LookupParameters),
    responses((status = 200, body = LookupList<OrganizationLabel>)))]
pub(crate) async fn look_up_organizations(
    _: Authorized<NothingButARole>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let found = state.directory.queries().lookups().organizations(&wanted(&query)?).await?;
    Ok(reply::json(StatusCode::OK, &LookupList::<OrganizationLabel>::of(found)))
}

/// List the names of applications of all owners.
///
/// For pickers and labels. A search is in name and slug.
#[utoipa::path(get, path = "/lookups/applications", tag = "lookups",
    params(
        LookupParameters,
        ("organizationId" = Option<String>, Query, description = "Only applications of this organization: its id or slug."),
    ),
    responses((status = 200, body = LookupList<ApplicationLabel>)))]
pub(crate) async fn look_up_applications(
    _: Authorized<NothingButARole>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let wanted = of_organization(wanted(&query)?, &query, &queries).await?;
    let found = queries.lookups().applications(&wanted).await?;
    Ok(reply::json(StatusCode::OK, &LookupList::<ApplicationLabel>::of(found)))
}

/// List the names of clients of all organizations.
///
/// For pickers and labels. A search is in name and OAuth client id.
#[utoipa::path(get, path = "/lookups/clients", tag = "lookups",
    params(
        LookupParameters,
        ("organizationId" = Option<String>, Query, description = "Only clients of this organization: its id or slug."),
        ("applicationId" = Option<String>, Query, description = "Only clients of this application: its id or slug."),
    ),
    responses((status = 200, body = LookupList<ClientLabel>)))]
pub(crate) async fn look_up_clients(
    _: Authorized<NothingButARole>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let wanted = of_organization(wanted(&query)?, &query, &queries).await?;
    let wanted = of_application(wanted, &query, &queries).await?;
    let found = queries.lookups().clients(&wanted).await?;
    Ok(reply::json(StatusCode::OK, &LookupList::<ClientLabel>::of(found)))
}

/// List the names of roles of all applications.
///
/// For pickers and labels. A search is in name and slug.
#[utoipa::path(get, path = "/lookups/roles", tag = "lookups",
    params(
        LookupParameters,
        ("applicationId" = Option<String>, Query, description = "Only roles of this application: its id or slug."),
    ),
    responses((status = 200, body = LookupList<RoleLabel>)))]
pub(crate) async fn look_up_roles(
    _: Authorized<NothingButARole>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let wanted = of_application(wanted(&query)?, &query, &queries).await?;
    let found = queries.lookups().roles(&wanted).await?;
    Ok(reply::json(StatusCode::OK, &LookupList::<RoleLabel>::of(found)))
}

/// List the names of users of all organizations, the newest first.
///
/// For pickers and labels. A service account needs `admin:user:read`. A search is in address, given name and family name.
#[utoipa::path(get, path = "/lookups/users", tag = "lookups",
    params(
        LookupParameters,
        ("organizationId" = Option<String>, Query, description = "Only users of this organization: its id or slug."),
    ),
    responses((status = 200, body = LookupList<UserLabel>)))]
pub(crate) async fn look_up_users(
    caller: Authorized<NothingButARole>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    caller.check_service(AdminPermission::UserRead)?;
    let queries = state.directory.queries();
    let wanted = of_organization(wanted(&query)?, &query, &queries).await?;
    let found = queries.lookups().users(&wanted).await?;
    Ok(reply::json(StatusCode::OK, &LookupList::<UserLabel>::of(found)))
}
