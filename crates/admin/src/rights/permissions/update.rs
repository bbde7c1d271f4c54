//! `PUT /applications/{appId}/permissions/{permId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::application::Permission;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::PermissionView;
use crate::access::{Authorized, CreatePermissions};
use crate::answer::{self, Data};
use crate::body::{JsonBody, double_option};
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::path::InPath;
use crate::state::AdminState;

/// What changes. A field that is left out stays as it is; the slug cannot change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionChange {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2000)]
    description: Option<Option<String>>,
}

/// Change a permission.
///
/// Needs the permission to create them.
#[utoipa::path(put, path = "/applications/{appId}/permissions/{permId}", tag = "permissions",
    request_body = PermissionChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<PermissionView>, headers(("ETag" = String)))))]
pub(crate) async fn update_permission(
    caller: Authorized<CreatePermissions>,
    State(state): State<AdminState>,
    InPath((application, permission)): InPath<(String, String)>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<PermissionChange>,
) -> Result<Reply> {
    if body.name.is_none() && body.description.is_none() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let before = unit.permissions().find(&organization, &application, &permission).await?;
    etag::check(&headers, &PermissionView::tag(&before), &PermissionView::from(before.clone()))?;
    let after = Permission {
        name: body.name.unwrap_or_else(|| before.name.clone()),
        description: body.description.unwrap_or_else(|| before.description.clone()),
        ..before.clone()
    };
    let (permission, _) = unit.roles().update_permission(&organization, &application, &before, after).await?;
    unit.commit().await?;
    let tag = PermissionView::tag(&permission);
    Ok(with_etag(answer::ok(PermissionView::from(permission)), &tag))
}
