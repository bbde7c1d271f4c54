//! Which scopes a request ends up with (oidc-and-login §2.6, §3.6; OpenID Connect Core §11).

use axum::http::StatusCode;
use porta_testkit::{Authorize, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    unknown_scopes_are_dropped,
    the_clients_own_scopes_are_kept,
    a_known_scope_off_the_list_is_refused,
    offline_access_needs_the_consent_prompt,
    offline_access_off_the_list_is_refused,
    offline_access_needs_the_refresh_grant,
    without_openid_there_is_no_id_token,
    no_scope_at_all_is_plain_oauth,
    order_and_repetition_do_not_matter,
    an_added_scope_joins_the_grant,
    a_scope_a_third_party_adds_is_asked_for_once,
);

async fn granted(browser: &mut Browser, request: &Authorize, client: Client) -> String {
    let code = code(browser, request).await;
    let answer = browser.redeem("acme", client, redirect_uri(request), &code).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.json()["scope"].as_str().unwrap_or_default().to_owned()
}

/// OpenID Connect Core §3.1.2.1: scope values that are not understood are ignored.
async fn unknown_scopes_are_dropped(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("scope", "openid unicorns email OPENID");
    assert_eq!(granted(&mut browser, &request, WEB).await, "openid email");
}

async fn the_clients_own_scopes_are_kept(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("scope", "openid reports:read");
    assert_eq!(granted(&mut browser, &request, WEB).await, "openid reports:read");
    let others = spa().with("scope", "openid reports:read");
    assert_eq!(granted(&mut browser, &others, SPA).await, "openid", "not on this client's list");
}

/// oidc-and-login §2.6.
async fn a_known_scope_off_the_list_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for scope in ["openid phone", "openid address", "phone"] {
        assert_refused_to(&browser.get(&spa().with("scope", scope).url()).await, SPA_URI, "invalid_scope");
    }
}

/// OpenID Connect Core §11: without the consent prompt the request for it MUST be ignored.
async fn offline_access_needs_the_consent_prompt(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let asking = spa().with("scope", "openid offline_access");
    assert_eq!(granted(&mut browser, &asking, SPA).await, "openid");
    assert_eq!(tokens(&mut browser, &asking, SPA).await.refresh, None);
    let with_prompt = asking.with("prompt", "consent");
    assert_eq!(granted(&mut browser, &with_prompt, SPA).await, "openid offline_access");
    assert!(tokens(&mut browser, &with_prompt, SPA).await.refresh.is_some());
}

async fn offline_access_off_the_list_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = billing().with("scope", "openid offline_access").with("prompt", "consent");
    assert_refused_to(&browser.get(&request.url()).await, BILLING_URI, "invalid_scope");
    let dropped = request.without("prompt");
    assert_eq!(granted(&mut browser, &dropped, BILLING).await, "openid", "dropped before the list is asked");
}

/// oidc-and-login §3.6 step 1.
async fn offline_access_needs_the_refresh_grant(app: TestApp) {
    change_client(&app, "legacy", |c| c.scope.push_str(" offline_access")).await;
    let mut browser = ana_signed_in(&app).await;
    let request = Authorize::new("acme", "legacy", LEGACY_URI)
        .with("scope", "openid offline_access")
        .with("prompt", "consent");
    assert_eq!(granted(&mut browser, &request, LEGACY).await, "openid");
    assert_eq!(tokens(&mut browser, &request, LEGACY).await.refresh, None);
}

async fn without_openid_there_is_no_id_token(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let plain = tokens(&mut browser, &web().with("scope", "email"), WEB).await;
    assert_eq!(plain.id, None);
    assert_eq!(userinfo(&app, "acme", &plain.access).await.status, StatusCode::FORBIDDEN);
}

/// RFC 6749 §3.3 leaves the default to us: nothing.
async fn no_scope_at_all_is_plain_oauth(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().without("scope");
    let code = code(&mut browser, &request).await;
    let answer = browser.redeem("acme", WEB, WEB_URI, &code).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json().get("id_token"), None);
}

async fn order_and_repetition_do_not_matter(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("scope", "email  profile openid email ");
    assert_eq!(granted(&mut browser, &request, WEB).await, "email profile openid");
}

/// W06, oidc-and-login §16.5: no loop, and the first tokens survive.
async fn an_added_scope_joins_the_grant(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web().with("scope", "openid"), WEB).await;
    let second = tokens(&mut browser, &web().with("scope", "openid phone"), WEB).await;
    assert!(is_active(&app, &first.access).await && is_active(&app, &second.access).await);
    assert_eq!(introspect(&app, &first.access).await["scope"], "openid", "what was issued does not grow");
}

/// W06.
async fn a_scope_a_third_party_adds_is_asked_for_once(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let (small, large) = (partner().with("scope", "openid"), partner().with("scope", "openid email"));
    for request in [&small, &large] {
        let answer = browser.get(&request.url()).await;
        assert!(leads_to_interaction(&answer), "{}", answer.location());
        let answer = approve(&mut browser, answer).await;
        assert!(answer.query("code").is_some(), "{}", answer.location());
    }
    for request in [&small, &large] {
        assert!(browser.get(&request.url()).await.query("code").is_some(), "remembered");
    }
}
