//! `GET /organizations/validate-slug`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Authorized, ReadOrganizations};
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::state::AdminState;

/// Whether a new organization may have a slug.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SlugVerdict {
    is_valid: bool,
    /// The same as `isValid`.
    available: bool,
    slug: String,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Tell whether a new organization may have a slug.
#[utoipa::path(get, path = "/organizations/validate-slug", tag = "organizations",
    params(("slug" = String, Query, description = "The slug.")),
    responses((status = 200, body = SlugVerdict)))]
pub(crate) async fn validate_organization_slug(
    _: Authorized<ReadOrganizations>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let given = query.text("slug").filter(|slug| !slug.is_empty());
    let slug = given.ok_or_else(|| AdminError::invalid("slug", "name a slug"))?;
    let error = state.directory.queries().organizations().slug_problem(slug).await?;
    let is_valid = error.is_none();
    let verdict = SlugVerdict { is_valid, available: is_valid, slug: slug.to_owned(), error };
    Ok(reply::json(StatusCode::OK, &verdict))
}
