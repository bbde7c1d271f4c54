//! `GET /metadata`: where the command line signs in.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::error::Result;
use crate::state::AdminState;

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    /// Issuer of the admin organization.
    issuer: String,
    org_slug: String,
    /// OAuth client of the command line.
    client_id: Option<String>,
}

/// Tell where administrators sign in.
#[utoipa::path(get, path = "/metadata", tag = "metadata", responses((status = 200, body = Metadata)))]
pub(crate) async fn get_metadata(State(state): State<AdminState>) -> Result<Reply> {
    let Some(entry) = state.directory.queries().administrators().sign_in().await? else {
        let body = json!({
            "error": "Not initialized",
            "message": "Run porta init to set up the admin system",
            "status": StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        });
        return Ok(reply::json(StatusCode::SERVICE_UNAVAILABLE, &body));
    };
    let issuer = state.issuer(&entry.organization);
    let metadata = Metadata { issuer, org_slug: entry.organization.to_string(), client_id: entry.client_id };
    Ok(reply::json(StatusCode::OK, &metadata))
}
