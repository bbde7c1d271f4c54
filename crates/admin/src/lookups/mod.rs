//! Names for pickers and labels: few fields of what an administrator need not be able to read whole. An administrator with
//! any role sees them, because most screens name an organization, an application, a client, a role or a user.
//!
//! A service account with any token sees organizations, applications, clients and roles. People it sees only with
//! `admin:user:read`: addresses are personal data, and a program can be given that permission by itself, while an
//! administrator gets permissions by roles.

mod list;
mod query;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::look_up_organizations))
        .routes(routes!(list::look_up_applications))
        .routes(routes!(list::look_up_clients))
        .routes(routes!(list::look_up_roles))
        .routes(routes!(list::look_up_users))
}
