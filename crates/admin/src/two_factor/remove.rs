//! `POST …/users/{userId}/two-factor/disable` and `…/reset`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::NOT_ENABLED;
use crate::access::{Authorized, ManageSecondFactors};
use crate::answer::no_content;
use crate::error::{AdminError, Result};
use crate::state::AdminState;
use crate::users::UserPath;

enum Removal {
    Disable,
    Reset,
}

async fn remove(
    caller: Authorized<ManageSecondFactors>,
    state: &AdminState,
    path: &UserPath,
    removal: Removal,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    let mut factors = unit.users().second_factors();
    factors.check_may_manage(&organization, &user).await?;
    if user.two_factor_method.is_none() {
        return Err(AdminError::Rule(NOT_ENABLED.to_owned()));
    }
    match removal {
        Removal::Disable => factors.disable(&organization, &user).await?,
        Removal::Reset => factors.reset(&organization, &user).await?,
    }
    unit.commit().await?;
    Ok(no_content())
}

/// Switch a user's second factor off.
///
/// Ends every session and token of the user, who hears of it by mail.
#[utoipa::path(post, path = "/disable", tag = "two-factor", responses((status = 204)))]
pub(crate) async fn disable_user_two_factor(
    caller: Authorized<ManageSecondFactors>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    remove(caller, &state, &path, Removal::Disable).await
}

/// Take the second factors of a user away who lost them.
///
/// Ends every session and token of the user, who hears of it by mail.
#[utoipa::path(post, path = "/reset", tag = "two-factor", responses((status = 204)))]
pub(crate) async fn reset_user_two_factor(
    caller: Authorized<ManageSecondFactors>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    remove(caller, &state, &path, Removal::Reset).await
}
