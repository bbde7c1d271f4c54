//! `GET /export/organizations`, `…/users`, `…/clients` and `…/applications`: rows in the order of their creation.

use axum::extract::State;
use porta_directory::Export;
use porta_store::{ALL_ROWS, ApplicationFilter, Cursor, OrganizationFilter, SortedCursor, UserFilter};
use porta_web::reply::Reply;

use super::request::{ExportRequest, FormatParameter};
use super::rows::{ApplicationRow, ClientRow, ExportFile, OrganizationRow, UserRow};
use super::stream::{answer, rows_of};
use crate::access::{Authorized, ExportApplications, ExportClients, ExportOrganizations, ExportUsers};
use crate::error::{AdminError, Result};
use crate::state::AdminState;

/// Export every organization.
#[utoipa::path(get, path = "/export/organizations", tag = "exports", params(FormatParameter),
    responses((status = 200, description = "A file.", content(
        (ExportFile<OrganizationRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_organizations(
    caller: Authorized<ExportOrganizations>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let rows =
        state.directory.queries().organizations().count(&OrganizationFilter::default(), ALL_ROWS).await?;
    let export = Export {
        entity_type: "organizations",
        format: request.format.as_str(),
        rows,
        organization: None,
        application: None,
    };
    let directory = state.directory.clone();
    let read = move |after: Option<Cursor>| {
        let queries = directory.queries();
        async move {
            let page = queries.exports().organizations(after).await?;
            Ok::<_, AdminError>(rows_of::<_, OrganizationRow, _>(page))
        }
    };
    answer(&state, caller.into_actor(), &request, export, None, read).await
}

/// Export the users of an organization.
#[utoipa::path(get, path = "/export/users", tag = "exports",
    params(FormatParameter, ("organizationId" = String, Query, description = "Id or slug of the organization.")),
    responses((status = 200, description = "A file.", content(
        (ExportFile<UserRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_users(
    caller: Authorized<ExportUsers>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let organization = request.organization(&state, "users").await?;
    let id = organization.id;
    let export = Export {
        entity_type: "users",
        format: request.format.as_str(),
        rows: state.directory.queries().users().count(id, &UserFilter::default(), ALL_ROWS).await?,
        organization: Some(organization),
        application: None,
    };
    let directory = state.directory.clone();
    let read = move |after: Option<Cursor>| {
        let queries = directory.queries();
        async move {
            let page = queries.exports().users(id, after).await?;
            Ok::<_, AdminError>(rows_of::<_, UserRow, _>(page))
        }
    };
    answer(&state, caller.into_actor(), &request, export, None, read).await
}

/// Export the clients of an organization.
#[utoipa::path(get, path = "/export/clients", tag = "exports",
    params(FormatParameter, ("organizationId" = String, Query, description = "Id or slug of the organization.")),
    responses((status = 200, description = "A file.", content(
        (ExportFile<ClientRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_clients(
    caller: Authorized<ExportClients>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let organization = request.organization(&state, "clients").await?;
    let id = organization.id;
    let export = Export {
        entity_type: "clients",
        format: request.format.as_str(),
        rows: state.directory.queries().exports().count_clients(id).await?,
        organization: Some(organization),
        application: None,
    };
    let directory = state.directory.clone();
    let read = move |after: Option<Cursor>| {
        let queries = directory.queries();
        async move {
            let page = queries.exports().clients(id, after).await?;
            Ok::<_, AdminError>(rows_of::<_, ClientRow, _>(page))
        }
    };
    answer(&state, caller.into_actor(), &request, export, None, read).await
}

/// Export the applications of all owners, or of one organization.
#[utoipa::path(get, path = "/export/applications", tag = "exports",
    params(FormatParameter, ("organizationId" = Option<String>, Query, description = "Id or slug of the owner.")),
    responses((status = 200, description = "A file.", content(
        (ExportFile<ApplicationRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_applications(
    caller: Authorized<ExportApplications>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let organization = match request.query.text("organizationId").filter(|name| !name.is_empty()) {
        Some(_) => Some(request.organization(&state, "applications").await?),
        None => None,
    };
    let owner = organization.as_ref().map(|organization| organization.id);
    let filter = ApplicationFilter { owner, ..ApplicationFilter::default() };
    let export = Export {
        entity_type: "applications",
        format: request.format.as_str(),
        rows: state.directory.queries().applications().count(&filter, ALL_ROWS).await?,
        organization,
        application: None,
    };
    let directory = state.directory.clone();
    let read = move |after: Option<SortedCursor>| {
        let queries = directory.queries();
        async move {
            let page = queries.exports().applications(owner, after).await?;
            Ok::<_, AdminError>(rows_of::<_, ApplicationRow, _>(page))
        }
    };
    answer(&state, caller.into_actor(), &request, export, None, read).await
}
