//! Roles, permissions and claims of applications, and what users have of them.

mod claims;
mod ids;
mod permissions;
mod roles;
mod user_roles;

use utoipa_axum::router::OpenApiRouter;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .merge(roles::routes())
        .merge(permissions::routes())
        .merge(user_roles::routes())
        .merge(claims::routes())
}
