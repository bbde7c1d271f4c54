//! `DELETE /clients/{clientId}/secrets/{secretId}` and `POST …/revoke`.

use axum::extract::State;
use porta_core::ClientSecretId;
use porta_core::client::SecretStatus;
use porta_directory::Actor;
use porta_store::FoundClient;
use porta_web::reply::Reply;

use super::SecretPath;
use crate::access::{Authorized, RevokeClients};
use crate::answer::no_content;
use crate::error::{AdminError, Result};
use crate::state::AdminState;

async fn revoke(state: &AdminState, actor: Actor, path: &SecretPath) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let FoundClient { client, organization, .. } = unit.clients().find(&path.client).await?;
    let missing = || AdminError::not_found("Secret", &path.secret);
    let id = ClientSecretId::parse(&path.secret).ok_or_else(missing)?;
    let secret = unit.clients().secret(&organization, &client, id).await?;
    if secret.status == SecretStatus::Revoked {
        return Err(AdminError::Rule("Secret is already revoked".to_owned()));
    }
    unit.clients().revoke_secret(&organization, &client, secret.id).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Revoke a secret at once.
#[utoipa::path(post, path = "/secrets/{secretId}/revoke", tag = "clients", responses((status = 204)))]
pub(crate) async fn revoke_client_secret(
    caller: Authorized<RevokeClients>,
    State(state): State<AdminState>,
    path: SecretPath,
) -> Result<Reply> {
    revoke(&state, caller.into_actor(), &path).await
}

/// Revoke a secret at once. The same as `revoke`.
#[utoipa::path(delete, path = "/secrets/{secretId}", tag = "clients", responses((status = 204)))]
pub(crate) async fn delete_client_secret(
    caller: Authorized<RevokeClients>,
    State(state): State<AdminState>,
    path: SecretPath,
) -> Result<Reply> {
    revoke(&state, caller.into_actor(), &path).await
}
