//! Extractors that resolve the first path segment to an active organization.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use porta_pages::ErrorText;
use porta_session::{BackendError, Tenant, TenantLookup};
use porta_web::middleware::AccessLogFields;
use serde_json::json;

use crate::context::{LanguagePreferences, RequestContext};
use crate::reply::{self, Reply};
use crate::state::AppState;

/// The active organization of a request. An unknown one is rejected with 404, a suspended one with 403.
pub(crate) struct Org(pub RequestContext);

/// The same for public documents, which stay available while storage is down.
pub(crate) struct OrgDocuments(pub Arc<Tenant>);

/// Checks the organization if the route has one. Used by responses to a wrong method, so that an unknown organization
/// is answered with 404 for every method.
pub(crate) struct OrgIfPresent;

impl FromRequestParts<AppState> for OrgIfPresent {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Reply> {
        if !slug(parts, state).await?.is_empty() {
            Org::from_request_parts(parts, state).await?;
        }
        Ok(Self)
    }
}

impl FromRequestParts<AppState> for OrgDocuments {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Reply> {
        let slug = slug(parts, state).await?;
        let found = state.shared.tenants.find_for_documents(&slug).await;
        active_tenant(parts, state, &LanguagePreferences::of(&parts.headers), found).map(Self)
    }
}

async fn slug(parts: &mut Parts, state: &AppState) -> Result<String, Reply> {
    let params = RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|_| reply::empty(StatusCode::NOT_FOUND))?;
    Ok(params.iter().find(|(name, _)| *name == "org").map(|(_, value)| value.to_owned()).unwrap_or_default())
}

impl FromRequestParts<AppState> for Org {
    type Rejection = Reply;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Reply> {
        let slug = slug(parts, state).await?;
        let found = state.shared.tenants.find(&slug).await;
        let languages = LanguagePreferences::of(&parts.headers);
        let tenant = active_tenant(parts, state, &languages, found)?;
        Ok(Self(RequestContext::new(tenant, languages)))
    }
}

#[expect(clippy::result_large_err, reason = "the error is the answer; it moves once")]
fn active_tenant(
    parts: &Parts,
    state: &AppState,
    languages: &LanguagePreferences,
    found: Result<TenantLookup, BackendError>,
) -> Result<Arc<Tenant>, Reply> {
    let prefers_html = || reply::prefers_html(&parts.headers);
    let refuse = |status: StatusCode, message: &str, text: ErrorText| {
        if prefers_html() {
            reply::error_page(state, &languages.neutral_theme(), status, text, None)
        } else {
            reply::json(status, &json!({ "error": message, "status": status.as_u16() }))
        }
    };
    match found {
        Ok(TenantLookup::Active(tenant)) => {
            if let Some(log_fields) = parts.extensions.get::<AccessLogFields>() {
                log_fields.tenant(&tenant.organization);
            }
            Ok(tenant)
        }
        Ok(TenantLookup::Suspended) => {
            Err(refuse(StatusCode::FORBIDDEN, "Organization is suspended", ErrorText::OrganizationSuspended))
        }
        Ok(TenantLookup::Unknown) => {
            Err(refuse(StatusCode::NOT_FOUND, "Organization not found", ErrorText::NotFound))
        }
        Err(error) if prefers_html() => {
            Err(reply::backend_error_page(state, &languages.neutral_theme(), &error))
        }
        Err(error) => Err(reply::backend_error(&error)),
    }
}
