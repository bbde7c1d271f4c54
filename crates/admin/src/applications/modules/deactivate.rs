//! `POST …/modules/{moduleId}/deactivate` and `DELETE …/modules/{moduleId}`: both deactivate.

use axum::extract::State;
use porta_core::application::{Module, ModuleStatus};
use porta_directory::Actor;
use porta_web::reply::Reply;

use crate::access::{Authorized, UpdateApplications};
use crate::answer::no_content;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// Application and module as the path names them.
type Names = (String, String);

/// `refuses_inactive`: a module that is inactive is an error, else it stays as it is.
async fn deactivate(
    state: &AdminState,
    actor: Actor,
    (application, module): &Names,
    refuses_inactive: bool,
) -> Result<Reply> {
    let mut unit = state.directory.begin(actor).await?;
    let mut applications = unit.applications();
    let (organization, application) = applications.find(application).await?;
    let before = applications.module(&organization, &application, module).await?;
    if refuses_inactive && before.status != ModuleStatus::Active {
        let status = before.status;
        return Err(AdminError::Rule(format!("Cannot deactivate module from status: {status}")));
    }
    let after = Module { status: ModuleStatus::Inactive, ..before.clone() };
    applications.update_module(&organization, &application, &before, after).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Deactivate a module.
#[utoipa::path(post, path = "/applications/{appId}/modules/{moduleId}/deactivate", tag = "modules",
    responses((status = 204)))]
pub(crate) async fn deactivate_module(
    caller: Authorized<UpdateApplications>,
    State(state): State<AdminState>,
    InPath(names): InPath<Names>,
) -> Result<Reply> {
    deactivate(&state, caller.into_actor(), &names, true).await
}

/// Deactivate a module, unless it is inactive already. It is not deleted.
#[utoipa::path(delete, path = "/applications/{appId}/modules/{moduleId}", tag = "modules", responses((status = 204)))]
pub(crate) async fn remove_module(
    caller: Authorized<UpdateApplications>,
    State(state): State<AdminState>,
    InPath(names): InPath<Names>,
) -> Result<Reply> {
    deactivate(&state, caller.into_actor(), &names, false).await
}
