//! Which path is whose (oidc-and-login §1.1).

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use crate::endpoints::{
    assets, authorize, discovery, interaction, introspection, logout, probes, root, second_factor, token,
    userinfo,
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
        .route("/{org}/assets/{kind}/{id}", get(assets::get))
        .route("/{org}/auth", without_head("GET,POST", get(authorize::get).post(authorize::post)))
        .route("/{org}/auth/{uid}", without_head("GET", get(authorize::resume)))
        .route("/{org}/token", post(token::handler).options(cors))
        .route("/{org}/token/introspection", post(introspection::introspect).options(cors))
        .route("/{org}/token/revocation", post(introspection::revoke).options(cors))
        .route("/{org}/me", get(userinfo::get).post(userinfo::post).options(cors))
        .route("/{org}/interaction/{uid}", get(interaction::show))
        .route("/{org}/interaction/{uid}/login", post(interaction::login))
        .route("/{org}/interaction/{uid}/two-factor", get(second_factor::show).post(second_factor::verify))
        .route("/{org}/interaction/{uid}/two-factor/resend", post(second_factor::resend))
        .route("/{org}/interaction/{uid}/two-factor/setup", post(second_factor::setup))
        .route("/{org}/interaction/{uid}/two-factor/codes", post(second_factor::codes_kept))
        .route("/{org}/interaction/{uid}/confirm", post(interaction::confirm))
        .route("/{org}/interaction/{uid}/abort", post(interaction::abort))
        .route("/{org}/session/end", without_head("GET,POST", get(logout::get).post(logout::post)))
        .route("/{org}/session/end/confirm", post(logout::confirm))
        .route("/{org}/session/end/success", get(logout::success))
        .fallback(|| async { reply::text(StatusCode::NOT_FOUND, "Not Found") })
        .layer(from_fn_with_state(state.clone(), middleware::around))
        .with_state(state)
}

/// Where GET begins or uses up something, HEAD is refused: a link preview must not do what the person behind it came
/// for. Otherwise axum answers HEAD by running the GET.
fn without_head(allowed: &'static str, methods: MethodRouter<AppState>) -> MethodRouter<AppState> {
    let refuse = move || async move { reply::method_not_allowed(allowed) };
    methods.head(refuse).fallback(refuse)
}
