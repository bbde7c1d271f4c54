//! `GET …/users/{userId}/two-factor/status`.

use axum::extract::State;
use porta_core::user::TwoFactorMethod;
use porta_directory::FactorStatus;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Authorized, ReadUsers};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::state::AdminState;
use crate::users::UserPath;

/// The second factor of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TwoFactorStatus {
    enabled: bool,
    /// `email` or `totp`.
    method: Option<&'static str>,
    totp_configured: bool,
    recovery_codes_remaining: u64,
}

impl From<FactorStatus> for TwoFactorStatus {
    fn from(status: FactorStatus) -> Self {
        Self {
            enabled: status.method.is_some(),
            method: status.method.map(TwoFactorMethod::as_str),
            totp_configured: status.has_authenticator,
            recovery_codes_remaining: status.recovery_codes_left,
        }
    }
}

/// Get the second factor of a user.
#[utoipa::path(get, path = "/status", tag = "two-factor", responses((status = 200, body = Data<TwoFactorStatus>)))]
pub(crate) async fn get_user_two_factor_status(
    _: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let (_, user) = queries.users().find(path.organization.as_deref(), &path.user).await?;
    let status = queries.second_factors().status(&user).await?;
    Ok(answer::ok(TwoFactorStatus::from(status)))
}
