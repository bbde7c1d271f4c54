//! `GET /export/roles`, `…/permissions` and `…/claims`: what an application has.

use axum::extract::State;
use porta_core::application::Application;
use porta_directory::{Actor, Export};
use porta_web::reply::Reply;

use super::format::Row;
use super::request::{ExportRequest, FormatParameter};
use super::rows::{ClaimRow, ExportFile, PermissionRow, RoleRow};
use super::stream::{RowPage, answer};
use crate::access::{Authorized, ExportClaims, ExportPermissions, ExportRoles};
use crate::error::Result;
use crate::state::AdminState;

/// Answers with rows that were read at once: an application has few.
async fn all_at_once<R: Row>(
    state: &AdminState,
    actor: Actor,
    request: &ExportRequest,
    entity_type: &'static str,
    (application, rows): (Application, Vec<R>),
) -> Result<Reply> {
    let export = Export {
        entity_type,
        format: request.format.as_str(),
        rows: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        organization: None,
        application: Some(application.id),
    };
    let mut rows = Some(rows);
    let read = move |_: Option<()>| {
        let page: RowPage<R, ()> = (rows.take().unwrap_or_default(), None);
        std::future::ready(Ok(page))
    };
    answer(state, actor, request, export, None, read).await
}

/// Export the roles of an application.
#[utoipa::path(get, path = "/export/roles", tag = "exports",
    params(FormatParameter, ("applicationId" = String, Query, description = "Id or slug of the application.")),
    responses((status = 200, description = "A file.", content(
        (ExportFile<RoleRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_roles(
    caller: Authorized<ExportRoles>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let application = request.application(&state, "roles").await?;
    let mut roles = state.directory.queries().roles().list(&application.id.to_string()).await?;
    roles.sort_by_key(|role| (role.created_at, role.id));
    let rows: Vec<RoleRow> = roles.into_iter().map(RoleRow::from).collect();
    all_at_once(&state, caller.into_actor(), &request, "roles", (application, rows)).await
}

/// Export the permissions of an application.
#[utoipa::path(get, path = "/export/permissions", tag = "exports",
    params(FormatParameter, ("applicationId" = String, Query, description = "Id or slug of the application.")),
    responses((status = 200, description = "A file.", content(
        (ExportFile<PermissionRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_permissions(
    caller: Authorized<ExportPermissions>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let application = request.application(&state, "permissions").await?;
    let found = state.directory.queries().permissions().list(&application.id.to_string()).await?;
    let rows: Vec<PermissionRow> = found.into_iter().map(PermissionRow::from).collect();
    all_at_once(&state, caller.into_actor(), &request, "permissions", (application, rows)).await
}

/// Export the custom claims of an application.
#[utoipa::path(get, path = "/export/claims", tag = "exports",
    params(FormatParameter, ("applicationId" = String, Query, description = "Id or slug of the application.")),
    responses((status = 200, description = "A file.", content(
        (ExportFile<ClaimRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_claims(
    caller: Authorized<ExportClaims>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let application = request.application(&state, "claims").await?;
    let found = state.directory.queries().claims().list(&application.id.to_string()).await?;
    let rows: Vec<ClaimRow> = found.into_iter().map(ClaimRow::from).collect();
    all_at_once(&state, caller.into_actor(), &request, "claims", (application, rows)).await
}
