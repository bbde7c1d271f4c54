//! Signing keys. Each organization has its own; without a name, the admin organization's are meant.

mod generate;
mod input;
mod list;
mod revoke;
mod rotate;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_signing_keys))
        .routes(routes!(generate::generate_signing_key))
        .routes(routes!(rotate::rotate_signing_keys))
        .routes(routes!(rotate::retire_signing_key))
        .routes(routes!(revoke::revoke_signing_key))
}
