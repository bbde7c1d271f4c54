//! `GET /organizations/{orgId}/users/{userId}/export`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::UserExport;
use crate::access::{Authorized, ReadUsers};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::state::AdminState;
use crate::users::UserPath;

/// Export what is stored about a user.
///
/// Profile, roles, claims, sessions, grants and the newest 500 audit rows. The audit log records the export.
#[utoipa::path(get, path = "/organizations/{orgId}/users/{userId}/export", tag = "privacy",
    responses((status = 200, body = Data<UserExport>)))]
pub(crate) async fn export_user(
    caller: Authorized<ReadUsers>,
    State(state): State<AdminState>,
    path: UserPath,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    unit.users().personal_data().record_export(&organization, &user).await?;
    unit.commit().await?;
    let data = state.directory.queries().users().personal_data(&user).await?;
    Ok(answer::ok(UserExport::of(state.clock.now(), organization, user, data)))
}
