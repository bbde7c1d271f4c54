//! OAuth clients and their secrets.

mod create;
mod get;
mod input;
mod list;
mod preview;
mod revoke_secret;
mod secrets;
mod status;
mod update;
mod view;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{AdminError, Result};
use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().nest("/clients", of_all()).nest("/clients/{clientId}", of_a_client())
}

fn of_all() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(list::list_clients, create::create_client))
}

fn of_a_client() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(get::get_client, update::update_client))
        .routes(routes!(status::activate_client))
        .routes(routes!(status::deactivate_client))
        .routes(routes!(status::revoke_client))
        .routes(routes!(status::restore_client))
        .routes(routes!(secrets::list_client_secrets, secrets::create_client_secret))
        .routes(routes!(preview::preview_client_tokens))
        .routes(routes!(revoke_secret::delete_client_secret))
        .routes(routes!(revoke_secret::revoke_client_secret))
}

/// The client that a path names, by id or OAuth client id.
pub(crate) struct ClientPath {
    client: String,
}

/// The secret that a path names, below its client.
pub(crate) struct SecretPath {
    client: String,
    secret: String,
}

/// A parameter of the path. `None` also if it is no text.
async fn parameter<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

impl<S: Send + Sync> FromRequestParts<S> for ClientPath {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let missing = || AdminError::NotFound("Client not found".to_owned());
        Ok(Self { client: parameter(parts, state, "clientId").await.ok_or_else(missing)? })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SecretPath {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let missing = || AdminError::NotFound("Secret not found".to_owned());
        Ok(Self {
            client: parameter(parts, state, "clientId").await.ok_or_else(missing)?,
            secret: parameter(parts, state, "secretId").await.ok_or_else(missing)?,
        })
    }
}
