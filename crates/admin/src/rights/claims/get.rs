//! `GET /applications/{appId}/claims/{claimId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::ClaimView;
use crate::access::{Authorized, ReadClaims};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// Get a claim.
#[utoipa::path(get, path = "/applications/{appId}/claims/{claimId}", tag = "claims",
    responses((status = 200, body = Data<ClaimView>, headers(("ETag" = String, description = "Version of the claim, for `If-Match`.")))))]
pub(crate) async fn get_claim(
    _: Authorized<ReadClaims>,
    State(state): State<AdminState>,
    InPath((application, claim)): InPath<(String, String)>,
) -> Result<Reply> {
    let claim = state.directory.queries().claims().find(&application, &claim).await?;
    let tag = ClaimView::tag(&claim);
    Ok(with_etag(answer::ok(ClaimView::from(claim)), &tag))
}
