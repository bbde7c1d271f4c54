//! The outbox: mails that wait, were delivered or were given up. It shows which mail it is and whose; what a mail says is
//! sealed, and so is the address that it goes to.
//!
//! The specification names no permission for it. Reading needs `admin:config:read`, as the state of the installation does:
//! the rows tell whether mail works. Changes need `admin:config:update`, because they concern mail of every kind, also the
//! notices that tell people of changes to their accounts.

mod get;
mod list;
mod retry;
mod view;
mod withdraw;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_outbox))
        .routes(routes!(get::get_outbox_item, withdraw::withdraw_outbox_item))
        .routes(routes!(retry::retry_outbox_item))
}
