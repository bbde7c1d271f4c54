//! `GET /organizations/{orgId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::OrganizationView;
use crate::access::{Authorized, ReadOrganizations};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// Get an organization, whatever its status.
#[utoipa::path(get, path = "/organizations/{orgId}", tag = "organizations",
    responses((status = 200, body = Data<OrganizationView>,
        headers(("ETag" = String, description = "Version of the organization, for `If-Match`.")))))]
pub(crate) async fn get_organization(
    _: Authorized<ReadOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
) -> Result<Reply> {
    let organization = state.directory.queries().organization(&organization).await?;
    let tag = OrganizationView::tag(&organization);
    Ok(with_etag(answer::ok(OrganizationView::from(organization)), &tag))
}
