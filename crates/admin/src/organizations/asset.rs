//! `GET`, `PUT` and `DELETE /organizations/{orgId}/branding/{type}`: uploaded pictures.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use porta_core::branding::AssetKind;
use porta_directory::DirectoryError;
use porta_web::reply::{self, Reply};

use super::upload::{PictureBody, Upload};
use super::view::AssetView;
use crate::access::{Authorized, ReadOrganizations, UpdateOrganizations};
use crate::answer::{self, Data, no_content};
use crate::error::{AdminError, Detail, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// Policy of a picture that is opened as a document: a drawing may style itself and do nothing else.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

fn kind_of(text: &str) -> Result<AssetKind> {
    let refused = || AdminError::Rule("Invalid asset type. Must be \"logo\" or \"favicon\"".to_owned());
    AssetKind::parse(text).ok_or_else(refused)
}

fn missing(kind: AssetKind) -> AdminError {
    AdminError::NotFound(format!("No {kind} asset found"))
}

/// Get an uploaded picture. Everybody may see it at its public address.
#[utoipa::path(get, path = "/organizations/{orgId}/branding/{type}", tag = "branding",
    responses((status = 200, description = "The picture.", content(
        ("image/png"), ("image/jpeg"), ("image/webp"), ("image/svg+xml"), ("image/x-icon")))))]
pub(crate) async fn get_branding_asset(
    _: Authorized<ReadOrganizations>,
    State(state): State<AdminState>,
    InPath((organization, kind)): InPath<(String, String)>,
) -> Result<Reply> {
    let kind = kind_of(&kind)?;
    let queries = state.directory.queries();
    let organization = queries.organization(&organization).await?;
    let found = queries.organizations().picture(organization.id, kind).await?;
    let asset = found.ok_or_else(|| missing(kind))?;
    let mut reply = Reply::new(asset.data.into());
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type.as_str()));
    headers.insert(header::CACHE_CONTROL, reply::NO_STORE);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Ok(reply)
}

/// Upload a picture, in place of the one before.
///
/// At most 512 KiB. The type is detected from the content, and a drawing is rewritten without anything active.
#[utoipa::path(put, path = "/organizations/{orgId}/branding/{type}", tag = "branding",
    request_body(content(
        (PictureBody = "application/json"), ("image/png"), ("image/jpeg"), ("image/webp"), ("image/svg+xml"),
        ("image/x-icon"), ("application/octet-stream"))),
    responses((status = 200, body = Data<AssetView>)))]
pub(crate) async fn put_branding_asset(
    caller: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    InPath((organization, kind)): InPath<(String, String)>,
    upload: Upload,
) -> Result<Reply> {
    let kind = kind_of(&kind)?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = unit.organization(&organization).await?;
    let stored = unit.branding().put(&organization, kind, &upload.bytes, upload.declared).await;
    let (asset, _) = stored.map_err(|error| match error {
        // The file has no name of its own; here it is the field `data`.
        DirectoryError::Invalid(problems) => {
            let details = problems.into_iter().map(|problem| Detail::new("data", problem.message));
            AdminError::Validation(details.collect())
        }
        other => other.into(),
    })?;
    unit.commit().await?;
    Ok(answer::ok(AssetView::of(&asset, &organization, &state.issuer(&organization.slug))))
}

/// Remove an uploaded picture.
#[utoipa::path(delete, path = "/organizations/{orgId}/branding/{type}", tag = "branding", responses((status = 204)))]
pub(crate) async fn delete_branding_asset(
    caller: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    InPath((organization, kind)): InPath<(String, String)>,
) -> Result<Reply> {
    let kind = kind_of(&kind)?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = unit.organization(&organization).await?;
    if !unit.branding().remove(&organization, kind).await? {
        return Err(missing(kind));
    }
    unit.commit().await?;
    Ok(no_content())
}
