//! `POST /{org}/token/introspection` (RFC 7662) and `POST /{org}/token/revocation` (RFC 7009).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_oidc::introspection::TokenInquiryError;
use porta_session::Tenant;

use super::ClientInfo;
use super::token::{client_form, client_refused};
use crate::error::ProtocolError;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

pub(crate) async fn introspect(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, ProtocolError> {
    let (params, presented, cors) = client_form(&state, &tenant, &client_info, body).await?;
    let cx = client_info.operation(&state, &tenant);
    Ok(cors.apply(match state.provider.introspection.introspect(cx, &params, &presented).await {
        Ok(answer) => reply::json(StatusCode::OK, &answer),
        Err(error) => refused(&tenant, &client_info.headers, &error),
    }))
}

pub(crate) async fn revoke(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, ProtocolError> {
    let (params, presented, cors) = client_form(&state, &tenant, &client_info, body).await?;
    let cx = client_info.operation(&state, &tenant);
    Ok(cors.apply(match state.provider.introspection.revoke(cx, &params, &presented).await {
        Ok(()) => reply::with_header(
            reply::empty(StatusCode::OK),
            header::CACHE_CONTROL,
            Some(HeaderValue::from_static("no-store")),
        ),
        Err(error) => refused(&tenant, &client_info.headers, &error),
    }))
}

fn refused(tenant: &Tenant, headers: &HeaderMap, error: &TokenInquiryError) -> Reply {
    match error {
        TokenInquiryError::Client(error) => client_refused(tenant, headers, error),
        TokenInquiryError::Refused(error) => reply::oauth_error(StatusCode::BAD_REQUEST, error),
        TokenInquiryError::Backend(error) => reply::backend_error(error),
    }
}
