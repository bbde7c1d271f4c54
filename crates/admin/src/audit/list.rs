//! `GET /audit`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_store::PageStart;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::query::{AuditParameters, after, clamped, encode, filter_of};
use super::view::AuditEntry;
use crate::access::{Authorized, ReadAudit};
use crate::error::Result;
use crate::list::{MOST_COUNTED, PAGES, Query};
use crate::state::AdminState;

const DEFAULT: u32 = 50;
const MOST: u32 = 500;

/// A page of the audit log, newest first. By page number it has `total`, `page`, `pageSize` and `totalPages`; by cursor it
/// has `hasMore`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditPage {
    data: Vec<AuditEntry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// `false`: there are more than `total` rows, which are counted up to 10000. Missing if the total is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_is_exact: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_pages: Option<u64>,
    /// Leads to the next page, whatever is recorded meanwhile. `null` on the last page.
    next_cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more: Option<bool>,
    /// By cursor, the same as `nextCursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// List what happened, newest first.
///
/// Follow `nextCursor`: a page far behind by number is slow.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParameters),
    responses((status = 200, body = AuditPage)))]
pub(crate) async fn list_audit(
    _: Authorized<ReadAudit>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let limit = clamped(&query, ["limit", "pageSize"], DEFAULT, MOST)?;
    let size = u64::from(limit);
    let page = query.number("page", PAGES)?.unwrap_or(1);
    let by_cursor = query.text("cursor");
    let start = match by_cursor {
        Some(text) => after("cursor", text)?,
        None => PageStart::Offset((page - 1) * size),
    };
    let queries = state.directory.queries();
    let filter = filter_of(&query, &queries).await?;
    let found = queries.audit().list(&filter, &start, limit).await?;
    let counted = match by_cursor {
        Some(_) => None,
        None => Some(queries.audit().count(&filter, MOST_COUNTED + 1).await?),
    };
    let total = counted.map(|counted| counted.min(MOST_COUNTED));
    let next_cursor = found.next.as_ref().map(encode);
    let answer = AuditPage {
        data: found.items.into_iter().map(AuditEntry::from).collect(),
        total,
        total_is_exact: counted.filter(|counted| *counted > MOST_COUNTED).map(|_| false),
        page: total.map(|_| page),
        page_size: total.map(|_| size),
        total_pages: total.map(|total| total.div_ceil(size)),
        has_more: by_cursor.map(|_| next_cursor.is_some()),
        cursor: by_cursor.and(next_cursor.clone()),
        next_cursor,
    };
    Ok(reply::json(StatusCode::OK, &answer))
}
