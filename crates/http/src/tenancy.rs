//! From the first path segment to an active organization (oidc-and-login §1.3).

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use porta_oidc::{Tenant, TenantLookup};
use porta_pages::ErrorText;
use serde_json::json;

use crate::reply::{self, Reply};
use crate::state::AppState;

/// The organization a request is under. Having one means it is active.
pub(crate) struct Org(pub Arc<Tenant>);

impl FromRequestParts<AppState> for Org {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Reply> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| reply::empty(StatusCode::NOT_FOUND))?;
        let slug = params.iter().find(|(name, _)| *name == "org").map(|(_, value)| value).unwrap_or_default();
        let html = reply::prefers_html(&parts.headers);
        let refuse = |status: StatusCode, message: &str, text: ErrorText| {
            if html {
                reply::error_page(state, None, status, text, None)
            } else {
                reply::json(status, &json!({ "error": message, "status": status.as_u16() }))
            }
        };
        match state.engine.tenant(slug).await {
            Ok(TenantLookup::Active(tenant)) => {
                if let Some(seen) = parts.extensions.get::<crate::middleware::Seen>() {
                    seen.tenant(tenant.organization.slug.as_str());
                }
                Ok(Self(tenant))
            }
            Ok(TenantLookup::Suspended) => Err(refuse(
                StatusCode::FORBIDDEN,
                "Organization is suspended",
                ErrorText::OrganizationSuspended,
            )),
            Ok(TenantLookup::Unknown) => {
                Err(refuse(StatusCode::NOT_FOUND, "Organization not found", ErrorText::NotFound))
            }
            Err(error) if html => Err(reply::engine_error_page(state, None, &error)),
            Err(error) => Err(reply::engine_error(&error)),
        }
    }
}
