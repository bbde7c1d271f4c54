//! `POST /keys/generate`.

use axum::extract::State;
use porta_core::signing_key::SigningAlgorithm;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{KeyParameters, NewKeyBody, organization_of};
use super::view::SigningKeyView;
use crate::access::{Authorized, GenerateKeys};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::Result;
use crate::list::Query;
use crate::state::AdminState;

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GeneratedKey {
    #[serde(flatten)]
    key: SigningKeyView,
    message: &'static str,
}

/// Publish a new signing key.
///
/// It signs after the next rotation, in place of one that waited for that. The first key of an algorithm signs at once.
#[utoipa::path(post, path = "/keys/generate", tag = "keys", params(KeyParameters), request_body = NewKeyBody,
    responses((status = 201, body = Data<GeneratedKey>)))]
pub(crate) async fn generate_signing_key(
    caller: Authorized<GenerateKeys>,
    State(state): State<AdminState>,
    query: Query,
    JsonBody(body): JsonBody<NewKeyBody>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let name = organization_of(&query, body.organization_id.as_deref());
    let organization = unit.organization(name).await?;
    let algorithm = body.algorithm.unwrap_or(SigningAlgorithm::Es256);
    let key = unit.signing_keys().generate(&organization, algorithm).await?;
    unit.commit().await?;
    let key = SigningKeyView::of(&state, &organization, key);
    Ok(answer::created(GeneratedKey { key, message: "New signing key generated" }))
}
