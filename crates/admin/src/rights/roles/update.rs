//! `PUT /applications/{appId}/roles/{roleId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::Slug;
use porta_core::application::Role;
use porta_directory::DirectoryError;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::RoleView;
use crate::access::{Authorized, UpdateRoles};
use crate::answer::{self, Data};
use crate::body::{JsonBody, double_option};
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::path::InPath;
use crate::state::AdminState;

/// What changes. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleChange {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// Readers of tokens must know the new one.
    #[schema(min_length = 1, max_length = 100)]
    slug: Option<String>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2000)]
    description: Option<Option<String>>,
}

/// Change a role.
#[utoipa::path(put, path = "/applications/{appId}/roles/{roleId}", tag = "roles", request_body = RoleChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<RoleView>, headers(("ETag" = String)))))]
pub(crate) async fn update_role(
    caller: Authorized<UpdateRoles>,
    State(state): State<AdminState>,
    InPath((application, role)): InPath<(String, String)>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<RoleChange>,
) -> Result<Reply> {
    if body.name.is_none() && body.slug.is_none() && body.description.is_none() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let before = unit.roles().find(&organization, &application, &role).await?;
    etag::check(&headers, &RoleView::tag(&before), &RoleView::from(before.clone()))?;
    let slug = match &body.slug {
        Some(slug) => Slug::for_role(slug).map_err(DirectoryError::from)?,
        None => before.slug.clone(),
    };
    let after = Role {
        name: body.name.unwrap_or_else(|| before.name.clone()),
        slug,
        description: body.description.unwrap_or_else(|| before.description.clone()),
        ..before.clone()
    };
    let (role, _) = unit.roles().update(&organization, &application, &before, after).await?;
    unit.commit().await?;
    let tag = RoleView::tag(&role);
    Ok(with_etag(answer::ok(RoleView::from(role)), &tag))
}
