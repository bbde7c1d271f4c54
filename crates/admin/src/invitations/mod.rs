//! Invitations to organizations.

mod input;
mod invite;
mod list;
mod preview;
mod resend;
mod view;
mod withdraw;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    let invite = OpenApiRouter::new()
        .routes(routes!(invite::invite_user))
        .routes(routes!(preview::preview_invitation));
    let all = OpenApiRouter::new().routes(routes!(list::list_invitations));
    let one = OpenApiRouter::new()
        .routes(routes!(withdraw::withdraw_invitation))
        .routes(routes!(resend::resend_invitation));
    OpenApiRouter::new()
        .nest("/organizations/{orgId}/users/invite", invite)
        .nest("/organizations/{orgId}/invitations", all)
        .nest("/organizations/{orgId}/invitations/{invitationId}", one)
}
