//! Roles of applications.

mod create;
mod delete;
mod get;
mod list;
mod permissions;
mod update;
mod users;
pub(crate) mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_roles, create::create_role))
        .routes(routes!(get::get_role, update::update_role, delete::delete_role))
        .routes(routes!(delete::archive_role))
        .routes(routes!(
            permissions::list_role_permissions,
            permissions::add_role_permissions,
            permissions::remove_role_permissions
        ))
        .routes(routes!(users::list_role_users))
        .routes(routes!(users::list_users_of_role))
}
