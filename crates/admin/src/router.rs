//! The routes, and what all of them share.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::{any, get};
use porta_web::reply::{self, Reply};
use tower::ServiceExt as _;

use crate::denials::audited;
use crate::error::AdminError;
use crate::etag::conditional;
use crate::idempotency::idempotent;
use crate::openapi::BASE;
use crate::operations::{document, operations};
use crate::reference_page;
use crate::state::AdminState;

/// The base with a slash, which the nested routes do not cover.
const ROOT: &str = "/api/admin/";

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, X-Confirm-Purge, X-Porta-SDK-Version",
);
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "ETag, Retry-After, X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, Content-Disposition, X-Truncated",
);
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");
/// Longest origin that is compared.
const LONGEST_ORIGIN: usize = 300;

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_json().unwrap_or_default().into());

/// The router of the API, at its place below the root.
pub fn router(state: AdminState) -> Router {
    let (routes, _) = operations().split_for_parts();
    let routes = routes
        .route("/openapi.json", get(|| async { reply::json_bytes(StatusCode::OK, DOCUMENT.clone()) }))
        .route("/reference", get(reference_page::page))
        .route("/reference.css", get(reference_page::style))
        .method_not_allowed_fallback(|| async { AdminError::MethodNotAllowed })
        .with_state(state.clone());
    let exact = routes.clone().fallback(nothing_here);
    let routes = routes
        .fallback(move |request: Request| without_trailing_slash(exact.clone(), request))
        .layer(from_fn(conditional))
        .layer(from_fn_with_state(state.clone(), idempotent))
        .layer(from_fn_with_state(state.clone(), audited))
        .layer(from_fn_with_state(state, cors));
    Router::new().nest(BASE, routes).route(ROOT, any(nothing_here))
}

async fn nothing_here() -> AdminError {
    AdminError::NotFound("Not found".to_owned())
}

/// A path with a slash at its end is the path without it.
async fn without_trailing_slash(routes: Router, mut request: Request) -> Reply {
    let path = request.uri().path();
    if let Some(path) = path.strip_suffix('/').filter(|path| !path.is_empty()) {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(uri) = format!("{path}{query}").parse() {
            *request.uri_mut() = uri;
        }
    }
    routes.oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Answers preflight requests, and lets the scripts of configured origins read the answers.
async fn cors(State(state): State<AdminState>, request: Request, next: Next) -> Reply {
    let origin = admitted_origin(&state, request.headers());
    let is_preflight = request.method() == Method::OPTIONS && request.headers().contains_key(header::ORIGIN);
    let mut reply = if is_preflight { reply::empty(StatusCode::NO_CONTENT) } else { next.run(request).await };
    let headers = reply.headers_mut();
    if !state.cors_origins.is_empty() {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    let Some(origin) = origin else { return reply };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    if is_preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    } else {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    }
    reply
}

/// The origin of a request, if its scripts may use the API.
fn admitted_origin(state: &AdminState, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut given = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (given.next(), given.next()) else { return None };
    let is_admitted = origin.len() <= LONGEST_ORIGIN && state.cors_origins.contains(origin);
    is_admitted.then(|| origin.clone())
}
