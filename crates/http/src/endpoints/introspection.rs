//! `POST /{org}/token/introspection` (RFC 7662) and `POST /{org}/token/revocation` (RFC 7009).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_oidc::introspection::TokenInquiryError;
use porta_session::Tenant;

use super::token::{client_refused, credentials, origin_refused, protocol_form};
use super::{ClientInfo, cors};
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

pub(crate) async fn introspect(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (params, presented, cors) = or_answer!(inquiry(&state, &tenant, &client_info, body).await);
    let cx = client_info.operation(&state, &tenant);
    cors.apply(match state.provider.introspection.introspect(cx, &params, &presented).await {
        Ok(answer) => reply::json(StatusCode::OK, &answer),
        Err(error) => refused(&tenant, &client_info.headers, &error),
    })
}

pub(crate) async fn revoke(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (params, presented, cors) = or_answer!(inquiry(&state, &tenant, &client_info, body).await);
    let cx = client_info.operation(&state, &tenant);
    cors.apply(match state.provider.introspection.revoke(cx, &params, &presented).await {
        Ok(()) => reply::with_header(
            reply::empty(StatusCode::OK),
            header::CACHE_CONTROL,
            Some(HeaderValue::from_static("no-store")),
        ),
        Err(error) => refused(&tenant, &client_info.headers, &error),
    })
}

async fn inquiry(
    state: &AppState,
    tenant: &Tenant,
    client_info: &ClientInfo,
    body: Body,
) -> Result<(porta_protocol::Params, porta_protocol::PresentedCredentials, cors::CorsDecision), Reply> {
    let params = protocol_form(&client_info.headers, body).await?;
    let presented = credentials(tenant, &client_info.headers, &params)?;
    let client_id = presented.client_id().map(porta_core::client::ClientId::as_str);
    client_info.log_fields.client(client_id.unwrap_or_default());
    match cors::decide(state, tenant, &client_info.headers, client_id).await? {
        cors::CorsDecision::Refused => Err(origin_refused()),
        verdict => Ok((params, presented, verdict)),
    }
}

fn refused(tenant: &Tenant, headers: &HeaderMap, error: &TokenInquiryError) -> Reply {
    match error {
        TokenInquiryError::Client(error) => client_refused(tenant, headers, error),
        TokenInquiryError::Refused(error) => reply::oauth_error(StatusCode::BAD_REQUEST, error),
        TokenInquiryError::Backend(error) => reply::backend_error(error),
    }
}
