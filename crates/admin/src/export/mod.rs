//! Exports: rows as a file, written page by page while it is sent, so that memory does not grow with their number.
//!
//! ```text
//! permission ─► query ─► first page ─► audit row ─► 200 and the first chunk ─► page ─► chunk … ─► end
//! ```
//!
//! Whatever fails before the first chunk is an ordinary error. After it the body ends abnormally, which clients see: the
//! file is incomplete.

mod audit;
mod format;
mod manifest;
mod request;
mod rights;
mod rows;
mod stream;
mod tenants;

use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Authorized, ExportData};
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(tenants::export_organizations))
        .routes(routes!(tenants::export_users))
        .routes(routes!(tenants::export_clients))
        .routes(routes!(tenants::export_applications))
        .routes(routes!(rights::export_roles))
        .routes(routes!(rights::export_permissions))
        .routes(routes!(rights::export_claims))
        .routes(routes!(audit::export_audit))
        .routes(routes!(manifest::export_manifest))
        .route("/export/{entityType}", get(unsupported))
}

/// Every other kind.
async fn unsupported(_: Authorized<ExportData>, InPath(kind): InPath<String>) -> Result<()> {
    Err(AdminError::Rule(format!("Unsupported entity type: {kind}")))
}
