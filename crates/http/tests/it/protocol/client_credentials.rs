//! The client credentials grant (RFC 6749 §4.4).

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::client::ClientStatus;
use porta_testkit::{Answer, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_client_gets_a_token_of_its_own,
    it_may_ask_for_scopes_on_its_list,
    it_may_not_ask_for_others,
    scopes_about_a_person_mean_nothing_here,
    public_clients_may_not,
    the_token_is_no_persons,
    the_token_ends_by_time,
    the_token_lives_as_long_as_the_setting_says,
    the_token_dies_with_its_client,
    the_token_belongs_to_its_organization,
    the_token_works_on_every_instance,
);

async fn ask(app: &TestApp, client: Client, scope: Option<&str>) -> Answer {
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend(scope.map(|s| ("scope", s)));
    app.browser().token("acme", client, &form).await
}

async fn token(app: &TestApp) -> String {
    Tokens::of(&ask(app, WEB, None).await).access
}

/// RFC 6749 §4.4.3: no refresh token (SHOULD NOT); no ID token, since there is no subject.
async fn a_client_gets_a_token_of_its_own(app: TestApp) {
    let answer = ask(&app, WEB, Some("reports:read")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    let mut members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["access_token", "expires_in", "scope", "token_type"]);
    assert_eq!((&body["expires_in"], &body["token_type"]), (&600.into(), &"Bearer".into()));
    let seen = introspect(&app, body["access_token"].as_str().unwrap()).await;
    let now = app.now().seconds();
    let expected = serde_json::json!({
        "active": true, "client_id": "web", "iss": "https://id.test/acme", "scope": "reports:read",
        "token_type": "Bearer", "iat": now, "exp": now + 600,
    });
    assert_eq!(seen, expected);
}

async fn it_may_ask_for_scopes_on_its_list(app: TestApp) {
    for (scope, granted) in [
        (None, "reports:read reports:write"),
        (Some("reports:write"), "reports:write"),
        (Some("reports:write reports:read reports:write"), "reports:write reports:read"),
    ] {
        assert_eq!(ask(&app, WEB, scope).await.json()["scope"], granted, "{scope:?}");
    }
}

/// RFC 6749 §5.2.
async fn it_may_not_ask_for_others(app: TestApp) {
    for scope in ["unicorns", "reports:read unicorns", "reports:admin", "REPORTS:READ", "a\"b", "a\tb"] {
        let answer = ask(&app, WEB, Some(scope)).await;
        assert_eq!(refusal(&answer), (400, "invalid_scope".to_owned()), "{scope}");
    }
}

async fn scopes_about_a_person_mean_nothing_here(app: TestApp) {
    let answer = ask(&app, WEB, Some("openid profile reports:read offline_access")).await;
    assert_eq!(answer.json()["scope"], "reports:read");
    let only = ask(&app, WEB, Some("openid")).await;
    assert_eq!(only.status, StatusCode::OK);
    assert_eq!(only.json().get("scope"), None);
    assert_eq!(only.json().get("id_token"), None);
}

/// RFC 6749 §4.4: MUST only be used by confidential clients.
async fn public_clients_may_not(app: TestApp) {
    for client in [SPA, CLI] {
        assert_eq!(refusal(&ask(&app, client, None).await), (400, "unauthorized_client".to_owned()));
    }
}

async fn the_token_is_no_persons(app: TestApp) {
    let token = token(&app).await;
    assert_eq!(introspect(&app, &token).await.get("sub"), None);
    let answer = userinfo(&app, "acme", &token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
}

async fn the_token_ends_by_time(app: TestApp) {
    let token = token(&app).await;
    app.advance(Duration::from_secs(599));
    assert!(is_active(&app, &token).await);
    app.advance(Duration::from_secs(1));
    assert!(!is_active(&app, &token).await);
}

async fn the_token_lives_as_long_as_the_setting_says(app: TestApp) {
    set_setting(&app, "client_credentials_ttl", 42).await;
    assert_eq!(ask(&app, WEB, None).await.json()["expires_in"], 42);
}

/// Within a second, on every instance.
async fn the_token_dies_with_its_client(app: TestApp) {
    let sibling = app.sibling();
    for to in [ClientStatus::Inactive, ClientStatus::Revoked] {
        set_client_active(&app).await;
        let token = token(&app).await;
        for instance in [&app, &sibling] {
            assert_eq!(introspect_as(instance, "acme", BILLING, &token).await["active"], true);
        }
        set_client(&app, "web", to).await;
        for instance in [&app, &sibling] {
            soon(async || introspect_as(instance, "acme", BILLING, &token).await["active"] == false).await;
        }
    }
}

async fn set_client_active(app: &TestApp) {
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let (organization, client) = work.client("web").await.unwrap();
    if client.status == ClientStatus::Inactive {
        work.clients().set_status(&organization, &client, ClientStatus::Active).await.unwrap();
    }
    work.commit().await.unwrap();
    app.advance(Duration::from_secs(1));
    soon(async || ask(app, WEB, None).await.status == StatusCode::OK).await;
}

async fn the_token_belongs_to_its_organization(app: TestApp) {
    let token = token(&app).await;
    assert_eq!(introspect_as(&app, "beta", PARTNER, &token).await, serde_json::json!({ "active": false }));
}

async fn the_token_works_on_every_instance(app: TestApp) {
    let sibling = app.sibling();
    let token = token(&app).await;
    assert!(is_active(&sibling, &token).await);
}
