//! `POST /applications/{appId}/{action}`: changes of status.

use axum::extract::State;
use porta_core::application::ApplicationStatus;
use porta_directory::Actor;
use porta_web::reply::Reply;

use crate::access::{ArchiveApplications, Authorized, UpdateApplications};
use crate::answer::no_content;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// A change of status as operators name it.
struct Action {
    verb: &'static str,
    from: &'static [ApplicationStatus],
    to: ApplicationStatus,
}

impl Action {
    /// Why an application of this status cannot change so.
    fn refusal(&self, status: ApplicationStatus) -> Option<String> {
        if self.from.contains(&status) {
            return None;
        }
        let is_archived_again = status == ApplicationStatus::Archived && status == self.to;
        if is_archived_again {
            return Some("Application is already archived".to_owned());
        }
        Some(format!("Cannot {} application from status: {status}", self.verb))
    }
}

async fn change(state: &AdminState, actor: Actor, name: &str, action: Action) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let (organization, application) = unit.applications().find(name).await?;
    if let Some(text) = action.refusal(application.status) {
        return Err(AdminError::Rule(text));
    }
    unit.applications().set_status(&organization, &application, action.to).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Deactivate an application: it gets no new clients.
#[utoipa::path(post, path = "/applications/{appId}/deactivate", tag = "applications", responses((status = 204)))]
pub(crate) async fn deactivate_application(
    caller: Authorized<UpdateApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
) -> Result<Reply> {
    use ApplicationStatus::{Active, Inactive};
    let action = Action { verb: "deactivate", from: &[Active], to: Inactive };
    change(&state, caller.into_actor(), &application, action).await
}

/// Activate a deactivated application.
#[utoipa::path(post, path = "/applications/{appId}/activate", tag = "applications", responses((status = 204)))]
pub(crate) async fn activate_application(
    caller: Authorized<UpdateApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
) -> Result<Reply> {
    use ApplicationStatus::{Active, Inactive};
    let action = Action { verb: "activate", from: &[Inactive], to: Active };
    change(&state, caller.into_actor(), &application, action).await
}

/// Archive an application: it gets no new clients.
#[utoipa::path(post, path = "/applications/{appId}/archive", tag = "applications", responses((status = 204)))]
pub(crate) async fn archive_application(
    caller: Authorized<ArchiveApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
) -> Result<Reply> {
    use ApplicationStatus::{Active, Archived, Inactive};
    let action = Action { verb: "archive", from: &[Active, Inactive], to: Archived };
    change(&state, caller.into_actor(), &application, action).await
}

/// Bring an archived application back.
#[utoipa::path(post, path = "/applications/{appId}/restore", tag = "applications", responses((status = 204)))]
pub(crate) async fn restore_application(
    caller: Authorized<ArchiveApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
) -> Result<Reply> {
    use ApplicationStatus::{Active, Archived};
    let action = Action { verb: "restore", from: &[Archived], to: Active };
    change(&state, caller.into_actor(), &application, action).await
}
