//! CORS for protocol endpoints: without credentials, origins by client (`docs/endpoints.md`).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_core::settings;
use porta_oidc::cors::{client_allows_origin, origin_is_registered};
use porta_protocol::{ErrorCode, OAuthError};
use porta_session::Tenant;

use crate::error::ProtocolError;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// `OPTIONS`: a preflight names no client, so the registered origins of all clients of this organization are allowed.
pub(crate) async fn preflight(
    State(state): State<AppState>,
    Org(tenant): Org,
    headers: HeaderMap,
) -> Result<Reply, ProtocolError> {
    let mut reply = reply::empty(StatusCode::NO_CONTENT);
    reply.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(reply) };
    let known = match origin.to_str() {
        Ok(text) => origin_is_registered(&state.shared.clients, tenant.organization.id, text).await?,
        Err(_) => false,
    };
    if known {
        let out = reply.headers_mut();
        out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        out.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
        out.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("Authorization, Content-Type"),
        );
        out.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from(tenant.settings.number(settings::CORS_MAX_AGE)),
        );
    }
    Ok(reply)
}

/// CORS decision for an actual request that may be answered.
pub(crate) enum CorsDecision {
    /// No `Origin`: not a cross-origin browser request.
    SameOrigin,
    Allowed(HeaderValue),
}

/// Decides by the client that the request names. An origin that is not allowed is an error.
pub(crate) async fn decide(
    state: &StateInner,
    tenant: &Tenant,
    headers: &HeaderMap,
    client_id: Option<&str>,
) -> Result<CorsDecision, ProtocolError> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(CorsDecision::SameOrigin) };
    let Ok(text) = origin.to_str() else { return Err(origin_refused()) };
    // Requests from the issuer's own origin are same-origin.
    if text == state.shared.issuer_base() {
        return Ok(CorsDecision::SameOrigin);
    }
    let organization = tenant.organization.id;
    let allowed = match client_id {
        Some(id) => {
            let client = state.shared.clients.find(organization, id).await?;
            client.is_some_and(|c| client_allows_origin(&c.client, text))
        }
        // The client of an opaque token is unknown until it is looked up, so the registered origins of all clients are
        // allowed.
        None => origin_is_registered(&state.shared.clients, organization, text).await?,
    };
    if allowed { Ok(CorsDecision::Allowed(origin.clone())) } else { Err(origin_refused()) }
}

fn origin_refused() -> ProtocolError {
    let error = OAuthError::new(ErrorCode::InvalidRequest, "the origin is not allowed for this client");
    reply::oauth_error(StatusCode::BAD_REQUEST, &error).into()
}

impl CorsDecision {
    /// Adds what the browser needs to let the page read the answer, errors included.
    pub(crate) fn apply(&self, mut reply: Reply) -> Reply {
        if let Self::Allowed(origin) = self {
            let headers = reply.headers_mut();
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("WWW-Authenticate, Retry-After"),
            );
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        reply
    }
}
