//! A session that showed one factor does not reach what a second one protects (issue 11, item 3).

use porta_core::user::TwoFactorMethod;
use porta_testkit::{TestApp, on_both_stores};

use super::super::second_factor::{manual_key, recovery_codes, totp};
use super::*;

on_both_stores!(
    a_factor_added_since_is_asked_for_before_anything_that_matters,
    a_new_factor_ends_every_other_session_and_its_tokens,
    a_replaced_factor_ends_every_other_session,
    a_factor_that_is_gone_ends_every_other_session,
    the_session_that_got_a_factor_goes_on_with_it,
);

const TOTP: &[(&str, &str)] = &[("action", "enable"), ("method", "authenticator")];
const DISABLE: &[(&str, &str)] = &[("action", "disable"), ("method", "authenticator")];

async fn get_totp(account: &mut Account, app: &TestApp) -> String {
    let key = manual_key(&account.done("/two-factor", TOTP).await.body);
    let page = account.done("/two-factor/setup", &[("code", &totp(&key, app))]).await;
    assert_eq!(recovery_codes(&page.body).len(), 10, "{}", page.body);
    account.done("/two-factor/codes", &[]).await;
    key
}

/// Another browser of Ana's, with tokens of a session of its own that has shown what she has.
async fn elsewhere(app: &TestApp, key: Option<&str>) -> (Account, serde_json::Value) {
    app.advance(Duration::from_secs(30));
    let mut account = Account { browser: app.browser(), org: "acme" };
    let start = account.browser.get(&web().url()).await;
    let form = Form::at(&mut account.browser, start).await;
    let mut answer = form.login(&mut account.browser, ANA.0, ANA.1).await;
    if let Some(key) = key {
        let page = account.browser.get(answer.location()).await;
        let (csrf, code) = (page.field("_csrf"), totp(key, app));
        let fields = [("_csrf", csrf.as_str()), ("code", &code), ("codeType", "totp")];
        answer = account.browser.post(&format!("{}/two-factor", form.url), &fields).await;
    }
    let back = account.browser.follow(answer).await;
    let tokens = redeemed(&mut account.browser, &web(), WEB, &code(&back)).await;
    (account, tokens)
}

async fn is_out(app: &TestApp, (mut account, tokens): (Account, serde_json::Value)) -> bool {
    let is_out = asks_to_sign_in(&account.get("").await);
    assert_eq!(is_out, !is_live(app, "acme", &tokens).await);
    is_out
}

async fn a_factor_added_since_is_asked_for_before_anything_that_matters(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let ana = user(&app, "acme", ANA.0).await;
    // As an operator, or a version before this one, left it: with the session.
    let mut all = app.store.repositories();
    assert!(all.second_factors(ana.organization_id).enrol_email(ana.id, app.now()).await.unwrap());
    drop(all);
    for (path, fields) in
        [("/two-factor", DISABLE), ("/two-factor", TOTP), ("/sessions", &[("session", "others")])]
    {
        assert!(asks_to_sign_in(&account.post(path, fields).await), "{path} {fields:?}");
    }
    assert!(asks_to_sign_in(&account.get("/password").await));
    assert_eq!(user(&app, "acme", ANA.0).await.two_factor_method, Some(TwoFactorMethod::Email));
}

async fn a_new_factor_ends_every_other_session_and_its_tokens(app: TestApp) {
    let other = elsewhere(&app, None).await;
    let mut account = Account::of_ana(&app).await;
    let back = account.browser.get(&web().url()).await;
    let here = redeemed(&mut account.browser, &web(), WEB, &code(&back)).await;
    get_totp(&mut account, &app).await;
    assert!(is_out(&app, other).await);
    assert!(!is_live(&app, "acme", &here).await, "what was authorized here with one factor ends, too");
    assert_eq!(account.get("/password").await.status, 200, "the session stays");
}

async fn a_replaced_factor_ends_every_other_session(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let key = get_totp(&mut account, &app).await;
    let other = elsewhere(&app, Some(&key)).await;
    get_totp(&mut account, &app).await;
    assert!(is_out(&app, other).await);
}

async fn a_factor_that_is_gone_ends_every_other_session(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let key = get_totp(&mut account, &app).await;
    let other = elsewhere(&app, Some(&key)).await;
    account.done("/two-factor", DISABLE).await;
    assert_eq!(user(&app, "acme", ANA.0).await.two_factor_method, None);
    assert!(is_out(&app, other).await);
}

async fn the_session_that_got_a_factor_goes_on_with_it(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    get_totp(&mut account, &app).await;
    assert_eq!(account.get("/password").await.status, 200, "no second sign-in");
    app.advance(Duration::from_millis(1));
    let back = account.browser.get(&web().url()).await;
    let tokens = redeemed(&mut account.browser, &web(), WEB, &code(&back)).await;
    let claims = tokens["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
}
