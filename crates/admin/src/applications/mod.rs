//! Applications and their modules.

mod create;
mod get;
mod list;
mod modules;
mod status;
mod update;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_applications, create::create_application))
        .routes(routes!(get::get_application, update::update_application))
        .routes(routes!(status::deactivate_application))
        .routes(routes!(status::activate_application))
        .routes(routes!(status::archive_application))
        .routes(routes!(status::restore_application))
        .merge(modules::routes())
}
