//! `GET /applications/{appId}/claims`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::ClaimView;
use crate::access::{Authorized, ReadClaims};
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters};
use crate::path::InPath;
use crate::state::AdminState;

/// List the claims of an application, by name.
#[utoipa::path(get, path = "/applications/{appId}/claims", tag = "claims", params(WholeListParameters),
    responses((status = 200, body = ListAnswer<ClaimView>)))]
pub(crate) async fn list_claims(
    _: Authorized<ReadClaims>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let claims = state.directory.queries().claims().list(&application).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(claims, ClaimView::from)))
}
