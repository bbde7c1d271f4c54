//! `GET /audit/{auditId}` and `GET /audit/event-types`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

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

/// Kinds of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypeList {
    data: Vec<EventType>,
}

/// List the events that this version records.
#[utoipa::path(get, path = "/audit/event-types", tag = "audit",
    responses((status = 200, body = EventTypeList)))]
pub(crate) async fn list_audit_event_types(_: Authorized<ReadAudit>) -> Result<Reply> {
    Ok(reply::json(StatusCode::OK, &EventTypeList { data: EventType::all() }))
}
