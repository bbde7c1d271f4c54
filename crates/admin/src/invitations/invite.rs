//! `POST /organizations/{orgId}/users/invite`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::input::{InvitationBody, refused, refused_pre_assignments};
use super::view::InvitationSent;
use crate::access::{Authorized, InviteUsers};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Invite somebody by mail.
///
/// Creates an account if the address has none; it stays inactive until the invitation is accepted. A new invitation takes
/// the place of an earlier one.
#[utoipa::path(post, path = "/", tag = "invitations", request_body = InvitationBody,
    responses(
        (status = 201, description = "An account was created.", body = Data<InvitationSent>),
        (status = 200, description = "The user had an account.", body = Data<InvitationSent>),
    ))]
pub(crate) async fn invite_user(
    caller: Authorized<InviteUsers>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
    JsonBody(body): JsonBody<InvitationBody>,
) -> Result<Reply> {
    let (invitee, roles, claims) = body.into_parts();
    let shell_name = caller.principal().shell_name();
    let actor = caller.into_actor();
    let mut new = invitee.invited_by(&actor);
    new.inviter = new.inviter.or(shell_name);
    let mut unit = state.directory.begin(actor).await?;
    let organization = unit.organization(&name).await?;
    let mut invitations = unit.users().invitations();
    new.pre_assigned =
        invitations.pre_assignments(&organization, &roles, claims).await.map_err(refused_pre_assignments)?;
    let issuer = state.issuer(&organization.slug);
    let sent = invitations.send(&organization, &issuer, new).await.map_err(refused)?;
    unit.commit().await?;
    let is_new = sent.created;
    let sent = InvitationSent::from(sent);
    Ok(if is_new { answer::created(sent) } else { answer::ok(sent) })
}
