//! `POST /bulk/users/status`.

use axum::extract::State;
use porta_core::organization::Organization;
use porta_core::user::UserStatus;
use porta_directory::{Actor, DirectoryError};
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{BulkAnswer, BulkResult, answer, check};
use crate::access::{Authorized, SuspendUsers};
use crate::body::JsonBody;
use crate::error::Result;
use crate::state::AdminState;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum UserAction {
    Activate,
    Deactivate,
    Suspend,
    Lock,
    Unlock,
}

impl UserAction {
    fn verb(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Suspend => "suspend",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
        }
    }

    fn begins_at(self, status: UserStatus) -> bool {
        match self {
            Self::Activate => matches!(status, UserStatus::Inactive | UserStatus::Suspended),
            Self::Deactivate | Self::Suspend | Self::Lock => status == UserStatus::Active,
            Self::Unlock => status == UserStatus::Locked,
        }
    }

    fn leads_to(self) -> UserStatus {
        match self {
            Self::Activate | Self::Unlock => UserStatus::Active,
            Self::Deactivate => UserStatus::Inactive,
            Self::Suspend => UserStatus::Suspended,
            Self::Lock => UserStatus::Locked,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsersBody {
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<Uuid>,
    action: UserAction,
    #[schema(max_length = 500)]
    reason: Option<String>,
    /// Id or slug of the organization. Users of others are not found.
    organization_id: String,
}

/// An action on the users of one organization.
struct Change<'r> {
    organization: Organization,
    action: UserAction,
    reason: Option<&'r str>,
}

impl Change<'_> {
    async fn apply(&self, state: &AdminState, actor: Actor, id: Uuid) -> Result<BulkResult> {
        let mut unit = state.directory.begin(actor).await?;
        let user = match unit.user(&self.organization, &id.to_string()).await {
            Ok(user) => user,
            Err(DirectoryError::NotFound { .. }) => return Ok(BulkResult::not_found(id, "user")),
            Err(other) => return Err(other.into()),
        };
        let (from, verb) = (user.status, self.action.verb());
        if !self.action.begins_at(from) {
            let error = format!("Cannot {verb} from status '{from}'");
            return Ok(BulkResult::refused(id, from.as_str(), error));
        }
        let to = self.action.leads_to();
        match unit.users().set_status(&self.organization, &user, to, self.reason).await {
            Ok(after) => {
                unit.commit().await?;
                Ok(BulkResult::changed(id, from.as_str(), after.status.as_str()))
            }
            Err(error) => BulkResult::failed(id, from.as_str(), error),
        }
    }
}

/// Change the status of many users of an organization.
///
/// Each user is changed by itself: some may fail.
#[utoipa::path(post, path = "/bulk/users/status", tag = "bulk", request_body = UsersBody,
    responses((status = 200, body = BulkAnswer)))]
pub(crate) async fn change_user_statuses(
    caller: Authorized<SuspendUsers>,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<UsersBody>,
) -> Result<Reply> {
    let reason = body.reason.as_deref();
    check(&body.ids, reason)?;
    let organization = state.directory.queries().organization(&body.organization_id).await?;
    let change = Change { organization, action: body.action, reason };
    let actor = caller.into_actor();
    let mut results = Vec::with_capacity(body.ids.len());
    for id in &body.ids {
        results.push(change.apply(&state, actor.clone(), *id).await?);
    }
    Ok(answer(results))
}
