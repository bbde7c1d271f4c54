//! `POST /audit/cleanup`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_directory::AuditCleanup;
use porta_web::reply::{self, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Authorized, CleanAudit};
use crate::body::JsonBody;
use crate::error::Result;
use crate::state::AdminState;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CleanupBody {
    /// Days that a row is kept. Without it the setting `audit_retention_days` counts.
    #[schema(minimum = 1, maximum = 36_500)]
    retention_days: Option<u64>,
    /// Only count.
    #[serde(default)]
    dry_run: bool,
}

/// What a cleanup removed, or would remove.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CleanupAnswer {
    dry_run: bool,
    retention_days: u64,
    /// Rows that are older.
    entries_found: u64,
    deleted: u64,
}

/// Delete old rows of the audit log.
#[utoipa::path(post, path = "/audit/cleanup", tag = "audit", request_body = CleanupBody,
    responses((status = 200, body = CleanupAnswer)))]
pub(crate) async fn clean_audit_log(
    caller: Authorized<CleanAudit>,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<CleanupBody>,
) -> Result<Reply> {
    let CleanupBody { retention_days, dry_run } = body;
    let cleanup = AuditCleanup::run(&state.directory, caller.into_actor(), retention_days, dry_run).await?;
    let AuditCleanup { retention_days, found, deleted } = cleanup;
    let answer = CleanupAnswer { dry_run, retention_days, entries_found: found, deleted };
    Ok(reply::json(StatusCode::OK, &answer))
}
