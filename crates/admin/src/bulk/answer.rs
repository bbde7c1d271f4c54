//! What became of each entity.

use axum::http::StatusCode;
use porta_core::line::check_line;
use porta_directory::DirectoryError;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{AdminError, Result};
use crate::refusal_reason::{MisplacedId, with_misplaced, with_reason};

/// Entities of one request.
const MOST: usize = 100;
/// Longest reason, in characters.
const REASON_LENGTH: usize = 500;

/// What became of one entity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkResult {
    id: Uuid,
    success: bool,
    /// Why nothing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_status: Option<&'static str>,
    /// The administrator, or nobody, may do this.
    #[serde(skip)]
    is_forbidden: bool,
    /// Nothing has the id where it was looked for.
    #[serde(skip)]
    is_missing: bool,
}

impl BulkResult {
    pub(super) fn changed(id: Uuid, from: &'static str, to: &'static str) -> Self {
        let (previous_status, new_status) = (Some(from), Some(to));
        Self { success: true, previous_status, new_status, ..Self::unchanged(id, None) }
    }

    fn unchanged(id: Uuid, error: Option<String>) -> Self {
        Self {
            id,
            success: false,
            error,
            previous_status: None,
            new_status: None,
            is_forbidden: false,
            is_missing: false,
        }
    }

    pub(super) fn not_found(id: Uuid, kind: &str) -> Self {
        Self { is_missing: true, ..Self::unchanged(id, Some(format!("{kind} not found"))) }
    }

    pub(super) fn refused(id: Uuid, status: &'static str, error: String) -> Self {
        Self { previous_status: Some(status), ..Self::unchanged(id, Some(error)) }
    }

    /// What nobody may do.
    pub(super) fn protected(id: Uuid, status: &'static str, error: String) -> Self {
        Self { is_forbidden: true, ..Self::refused(id, status, error) }
    }

    /// The result of an operation that failed. A failure that no request caused ends the whole request.
    pub(super) fn failed(id: Uuid, status: &'static str, error: DirectoryError) -> Result<Self> {
        if !error.is_about_the_request() {
            return Err(error.into());
        }
        let is_forbidden = matches!(error, DirectoryError::Forbidden(_));
        let text = match &error {
            DirectoryError::Invalid(problems) => {
                let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
                messages.join("; ")
            }
            other => other.to_string(),
        };
        Ok(Self { is_forbidden, ..Self::refused(id, status, text) })
    }
}

/// What became of all entities, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkAnswer {
    total: usize,
    succeeded: usize,
    failed: usize,
    results: Vec<BulkResult>,
}

pub(super) fn answer(results: Vec<BulkResult>) -> Reply {
    let succeeded = results.iter().filter(|result| result.success).count();
    let total = results.len();
    let denied = results.iter().find(|result| result.is_forbidden).and_then(|result| result.error.clone());
    let missing = results.iter().filter(|result| result.is_missing).map(|result| {
        let error = result.error.as_deref().unwrap_or_default();
        MisplacedId { id: result.id, text: format!("{error}: {}", result.id) }
    });
    let missing = missing.collect();
    let answer = BulkAnswer { total, succeeded, failed: total - succeeded, results };
    let reply = with_misplaced(reply::json(StatusCode::OK, &answer), missing);
    with_reason(reply, denied)
}

/// Checks what every request has.
pub(super) fn check(ids: &[Uuid], reason: Option<&str>) -> Result<()> {
    if !(1..=MOST).contains(&ids.len()) {
        return Err(AdminError::invalid("ids", format!("name 1 to {MOST} ids")));
    }
    if let Some(reason) = reason {
        check_line("reason", reason, REASON_LENGTH).map_err(DirectoryError::from)?;
    }
    Ok(())
}
