//! `DELETE /organizations/{orgId}/invitations/{invitationId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use crate::access::{Authorized, InviteUsers};
use crate::answer::no_content;
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Withdraw an invitation that was not accepted.
///
/// The account of the invited user stays, inactive.
#[utoipa::path(delete, path = "/", tag = "invitations", responses((status = 204)))]
pub(crate) async fn withdraw_invitation(
    caller: Authorized<InviteUsers>,
    State(state): State<AdminState>,
    InPath((organization, invitation)): InPath<(String, String)>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = unit.organization(&organization).await?;
    unit.users().invitations().withdraw(&organization, &invitation).await?;
    unit.commit().await?;
    Ok(no_content())
}
