//! Second factors of users, and what organizations require.

mod policy;
mod recovery_codes;
mod remove;
mod status;
mod summary;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    let of_user = OpenApiRouter::new()
        .routes(routes!(status::get_user_two_factor_status))
        .routes(routes!(remove::disable_user_two_factor))
        .routes(routes!(remove::reset_user_two_factor))
        .routes(routes!(recovery_codes::regenerate_user_recovery_codes));
    let of_organization = OpenApiRouter::new()
        .routes(routes!(policy::get_two_factor_policy, policy::set_two_factor_policy))
        .routes(routes!(summary::get_two_factor_summary));
    OpenApiRouter::new()
        .nest("/organizations/{orgId}/users/{userId}/two-factor", of_user)
        .nest("/organizations/{orgId}/two-factor", of_organization)
}

/// The refusal to change the second factor of a user who has none.
const NOT_ENABLED: &str = "Two-factor authentication is not enabled for this user";
