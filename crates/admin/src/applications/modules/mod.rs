//! Modules of an application.

mod create;
mod deactivate;
mod list;
mod update;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_modules, create::create_module))
        .routes(routes!(update::update_module, deactivate::remove_module))
        .routes(routes!(deactivate::deactivate_module))
}
