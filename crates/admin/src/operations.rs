//! Every operation, with its description.

use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi::completed;
use crate::state::AdminState;
use crate::{
    account, applications, audit, bulk, clients, config, export, grants, import, invitations, keys, lookups,
    me, metadata, organizations, outbox, privacy, rights, search, sessions, stats, system, two_factor, users,
};

/// Every documented operation.
pub(crate) fn operations() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(metadata::get_metadata))
        .routes(routes!(me::get_me))
        .merge(account::routes())
        .merge(users::routes())
        .merge(clients::routes())
        .merge(organizations::routes())
        .merge(applications::routes())
        .merge(rights::routes())
        .merge(audit::routes())
        .merge(bulk::routes())
        .merge(config::routes())
        .merge(keys::routes())
        .merge(stats::routes())
        .merge(system::routes())
        .merge(outbox::routes())
        .merge(export::routes())
        .merge(import::routes())
        .merge(sessions::routes())
        .merge(grants::routes())
        .merge(two_factor::routes())
        .merge(invitations::routes())
        .merge(privacy::routes())
        .merge(lookups::routes())
        .merge(search::routes())
}

/// The document, of all operations of this version.
pub fn document() -> OpenApi {
    completed(operations().into_openapi())
}
