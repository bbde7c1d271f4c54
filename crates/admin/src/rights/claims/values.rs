//! `GET /applications/{appId}/claims/users/{userId}`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::ClaimWithValueView;
use crate::access::{Authorized, ReadClaims};
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters};
use crate::path::InPath;
use crate::state::AdminState;

/// List a user's values of the claims of an application, by name.
#[utoipa::path(get, path = "/applications/{appId}/claims/users/{userId}", tag = "claims",
    params(WholeListParameters), responses((status = 200, body = ListAnswer<ClaimWithValueView>)))]
pub(crate) async fn list_claim_values(
    _: Authorized<ReadClaims>,
    State(state): State<AdminState>,
    InPath((application, user)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let values = state.directory.queries().claims().values_in(&application, &user).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(values, ClaimWithValueView::from)))
}
