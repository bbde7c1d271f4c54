//! Which path is whose (oidc-and-login §1.1).

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::endpoints::{
    authorize, discovery, interaction, introspection, logout, probes, root, token, userinfo,
};
use crate::{AppState, middleware, reply};

/// Every route of the OIDC server.
pub fn router(state: AppState) -> Router {
    let cors = crate::endpoints::cors::preflight;
    Router::new()
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .route("/", get(root::root))
        .route("/robots.txt", get(root::robots))
        .route("/favicon.ico", get(root::favicon))
        .route(
            "/.well-known/oauth-authorization-server/{org}",
            get(discovery::document).options(discovery::preflight),
        )
        .route(
            "/{org}/.well-known/openid-configuration",
            get(discovery::document).options(discovery::preflight),
        )
        .route(
            "/{org}/.well-known/oauth-authorization-server",
            get(discovery::document).options(discovery::preflight),
        )
        .route("/{org}/jwks", get(discovery::jwks).options(discovery::preflight))
        .route("/{org}/auth", get(authorize::get).post(authorize::post))
        .route("/{org}/auth/{uid}", get(authorize::resume))
        .route("/{org}/token", post(token::handler).options(cors))
        .route("/{org}/token/introspection", post(introspection::introspect).options(cors))
        .route("/{org}/token/revocation", post(introspection::revoke).options(cors))
        .route("/{org}/me", get(userinfo::get).post(userinfo::post).options(cors))
        .route("/{org}/interaction/{uid}", get(interaction::show))
        .route("/{org}/interaction/{uid}/login", post(interaction::login))
        .route("/{org}/interaction/{uid}/confirm", post(interaction::confirm))
        .route("/{org}/interaction/{uid}/abort", post(interaction::abort))
        .route("/{org}/session/end", get(logout::get).post(logout::post))
        .route("/{org}/session/end/confirm", post(logout::confirm))
        .route("/{org}/session/end/success", get(logout::success))
        .fallback(|| async { reply::text(StatusCode::NOT_FOUND, "Not Found") })
        .layer(from_fn_with_state(state.clone(), middleware::around))
        .with_state(state)
}
