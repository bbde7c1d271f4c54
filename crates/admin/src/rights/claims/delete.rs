//! `DELETE /applications/{appId}/claims/{claimId}`, and `POST …/archive`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_directory::Actor;
use porta_web::reply::Reply;

use super::view::ClaimView;
use crate::access::{Authorized, DeleteClaims};
use crate::answer::no_content;
use crate::error::Result;
use crate::etag;
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

async fn delete(
    state: &AdminState,
    actor: Actor,
    (application, claim): (&str, &str),
    headers: &HeaderMap,
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let (organization, application) = unit.applications().find(application).await?;
    let claim = unit.claims().find(&organization, &application, claim).await?;
    etag::check(headers, &ClaimView::tag(&claim), &ClaimView::from(claim.clone()))?;
    unit.claims().delete(&organization, &application, &claim).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Delete a claim with the values of all users.
#[utoipa::path(delete, path = "/applications/{appId}/claims/{claimId}", tag = "claims",
    params(
        ("force" = Option<bool>, Query, description = "Without effect: the values are deleted in any case."),
        ("If-Match" = Option<String>, Header, description = "Version that is to be deleted: the `ETag` of an answer."),
    ),
    responses((status = 204)))]
pub(crate) async fn delete_claim(
    caller: Authorized<DeleteClaims>,
    State(state): State<AdminState>,
    InPath((application, claim)): InPath<(String, String)>,
    query: Query,
    headers: HeaderMap,
) -> Result<Reply> {
    query.force()?;
    delete(&state, caller.into_actor(), (&application, &claim), &headers).await
}

/// Delete a claim with the values of all users.
///
/// The same as `DELETE`.
#[utoipa::path(post, path = "/applications/{appId}/claims/{claimId}/archive", tag = "claims",
    params(("If-Match" = Option<String>, Header, description = "Version that is to be deleted: the `ETag` of an answer.")),
    responses((status = 204)))]
pub(crate) async fn archive_claim(
    caller: Authorized<DeleteClaims>,
    State(state): State<AdminState>,
    InPath((application, claim)): InPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Reply> {
    delete(&state, caller.into_actor(), (&application, &claim), &headers).await
}
