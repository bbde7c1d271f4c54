//! Custom claims of applications, and their values.

mod create;
mod delete;
mod get;
mod list;
mod of_user;
mod update;
mod value;
mod values;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_claims, create::create_claim))
        .routes(routes!(get::get_claim, update::update_claim, delete::delete_claim))
        .routes(routes!(delete::archive_claim))
        .routes(routes!(values::list_claim_values))
        .routes(routes!(value::get_claim_value, value::set_claim_value, value::delete_claim_value))
        .routes(routes!(of_user::list_user_claims))
        .routes(routes!(of_user::set_user_claim, of_user::delete_user_claim))
}
