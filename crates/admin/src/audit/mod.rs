//! The audit log, and the histories of single entities, which are parts of it.

mod cleanup;
mod get;
mod history;
mod list;
mod query;
mod view;

pub(crate) use query::filter_of;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_audit))
        .routes(routes!(get::list_audit_event_types))
        .routes(routes!(get::get_audit_event))
        .routes(routes!(cleanup::clean_audit_log))
        .routes(routes!(history::organization_history))
        .routes(routes!(history::application_history))
        .routes(routes!(history::client_history))
        .routes(routes!(history::user_history))
        .routes(routes!(history::user_history_by_id))
}
