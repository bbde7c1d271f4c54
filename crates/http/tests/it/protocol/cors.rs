//! CORS: which origins may read answers (Fetch §3.2).

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_core::client::ClientStatus;
use porta_core::organization::OrganizationStatus;
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_registered_origin_may_read,
    the_origin_of_a_redirect_uri_may_read,
    the_web_view_of_an_application_may_read,
    other_origins_may_not,
    refusals_stay_readable,
    a_token_may_be_shown_from_a_registered_origin,
    preflight_is_answered_for_registered_origins_only,
    strangers_questions_cost_no_statement,
    an_origin_no_browser_sends_is_refused_before_anything_is_looked_up,
    a_change_is_effective_within_a_second,
    the_origins_of_a_suspended_owner_are_nobodys,
    requests_without_an_origin_are_untouched,
    credentials_are_never_allowed,
    pages_are_for_nobody_else,
);

const SPA_ORIGIN: &str = "https://spa.test";

async fn from(browser: &mut Browser, origin: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded"), (header::ORIGIN, origin)];
    browser.send(Method::POST, path, &headers, Body::from(body)).await
}

async fn preflight(browser: &mut Browser, origin: &str, path: &str) -> Answer {
    let headers = [
        (header::ORIGIN, origin),
        (header::ACCESS_CONTROL_REQUEST_METHOD, "POST"),
        (header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization"),
    ];
    browser.send(Method::OPTIONS, path, &headers, Body::empty()).await
}

fn assert_readable(answer: &Answer, origin: &str) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(origin), "{}", answer.body);
    assert!(answer.header("vary").is_some_and(|v| v.contains("Origin")));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
}

fn assert_hidden(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), None, "{}", answer.body);
}

const ALMOST: [&str; 12] = [
    "https://evil.test",
    "https://spa.test.evil.test",
    "https://evilspa.test",
    "https://sub.spa.test",
    "http://spa.test",
    "https://spa.test:8443",
    "https://SPA.test",
    "https://spa.test/",
    "https://spa.test/cb",
    "null",
    "*",
    "",
];

async fn redeem(browser: &mut Browser, origin: &str) -> Answer {
    let code = code(browser, &spa()).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &code),
        ("redirect_uri", SPA_URI),
        ("code_verifier", porta_testkit::VERIFIER),
    ];
    from(browser, origin, "/acme/token", &form).await
}

async fn a_registered_origin_may_read(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = redeem(&mut browser, SPA_ORIGIN).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_readable(&answer, SPA_ORIGIN);
    let exposed = answer.header("access-control-expose-headers").unwrap();
    assert!(exposed.contains("WWW-Authenticate"), "{exposed}");
    let token = Tokens::of(&answer).access;
    let paths = [("introspection", StatusCode::UNAUTHORIZED), ("revocation", StatusCode::OK)];
    for (path, expected) in paths {
        let path = format!("/acme/token/{path}");
        let answer = from(&mut browser, SPA_ORIGIN, &path, &[("client_id", "spa"), ("token", &token)]).await;
        assert_eq!(answer.status, expected, "{path}");
        assert_readable(&answer, SPA_ORIGIN);
    }
}

async fn the_origin_of_a_redirect_uri_may_read(app: TestApp) {
    let mut browser = app.browser();
    let form = [("client_id", "legacy"), ("client_secret", LEGACY.1.unwrap()), ("token", "x")];
    let answer = from(&mut browser, "https://legacy.test", "/acme/token/introspection", &form).await;
    assert_readable(&answer, "https://legacy.test");
    let native = [("client_id", "cli"), ("token", "x")];
    for origin in ["com.example.planner://", "com.example.planner:", "null"] {
        assert_hidden(&from(&mut browser, origin, "/acme/token/introspection", &native).await);
    }
}

/// Web views of Capacitor, Ionic and Tauri have origins of their own; only registered ones may read.
async fn the_web_view_of_an_application_may_read(app: TestApp) {
    const OTHERS: [&str; 5] = [
        "tauri://localhost",
        "capacitor://localhost/",
        "capacitor://localhost.evil",
        "ionic://",
        "capacitor:",
    ];
    change_client(&app, "spa", |c| c.allowed_origins.push("capacitor://localhost".to_owned())).await;
    change_client(&app, "cli", |c| c.redirect_uris.push("ionic://localhost/cb".to_owned())).await;
    let mut browser = ana_signed_in(&app).await;
    let answer = redeem(&mut browser, "capacitor://localhost").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_readable(&answer, "capacitor://localhost");
    for origin in ["capacitor://localhost", "ionic://localhost"] {
        assert_readable(&preflight(&mut browser, origin, "/acme/token").await, origin);
        let headers = [(header::ORIGIN, origin)];
        let me = browser.send(Method::GET, "/acme/me", &headers, Body::empty()).await;
        assert_readable(&me, origin);
    }
    let native = [("client_id", "cli"), ("token", "x")];
    let answer = from(&mut browser, "ionic://localhost", "/acme/token/revocation", &native).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_readable(&answer, "ionic://localhost");
    for origin in OTHERS {
        assert_hidden(&preflight(&mut browser, origin, "/acme/token").await);
        let answer = redeem(&mut browser, origin).await;
        assert_eq!(refusal(&answer), (400, "invalid_request".to_owned()), "{origin}");
        assert_hidden(&answer);
    }
    let answer = redeem(&mut browser, "ionic://localhost").await;
    assert_eq!(refusal(&answer), (400, "invalid_request".to_owned()), "another client's");
}

/// Status 400, without any effect.
async fn other_origins_may_not(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for origin in ALMOST.into_iter().chain(["https://web.test"]) {
        let answer = redeem(&mut browser, origin).await;
        assert_eq!(refusal(&answer), (400, "invalid_request".to_owned()), "{origin}");
        assert_hidden(&answer);
    }
    let code = code(&mut browser, &spa()).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "spa"),
        ("code", &code),
        ("redirect_uri", SPA_URI),
        ("code_verifier", porta_testkit::VERIFIER),
    ];
    from(&mut browser, "https://evil.test", "/acme/token", &form).await;
    assert_eq!(browser.post("/acme/token", &form).await.status, StatusCode::OK, "the code was not used up");
}

/// CORS headers are set before the request is processed.
async fn refusals_stay_readable(app: TestApp) {
    let mut browser = app.browser();
    for form in [
        vec![("client_id", "spa"), ("grant_type", "authorization_code"), ("code", "x")],
        vec![("client_id", "spa"), ("grant_type", "password")],
        vec![("client_id", "spa")],
        vec![("client_id", "spa"), ("client_secret", "x"), ("grant_type", "refresh_token")],
        vec![("client_id", "spa"), ("grant_type", "refresh_token"), ("grant_type", "refresh_token")],
    ] {
        let answer = from(&mut browser, SPA_ORIGIN, "/acme/token", &form).await;
        assert!(answer.status.is_client_error());
        assert_readable(&answer, SPA_ORIGIN);
    }
    let answer = from(&mut browser, SPA_ORIGIN, "/acme/token", &[("client_id", "nobody")]).await;
    assert_hidden(&answer);
}

async fn a_token_may_be_shown_from_a_registered_origin(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let token = tokens(&mut browser, &spa(), SPA).await.access;
    let bearer = format!("Bearer {token}");
    for (origin, expected) in [(SPA_ORIGIN, StatusCode::OK), ("https://evil.test", StatusCode::BAD_REQUEST)] {
        let headers = [(header::AUTHORIZATION, bearer.as_str()), (header::ORIGIN, origin)];
        let answer = app.browser().send(Method::GET, "/acme/me", &headers, Body::empty()).await;
        assert_eq!(answer.status, expected, "{origin}");
        if expected == StatusCode::OK { assert_readable(&answer, origin) } else { assert_hidden(&answer) }
    }
    let headers = [(header::AUTHORIZATION, "Bearer x"), (header::ORIGIN, SPA_ORIGIN)];
    let refused = app.browser().send(Method::GET, "/acme/me", &headers, Body::empty()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_readable(&refused, SPA_ORIGIN);
}

/// The origin is not reflected for everybody.
async fn preflight_is_answered_for_registered_origins_only(app: TestApp) {
    let mut browser = app.browser();
    for path in ["/acme/token", "/acme/token/introspection", "/acme/token/revocation", "/acme/me"] {
        let answer = preflight(&mut browser, SPA_ORIGIN, path).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path}");
        assert_readable(&answer, SPA_ORIGIN);
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET, POST, OPTIONS"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("Authorization, Content-Type"));
        assert_eq!(answer.header("access-control-max-age"), Some("3600"));
        for origin in ALMOST {
            let answer = preflight(&mut browser, origin, path).await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT, "{path} {origin}");
            assert_hidden(&answer);
            assert!(answer.header("vary").is_some_and(|v| v.contains("Origin")), "{path} {origin}");
        }
        let beta = preflight(&mut browser, SPA_ORIGIN, &path.replace("acme", "beta")).await;
        assert_hidden(&beta);
    }
    assert_readable(
        &preflight(&mut browser, "https://partner.test", "/acme/token").await,
        "https://partner.test",
    );
}

/// Preflights are unauthenticated, so they are answered from a cache of the registered origins.
async fn strangers_questions_cost_no_statement(app: TestApp) {
    let mut browser = app.browser();
    assert_readable(&preflight(&mut browser, SPA_ORIGIN, "/acme/token").await, SPA_ORIGIN);
    let before = app.store.round_trips();
    for n in 0..50 {
        assert_hidden(&preflight(&mut browser, &format!("https://stranger-{n}.test"), "/acme/token").await);
    }
    assert_eq!(app.store.round_trips() - before, 0);
}

async fn an_origin_no_browser_sends_is_refused_before_anything_is_looked_up(app: TestApp) {
    let mut browser = app.browser();
    browser.get("/acme/.well-known/openid-configuration").await;
    let before = app.store.round_trips();
    let labels = vec!["a"; 200].join(".");
    for origin in [
        format!("https://{labels}.test"),
        format!("https://{}.test", "a.".repeat(15_000)),
        "https://a b".to_owned(),
    ] {
        for path in ["/acme/token", "/acme/token/introspection", "/acme/token/revocation", "/acme/me"] {
            assert_hidden(&preflight(&mut browser, &origin, path).await);
        }
        let headers = [(header::AUTHORIZATION, "Bearer x"), (header::ORIGIN, origin.as_str())];
        let answer = browser.send(Method::GET, "/acme/me", &headers, Body::empty()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(app.store.round_trips() - before, 0);
}

async fn a_change_is_effective_within_a_second(app: TestApp) {
    let readable = async |origin: &str| {
        let answer = preflight(&mut app.browser(), origin, "/acme/token").await;
        answer.header("access-control-allow-origin").is_some()
    };
    assert!(!readable("https://new.test").await && readable(SPA_ORIGIN).await);
    change_client(&app, "spa", |c| c.allowed_origins.push("https://new.test".to_owned())).await;
    soon(async || readable("https://new.test").await).await;
    set_client(&app, "spa", ClientStatus::Inactive).await;
    soon(async || !readable("https://new.test").await && !readable(SPA_ORIGIN).await).await;
}

async fn the_origins_of_a_suspended_owner_are_nobodys(app: TestApp) {
    let readable = async || {
        let answer = preflight(&mut app.browser(), "https://partner.test", "/acme/token").await;
        answer.header("access-control-allow-origin").is_some()
    };
    assert!(readable().await, "a guest of this organization");
    set_organization(&app, "beta", OrganizationStatus::Suspended).await;
    soon(async || !readable().await).await;
}

async fn requests_without_an_origin_are_untouched(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &spa(), SPA).await;
    let answer = userinfo(&app, "acme", &tokens.access).await;
    assert_hidden(&answer);
    let answer = browser.post("/acme/token", &[("client_id", "spa"), ("grant_type", "x")]).await;
    assert_hidden(&answer);
    let options = browser.send(Method::OPTIONS, "/acme/token", &[], Body::empty()).await;
    assert_eq!(options.status, StatusCode::NO_CONTENT);
    assert_hidden(&options);
}

async fn credentials_are_never_allowed(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = redeem(&mut browser, SPA_ORIGIN).await;
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    for path in ["/acme/token", "/acme/me", "/acme/jwks", "/acme/.well-known/openid-configuration"] {
        let answer = preflight(&mut browser, SPA_ORIGIN, path).await;
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
}

/// Pages for people are not readable by scripts of other sites.
async fn pages_are_for_nobody_else(app: TestApp) {
    let mut browser = app.browser();
    for path in ["/acme/auth", "/acme/session/end", "/acme/session/end/success", "/"] {
        let headers = [(header::ORIGIN, SPA_ORIGIN)];
        assert_hidden(&browser.send(Method::GET, path, &headers, Body::empty()).await);
    }
}
