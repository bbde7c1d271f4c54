//! `POST /applications`.

use axum::extract::State;
use porta_core::admin::ADMIN_SLUG;
use porta_directory::{DirectoryError, NewApplication};
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ApplicationView;
use crate::access::{Authorized, CreateApplications};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::with_etag;
use crate::state::AdminState;

/// A new application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewApplicationBody {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// Made from the name if it is left out. Never changes.
    #[schema(min_length = 3, max_length = 100)]
    slug: Option<String>,
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// Id or slug of the owner. Without one every organization may use the application.
    organization_id: Option<String>,
}

/// Create an application.
#[utoipa::path(post, path = "/applications", tag = "applications", request_body = NewApplicationBody,
    responses((status = 201, body = Data<ApplicationView>, headers(("ETag" = String)))))]
pub(crate) async fn create_application(
    caller: Authorized<CreateApplications>,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<NewApplicationBody>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    // Shared applications are in the hands of the super-admin organization.
    let owner = unit.organization(body.organization_id.as_deref().unwrap_or(ADMIN_SLUG)).await;
    let owner = owner.map_err(|error| match error {
        DirectoryError::NotFound { .. } => AdminError::Rule("Organization not found".to_owned()),
        other => other.into(),
    })?;
    let new = NewApplication {
        name: body.name,
        slug: body.slug,
        description: body.description,
        is_shared: body.organization_id.is_none(),
    };
    let application = unit.applications().create(&owner, new).await?;
    unit.commit().await?;
    let tag = ApplicationView::tag(&application);
    Ok(with_etag(answer::created(ApplicationView::from(application)), &tag))
}
