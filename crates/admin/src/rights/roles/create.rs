//! `POST /applications/{appId}/roles`.

use axum::extract::State;
use porta_directory::NewRole;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::RoleView;
use crate::access::{Authorized, CreateRoles};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::Result;
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// A new role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewRoleBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// What tokens call it; made from the name if left out. Slugs that begin with `porta-` are reserved.
    #[schema(min_length = 1, max_length = 100)]
    slug: Option<String>,
    #[schema(max_length = 2000)]
    description: Option<String>,
}

/// Create a role.
#[utoipa::path(post, path = "/applications/{appId}/roles", tag = "roles", request_body = NewRoleBody,
    responses((status = 201, body = Data<RoleView>, headers(("ETag" = String)))))]
pub(crate) async fn create_role(
    caller: Authorized<CreateRoles>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    JsonBody(body): JsonBody<NewRoleBody>,
) -> Result<Reply> {
    let new = NewRole { name: body.name, slug: body.slug, description: body.description };
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let role = unit.roles().create(&organization, &application, new).await?;
    unit.commit().await?;
    let tag = RoleView::tag(&role);
    Ok(with_etag(answer::created(RoleView::from(role)), &tag))
}
