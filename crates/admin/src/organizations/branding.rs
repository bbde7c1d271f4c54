//! `GET` and `PUT /organizations/{orgId}/branding`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::organization::Organization;
use porta_web::reply::Reply;

use super::input::BrandingInput;
use super::view::{AssetView, BrandedOrganization, BrandingView, OrganizationView};
use crate::access::{Authorized, ReadOrganizations, UpdateOrganizations};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::path::InPath;
use crate::state::AdminState;

/// Get the branding of an organization.
#[utoipa::path(get, path = "/organizations/{orgId}/branding", tag = "branding",
    responses((status = 200, body = Data<BrandingView>)))]
pub(crate) async fn get_branding(
    _: Authorized<ReadOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let organization = queries.organization(&organization).await?;
    let issuer = state.issuer(&organization.slug);
    let pictures = queries.organizations().pictures(organization.id).await?;
    let assets = pictures.iter().map(|picture| AssetView::of(picture, &organization, &issuer)).collect();
    Ok(answer::ok(BrandingView { settings: organization.branding.into(), assets }))
}

/// Change the branding of an organization.
#[utoipa::path(put, path = "/organizations/{orgId}/branding", tag = "branding", request_body = BrandingInput,
    params(("If-Match" = Option<String>, Header, description = "Version of the organization that the change is based on.")),
    responses((status = 200, body = Data<BrandedOrganization>, headers(("ETag" = String)))))]
pub(crate) async fn update_branding(
    caller: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<BrandingInput>,
) -> Result<Reply> {
    if body.is_empty() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let before = unit.organization(&organization).await?;
    etag::check(&headers, &OrganizationView::tag(&before), &OrganizationView::from(before.clone()))?;
    let after = Organization { branding: body.applied_to(&before.branding, "")?, ..before.clone() };
    let (organization, _) = unit.organizations().update(&before, after).await?;
    unit.commit().await?;
    let tag = OrganizationView::tag(&organization);
    let branding = organization.branding.clone().into();
    let branded = BrandedOrganization { organization: organization.into(), branding };
    Ok(with_etag(answer::ok(branded), &tag))
}
