//! `POST /applications/{appId}/permissions`.

use axum::extract::State;
use porta_core::slug::permission_slug;
use porta_core::{EntityId as _, ModuleId};
use porta_directory::NewPermission;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::PermissionView;
use crate::access::{Authorized, CreatePermissions};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// A new permission.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewPermissionBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What tokens call it: `area:resource:action`. May be left out if the name has that form.
    #[schema(max_length = 150)]
    slug: Option<String>,
    /// Module of the application.
    module_id: Option<Uuid>,
    #[schema(max_length = 2000)]
    description: Option<String>,
}

/// Create a permission.
#[utoipa::path(post, path = "/applications/{appId}/permissions", tag = "permissions", request_body = NewPermissionBody,
    responses((status = 201, body = Data<PermissionView>, headers(("ETag" = String)))))]
pub(crate) async fn create_permission(
    caller: Authorized<CreatePermissions>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    JsonBody(body): JsonBody<NewPermissionBody>,
) -> Result<Reply> {
    let slug = match body.slug {
        Some(slug) => slug,
        None => permission_slug(&body.name)
            .map_err(|_| AdminError::invalid("slug", "give a slug: the name has not the form of one"))?,
    };
    let module = body.module_id.map(ModuleId::from_uuid);
    let new = NewPermission { name: body.name, slug, module, description: body.description };
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let permission = unit.roles().create_permission(&organization, &application, new).await?;
    unit.commit().await?;
    let tag = PermissionView::tag(&permission);
    Ok(with_etag(answer::created(PermissionView::from(permission)), &tag))
}
