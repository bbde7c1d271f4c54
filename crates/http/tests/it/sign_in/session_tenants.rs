//! One session per organization: being signed in to one means nothing in another.

use porta_testkit::{TestApp, jwt_payload, on_both_stores};

use super::support::*;

on_both_stores!(
    w03_a_session_of_one_organization_is_nothing_at_another,
    w03_a_planted_session_is_nothing_at_another,
    both_sessions_live_side_by_side,
    signing_out_of_one_leaves_the_other,
    a_code_of_one_organization_is_unknown_at_another,
    an_unknown_organization_has_no_pages,
);

async fn w03_a_session_of_one_organization_is_nothing_at_another(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let form = open(&mut browser, &beta()).await;
    assert!(form.page.body.contains("name=\"password\""));
    assert!(form.page.body.contains(">Beta<"), "beta's page: {}", form.page.body);
    let silent = browser.get(&beta().with("prompt", "none").url()).await;
    assert_eq!(silent.query("error").as_deref(), Some("login_required"));
}

async fn w03_a_planted_session_is_nothing_at_another(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let value = browser.cookie("_session").unwrap().to_owned();
    let mut thief = app.browser();
    thief.plant("_session", &value, "/beta");
    let silent = thief.get(&beta().with("prompt", "none").url()).await;
    assert_eq!(silent.query("error").as_deref(), Some("login_required"));
    let out = thief.get("/beta/session/end").await;
    assert_eq!(out.status, 303, "nobody to sign out there");
    code(&browser.get(&web().url()).await);
}

async fn both_sessions_live_side_by_side(app: TestApp) {
    let mut browser = app.browser();
    let acme = tokens(&mut browser, &web(), ANA, WEB).await;
    let beta_tokens = tokens(&mut browser, &beta(), ANA_OF_BETA, PARTNER).await;
    assert!(is_live(&app, "acme", &acme).await && is_live(&app, "beta", &beta_tokens).await);
    let subject = |t: &serde_json::Value| jwt_payload(t["id_token"].as_str().unwrap())["sub"].clone();
    assert_ne!(subject(&acme), subject(&beta_tokens), "the same address, another person");
    code(&browser.get(&web().url()).await);
    code(&browser.get(&beta().url()).await);
    assert!(!is_live(&app, "beta", &acme).await && !is_live(&app, "acme", &beta_tokens).await);
}

async fn signing_out_of_one_leaves_the_other(app: TestApp) {
    let mut browser = app.browser();
    let acme = tokens(&mut browser, &web(), ANA, WEB).await;
    let beta_tokens = tokens(&mut browser, &beta(), ANA_OF_BETA, PARTNER).await;
    let xsrf = browser.get("/acme/session/end").await.field("xsrf");
    let crossed = browser.post("/beta/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    assert_eq!(crossed.status, 400, "a form of acme does nothing at beta");
    assert!(is_live(&app, "beta", &beta_tokens).await);
    browser.post("/acme/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    assert!(!is_live(&app, "acme", &acme).await);
    assert!(is_live(&app, "beta", &beta_tokens).await);
    code(&browser.get(&beta().url()).await);
}

async fn a_code_of_one_organization_is_unknown_at_another(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&partner(), ANA.0, ANA.1).await;
    let page = browser.get(&partner().url()).await;
    let consent = Form::at(&mut browser, page).await;
    let decided = consent.decide(&mut browser, "approve").await;
    let code = code(&browser.follow(decided).await);
    let elsewhere = redeem(&mut browser, &beta(), PARTNER, &code).await;
    assert_eq!(elsewhere.status, 400);
    assert_eq!(elsewhere.json()["error"], "invalid_grant");
    redeemed(&mut browser, &partner(), PARTNER, &code).await;
}

async fn an_unknown_organization_has_no_pages(app: TestApp) {
    for path in
        ["/nowhere/auth", "/nowhere/session/end", "/nowhere/interaction/x", "/Acme/auth", "/acme%20/auth"]
    {
        let page = app.browser().with("accept", "text/html").get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("Page not found"), "{}", page.body);
        let api = app.browser().get(path).await;
        assert_eq!(api.json(), serde_json::json!({ "error": "Organization not found", "status": 404 }));
    }
}
