//! HEAD has no side effects (RFC 9110 §9.2.1): where GET would begin or use up something, HEAD is refused.

use axum::body::Body;
use axum::http::Method;
use porta_testkit::{Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    head_begins_no_sign_in_and_gives_no_code,
    head_leaves_the_resume_address_to_the_browser,
    head_uses_up_no_logout_request,
);

/// Asserts a refusal without a cookie and without a store access.
async fn assert_refused(app: &TestApp, browser: &mut Browser, url: &str, allowed: &str) {
    let before = (app.kv.commands(), app.store.round_trips());
    let answer = browser.send(Method::HEAD, url, &[], Body::empty()).await;
    assert_eq!(answer.status, 405, "{url}");
    assert_eq!(answer.header("allow"), Some(allowed), "{url}");
    assert!(answer.header("location").is_none() && answer.header("set-cookie").is_none(), "{url}");
    assert_eq!((app.kv.commands(), app.store.round_trips()), before, "{url}");
}

async fn head_begins_no_sign_in_and_gives_no_code(app: TestApp) {
    let mut browser = app.browser();
    // The existence of the organization is looked up once, then cached.
    browser.get("/acme/jwks").await;
    assert_refused(&app, &mut browser, &web().url(), "GET,POST").await;
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    assert_refused(&app, &mut browser, &web().url(), "GET,POST").await;
    code(&browser.get(&web().url()).await);
}

async fn head_leaves_the_resume_address_to_the_browser(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    form.login(&mut browser, ANA.0, ANA.1).await;
    for _ in 0..2 {
        assert_refused(&app, &mut browser, &form.resume_url(), "GET").await;
    }
    code(&browser.get(&form.resume_url()).await);
}

async fn head_uses_up_no_logout_request(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    assert_refused(&app, &mut browser, "/acme/session/end", "GET,POST").await;
    let posted = browser.post("/acme/session/end", &[("client_id", "web")]).await;
    let onward = posted.location().to_owned();
    assert_refused(&app, &mut browser, &onward, "GET,POST").await;
    let page = browser.get(&onward).await;
    assert_eq!(page.status, 200, "{}", page.body);
    page.field("xsrf");
}
