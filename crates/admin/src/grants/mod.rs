//! What a user allowed clients: below the user's organization, and by the user's id alone.

mod list;
mod view;
mod withdraw;

pub(crate) use self::view::GrantView;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi::by_id;
use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .nest("/organizations/{orgId}/users/{userId}/grants", of_a_user())
        .nest("/organizations/{orgId}/users/{userId}/grants/{grantId}", one())
        .nest("/users/{userId}/grants", by_id(of_a_user()))
        .nest("/users/{userId}/grants/{grantId}", by_id(one()))
}

fn of_a_user() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(list::list_user_grants))
}

fn one() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(withdraw::withdraw_user_grant))
}
