//! `GET /applications/{appId}/roles`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};

use super::view::RoleView;
use crate::access::{Authorized, ReadRoles};
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters, keep};
use crate::path::InPath;
use crate::state::AdminState;

/// List the roles of an application, by name.
#[utoipa::path(get, path = "/applications/{appId}/roles", tag = "roles",
    params(
        WholeListParameters,
        ("ids" = Option<String>, Query, description = "Up to 100 ids of roles, separated by commas."),
        ("include" = Option<String>, Query, description = "`counts`: each row tells how many permissions and users it has."),
    ),
    responses((status = 200, body = ListAnswer<RoleView>)))]
pub(crate) async fn list_roles(
    _: Authorized<ReadRoles>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let (ids, includes_counts) = (query.ids()?, query.includes_counts()?);
    let queries = state.directory.queries();
    let mut roles = queries.roles().list(&application).await?;
    keep(&mut roles, ids.as_deref(), |role| role.id);
    let counts = if includes_counts {
        Some(queries.roles().counts(&page.ids(&roles, |role| role.id)).await?)
    } else {
        None
    };
    let answer = page.answer(roles, |role| RoleView::listed(role, counts.as_ref()));
    Ok(reply::json(StatusCode::OK, &answer))
}
