//! `GET /export/audit`: the newest rows of the audit log.

use std::time::Duration;

use axum::extract::State;
use porta_core::Timestamp;
use porta_directory::Export;
use porta_store::{ALL_ROWS, AuditFilter, PageStart, SortedCursor};
use porta_web::reply::Reply;
use utoipa::IntoParams;
use uuid::Uuid;

use super::request::{ExportRequest, FormatParameter};
use super::rows::{AuditRow, ExportFile};
use super::stream::answer;
use crate::access::{Authorized, ExportAudit};
use crate::audit::filter_of;
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::state::AdminState;

/// Most rows of one export.
const LIMIT: u64 = 10_000;
/// Rows of a page.
const PAGE: u64 = 500;

/// Exports show milliseconds, so the whole millisecond of a time belongs to it.
const REST_OF_A_MILLISECOND: Duration = Duration::from_micros(999);

/// The parameters besides the format, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what `filter` reads")]
struct AuditExportParameters {
    /// Id or slug of the organization.
    organization_id: String,
    /// From this time on (RFC 3339, UTC).
    start_date: Option<String>,
    /// Up to this time (RFC 3339, UTC).
    end_date: Option<String>,
    /// An event, or how events begin: `user.login.password`, `org.`.
    event: Option<String>,
    /// `admin`, `authentication`, `security` or `gdpr`.
    category: Option<String>,
    /// Id of the user who is affected.
    user: Option<Uuid>,
    /// Id of the user who acted.
    actor: Option<Uuid>,
    /// Kind of the entity, as in the list of the audit log.
    entity_type: Option<String>,
    /// Id of the entity. Only with `entityType`.
    entity_id: Option<Uuid>,
    /// Network address.
    ip: Option<String>,
    /// Text that the rows contain.
    q: Option<String>,
}

/// ISO 8601 in UTC; the seconds may be missing.
fn date_time(query: &Query, name: &str) -> Result<Option<Timestamp>> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let refused = || AdminError::invalid(name, "use a time in UTC such as 2026-01-15T10:30:00Z");
    let local = text.strip_suffix('Z').ok_or_else(refused)?;
    let has_seconds = local.len() > "2026-01-15T10:30".len();
    let seconds = if has_seconds { "" } else { ":00" };
    Timestamp::parse_rfc3339(&format!("{local}{seconds}Z")).ok_or_else(refused).map(Some)
}

/// Export the newest 10,000 rows of the audit log of an organization, newest first. If there are more, the header
/// `X-Truncated` says so.
#[utoipa::path(get, path = "/export/audit", tag = "exports", params(FormatParameter, AuditExportParameters),
    responses((status = 200, description = "A file.", content(
        (ExportFile<AuditRow> = "application/json"), (String = "text/csv")))))]
pub(crate) async fn export_audit(
    caller: Authorized<ExportAudit>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    let organization = request.organization(&state, "audit").await?;
    let given = filter_of(&request.query, &state.directory.queries()).await?;
    let (since, until) = (date_time(&request.query, "startDate")?, date_time(&request.query, "endDate")?);
    let filter = AuditFilter {
        organization: Some(organization.id),
        since: since.or(given.since),
        until: until.map(|time| time + REST_OF_A_MILLISECOND).or(given.until),
        ..given
    };
    let export = Export {
        entity_type: "audit",
        format: request.format.as_str(),
        rows: state.directory.queries().audit().count(&filter, ALL_ROWS).await?,
        organization: Some(organization),
        application: None,
    };
    let directory = state.directory.clone();
    // A position, and how many rows may follow.
    let read = move |after: Option<(SortedCursor, u64)>| {
        let (queries, filter) = (directory.queries(), filter.clone());
        async move {
            let (start, left) = match after {
                None => (PageStart::First, LIMIT),
                Some((position, left)) => (PageStart::After(position), left),
            };
            let limit = u32::try_from(left.min(PAGE)).unwrap_or(u32::MAX);
            let page = queries.audit().list(&filter, &start, limit).await?;
            let left = left.saturating_sub(PAGE);
            let next = page.next.filter(|_| left > 0).map(|position| (position, left));
            let rows: Vec<AuditRow> = page.items.into_iter().map(|row| AuditRow::from(row.event)).collect();
            Ok::<_, AdminError>((rows, next))
        }
    };
    answer(&state, caller.into_actor(), &request, export, Some(LIMIT), read).await
}
