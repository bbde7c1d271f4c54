//! The routing table (`docs/endpoints.md`).

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use porta_web::middleware::with_middleware;

use crate::endpoints::{
    account, assets, authorize, cors, discovery, form_result, interaction, introspection, invitation, logout,
    magic_link, probes, recovery, root, second_factor, temporary_password, token, userinfo, verification,
};
use crate::tenancy::OrgIfPresent;
use crate::{AppState, idempotency, reply};

/// Builds the router with every route of the OIDC server, and `others` beside them: routes below a reserved slug.
pub fn router(state: AppState, others: Router) -> Router {
    let middleware = Arc::clone(&state.middleware);
    let routes: Router<AppState> = Router::new()
        .merge(probe_routes())
        .merge(root_routes())
        .nest("/{org}", organization_routes(&state))
        .method_not_allowed_fallback(|_: OrgIfPresent| async { reply::empty(StatusCode::METHOD_NOT_ALLOWED) })
        .fallback(|| async { reply::text(StatusCode::NOT_FOUND, "Not Found") });
    with_middleware(routes.with_state(state).merge(others), middleware)
}

fn probe_routes() -> Router<AppState> {
    Router::new()
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .route("/metrics", get(probes::metrics))
}

fn root_routes() -> Router<AppState> {
    Router::new()
        .route("/", get(root::root))
        .route("/robots.txt", get(root::robots))
        .route("/favicon.ico", get(root::favicon))
        .route(
            "/.well-known/oauth-authorization-server/{org}",
            get(discovery::document).options(discovery::preflight),
        )
}

fn organization_routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .merge(protocol_routes(state))
        .nest("/interaction/{uid}", interaction_routes(state))
        .nest("/auth", mailed_link_routes(state))
        .nest("/account", account_routes(state))
        .nest("/session/end", logout_routes(state))
        .merge(asset_routes())
}

fn protocol_routes(state: &AppState) -> Router<AppState> {
    let idempotent = with_idempotency(state);
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery::document).options(discovery::preflight))
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::document).options(discovery::preflight),
        )
        .route("/jwks", get(discovery::jwks).options(discovery::preflight))
        .route("/auth", without_head("GET,POST", get(authorize::get).post(authorize::post)))
        .route("/auth/{uid}", without_head("GET", idempotent(get(authorize::resume))))
        .route("/token", post(token::handler).options(cors::preflight))
        .route("/token/introspection", post(introspection::introspect).options(cors::preflight))
        .route("/token/revocation", post(introspection::revoke).options(cors::preflight))
        .route("/me", get(userinfo::get).post(userinfo::post).options(cors::preflight))
}

fn interaction_routes(state: &AppState) -> Router<AppState> {
    let idempotent = with_idempotency(state);
    let counted = from_fn_with_state(state.clone(), idempotency::idempotent_counted);
    Router::new()
        .route("/", get(interaction::show))
        .route("/login", post(interaction::login).route_layer(counted))
        .route("/magic-link", get(magic_link::sent).merge(idempotent(post(magic_link::request_link))))
        .route("/magic-link/code", idempotent(post(magic_link::code)))
        .route("/magic-link/{token}", get(magic_link::show_link).merge(idempotent(post(magic_link::follow))))
        .route("/two-factor", get(second_factor::show).merge(idempotent(post(second_factor::verify))))
        .route("/two-factor/resend", idempotent(post(second_factor::resend)))
        .route("/two-factor/setup", idempotent(post(second_factor::setup)))
        .route("/two-factor/codes", idempotent(post(second_factor::confirm_codes_saved)))
        .route(
            "/new-password",
            get(temporary_password::show).merge(idempotent(post(temporary_password::replace))),
        )
        .route("/confirm", idempotent(post(interaction::confirm)))
        .route("/abort", idempotent(post(interaction::abort)))
}

/// Forms behind mailed links, the form that requests one, and their result page.
fn mailed_link_routes(state: &AppState) -> Router<AppState> {
    let idempotent = with_idempotency(state);
    Router::new()
        .route("/done", get(form_result::show))
        .route("/forgot-password", get(recovery::forgot).merge(idempotent(post(recovery::request_reset))))
        .route("/reset-password/{token}", get(recovery::reset_form).merge(idempotent(post(recovery::reset))))
        .route("/accept-invite/{token}", get(invitation::show).merge(idempotent(post(invitation::accept))))
        .route("/verify-email/{token}", get(verification::show).merge(idempotent(post(verification::verify))))
}

/// GET of an account page begins a sign-in if there is no session, so HEAD is refused there.
fn account_routes(state: &AppState) -> Router<AppState> {
    use account::{access, data, factors, overview, password, sessions, setup};
    let idempotent = with_idempotency(state);
    let page = |methods| without_head("GET,POST", methods);
    Router::new()
        .route("/", without_head("GET", get(overview::show)))
        .route("/verify-email", idempotent(post(overview::verify_email)))
        .route("/password", page(get(password::show).merge(idempotent(post(password::change)))))
        .route("/two-factor", page(get(factors::show).merge(idempotent(post(factors::change)))))
        .route("/two-factor/setup", page(get(setup::show).merge(idempotent(post(setup::confirm)))))
        .route("/two-factor/resend", idempotent(post(setup::resend)))
        .route("/two-factor/cancel", idempotent(post(setup::cancel)))
        .route("/two-factor/codes", idempotent(post(setup::confirm_codes_saved)))
        .route("/sessions", page(get(sessions::show).merge(idempotent(post(sessions::end)))))
        .route("/applications", page(get(access::show).merge(idempotent(post(access::withdraw)))))
        .route("/data", page(get(data::show).post(data::download)))
}

fn logout_routes(state: &AppState) -> Router<AppState> {
    let idempotent = with_idempotency(state);
    Router::new()
        .route("/", without_head("GET,POST", get(logout::get).post(logout::post)))
        .route("/confirm", idempotent(post(logout::confirm)))
        .route("/success", get(logout::success))
}

fn asset_routes() -> Router<AppState> {
    Router::new().route("/assets/{kind}/{id}", get(assets::get))
}

/// Adds the middleware for repeated forms to handlers (decision 0044).
fn with_idempotency(state: &AppState) -> impl Fn(MethodRouter<AppState>) -> MethodRouter<AppState> {
    move |methods| methods.route_layer(from_fn_with_state(state.clone(), idempotency::idempotent))
}

/// Answers 405 to HEAD where GET begins or uses up something: a link preview must not do that (decision 0022 r). By
/// default axum answers HEAD by running the GET handler.
fn without_head(allowed: &'static str, methods: MethodRouter<AppState>) -> MethodRouter<AppState> {
    let refuse = move |_: OrgIfPresent| async move { reply::method_not_allowed(allowed) };
    methods.head(refuse).fallback(refuse)
}
