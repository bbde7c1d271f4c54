//! `GET /audit/{auditId}` and `GET /audit/event-types`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::{AuditEntry, EventType};
use crate::access::{Authorized, ReadAudit};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Get one row of the audit log.
#[utoipa::path(get, path = "/audit/{auditId}", tag = "audit", responses((status = 200, body = Data<AuditEntry>)))]
pub(crate) async fn get_audit_event(
    _: Authorized<ReadAudit>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
) -> Result<Reply> {
    let found = state.directory.queries().audit().find(&id).await?;
    Ok(answer::ok(AuditEntry::from(found)))
}

/// List the events that this version records.
#[utoipa::path(get, path = "/audit/event-types", tag = "audit",
    responses((status = 200, body = Data<Vec<EventType>>)))]
pub(crate) async fn list_audit_event_types(_: Authorized<ReadAudit>) -> Result<Reply> {
    Ok(answer::ok(EventType::all()))
}
