//! Users: below their organization, and by their id alone.

mod create;
mod get;
mod input;
mod list;
mod list_all;
mod password;
mod status;
mod update;
mod verify_email;
pub(crate) mod view;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{AdminError, Result};
use crate::openapi::by_id;
use crate::state::AdminState;

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .nest("/organizations/{orgId}/users", of_an_organization())
        .nest("/organizations/{orgId}/users/{userId}", of_a_user())
        .nest("/users", OpenApiRouter::new().routes(routes!(list_all::list_all_users)))
        .nest("/users/{userId}", by_id(of_a_user().routes(routes!(status::activate))))
}

fn of_an_organization() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(list::list_users, create::create_user))
}

/// What both the path below the organization and the path without it have.
fn of_a_user() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(get::get_user, update::update_user))
        .routes(routes!(status::deactivate_user))
        .routes(routes!(status::reactivate_user))
        .routes(routes!(status::suspend_user))
        .routes(routes!(status::unsuspend_user))
        .routes(routes!(status::lock_user))
        .routes(routes!(status::unlock_user))
        .routes(routes!(password::set_user_password, password::clear_user_password))
        .routes(routes!(verify_email::verify_user_email))
}

/// The user that a path names.
pub(crate) struct UserPath {
    /// Id or slug. `None`: the path names no organization.
    pub(crate) organization: Option<String>,
    pub(crate) user: String,
}

impl<S: Send + Sync> FromRequestParts<S> for UserPath {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let missing = || AdminError::NotFound("User not found".to_owned());
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| missing())?;
        let value = |name: &str| params.iter().find(|(key, _)| *key == name).map(|(_, v)| v.to_owned());
        Ok(Self { organization: value("orgId"), user: value("userId").ok_or_else(missing)? })
    }
}
