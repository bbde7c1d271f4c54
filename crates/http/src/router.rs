//! The routing table (`docs/endpoints.md`).

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use porta_web::middleware::with_middleware;

use crate::endpoints::{
    account, assets, authorize, discovery, form_result, interaction, introspection, invitation, logout,
    magic_link, probes, recovery, root, second_factor, token, userinfo, verification,
};
use crate::tenancy::OrgIfPresent;
use crate::{AppState, idempotency, reply};

/// Builds the router with every route of the OIDC server.
pub fn router(state: AppState) -> Router {
    let cors = crate::endpoints::cors::preflight;
    let idempotent = |methods: MethodRouter<AppState>| {
        methods.route_layer(from_fn_with_state(state.clone(), idempotency::idempotent))
    };
    let login = post(interaction::login)
        .route_layer(from_fn_with_state(state.clone(), idempotency::idempotent_counted));
    let routes: Router<AppState> = Router::new()
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .route("/metrics", get(probes::metrics))
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
        .route("/{org}/auth/{uid}", without_head("GET", idempotent(get(authorize::resume))))
        .route("/{org}/token", post(token::handler).options(cors))
        .route("/{org}/token/introspection", post(introspection::introspect).options(cors))
        .route("/{org}/token/revocation", post(introspection::revoke).options(cors))
        .route("/{org}/me", get(userinfo::get).post(userinfo::post).options(cors))
        .route("/{org}/interaction/{uid}", get(interaction::show))
        .route("/{org}/interaction/{uid}/login", login)
        .route(
            "/{org}/interaction/{uid}/magic-link",
            get(magic_link::sent).merge(idempotent(post(magic_link::request_link))),
        )
        .route("/{org}/interaction/{uid}/magic-link/code", idempotent(post(magic_link::code)))
        .route(
            "/{org}/interaction/{uid}/magic-link/{token}",
            get(magic_link::show_link).merge(idempotent(post(magic_link::follow))),
        )
        .route(
            "/{org}/interaction/{uid}/two-factor",
            get(second_factor::show).merge(idempotent(post(second_factor::verify))),
        )
        .route("/{org}/interaction/{uid}/two-factor/resend", idempotent(post(second_factor::resend)))
        .route("/{org}/interaction/{uid}/two-factor/setup", idempotent(post(second_factor::setup)))
        .route(
            "/{org}/interaction/{uid}/two-factor/codes",
            idempotent(post(second_factor::confirm_codes_saved)),
        )
        .route("/{org}/interaction/{uid}/confirm", idempotent(post(interaction::confirm)))
        .route("/{org}/interaction/{uid}/abort", idempotent(post(interaction::abort)))
        .route("/{org}/auth/done", get(form_result::show))
        .route(
            "/{org}/auth/forgot-password",
            get(recovery::forgot).merge(idempotent(post(recovery::request_reset))),
        )
        .route(
            "/{org}/auth/reset-password/{token}",
            get(recovery::reset_form).merge(idempotent(post(recovery::reset))),
        )
        .route(
            "/{org}/auth/accept-invite/{token}",
            get(invitation::show).merge(idempotent(post(invitation::accept))),
        )
        .route(
            "/{org}/auth/verify-email/{token}",
            get(verification::show).merge(idempotent(post(verification::verify))),
        )
        .merge(account_pages(&idempotent))
        .route("/{org}/session/end", without_head("GET,POST", get(logout::get).post(logout::post)))
        .route("/{org}/session/end/confirm", idempotent(post(logout::confirm)))
        .route("/{org}/session/end/success", get(logout::success))
        .method_not_allowed_fallback(|_: OrgIfPresent| async { reply::empty(StatusCode::METHOD_NOT_ALLOWED) })
        .fallback(|| async { reply::text(StatusCode::NOT_FOUND, "Not Found") });
    with_middleware(routes, Arc::clone(&state.middleware)).with_state(state)
}

/// Routes of the account pages. GET of a page begins a sign-in if there is no session, so HEAD is refused there.
fn account_pages(idempotent: &impl Fn(MethodRouter<AppState>) -> MethodRouter<AppState>) -> Router<AppState> {
    use account::{access, data, factors, overview, password, sessions, setup};
    let page = |methods| without_head("GET,POST", methods);
    Router::new()
        .route("/{org}/account", without_head("GET", get(overview::show)))
        .route("/{org}/account/verify-email", idempotent(post(overview::verify_email)))
        .route("/{org}/account/password", page(get(password::show).merge(idempotent(post(password::change)))))
        .route("/{org}/account/two-factor", page(get(factors::show).merge(idempotent(post(factors::change)))))
        .route(
            "/{org}/account/two-factor/setup",
            page(get(setup::show).merge(idempotent(post(setup::confirm)))),
        )
        .route("/{org}/account/two-factor/resend", idempotent(post(setup::resend)))
        .route("/{org}/account/two-factor/cancel", idempotent(post(setup::cancel)))
        .route("/{org}/account/two-factor/codes", idempotent(post(setup::confirm_codes_saved)))
        .route("/{org}/account/sessions", page(get(sessions::show).merge(idempotent(post(sessions::end)))))
        .route(
            "/{org}/account/applications",
            page(get(access::show).merge(idempotent(post(access::withdraw)))),
        )
        .route("/{org}/account/data", page(get(data::show).post(data::download)))
}

/// Answers 405 to HEAD where GET begins or uses up something: a link preview must not do that (decision 0022 r). By
/// default axum answers HEAD by running the GET handler.
fn without_head(allowed: &'static str, methods: MethodRouter<AppState>) -> MethodRouter<AppState> {
    let refuse = move |_: OrgIfPresent| async move { reply::method_not_allowed(allowed) };
    methods.head(refuse).fallback(refuse)
}
