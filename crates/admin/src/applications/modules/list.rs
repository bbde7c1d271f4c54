//! `GET /applications/{appId}/modules`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::ModuleView;
use crate::access::{Authorized, ReadApplications};
use crate::error::Result;
use crate::list::{ListAnswer, Query, keep};
use crate::path::InPath;
use crate::state::AdminState;

/// List the modules of an application by name, all on one page.
#[utoipa::path(get, path = "/applications/{appId}/modules", tag = "modules",
    params(("ids" = Option<String>, Query, description = "Up to 100 ids of modules, separated by commas.")),
    responses((status = 200, body = ListAnswer<ModuleView>)))]
pub(crate) async fn list_modules(
    _: Authorized<ReadApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let ids = query.ids()?;
    let queries = state.directory.queries();
    let application = queries.applications().find(&application).await?;
    let mut modules = queries.applications().modules(&application).await?;
    keep(&mut modules, ids.as_deref(), |module| module.id);
    let answer = ListAnswer::everything(modules.into_iter().map(ModuleView::from).collect());
    Ok(reply::json(StatusCode::OK, &answer))
}
