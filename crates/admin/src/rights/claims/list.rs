//! `GET /applications/{appId}/claims`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::ClaimView;
use crate::access::{Authorized, ReadClaims};
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters, keep};
use crate::path::InPath;
use crate::state::AdminState;

/// List the claims of an application, by name.
#[utoipa::path(get, path = "/applications/{appId}/claims", tag = "claims",
    params(
        WholeListParameters,
        ("ids" = Option<String>, Query, description = "Up to 100 ids of claims, separated by commas."),
        ("include" = Option<String>, Query, description = "`counts`: each row tells how many users have a value."),
    ),
    responses((status = 200, body = ListAnswer<ClaimView>)))]
pub(crate) async fn list_claims(
    _: Authorized<ReadClaims>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let (ids, includes_counts) = (query.ids()?, query.includes_counts()?);
    let queries = state.directory.queries();
    let mut claims = queries.claims().list(&application).await?;
    keep(&mut claims, ids.as_deref(), |claim| claim.id);
    let counts = if includes_counts {
        Some(queries.claims().counts(&page.ids(&claims, |claim| claim.id)).await?)
    } else {
        None
    };
    let answer = page.answer(claims, |row| ClaimView::listed(row, counts.as_ref()));
    Ok(reply::json(StatusCode::OK, &answer))
}
