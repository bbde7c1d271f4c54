//! `GET /clients/{clientId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::ClientPath;
use super::view::ClientView;
use crate::access::{Authorized, ReadClients};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::state::AdminState;

/// Get a client.
#[utoipa::path(get, path = "/", tag = "clients",
    responses((status = 200, body = Data<ClientView>, headers(("ETag" = String, description = "Version of the client, for `If-Match`.")))))]
pub(crate) async fn get_client(
    _: Authorized<ReadClients>,
    State(state): State<AdminState>,
    path: ClientPath,
) -> Result<Reply> {
    let found = state.directory.queries().clients().find(&path.client).await?;
    let tag = ClientView::tag(&found);
    Ok(with_etag(answer::ok(ClientView::from(found)), &tag))
}
