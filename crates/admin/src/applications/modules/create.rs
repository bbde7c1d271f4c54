//! `POST /applications/{appId}/modules`.

use axum::extract::State;
use porta_core::application::ModuleStatus;
use porta_directory::NewModule;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ModuleView;
use crate::access::{Authorized, UpdateApplications};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::Result;
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// A new module.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewModuleBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Made from the name if it is left out. Never changes.
    #[schema(min_length = 1, max_length = 100)]
    slug: Option<String>,
    #[schema(max_length = 2000)]
    description: Option<String>,
}

/// Add a module to an application.
#[utoipa::path(post, path = "/applications/{appId}/modules", tag = "modules", request_body = NewModuleBody,
    responses((status = 201, body = Data<ModuleView>, headers(("ETag" = String)))))]
pub(crate) async fn create_module(
    caller: Authorized<UpdateApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    JsonBody(body): JsonBody<NewModuleBody>,
) -> Result<Reply> {
    let new = NewModule {
        name: body.name,
        slug: body.slug,
        description: body.description,
        status: ModuleStatus::Active,
    };
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let module = unit.applications().create_module(&organization, &application, new).await?;
    unit.commit().await?;
    let tag = ModuleView::tag(&module);
    Ok(with_etag(answer::created(ModuleView::from(module)), &tag))
}
