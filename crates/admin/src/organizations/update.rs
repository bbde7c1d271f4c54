//! `PUT /organizations/{orgId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::organization::{LoginMethod, Organization};
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::BrandingInput;
use super::view::OrganizationView;
use crate::access::{Authorized, UpdateOrganizations};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::path::InPath;
use crate::state::AdminState;

/// What changes. A field that is left out stays as it is. The slug never changes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationChange {
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// A language tag such as `en` or `pt-BR`.
    #[schema(min_length = 2, max_length = 10)]
    default_locale: Option<String>,
    /// `password`, `magic_link`.
    #[schema(value_type = Option<Vec<String>>)]
    default_login_methods: Option<Vec<LoginMethod>>,
    branding: Option<BrandingInput>,
}

impl OrganizationChange {
    fn is_empty(&self) -> bool {
        let Self { name, default_locale, default_login_methods, branding } = self;
        name.is_none()
            && default_locale.is_none()
            && default_login_methods.is_none()
            && branding.as_ref().is_none_or(BrandingInput::is_empty)
    }
}

/// Change an organization.
#[utoipa::path(put, path = "/organizations/{orgId}", tag = "organizations", request_body = OrganizationChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<OrganizationView>, headers(("ETag" = String)))))]
pub(crate) async fn update_organization(
    caller: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<OrganizationChange>,
) -> Result<Reply> {
    if body.is_empty() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let before = unit.organization(&organization).await?;
    etag::check(&headers, &OrganizationView::tag(&before), &OrganizationView::from(before.clone()))?;
    let branding = body.branding.unwrap_or_default().applied_to(&before.branding, "branding")?;
    let after = Organization {
        name: body.name.unwrap_or_else(|| before.name.clone()),
        default_locale: body.default_locale.unwrap_or_else(|| before.default_locale.clone()),
        default_login_methods: body
            .default_login_methods
            .unwrap_or_else(|| before.default_login_methods.clone()),
        branding,
        ..before.clone()
    };
    let (organization, _) = unit.organizations().update(&before, after).await?;
    unit.commit().await?;
    let tag = OrganizationView::tag(&organization);
    Ok(with_etag(answer::ok(OrganizationView::from(organization)), &tag))
}
