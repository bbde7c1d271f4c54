//! Lifetime of sessions, and single sign-on during it.

use std::time::Duration;

use porta_core::settings::{ACCESS_TOKEN_TTL, SESSION_TTL};
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    a_session_ends_with_its_time_to_the_microsecond,
    section_5_3_use_slides_the_end_and_renews_the_cookie,
    a_use_that_saves_little_writes_nothing,
    section_3_6_session_bound_tokens_end_with_the_session,
    section_3_6_offline_tokens_outlive_the_natural_end_of_the_session,
    w05_a_second_application_needs_no_page_and_leaves_the_first_alone,
    a_session_that_storage_calls_ended_is_none_whatever_the_cookie_says,
    a_sign_in_after_the_end_is_a_new_session,
);

async fn try_silently(browser: &mut Browser) -> Answer {
    browser.get(&web().with("prompt", "none").url()).await
}

async fn a_session_ends_with_its_time_to_the_microsecond(app: TestApp) {
    set(&app, "acme", SESSION_TTL, 600).await;
    let mut browser = app.browser();
    browser.submit_login(&web(), ANA.0, ANA.1).await;
    let mut edge = browser.clone();
    app.advance(Duration::from_mins(10) - Duration::from_micros(1));
    let form = edge.get("/acme/session/end").await;
    assert_eq!(form.status, 200, "still somebody to sign out");
    app.advance(Duration::from_micros(1));
    assert_eq!(try_silently(&mut browser).await.query("error").as_deref(), Some("login_required"));
    assert_eq!(edge.get("/acme/session/end").await.status, 303, "nobody");
}

async fn section_5_3_use_slides_the_end_and_renews_the_cookie(app: TestApp) {
    set(&app, "acme", SESSION_TTL, 600).await;
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let value = browser.cookie("_session").unwrap().to_owned();
    for _ in 0..5 {
        app.advance(Duration::from_secs(400));
        let answer = try_silently(&mut browser).await;
        code(&answer);
        let renewed = set_cookie(&answer, "_session").expect("the cookie's end moves too");
        assert!(renewed.starts_with(&format!("_session={value}; ")), "the same value: {renewed}");
    }
    app.advance(Duration::from_mins(10));
    assert_eq!(try_silently(&mut browser).await.query("error").as_deref(), Some("login_required"));
}

async fn a_use_that_saves_little_writes_nothing(app: TestApp) {
    set(&app, "acme", SESSION_TTL, 1000).await;
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    app.advance(Duration::from_secs(99));
    assert!(set_cookie(&try_silently(&mut browser).await, "_session").is_none());
    app.advance(Duration::from_secs(1));
    assert!(set_cookie(&try_silently(&mut browser).await, "_session").is_some());
}

async fn section_3_6_session_bound_tokens_end_with_the_session(app: TestApp) {
    set(&app, "acme", SESSION_TTL, 600).await;
    set(&app, "acme", ACCESS_TOKEN_TTL, 3600).await;
    let tokens = tokens(&mut app.browser(), &web(), ANA, WEB).await;
    app.advance(Duration::from_mins(10) - Duration::from_micros(1));
    assert!(is_live(&app, "acme", &tokens).await);
    app.advance(Duration::from_micros(1));
    assert!(!is_live(&app, "acme", &tokens).await);
    let refresh = refresh(&app, &tokens).await;
    assert_eq!((refresh.status.as_u16(), &refresh.json()["error"]), (400, &"invalid_grant".into()));
}

async fn section_3_6_offline_tokens_outlive_the_natural_end_of_the_session(app: TestApp) {
    set(&app, "acme", SESSION_TTL, 600).await;
    let request = web().with("scope", "openid offline_access").with("prompt", "consent");
    let tokens = tokens(&mut app.browser(), &request, ANA, WEB).await;
    app.advance(Duration::from_mins(50));
    assert!(is_live(&app, "acme", &tokens).await);
    assert_eq!(refresh(&app, &tokens).await.status, 200);
}

async fn refresh(app: &TestApp, tokens: &serde_json::Value) -> Answer {
    let token = tokens["refresh_token"].as_str().unwrap();
    app.browser().token("acme", WEB, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

async fn w05_a_second_application_needs_no_page_and_leaves_the_first_alone(app: TestApp) {
    let mut browser = app.browser();
    let first = tokens(&mut browser, &web(), ANA, WEB).await;
    for _ in 0..3 {
        let back = browser.get(&billing().url()).await;
        let second = redeemed(&mut browser, &billing(), BILLING, &code(&back)).await;
        assert!(is_live(&app, "acme", &second).await);
        assert!(is_live(&app, "acme", &first).await);
    }
    assert_eq!(refresh(&app, &first).await.status, 200);
    assert_eq!(audited(&app, "user.login.password").await, 1);
}

async fn a_session_that_storage_calls_ended_is_none_whatever_the_cookie_says(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let ana = user(&app, "acme", ANA.0).await;
    let organization = ana.organization_id;
    let revocation = porta_store::Revocation::User(ana.id);
    app.store.repositories().tokens(organization).revoke(revocation, app.now()).await.unwrap();
    assert_eq!(try_silently(&mut browser).await.query("error").as_deref(), Some("login_required"));
    let form = open(&mut browser, &web()).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    code(&browser.follow(login).await);
    code(&try_silently(&mut browser).await);
}

async fn a_sign_in_after_the_end_is_a_new_session(app: TestApp) {
    set(&app, "acme", SESSION_TTL, 600).await;
    let mut browser = app.browser();
    let sid = |tokens: &serde_json::Value| {
        porta_testkit::jwt_payload(tokens["id_token"].as_str().unwrap())["sid"].clone()
    };
    let first = tokens(&mut browser, &web(), ANA, WEB).await;
    app.advance(Duration::from_mins(10));
    let second = tokens(&mut browser, &web(), ANA, WEB).await;
    assert_ne!(sid(&first), sid(&second));
    assert!(!is_live(&app, "acme", &first).await, "a new session brings no old token back");
}
