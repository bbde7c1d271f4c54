//! Introspection (RFC 7662).

use std::time::Duration;

use axum::http::StatusCode;
use porta_testkit::{TestApp, jwt_payload};
use serde_json::json;

use super::support::*;

porta_testkit::on_both_stores!(
    an_access_token_is_described_exactly,
    a_refresh_token_is_described_exactly,
    a_token_without_scopes_names_none,
    an_inactive_token_tells_nothing,
    confidential_clients_may_ask_about_their_organizations_access_tokens,
    public_clients_may_not_ask,
    a_token_of_another_organization_does_not_exist,
    a_guest_client_sees_the_tokens_of_the_place_it_asks_at,
    a_hint_changes_nothing,
    the_caller_must_say_who_it_is,
    the_request_must_be_complete,
    tokens_end_by_time,
    a_token_that_ends_while_its_client_is_loaded_is_inactive,
    asking_uses_nothing_up,
);

const INACTIVE: &str = r#"{"active":false}"#;

/// RFC 7662 §2.2.
async fn an_access_token_is_described_exactly(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let now = app.now().seconds();
    let expected = json!({
        "active": true,
        "sub": jwt_payload(tokens.id())["sub"],
        "client_id": "web",
        "scope": "openid profile email",
        "token_type": "Bearer",
        "iss": "https://id.test/acme",
        "iat": now,
        "exp": now + 3600,
    });
    assert_eq!(introspect(&app, &tokens.access).await, expected);
    let answer = browser.authenticated("/acme/token/introspection", WEB, &[("token", &tokens.access)]).await;
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// Without `token_type`.
async fn a_refresh_token_is_described_exactly(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let now = app.now().seconds();
    let expected = json!({
        "active": true,
        "sub": jwt_payload(tokens.id())["sub"],
        "client_id": "web",
        "scope": "openid profile email",
        "iss": "https://id.test/acme",
        "iat": now,
        "exp": now + 2_592_000,
    });
    assert_eq!(introspect(&app, tokens.refresh()).await, expected);
}

/// RFC 7662 §2.2: `scope` is a list; an empty one is omitted.
async fn a_token_without_scopes_names_none(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let plain = tokens(&mut browser, &web().without("scope"), WEB).await;
    for token in [&plain.access, plain.refresh()] {
        let answer = introspect(&app, token).await;
        assert_eq!((&answer["active"], answer.get("scope")), (&json!(true), None));
    }
}

/// RFC 7662 §2.2: no reason is given.
async fn an_inactive_token_tells_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let code = code(&mut browser, &web()).await;
    let used = tokens.refresh().to_owned();
    refresh(&mut browser, WEB, &used).await;
    let cut = &tokens.access[..tokens.access.len() - 1];
    for token in
        ["x", cut, &code, tokens.id(), &used, "porta_at_", "porta_rt_x", &"x".repeat(20_000), "é", " "]
    {
        let answer = browser.authenticated("/acme/token/introspection", WEB, &[("token", token)]).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, INACTIVE), "{token}");
    }
}

/// A resource server is a confidential client of the organization. It receives access tokens, never refresh tokens.
async fn confidential_clients_may_ask_about_their_organizations_access_tokens(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let spas = tokens(&mut browser, &spa_offline(), SPA).await;
    let webs = tokens(&mut browser, &web(), WEB).await;
    for client in [WEB, BILLING, LEGACY] {
        assert_eq!(introspect_as(&app, "acme", client, &spas.access).await["client_id"], "spa");
        assert_eq!(introspect_as(&app, "acme", client, spas.refresh()).await, json!({ "active": false }));
        let own = introspect_as(&app, "acme", client, webs.refresh()).await;
        assert_eq!(own["active"], client == WEB, "{client:?}");
    }
    assert!(is_active(&app, spas.refresh()).await && is_active(&app, webs.refresh()).await);
}

/// RFC 7662 §2.1: MUST require some form of authorization.
async fn public_clients_may_not_ask(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let spas = tokens(&mut browser, &spa_offline(), SPA).await;
    let machine = browser.token("acme", WEB, &[("grant_type", "client_credentials")]).await;
    let machine = Tokens::of(&machine).access;
    for token in [&spas.access, spas.refresh(), &machine, "porta_rt_x", ""] {
        for client in [SPA, CLI] {
            let answer =
                browser.authenticated("/acme/token/introspection", client, &[("token", token)]).await;
            assert_eq!(refusal(&answer), (401, "invalid_client".to_owned()), "{token} {client:?}");
        }
    }
    let document = browser.get("/acme/.well-known/openid-configuration").await.json();
    let methods = json!(["client_secret_basic", "client_secret_post"]);
    assert_eq!(document["introspection_endpoint_auth_methods_supported"], methods);
    // This does not count as a failed secret: after many refusals the same client may still revoke its tokens.
    for _ in 0..100 {
        browser.authenticated("/acme/token/introspection", SPA, &[("token", "x")]).await;
    }
    let answer = browser.authenticated("/acme/token/revocation", SPA, &[("token", spas.refresh())]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_dead(&app, &spas).await;
}

async fn a_token_of_another_organization_does_not_exist(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for token in [&tokens.access, tokens.refresh()] {
        assert_eq!(introspect_as(&app, "beta", PARTNER, token).await, json!({ "active": false }));
    }
}

async fn a_guest_client_sees_the_tokens_of_the_place_it_asks_at(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let here = tokens(&mut browser, &partner(), PARTNER).await;
    assert_eq!(introspect_as(&app, "acme", PARTNER, &here.access).await["active"], true);
    assert_eq!(introspect_as(&app, "beta", PARTNER, &here.access).await, json!({ "active": false }));
    let others = tokens(&mut browser, &web(), WEB).await;
    let seen = introspect_as(&app, "acme", PARTNER, &others.access).await;
    assert_eq!(seen, json!({ "active": false }), "a guest is no resource server of the organization");
}

/// RFC 7662 §2.1: `token_type_hint` is an optimisation, never a filter.
async fn a_hint_changes_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for hint in ["access_token", "refresh_token", "unicorn", ""] {
        for token in [&tokens.access, tokens.refresh()] {
            let form = [("token", token), ("token_type_hint", hint)];
            let answer = browser.authenticated("/acme/token/introspection", WEB, &form).await;
            assert_eq!(answer.json()["active"], true, "{hint}");
        }
    }
}

/// RFC 7662 §2.1: MUST require authorization.
async fn the_caller_must_say_who_it_is(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let path = "/acme/token/introspection";
    let form = [("token", tokens.access.as_str())];
    assert_eq!(refusal(&browser.post(path, &form).await), (400, "invalid_request".to_owned()));
    for client in [("web", None), ("web", Some("wrong-secret-0123456789")), ("nobody", None)] {
        let answer = browser.authenticated(path, client, &form).await;
        assert_eq!(refusal(&answer), (401, "invalid_client".to_owned()), "{client:?}");
    }
    let mut bearer = app.browser().with("authorization", &format!("Bearer {}", tokens.access));
    assert_eq!(refusal(&bearer.post(path, &form).await), (401, "invalid_client".to_owned()));
}

async fn the_request_must_be_complete(app: TestApp) {
    let mut browser = app.browser();
    for path in ["/acme/token/introspection", "/acme/token/revocation"] {
        for form in [vec![], vec![("token", "")], vec![("token", "a"), ("token", "b")]] {
            let answer = browser.authenticated(path, WEB, &form).await;
            assert_eq!(refusal(&answer), (400, "invalid_request".to_owned()), "{path} {form:?}");
        }
    }
}

async fn tokens_end_by_time(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &spa_offline(), SPA).await;
    app.advance(Duration::from_secs(3599));
    assert!(is_active(&app, &tokens.access).await);
    app.advance(Duration::from_secs(1));
    assert!(!is_active(&app, &tokens.access).await && is_active(&app, tokens.refresh()).await);
    app.advance(Duration::from_hours(30 * 24 - 1));
    assert!(!is_active(&app, tokens.refresh()).await);
}

async fn a_token_that_ends_while_its_client_is_loaded_is_inactive(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for (seconds, expected) in [(3599, true), (1, false)] {
        let slow = with_slow_clients(&app, Duration::from_secs(seconds));
        assert_eq!(is_active(&slow, &tokens.access).await, expected, "{seconds}");
    }
}

async fn asking_uses_nothing_up(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for _ in 0..5 {
        assert!(is_active(&app, tokens.refresh()).await);
    }
    assert_eq!(refresh(&mut browser, WEB, tokens.refresh()).await.status, StatusCode::OK);
}
