//! `POST /bulk/organizations/status`.

use axum::extract::State;
use porta_core::admin::AdminPermission;
use porta_core::organization::OrganizationStatus;
use porta_directory::{Actor, DirectoryError};
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::answer::{BulkAnswer, BulkResult, answer, check};
use crate::access::{Authorized, UpdateOrganizations};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::state::AdminState;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrganizationAction {
    Activate,
    Suspend,
    Archive,
}

impl OrganizationAction {
    fn verb(self) -> &'static str {
        match self {
            Self::Activate => "activate",
            Self::Suspend => "suspend",
            Self::Archive => "archive",
        }
    }

    /// The permission that the action on one organization needs.
    fn permission(self) -> AdminPermission {
        match self {
            Self::Activate | Self::Suspend => AdminPermission::OrgSuspend,
            Self::Archive => AdminPermission::OrgArchive,
        }
    }

    fn begins_at(self, status: OrganizationStatus) -> bool {
        use OrganizationStatus::{Active, Archived, Suspended};
        match (self, status) {
            (Self::Activate, Suspended) | (Self::Suspend, Active) | (Self::Archive, Active | Suspended) => {
                true
            }
            (Self::Activate, Active | Archived)
            | (Self::Suspend, Suspended | Archived)
            | (Self::Archive, Archived) => false,
        }
    }

    fn leads_to(self) -> OrganizationStatus {
        match self {
            Self::Activate => OrganizationStatus::Active,
            Self::Suspend => OrganizationStatus::Suspended,
            Self::Archive => OrganizationStatus::Archived,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OrganizationsBody {
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<Uuid>,
    action: OrganizationAction,
    #[schema(max_length = 500)]
    reason: Option<String>,
}

async fn change(
    state: &AdminState,
    actor: Actor,
    id: Uuid,
    action: OrganizationAction,
    reason: Option<&str>,
) -> Result<BulkResult> {
    let mut unit = state.directory.begin(actor).await?;
    let organization = match unit.organization(&id.to_string()).await {
        Ok(organization) => organization,
        Err(DirectoryError::NotFound { .. }) => return Ok(BulkResult::not_found(id, "organization")),
        Err(other) => return Err(other.into()),
    };
    let (from, verb) = (organization.status, action.verb());
    if organization.is_super_admin && action != OrganizationAction::Activate {
        let done = action.leads_to();
        let error = format!("Super-admin organization cannot be {done}");
        return Ok(BulkResult::protected(id, from.as_str(), error));
    }
    if !action.begins_at(from) {
        let error = format!("Cannot {verb} from status '{from}'");
        return Ok(BulkResult::refused(id, from.as_str(), error));
    }
    match unit.organizations().set_status(&organization, action.leads_to(), reason).await {
        Ok(after) => {
            unit.commit().await?;
            Ok(BulkResult::changed(id, from.as_str(), after.status.as_str()))
        }
        Err(error) => BulkResult::failed(id, from.as_str(), error),
    }
}

/// Activate, suspend or archive many organizations.
///
/// Needs also the permission that the action on one organization needs. Each organization is changed by itself: some may
/// fail.
#[utoipa::path(post, path = "/bulk/organizations/status", tag = "bulk", request_body = OrganizationsBody,
    responses((status = 200, body = BulkAnswer)))]
pub(crate) async fn change_organization_statuses(
    caller: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<OrganizationsBody>,
) -> Result<Reply> {
    check(&body.ids, body.reason.as_deref())?;
    let (actor, permission) = (caller.into_actor(), body.action.permission());
    if !actor.may(permission) {
        return Err(AdminError::Forbidden(format!("Insufficient permissions. Required: {permission}")));
    }
    let mut results = Vec::with_capacity(body.ids.len());
    for id in body.ids {
        results.push(change(&state, actor.clone(), id, body.action, body.reason.as_deref()).await?);
    }
    Ok(answer(results))
}
