//! Roles of users.

mod add;
mod list;
mod remove;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(
            list::list_user_roles,
            add::add_user_roles,
            add::add_user_role,
            remove::remove_user_roles
        ))
        .routes(routes!(list::list_user_permissions))
        .routes(routes!(remove::remove_user_role))
}
