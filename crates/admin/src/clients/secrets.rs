//! `GET` and `POST /clients/{clientId}/secrets`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_directory::NewSecret;
use porta_web::reply::{self, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ClientPath;
use super::input::in_words_of;
use super::view::{NewSecretView, SecretView, WARNING};
use crate::access::{Authorized, ReadClients, UpdateClients};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::list::{Query, keep};
use crate::moment::Moment;
use crate::state::AdminState;

/// What rules call the fields of the request.
const FIELDS: &[(&str, &str)] = &[("secret.label", "label"), ("secret.expires_at", "expiresAt")];

/// A new secret.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewSecretBody {
    #[schema(max_length = 255)]
    label: Option<String>,
    /// In the future. Left out: it does not expire.
    expires_at: Option<Moment>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct NewSecretAnswer {
    data: NewSecretView,
    warning: &'static str,
}

/// The secrets of a client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretList {
    data: Vec<SecretView>,
}

/// List the secrets of a client, the newest first, revoked ones included.
#[utoipa::path(get, path = "/secrets", tag = "clients",
    params(("ids" = Option<String>, Query, description = "Up to 100 ids of secrets, separated by commas.")),
    responses((status = 200, body = SecretList)))]
pub(crate) async fn list_client_secrets(
    _: Authorized<ReadClients>,
    State(state): State<AdminState>,
    path: ClientPath,
    query: Query,
) -> Result<Reply> {
    let ids = query.ids()?;
    let queries = state.directory.queries();
    let found = queries.clients().find(&path.client).await?;
    let mut secrets = queries.clients().secrets(&found.client).await?;
    keep(&mut secrets, ids.as_deref(), |secret| secret.id);
    let answer = SecretList { data: secrets.into_iter().map(SecretView::from).collect() };
    Ok(reply::json(StatusCode::OK, &answer))
}

/// Give a client one more secret. All that are active work side by side, so that a client can change over without a pause.
#[utoipa::path(post, path = "/secrets", tag = "clients", request_body = NewSecretBody,
    responses((status = 201, body = NewSecretAnswer)))]
pub(crate) async fn create_client_secret(
    caller: Authorized<UpdateClients>,
    State(state): State<AdminState>,
    path: ClientPath,
    JsonBody(body): JsonBody<NewSecretBody>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let found = unit.clients().find(&path.client).await?;
    if !found.client.is_confidential() {
        return Err(AdminError::Rule("Public clients cannot have secrets".to_owned()));
    }
    let new =
        NewSecret { label: body.label, expires_at: body.expires_at.map(|moment| moment.0), value: None };
    let issued = unit.clients().create_secret(&found.organization, &found.client, new).await;
    let issued = issued.map_err(in_words_of(FIELDS))?;
    unit.commit().await?;
    let answer = NewSecretAnswer { data: NewSecretView::from(issued), warning: WARNING };
    Ok(reply::json(StatusCode::CREATED, &answer))
}
