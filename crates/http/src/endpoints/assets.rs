//! `GET /{org}/assets/{kind}/{id}`: uploaded images, for pages and mails (`docs/security.md`, W20).

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use porta_core::BrandingAssetId;
use porta_core::branding::AssetKind;

use crate::error::ProtocolError;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::OrgDocuments;

/// CSP for an image that is opened as a document: an SVG may style itself and do nothing else.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
/// The content of an asset id never changes.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(crate) async fn get(
    State(state): State<AppState>,
    OrgDocuments(tenant): OrgDocuments,
    Path((_, kind, id)): Path<(String, String, String)>,
) -> Result<Reply, ProtocolError> {
    let missing = || reply::text(StatusCode::NOT_FOUND, "Not Found");
    let kind = AssetKind::parse(&kind).ok_or_else(missing)?;
    let id = BrandingAssetId::parse(&id).ok_or_else(missing)?;
    let asset = state.shared.tenants.branding_asset(&tenant, kind, id).await?.ok_or_else(missing)?;
    let mut reply = Reply::new(asset.data.into());
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type.as_str()));
    headers.insert(header::CACHE_CONTROL, FOREVER);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    // Mail clients and the console embed it from other origins.
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("cross-origin"));
    Ok(reply)
}
