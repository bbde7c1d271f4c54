//! `POST /clients/{clientId}/{action}`: changes of status.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::client::ClientStatus;
use porta_directory::Actor;
use porta_web::reply::Reply;

use super::ClientPath;
use super::view::ClientView;
use crate::access::{Authorized, RevokeClients, UpdateClients};
use crate::answer::no_content;
use crate::error::{AdminError, Result};
use crate::etag;
use crate::state::AdminState;

/// A change of status as operators name it.
#[derive(Clone, Copy)]
enum Action {
    Activate,
    Deactivate,
    Revoke,
    Restore,
}

impl Action {
    /// Why the action cannot begin at a status; `None`: it can.
    fn refusal(self, from: ClientStatus) -> Option<String> {
        use ClientStatus::{Active, Inactive, Revoked};
        match (self, from) {
            (Self::Activate, Inactive)
            | (Self::Deactivate, Active)
            | (Self::Revoke, Active | Inactive)
            | (Self::Restore, Inactive | Revoked) => None,
            (Self::Activate, Active | Revoked) => Some(format!("Cannot activate client from status: {from}")),
            (Self::Deactivate, Inactive | Revoked) => {
                Some(format!("Cannot deactivate client from status: {from}"))
            }
            (Self::Revoke, Revoked) => Some("Client is already revoked".to_owned()),
            (Self::Restore, Active) => Some(format!("Cannot restore client from status: {from}")),
        }
    }
}

async fn change(
    state: &AdminState,
    actor: Actor,
    path: &ClientPath,
    headers: &HeaderMap,
    action: Action,
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let found = unit.clients().find(&path.client).await?;
    etag::check(headers, &ClientView::tag(&found), &ClientView::from(found.clone()))?;
    if let Some(refusal) = action.refusal(found.client.status) {
        return Err(AdminError::Rule(refusal));
    }
    let (organization, client) = (&found.organization, &found.client);
    let mut clients = unit.clients();
    match action {
        Action::Activate => clients.set_status(organization, client, ClientStatus::Active).await?,
        Action::Deactivate => clients.set_status(organization, client, ClientStatus::Inactive).await?,
        Action::Revoke => clients.set_status(organization, client, ClientStatus::Revoked).await?,
        Action::Restore => clients.restore(organization, client).await?,
    };
    unit.commit().await?;
    Ok(no_content())
}

/// Activate a deactivated client.
#[utoipa::path(post, path = "/activate", tag = "clients",
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 204)))]
pub(crate) async fn activate_client(
    caller: Authorized<UpdateClients>,
    State(state): State<AdminState>,
    path: ClientPath,
    headers: HeaderMap,
) -> Result<Reply> {
    change(&state, caller.into_actor(), &path, &headers, Action::Activate).await
}

/// Deactivate a client. Ends every token and code of the client.
#[utoipa::path(post, path = "/deactivate", tag = "clients",
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 204)))]
pub(crate) async fn deactivate_client(
    caller: Authorized<UpdateClients>,
    State(state): State<AdminState>,
    path: ClientPath,
    headers: HeaderMap,
) -> Result<Reply> {
    change(&state, caller.into_actor(), &path, &headers, Action::Deactivate).await
}

/// Revoke a client. Ends every token and code of the client; a restoration does not bring them back.
#[utoipa::path(post, path = "/revoke", tag = "clients",
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 204)))]
pub(crate) async fn revoke_client(
    caller: Authorized<RevokeClients>,
    State(state): State<AdminState>,
    path: ClientPath,
    headers: HeaderMap,
) -> Result<Reply> {
    change(&state, caller.into_actor(), &path, &headers, Action::Revoke).await
}

/// Restore a revoked or deactivated client. Its secrets work as before.
#[utoipa::path(post, path = "/restore", tag = "clients",
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 204)))]
pub(crate) async fn restore_client(
    caller: Authorized<RevokeClients>,
    State(state): State<AdminState>,
    path: ClientPath,
    headers: HeaderMap,
) -> Result<Reply> {
    change(&state, caller.into_actor(), &path, &headers, Action::Restore).await
}
