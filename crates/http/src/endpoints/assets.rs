//! `GET /{org}/assets/{kind}/{id}`: uploaded images, for pages and mails (`docs/security.md`, W20).

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use porta_core::BrandingAssetId;
use porta_core::branding::AssetKind;

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
) -> Reply {
    let missing = || reply::text(StatusCode::NOT_FOUND, "Not Found");
    let (Some(kind), Some(id)) = (AssetKind::parse(&kind), BrandingAssetId::parse(&id)) else {
        return missing();
    };
    match state.shared.tenants.branding_asset(&tenant, kind, id).await {
        Ok(Some(asset)) => {
            let mut reply = Reply::new(asset.data.into());
            let headers = reply.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type.as_str()));
            headers.insert(header::CACHE_CONTROL, FOREVER);
            headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
            // Mail clients and the console embed it from other origins.
            let policy = HeaderName::from_static("cross-origin-resource-policy");
            headers.insert(policy, HeaderValue::from_static("cross-origin"));
            reply
        }
        Ok(None) => missing(),
        Err(error) => reply::backend_error(&error),
    }
}
