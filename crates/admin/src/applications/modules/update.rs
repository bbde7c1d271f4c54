//! `PUT /applications/{appId}/modules/{moduleId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::application::{Module, ModuleStatus};
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ModuleView;
use crate::access::{Authorized, UpdateApplications};
use crate::answer::{self, Data};
use crate::body::{JsonBody, double_option};
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::path::InPath;
use crate::state::AdminState;

/// What changes. A field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ModuleChange {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2000)]
    description: Option<Option<String>>,
    is_active: Option<bool>,
}

impl ModuleChange {
    fn applied_to(self, before: &Module) -> Module {
        let status = |is_active| if is_active { ModuleStatus::Active } else { ModuleStatus::Inactive };
        Module {
            name: self.name.unwrap_or_else(|| before.name.clone()),
            description: self.description.unwrap_or_else(|| before.description.clone()),
            status: self.is_active.map_or(before.status, status),
            ..before.clone()
        }
    }
}

/// Change a module.
#[utoipa::path(put, path = "/applications/{appId}/modules/{moduleId}", tag = "modules", request_body = ModuleChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<ModuleView>, headers(("ETag" = String)))))]
pub(crate) async fn update_module(
    caller: Authorized<UpdateApplications>,
    State(state): State<AdminState>,
    InPath((application, module)): InPath<(String, String)>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ModuleChange>,
) -> Result<Reply> {
    if body.name.is_none() && body.description.is_none() && body.is_active.is_none() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let mut applications = unit.applications();
    let (organization, application) = applications.find(&application).await?;
    let before = applications.module(&organization, &application, &module).await?;
    etag::check(&headers, &ModuleView::tag(&before), &ModuleView::from(before.clone()))?;
    let after = body.applied_to(&before);
    let (module, _) = applications.update_module(&organization, &application, &before, after).await?;
    unit.commit().await?;
    let tag = ModuleView::tag(&module);
    Ok(with_etag(answer::ok(ModuleView::from(module)), &tag))
}
