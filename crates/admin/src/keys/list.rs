//! `GET /keys`.

use std::cmp::Reverse;

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{KeyParameters, organization_of};
use super::view::SigningKeyView;
use crate::access::{Authorized, ReadKeys};
use crate::error::Result;
use crate::list::{Query, keep};
use crate::state::AdminState;

/// Signing keys, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SigningKeyList {
    data: Vec<SigningKeyView>,
}

/// List the signing keys of an organization, newest first.
#[utoipa::path(get, path = "/keys", tag = "keys",
    params(
        KeyParameters,
        ("ids" = Option<String>, Query, description = "Up to 100 ids of keys, separated by commas."),
    ),
    responses((status = 200, body = SigningKeyList)))]
pub(crate) async fn list_signing_keys(
    _: Authorized<ReadKeys>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let ids = query.ids()?;
    let name = organization_of(&query, None);
    let organization = state.directory.queries().organization(name).await?;
    let mut keys = state.directory.signing_keys(&organization).await?;
    keep(&mut keys, ids.as_deref(), |key| key.id);
    keys.sort_by_key(|key| Reverse((key.created_at, key.id)));
    let data = keys.into_iter().map(|key| SigningKeyView::of(&state, &organization, key)).collect();
    Ok(reply::json(StatusCode::OK, &SigningKeyList { data }))
}
