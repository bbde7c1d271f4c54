//! `GET /applications/{appId}/permissions`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::ModuleId;
use porta_web::reply::{self, Reply};

use super::view::PermissionView;
use crate::access::{Authorized, ReadPermissions};
use crate::error::{AdminError, Result};
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters, keep};
use crate::path::InPath;
use crate::state::AdminState;

/// List the permissions of an application, by slug.
#[utoipa::path(get, path = "/applications/{appId}/permissions", tag = "permissions",
    params(
        WholeListParameters,
        ("moduleId" = Option<uuid::Uuid>, Query, description = "Id of a module: only its permissions."),
        ("ids" = Option<String>, Query, description = "Up to 100 ids of permissions, separated by commas."),
        ("include" = Option<String>, Query, description = "`counts`: each row tells how many roles have it."),
    ),
    responses((status = 200, body = ListAnswer<PermissionView>)))]
pub(crate) async fn list_permissions(
    _: Authorized<ReadPermissions>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let module = match query.text("moduleId") {
        Some(text) => Some(
            ModuleId::parse(text).ok_or_else(|| AdminError::invalid("moduleId", "use the id of a module"))?,
        ),
        None => None,
    };
    let (ids, includes_counts) = (query.ids()?, query.includes_counts()?);
    let queries = state.directory.queries();
    let mut permissions = queries.permissions().list(&application).await?;
    permissions.retain(|permission| module.is_none() || permission.module_id == module);
    keep(&mut permissions, ids.as_deref(), |permission| permission.id);
    let counts = if includes_counts {
        Some(queries.permissions().counts(&page.ids(&permissions, |permission| permission.id)).await?)
    } else {
        None
    };
    let answer = page.answer(permissions, |row| PermissionView::listed(row, counts.as_ref()));
    Ok(reply::json(StatusCode::OK, &answer))
}
