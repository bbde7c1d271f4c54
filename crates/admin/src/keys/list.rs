//! `GET /keys`.

use std::cmp::Reverse;

use axum::extract::State;
use porta_web::reply::Reply;

use super::input::{KeyParameters, organization_of};
use super::view::SigningKeyView;
use crate::access::{Authorized, ReadKeys};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::list::Query;
use crate::state::AdminState;

/// List the signing keys of an organization, newest first.
#[utoipa::path(get, path = "/keys", tag = "keys", params(KeyParameters),
    responses((status = 200, body = Data<Vec<SigningKeyView>>)))]
pub(crate) async fn list_signing_keys(
    _: Authorized<ReadKeys>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let name = organization_of(&query, None);
    let organization = state.directory.queries().organization(name).await?;
    let mut keys = state.directory.signing_keys(&organization).await?;
    keys.sort_by_key(|key| Reverse((key.created_at, key.id)));
    let keys: Vec<_> = keys.into_iter().map(|key| SigningKeyView::of(&state, &organization, key)).collect();
    Ok(answer::ok(keys))
}
