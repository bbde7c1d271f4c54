//! Settings of the platform and of organizations.

mod get;
mod input;
mod list;
mod reset;
mod set;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(list::list_settings)).routes(routes!(
        get::get_setting,
        set::set_setting,
        reset::reset_setting
    ))
}
