//! `PUT /applications/{appId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::application::Application;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ApplicationView;
use crate::access::{Authorized, UpdateApplications};
use crate::answer::{self, Data};
use crate::body::{JsonBody, double_option};
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::path::InPath;
use crate::state::AdminState;

/// What changes. A field that is left out stays as it is. Slug and owner never change.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ApplicationChange {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2000)]
    description: Option<Option<String>>,
}

/// Change an application.
#[utoipa::path(put, path = "/applications/{appId}", tag = "applications", request_body = ApplicationChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<ApplicationView>, headers(("ETag" = String)))))]
pub(crate) async fn update_application(
    caller: Authorized<UpdateApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ApplicationChange>,
) -> Result<Reply> {
    if body.name.is_none() && body.description.is_none() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, before) = unit.applications().find(&application).await?;
    etag::check(&headers, &ApplicationView::tag(&before), &ApplicationView::from(before.clone()))?;
    let after = Application {
        name: body.name.unwrap_or_else(|| before.name.clone()),
        description: body.description.unwrap_or_else(|| before.description.clone()),
        ..before.clone()
    };
    let (application, _) = unit.applications().update(&organization, &before, after).await?;
    unit.commit().await?;
    let tag = ApplicationView::tag(&application);
    Ok(with_etag(answer::ok(ApplicationView::from(application)), &tag))
}
