//! Refreshing (RFC 6749 §6, RFC 9700 §4.14).

use std::time::Duration;

use axum::http::StatusCode;
use porta_testkit::{Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    each_use_rotates,
    tokens_issued_before_stay_valid,
    the_scope_may_shrink,
    the_scope_may_not_grow,
    a_refresh_token_belongs_to_its_client,
    a_refresh_token_belongs_to_its_organization,
    what_is_no_refresh_token_is_refused,
    a_chain_ends_with_its_family,
    an_unused_token_ends_by_time,
    an_access_token_never_outlives_its_family,
    a_bound_chain_ends_with_the_session,
    a_bound_chain_ends_when_the_session_runs_out,
    an_offline_chain_outlives_the_session,
    a_chain_works_on_every_instance,
);

async fn narrowed(browser: &mut Browser, token: &str, scope: &str) -> porta_testkit::Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
    browser.token("acme", WEB, &form).await
}

async fn each_use_rotates(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let mut seen = std::collections::HashSet::new();
    let mut current = tokens(&mut browser, &web(), WEB).await;
    for _ in 0..5 {
        let answer = refresh(&mut browser, WEB, current.refresh()).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.json()["scope"], "openid profile email");
        assert_eq!(answer.json()["token_type"], "Bearer");
        let next = Tokens::of(&answer);
        assert!(seen.insert(next.refresh().to_owned()) && seen.insert(next.access.clone()));
        assert!(next.id.is_some(), "openid was granted");
        assert!(!is_active(&app, current.refresh()).await && is_active(&app, next.refresh()).await);
        current = next;
        app.advance(Duration::from_mins(1));
    }
}

async fn tokens_issued_before_stay_valid(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    assert!(is_active(&app, &first.access).await && is_active(&app, &second.access).await);
}

/// RFC 6749 §6.
async fn the_scope_may_shrink(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    let answer = narrowed(&mut browser, first.refresh(), "openid email").await;
    assert_eq!(answer.json()["scope"], "openid email");
    let second = Tokens::of(&answer);
    let info = userinfo(&app, "acme", &second.access).await.json();
    assert!(info["email"].is_string() && info.get("given_name").is_none(), "{info}");
    let answer = narrowed(&mut browser, second.refresh(), "email").await;
    assert_eq!(answer.json().get("id_token"), None, "openid was left out");
    let third = Tokens::of(&answer);
    let whole = refresh(&mut browser, WEB, third.refresh()).await;
    assert_eq!(whole.json()["scope"], "openid profile email", "the grant itself did not shrink");
}

/// RFC 6749 §6: MUST NOT include any scope not originally granted.
async fn the_scope_may_not_grow(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let small = tokens(&mut browser, &web().with("scope", "openid email"), WEB).await;
    for scope in
        ["openid profile", "openid email phone", "offline_access", "reports:read", "openid unicorns", "a\"b"]
    {
        let answer = narrowed(&mut browser, small.refresh(), scope).await;
        assert_eq!(refusal(&answer), (400, "invalid_scope".to_owned()), "{scope}");
    }
    assert!(is_active(&app, small.refresh()).await, "a refused wish used nothing up");
}

/// RFC 6749 §6: bound to the client it was issued to.
async fn a_refresh_token_belongs_to_its_client(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let webs = tokens(&mut browser, &web(), WEB).await;
    for other in [BILLING, SPA, CLI, PARTNER] {
        assert_eq!(
            refusal(&refresh(&mut browser, other, webs.refresh()).await),
            invalid_grant(),
            "{other:?}"
        );
    }
    let spas = tokens(&mut browser, &spa_offline(), SPA).await;
    assert_eq!(refusal(&refresh(&mut browser, WEB, spas.refresh()).await), invalid_grant());
    for tokens in [&webs, &spas] {
        assert!(is_active(&app, tokens.refresh()).await, "others can end nothing");
    }
    assert_eq!(refresh(&mut browser, WEB, webs.refresh()).await.status, StatusCode::OK);
    assert_eq!(refresh(&mut browser, SPA, spas.refresh()).await.status, StatusCode::OK);
}

async fn a_refresh_token_belongs_to_its_organization(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let here = tokens(&mut browser, &partner(), PARTNER).await;
    let form =
        |token: &str| [("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())];
    let ask = async |token: &str| {
        let form = form(token);
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
        app.browser().token("beta", PARTNER, &form).await
    };
    let elsewhere = ask(here.refresh()).await;
    assert_eq!(refusal(&elsewhere), invalid_grant());
    assert_eq!(elsewhere.body, ask("porta_rt_nothing").await.body);
    assert_eq!(refresh(&mut browser, PARTNER, here.refresh()).await.status, StatusCode::OK);
}

async fn what_is_no_refresh_token_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let good = tokens.refresh();
    let (upper, cut) = (good.to_uppercase(), &good[..good.len() - 1]);
    for bad in ["x", "porta_rt_", &upper, cut, &tokens.access, tokens.id(), &"x".repeat(10_000), "é"] {
        assert_eq!(refusal(&refresh(&mut browser, WEB, bad).await), invalid_grant(), "{bad}");
    }
    assert_eq!(refresh(&mut browser, WEB, good).await.status, StatusCode::OK);
}

/// The family's lifetime is fixed; refreshing does not extend it.
async fn a_chain_ends_with_its_family(app: TestApp) {
    set_setting(&app, "grant_ttl", 1000).await;
    let mut browser = ana_signed_in(&app).await;
    let mut current = tokens(&mut browser, &spa_offline(), SPA).await;
    for _ in 0..3 {
        app.advance(Duration::from_mins(5));
        current = Tokens::of(&refresh(&mut browser, SPA, current.refresh()).await);
    }
    app.advance(Duration::from_secs(99));
    assert!(is_active(&app, &current.access).await && is_active(&app, current.refresh()).await);
    app.advance(Duration::from_secs(1));
    assert_eq!(refusal(&refresh(&mut browser, SPA, current.refresh()).await), invalid_grant());
    assert_dead(&app, &current).await;
}

/// The lifetime of an unused token restarts with every rotation.
async fn an_unused_token_ends_by_time(app: TestApp) {
    set_setting(&app, "refresh_token_ttl", 100).await;
    let mut browser = ana_signed_in(&app).await;
    let first = tokens(&mut browser, &web(), WEB).await;
    app.advance(Duration::from_secs(99));
    let second = Tokens::of(&refresh(&mut browser, WEB, first.refresh()).await);
    app.advance(Duration::from_secs(99));
    let third = Tokens::of(&refresh(&mut browser, WEB, second.refresh()).await);
    app.advance(Duration::from_secs(100));
    assert!(!is_active(&app, third.refresh()).await);
    assert_eq!(refusal(&refresh(&mut browser, WEB, third.refresh()).await), invalid_grant());
}

async fn an_access_token_never_outlives_its_family(app: TestApp) {
    set_setting(&app, "grant_ttl", 1000).await;
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &spa_offline()).await;
    let answer = browser.redeem("acme", SPA, SPA_URI, &code).await;
    assert_eq!(answer.json()["expires_in"], 1000, "and the client is told");
}

async fn sign_out(browser: &mut Browser) {
    let xsrf = browser.get("/acme/session/end").await.field("xsrf");
    browser.post("/acme/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
}

async fn a_bound_chain_ends_with_the_session(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let bound = tokens(&mut browser, &web(), WEB).await;
    sign_out(&mut browser).await;
    assert_eq!(refusal(&refresh(&mut browser, WEB, bound.refresh()).await), invalid_grant());
    assert_dead(&app, &bound).await;
}

async fn a_bound_chain_ends_when_the_session_runs_out(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let bound = tokens(&mut browser, &web(), WEB).await;
    app.advance(Duration::from_hours(24));
    assert_eq!(refusal(&refresh(&mut browser, WEB, bound.refresh()).await), invalid_grant());
}

/// OpenID Connect Core §11: usable after the person signed out.
async fn an_offline_chain_outlives_the_session(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let offline = tokens(&mut browser, &spa_offline(), SPA).await;
    app.advance(Duration::from_hours(72));
    let next = Tokens::of(&refresh(&mut browser, SPA, offline.refresh()).await);
    assert!(is_active(&app, &next.access).await);
}

async fn a_chain_works_on_every_instance(app: TestApp) {
    let sibling = app.sibling();
    let mut here = ana_signed_in(&app).await;
    let mut there = here.clone().through(sibling.router.clone());
    let first = tokens(&mut here, &web(), WEB).await;
    let second = Tokens::of(&refresh(&mut there, WEB, first.refresh()).await);
    let third = Tokens::of(&refresh(&mut here, WEB, second.refresh()).await);
    assert!(is_active(&sibling, &third.access).await);
    assert_eq!(refusal(&refresh(&mut there, WEB, first.refresh()).await), invalid_grant());
    assert_dead(&app, &third).await;
}
