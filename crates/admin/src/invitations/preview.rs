//! `POST /organizations/{orgId}/users/invite/preview`.

use axum::extract::State;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{Invitee, refused};
use crate::access::{Authorized, InviteUsers};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// The mail of an invitation. Its link leads nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationPreview {
    subject: String,
    html: String,
    text: String,
}

/// Show the mail of an invitation.
///
/// Stores and sends nothing.
#[utoipa::path(post, path = "/preview", tag = "invitations", request_body = Invitee,
    responses((status = 200, body = Data<InvitationPreview>)))]
pub(crate) async fn preview_invitation(
    caller: Authorized<InviteUsers>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
    JsonBody(body): JsonBody<Invitee>,
) -> Result<Reply> {
    let actor = caller.into_actor();
    let new = body.invited_by(&actor);
    let mut unit = state.directory.begin(actor).await?;
    let organization = unit.organization(&name).await?;
    let issuer = state.issuer(&organization.slug);
    let outgoing = unit.users().invitations().preview(&organization, &issuer, new).await.map_err(refused)?;
    drop(unit);
    let rendered = state.mails()?.render(&organization, &outgoing, state.clock.now());
    let mail = rendered.map_err(|failed| AdminError::failed(&*failed.0))?;
    Ok(answer::ok(InvitationPreview { subject: mail.subject, html: mail.html, text: mail.text }))
}
