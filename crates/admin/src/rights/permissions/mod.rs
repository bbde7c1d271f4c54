//! Permissions of applications.

mod create;
mod delete;
mod get;
mod list;
mod roles;
mod update;
pub(crate) mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_permissions, create::create_permission))
        .routes(routes!(get::get_permission, update::update_permission, delete::delete_permission))
        .routes(routes!(delete::archive_permission))
        .routes(routes!(roles::list_permission_roles))
}
