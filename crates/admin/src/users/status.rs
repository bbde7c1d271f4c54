//! `POST …/users/{userId}/{action}`: changes of status.

use axum::extract::State;
use porta_core::user::UserStatus;
use porta_directory::Actor;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::UserPath;
use crate::access::{Authorized, SuspendUsers};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::state::AdminState;

/// Why the status changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct Reason {
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A change of status as operators name it.
struct Action {
    verb: &'static str,
    from: UserStatus,
    to: UserStatus,
}

async fn change(
    state: &AdminState,
    actor: Actor,
    path: &UserPath,
    action: Action,
    reason: Option<&str>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    if user.status != action.from {
        let (verb, status) = (action.verb, user.status);
        return Err(AdminError::Rule(format!("Cannot {verb} user from status: {status}")));
    }
    unit.users().set_status(&organization, &user, action.to, reason).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Deactivate a user. Ends every session, token and mailed link of the user.
#[utoipa::path(post, path = "/deactivate", tag = "users", responses((status = 204)))]
pub(crate) async fn deactivate_user(
    caller: Authorized<SuspendUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let action = Action { verb: "deactivate", from: UserStatus::Active, to: UserStatus::Inactive };
    change(&state, caller.into_actor(), &path, action, None).await
}

/// Reactivate a deactivated user.
#[utoipa::path(post, path = "/reactivate", tag = "users", responses((status = 204)))]
pub(crate) async fn reactivate_user(
    caller: Authorized<SuspendUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let action = Action { verb: "reactivate", from: UserStatus::Inactive, to: UserStatus::Active };
    change(&state, caller.into_actor(), &path, action, None).await
}

/// Reactivate a deactivated user. The same as `reactivate`.
#[utoipa::path(post, path = "/activate", tag = "users", responses((status = 204)))]
pub(crate) async fn activate(
    caller: Authorized<SuspendUsers>,
    state: State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    reactivate_user(caller, state, path).await
}

/// Suspend a user. Ends every session, token and mailed link of the user.
#[utoipa::path(post, path = "/suspend", tag = "users", request_body = Reason, responses((status = 204)))]
pub(crate) async fn suspend_user(
    caller: Authorized<SuspendUsers>,
    State(state): State<AdminState>,
    path: UserPath,
    JsonBody(body): JsonBody<Reason>,
) -> Result<Reply> {
    let action = Action { verb: "suspend", from: UserStatus::Active, to: UserStatus::Suspended };
    change(&state, caller.into_actor(), &path, action, body.reason.as_deref()).await
}

/// Lift a suspension.
#[utoipa::path(post, path = "/unsuspend", tag = "users", responses((status = 204)))]
pub(crate) async fn unsuspend_user(
    caller: Authorized<SuspendUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let action = Action { verb: "unsuspend", from: UserStatus::Suspended, to: UserStatus::Active };
    change(&state, caller.into_actor(), &path, action, None).await
}

/// Lock a user. Ends every session, token and mailed link of the user.
#[utoipa::path(post, path = "/lock", tag = "users", request_body = Reason, responses((status = 204)))]
pub(crate) async fn lock_user(
    caller: Authorized<SuspendUsers>,
    State(state): State<AdminState>,
    path: UserPath,
    JsonBody(body): JsonBody<Reason>,
) -> Result<Reply> {
    let action = Action { verb: "lock", from: UserStatus::Active, to: UserStatus::Locked };
    change(&state, caller.into_actor(), &path, action, body.reason.as_deref()).await
}

/// Unlock a user. Resets the counter of failed sign-ins.
#[utoipa::path(post, path = "/unlock", tag = "users", responses((status = 204)))]
pub(crate) async fn unlock_user(
    caller: Authorized<SuspendUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let action = Action { verb: "unlock", from: UserStatus::Locked, to: UserStatus::Active };
    change(&state, caller.into_actor(), &path, action, None).await
}
