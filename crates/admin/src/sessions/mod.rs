//! Sessions of all organizations.

mod get;
mod list;
mod revoke;
mod revoke_many;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    let all = OpenApiRouter::new()
        .routes(routes!(list::list_sessions))
        .routes(routes!(revoke_many::revoke_sessions));
    let one = OpenApiRouter::new().routes(routes!(get::get_session, revoke::revoke_session));
    let of_user = OpenApiRouter::new().routes(routes!(revoke_many::revoke_user_sessions));
    OpenApiRouter::new()
        .nest("/sessions", all)
        .nest("/sessions/{sessionId}", one)
        .nest("/users/{userId}/sessions", of_user)
}
