//! Changes of status of many entities. Each is the operation on one entity, in a transaction of its own, with its guards,
//! its audit row and its notices.

mod answer;
mod organizations;
mod users;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(organizations::change_organization_statuses))
        .routes(routes!(users::change_user_statuses))
}
