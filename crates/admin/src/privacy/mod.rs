//! What is stored about a user: hand it out, and erase it.

mod export;
mod purge;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(export::export_user)).routes(routes!(purge::purge_user))
}
