//! The operation.

use axum::extract::State;
use axum::http::StatusCode;
use porta_directory::Problem;
use porta_web::reply::{self, Reply};

use super::answer::ImportAnswer;
use super::body::{ImportBody, ImportRequest};
use crate::access::{Authorized, ImportData};
use crate::error::{AdminError, Result};
use crate::refusal_reason::with_reason;
use crate::state::AdminState;

/// Apply a manifest in one transaction. Every item is checked and answered for; items that are refused are in `errors`.
/// At most 10 MiB.
///
/// Needs also the permissions of the requests that would create and, with `overwrite`, change the same one by one.
#[utoipa::path(post, path = "/import", tag = "imports", request_body = ImportBody,
    responses((status = 200, body = ImportAnswer)))]
pub(crate) async fn import_manifest(
    caller: Authorized<ImportData>,
    State(state): State<AdminState>,
    ImportRequest(body): ImportRequest,
) -> Result<Reply> {
    let options = body.options();
    let mapped = body.manifest.into_document().map_err(|problems| refused(&problems))?;
    let report = state.directory.provision(caller.into_actor(), &mapped.document, options).await?;
    let denied = report.errors.iter().find(|error| error.is_forbidden).map(|error| error.error.clone());
    let reply = reply::json(StatusCode::OK, &ImportAnswer::of(report, &mapped.places));
    Ok(with_reason(reply, denied))
}

fn refused(problems: &[Problem]) -> AdminError {
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    AdminError::Rule(format!("Invalid import manifest: {}", problems.join(", ")))
}
