//! `POST …/users/{userId}/two-factor/recovery-codes/regenerate`.

use axum::extract::State;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use super::NOT_ENABLED;
use crate::access::{Authorized, ManageSecondFactors};
use crate::answer::{self, Data};
use crate::error::{AdminError, Result};
use crate::state::AdminState;
use crate::users::UserPath;

const WARNING: &str = "These codes will not be shown again. Provide them to the user securely.";

/// New recovery codes, shown once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveryCodeSet {
    /// `XXXX-XXXX`, each usable once.
    recovery_codes: Vec<String>,
    count: usize,
    warning: &'static str,
}

/// Replace a user's recovery codes.
///
/// The old ones do not work any more; the user hears of it by mail.
#[utoipa::path(post, path = "/recovery-codes/regenerate", tag = "two-factor",
    responses((status = 200, body = Data<RecoveryCodeSet>)))]
pub(crate) async fn regenerate_user_recovery_codes(
    caller: Authorized<ManageSecondFactors>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    let mut factors = unit.users().second_factors();
    factors.check_may_manage(&organization, &user).await?;
    if user.two_factor_method.is_none() {
        return Err(AdminError::Rule(NOT_ENABLED.to_owned()));
    }
    let codes = state.recovery_codes()?.make(&user, state.clock.now());
    factors.replace_recovery_codes(&organization, &user, &codes.stored).await?;
    unit.commit().await?;
    let count = codes.shown.len();
    Ok(answer::ok(RecoveryCodeSet { recovery_codes: codes.shown, count, warning: WARNING }))
}
