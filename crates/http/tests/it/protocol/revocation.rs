//! Revocation (RFC 7009).

use axum::http::StatusCode;
use porta_testkit::{Answer, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_refresh_token_ends_its_family,
    a_used_refresh_token_ends_its_family_too,
    an_access_token_ends_alone,
    a_clients_own_token_ends,
    an_unknown_token_is_a_success,
    another_clients_token_is_left_alone,
    another_organizations_token_is_left_alone,
    a_hint_changes_nothing,
    the_session_goes_on,
    every_instance_knows_at_once,
    who_asks_must_be_known,
);

async fn revoke(app: &TestApp, org: &str, client: Client, token: &str) -> Answer {
    app.browser().authenticated(&format!("/{org}/token/revocation"), client, &[("token", token)]).await
}

fn assert_done(answer: &Answer) {
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""), "RFC 7009 §2.2");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// RFC 7009 §2.1: SHOULD also invalidate all access tokens of the same grant.
async fn a_refresh_token_ends_its_family(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (request, client) in [(web(), WEB), (spa_offline(), SPA)] {
        let first = tokens(&mut browser, &request, client).await;
        let second = Tokens::of(&refresh(&mut browser, client, first.refresh()).await);
        assert_done(&revoke(&app, "acme", client, second.refresh()).await);
        assert_dead(&app, &first).await;
        assert_dead(&app, &second).await;
        assert_eq!(refusal(&refresh(&mut browser, client, second.refresh()).await), invalid_grant());
        assert_done(&revoke(&app, "acme", client, second.refresh()).await);
    }
}

async fn a_used_refresh_token_ends_its_family_too(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    assert_done(&revoke(&app, "acme", WEB, first.refresh()).await);
    assert_dead(&app, &second).await;
}

async fn an_access_token_ends_alone(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    assert_done(&revoke(&app, "acme", WEB, &first.access).await);
    assert!(!is_active(&app, &first.access).await);
    assert_eq!(userinfo(&app, "acme", &first.access).await.status, StatusCode::UNAUTHORIZED);
    assert!(is_active(&app, &second.access).await && is_active(&app, second.refresh()).await);
    assert_eq!(refresh(&mut browser, WEB, second.refresh()).await.status, StatusCode::OK);
}

async fn a_clients_own_token_ends(app: TestApp) {
    let mut browser = app.browser();
    let form = [("grant_type", "client_credentials")];
    let first = Tokens::of(&browser.token("acme", WEB, &form).await).access;
    let second = Tokens::of(&browser.token("acme", WEB, &form).await).access;
    assert_done(&revoke(&app, "acme", WEB, &first).await);
    assert!(!is_active(&app, &first).await && is_active(&app, &second).await);
}

/// RFC 7009 §2.2.
async fn an_unknown_token_is_a_success(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let id = tokens(&mut browser, &web(), WEB).await.id().to_owned();
    for token in ["x", "porta_at_x", "porta_rt_x", "é", id.as_str(), &"x".repeat(20_000)] {
        assert_done(&revoke(&app, "acme", WEB, token).await);
    }
}

/// RFC 7009 §2.1: the token must have been issued to the calling client; the answer reveals nothing.
async fn another_clients_token_is_left_alone(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let machine = browser.token("acme", WEB, &[("grant_type", "client_credentials")]).await;
    let machine = Tokens::of(&machine).access;
    for client in [BILLING, SPA, CLI, PARTNER] {
        for token in [&tokens.access, tokens.refresh(), &machine] {
            assert_done(&revoke(&app, "acme", client, token).await);
            assert!(is_active(&app, token).await, "{client:?}");
        }
    }
}

async fn another_organizations_token_is_left_alone(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &partner(), PARTNER).await;
    for token in [&tokens.access, tokens.refresh()] {
        assert_done(&revoke(&app, "beta", PARTNER, token).await);
        assert!(is_active(&app, token).await);
    }
}

/// RFC 7009 §2.1.
async fn a_hint_changes_nothing(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for hint in ["access_token", "unicorn"] {
        let tokens = tokens(&mut browser, &web(), WEB).await;
        let form = [("token", tokens.refresh()), ("token_type_hint", hint)];
        assert_done(&browser.authenticated("/acme/token/revocation", WEB, &form).await);
        assert_dead(&app, &tokens).await;
    }
}

async fn the_session_goes_on(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let mine = tokens(&mut browser, &web(), WEB).await;
    let others = tokens(&mut browser, &billing(), BILLING).await;
    assert_done(&revoke(&app, "acme", WEB, mine.refresh()).await);
    assert!(is_active(&app, &others.access).await);
    assert!(browser.get(&web().with("prompt", "none").url()).await.query("code").is_some());
}

async fn every_instance_knows_at_once(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    assert!(is_active(&sibling, &tokens.access).await);
    assert_done(&revoke(&app, "acme", WEB, tokens.refresh()).await);
    assert_dead(&sibling, &tokens).await;
}

async fn who_asks_must_be_known(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for client in [("web", None), ("web", Some("wrong-secret-0123456789")), ("nobody", None)] {
        let answer = revoke(&app, "acme", client, tokens.refresh()).await;
        assert_eq!(refusal(&answer), (401, "invalid_client".to_owned()), "{client:?}");
    }
    assert!(is_active(&app, tokens.refresh()).await);
}
