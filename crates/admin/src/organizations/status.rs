//! `POST /organizations/{orgId}/{action}`: changes of status.

use axum::extract::State;
use porta_core::organization::{Organization, OrganizationStatus};
use porta_directory::Actor;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{ArchiveOrganizations, Authorized, SuspendOrganizations};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// Why an organization is suspended.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct SuspensionReason {
    /// Kept in the audit log.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A change of status as operators name it.
struct Action {
    verb: &'static str,
    from: &'static [OrganizationStatus],
    to: OrganizationStatus,
}

impl Action {
    /// Why an organization cannot change so.
    fn refusal(&self, organization: &Organization) -> Option<AdminError> {
        let Self { verb, from, to } = self;
        let status = organization.status;
        let is_stop = *to != OrganizationStatus::Active;
        if is_stop && organization.is_super_admin {
            return Some(AdminError::Protected(format!("Super-admin organization cannot be {to}")));
        }
        if is_stop && status == *to {
            return Some(AdminError::Rule(format!("Organization is already {to}")));
        }
        let is_possible = from.contains(&status);
        (!is_possible).then(|| AdminError::Rule(format!("Cannot {verb} organization from status: {status}")))
    }
}

async fn change(
    state: &AdminState,
    actor: Actor,
    name: &str,
    action: Action,
    reason: Option<&str>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let organization = unit.organization(name).await?;
    if let Some(refusal) = action.refusal(&organization) {
        return Err(refusal);
    }
    unit.organizations().set_status(&organization, action.to, reason).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Suspend an organization: nobody can sign in. Ends all of its sessions and tokens.
#[utoipa::path(post, path = "/organizations/{orgId}/suspend", tag = "organizations",
    request_body = SuspensionReason, responses((status = 204)))]
pub(crate) async fn suspend_organization(
    caller: Authorized<SuspendOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
    JsonBody(body): JsonBody<SuspensionReason>,
) -> Result<Reply> {
    use OrganizationStatus::{Active, Suspended};
    let action = Action { verb: "suspend", from: &[Active], to: Suspended };
    change(&state, caller.into_actor(), &organization, action, body.reason.as_deref()).await
}

/// Lift the suspension of an organization.
#[utoipa::path(post, path = "/organizations/{orgId}/activate", tag = "organizations", responses((status = 204)))]
pub(crate) async fn activate_organization(
    caller: Authorized<SuspendOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
) -> Result<Reply> {
    use OrganizationStatus::{Active, Suspended};
    let action = Action { verb: "activate", from: &[Suspended], to: Active };
    change(&state, caller.into_actor(), &organization, action, None).await
}

/// Archive an organization: as if it did not exist. Ends all of its sessions and tokens.
#[utoipa::path(post, path = "/organizations/{orgId}/archive", tag = "organizations", responses((status = 204)))]
pub(crate) async fn archive_organization(
    caller: Authorized<ArchiveOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
) -> Result<Reply> {
    use OrganizationStatus::{Active, Archived, Suspended};
    let action = Action { verb: "archive", from: &[Active, Suspended], to: Archived };
    change(&state, caller.into_actor(), &organization, action, None).await
}

/// Bring an archived organization back.
#[utoipa::path(post, path = "/organizations/{orgId}/restore", tag = "organizations", responses((status = 204)))]
pub(crate) async fn restore_organization(
    caller: Authorized<ArchiveOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
) -> Result<Reply> {
    use OrganizationStatus::{Active, Archived};
    let action = Action { verb: "restore", from: &[Archived], to: Active };
    change(&state, caller.into_actor(), &organization, action, None).await
}
