//! `GET` and `POST /{org}/me` (OpenID Connect Core §5.3, RFC 6750).

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use porta_oidc::userinfo::{UserInfo, UserInfoError};
use porta_protocol::error::bare_challenge;
use porta_protocol::{ErrorCode, OAuthError, Params};
use porta_session::Tenant;

use super::token::protocol_form;
use super::{ClientInfo, cors};
use crate::error::ProtocolError;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

pub(crate) async fn get(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    RawQuery(query): RawQuery,
) -> Result<Reply, ProtocolError> {
    answer(&state, &tenant, &client_info, query.as_deref(), None).await
}

pub(crate) async fn post(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<Reply, ProtocolError> {
    // A POST needs no body if the token is in the header.
    let params = protocol_form(&client_info.headers, body).await?;
    answer(&state, &tenant, &client_info, query.as_deref(), Some(&params)).await
}

async fn answer(
    state: &AppState,
    tenant: &Tenant,
    client_info: &ClientInfo,
    query: Option<&str>,
    body: Option<&Params>,
) -> Result<Reply, ProtocolError> {
    let cors = cors::decide(state, tenant, &client_info.headers, None).await?;
    Ok(cors.apply(match bearer(&client_info.headers, query, body) {
        Ok(Some(token)) => match state.provider.userinfo.answer(tenant, &token).await {
            Ok(info) => show(info),
            Err(error) => refused(tenant, &error),
        },
        // RFC 6750 §3.1: no credentials, no error code.
        Ok(None) => challenge(StatusCode::UNAUTHORIZED, &bare_challenge("Bearer", &tenant.issuer)),
        Err(error) => challenge(StatusCode::BAD_REQUEST, &error.challenge("Bearer", &tenant.issuer)),
    }))
}

/// Returns the bearer token from header or form body, from one of them only (RFC 6750 §2), and never from the query
/// (RFC 9700 §4.3.2).
fn bearer(
    headers: &HeaderMap,
    query: Option<&str>,
    body: Option<&Params>,
) -> Result<Option<String>, OAuthError> {
    let invalid = |text| OAuthError::new(ErrorCode::InvalidRequest, text);
    let query = query.map(Params::parse).transpose().map_err(|_| invalid("the query is malformed"))?;
    if query.is_some_and(|q| q.get("access_token").is_some()) {
        return Err(invalid("an access token in the query is not accepted"));
    }
    if body.is_some_and(|b| b.repeated(&[]).is_some()) {
        return Err(invalid("a parameter is repeated"));
    }
    let in_body = body.and_then(|b| b.get("access_token")).map(str::to_owned);
    if headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
        return Err(invalid("the Authorization header was sent more than once"));
    }
    let in_header = match headers.get(header::AUTHORIZATION) {
        None => None,
        Some(value) => {
            let text = value.to_str().map_err(|_| invalid("the Authorization header is malformed"))?;
            match text.split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                    Some(token.trim().to_owned())
                }
                _ => return Ok(None),
            }
        }
    };
    match (in_header, in_body) {
        (Some(_), Some(_)) => Err(invalid("more than one access token was sent")),
        (header, body) => Ok(header.or(body)),
    }
}

fn show(info: UserInfo) -> Reply {
    match info {
        UserInfo::Json(claims) => reply::json(StatusCode::OK, &claims),
        UserInfo::Jwt(jwt) => {
            let mut reply = reply::json_bytes(StatusCode::OK, jwt);
            reply.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
            reply
        }
    }
}

fn refused(tenant: &Tenant, error: &UserInfoError) -> Reply {
    let (status, error) = match error {
        UserInfoError::InvalidToken => (
            StatusCode::UNAUTHORIZED,
            OAuthError::new(ErrorCode::InvalidToken, "the access token is not valid"),
        ),
        UserInfoError::InsufficientScope => (
            StatusCode::FORBIDDEN,
            OAuthError::new(ErrorCode::InsufficientScope, "the openid scope is required"),
        ),
        UserInfoError::Backend(error) => return reply::backend_error(error),
    };
    let reply = reply::oauth_error(status, &error);
    let challenge = HeaderValue::from_str(&error.challenge("Bearer", &tenant.issuer)).ok();
    reply::with_header(reply, header::WWW_AUTHENTICATE, challenge)
}

fn challenge(status: StatusCode, value: &str) -> Reply {
    let reply = reply::with_header(
        reply::empty(status),
        header::CACHE_CONTROL,
        Some(HeaderValue::from_static("no-store")),
    );
    reply::with_header(reply, header::WWW_AUTHENTICATE, HeaderValue::from_str(value).ok())
}
