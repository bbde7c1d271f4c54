//! `POST /organizations/{orgId}/invitations/{invitationId}/resend`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::input::refused;
use super::view::InvitationSent;
use crate::access::{Authorized, InviteUsers};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Send an invitation that was not accepted once more.
///
/// The new one has another id and link and a new lifetime; the old link works no more.
#[utoipa::path(post, path = "/resend", tag = "invitations", responses((status = 200, body = Data<InvitationSent>)))]
pub(crate) async fn resend_invitation(
    caller: Authorized<InviteUsers>,
    State(state): State<AdminState>,
    InPath((organization, invitation)): InPath<(String, String)>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = unit.organization(&organization).await?;
    let issuer = state.issuer(&organization.slug);
    let sent =
        unit.users().invitations().resend(&organization, &issuer, &invitation).await.map_err(refused)?;
    unit.commit().await?;
    Ok(answer::ok(InvitationSent::from(sent)))
}
