//! `POST /{org}/token` (RFC 6749 §3.2).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_oidc::client_auth::ClientAuthError;
use porta_oidc::token::TokenError;
use porta_protocol::client_auth::presented;
use porta_protocol::{ErrorCode, OAuthError, Params, PresentedCredentials};
use porta_session::Tenant;

use super::ClientInfo;
use super::cors::{self, CorsDecision};
use crate::body::{self, BodyError};
use crate::error::ProtocolError;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

pub(crate) async fn handler(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, ProtocolError> {
    let (params, presented, cors) = client_form(&state, &tenant, &client_info, body).await?;
    let cx = client_info.operation(&state, &tenant);
    let reply = match state.provider.token.issue(cx, &params, &presented).await {
        Ok(response) => with_pragma(reply::json(StatusCode::OK, &response)),
        Err(TokenError::Client(error)) => client_refused(&tenant, &client_info.headers, &error),
        Err(TokenError::Limited(limited)) => {
            with_pragma(reply::too_many(limited, "too many tokens, try again later"))
        }
        Err(TokenError::Refused { error, detail }) => {
            tracing::info!(code = %error.code(), detail, "token request refused");
            with_pragma(reply::oauth_error(StatusCode::BAD_REQUEST, &error))
        }
        Err(TokenError::Backend(error)) => reply::backend_error(&error),
    };
    Ok(cors.apply(reply))
}

/// Reads the form of a client with the credentials that it presents, and decides whether its origin may send it.
pub(crate) async fn client_form(
    state: &StateInner,
    tenant: &Tenant,
    client_info: &ClientInfo,
    body: Body,
) -> Result<(Params, PresentedCredentials, CorsDecision), ProtocolError> {
    let params = protocol_form(&client_info.headers, body).await?;
    let presented = credentials(tenant, &client_info.headers, &params)?;
    let client_id = presented.client_id().map(porta_core::client::ClientId::as_str);
    client_info.log_fields.client(client_id.unwrap_or_default());
    let cors = cors::decide(state, tenant, &client_info.headers, client_id).await?;
    Ok((params, presented, cors))
}

/// Adds `Pragma: no-cache`, which RFC 6749 §5.1 requires beside `Cache-Control: no-store`.
fn with_pragma(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    reply
}

/// Reads the form of a protocol endpoint; the error is an OAuth error response.
pub(crate) async fn protocol_form(headers: &HeaderMap, body: Body) -> Result<Params, ProtocolError> {
    body::form(headers, body).await.map_err(|error| {
        let description = match error {
            BodyError::TooLarge => "the request body is too large",
            BodyError::TooSlow => "the request body took too long",
            BodyError::NotAForm => "the request body must be application/x-www-form-urlencoded",
            BodyError::Malformed => "the request body is malformed",
        };
        reply::oauth_error(error.status(), &OAuthError::new(ErrorCode::InvalidRequest, description)).into()
    })
}

/// Reads the client credentials from header and body.
fn credentials(
    tenant: &Tenant,
    headers: &HeaderMap,
    params: &Params,
) -> Result<PresentedCredentials, ProtocolError> {
    if headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
        // RFC 6749 §2.3: one authentication method per request.
        let error =
            OAuthError::new(ErrorCode::InvalidRequest, "the Authorization header was sent more than once");
        return Err(reply::oauth_error(StatusCode::BAD_REQUEST, &error).into());
    }
    let authorization = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    presented(authorization, params).map_err(|error| {
        let error = OAuthError::from(error);
        if error.code() == ErrorCode::InvalidClient {
            return unauthorized(tenant, headers, &error).into();
        }
        reply::oauth_error(StatusCode::BAD_REQUEST, &error).into()
    })
}

/// RFC 6749 §5.2: 401, with a challenge when the `Authorization` header was used.
fn unauthorized(tenant: &Tenant, headers: &HeaderMap, error: &OAuthError) -> Reply {
    let challenge = headers
        .contains_key(header::AUTHORIZATION)
        .then(|| HeaderValue::from_str(&error.challenge("Basic", &tenant.issuer)).ok())
        .flatten();
    reply::with_header(
        reply::oauth_error(StatusCode::UNAUTHORIZED, error),
        header::WWW_AUTHENTICATE,
        challenge,
    )
}

/// The response to a failed client authentication, the same at every endpoint.
pub(crate) fn client_refused(tenant: &Tenant, headers: &HeaderMap, error: &ClientAuthError) -> Reply {
    match error {
        ClientAuthError::Rejected { .. } => unauthorized(
            tenant,
            headers,
            &OAuthError::new(ErrorCode::InvalidClient, "client authentication failed"),
        ),
        ClientAuthError::Missing => {
            let error = OAuthError::new(ErrorCode::InvalidRequest, "client authentication is missing");
            reply::oauth_error(StatusCode::BAD_REQUEST, &error)
        }
        ClientAuthError::Limited(limited) => {
            reply::too_many(*limited, "too many failed attempts, try again later")
        }
        ClientAuthError::Backend(error) => reply::backend_error(error),
    }
}
