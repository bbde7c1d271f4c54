//! `POST /keys/{keyId}/revoke`.

use axum::extract::State;
use porta_core::signing_key::SigningKeyStatus;
use porta_web::reply::Reply;

use super::input::{KeyOwner, KeyParameters, organization_of};
use crate::access::{Authorized, RotateKeys};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

/// Revoke a signing key at once.
///
/// Nothing that it signed verifies any more. A key that signed, or was to sign next, is replaced.
#[utoipa::path(post, path = "/keys/{keyId}/revoke", tag = "keys", params(KeyParameters), request_body = KeyOwner,
    responses((status = 204)))]
pub(crate) async fn revoke_signing_key(
    caller: Authorized<RotateKeys>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
    query: Query,
    JsonBody(body): JsonBody<KeyOwner>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let name = organization_of(&query, body.organization_id.as_deref());
    let organization = unit.organization(name).await?;
    let key = unit.signing_keys().find(&organization, &id).await?;
    if key.status == SigningKeyStatus::Revoked {
        return Err(AdminError::Rule("Signing key is already revoked".to_owned()));
    }
    unit.signing_keys().revoke(&organization, &key.kid).await?;
    unit.commit().await?;
    Ok(no_content())
}
