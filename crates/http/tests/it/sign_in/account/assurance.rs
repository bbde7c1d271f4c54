//! A session with one factor does not reach what a second factor protects.

use porta_core::user::{TwoFactorMethod, UserStatus};
use porta_testkit::{TestApp, on_both_stores};

use super::super::second_factor::{manual_key, recovery_codes, totp, with_authenticator};
use super::*;

on_both_stores!(
    a_factor_added_since_is_asked_for_before_anything_that_matters,
    a_new_factor_ends_every_other_session_and_its_tokens,
    a_factor_got_while_signing_in_ends_every_other_session,
    a_replaced_factor_ends_every_other_session,
    a_factor_that_is_gone_ends_every_other_session,
    the_session_that_got_a_factor_goes_on_with_it,
    the_browser_that_got_a_factor_or_lost_it_stays_known,
    a_session_that_shows_more_goes_on_behind_another_cookie,
    the_form_that_renews_the_session_has_one_answer,
    eight_at_once_renew_the_session_once,
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

/// Another browser of Ana's with its own session, signed in with all her factors, and its tokens.
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
    // As an operator or an older version could leave it: the factor is added, and the session stays.
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

/// An account page that asks for the first code of a new authenticator: the form's URL and fields.
async fn at_the_first_code(app: &TestApp) -> (Account, String, [(&'static str, String); 2]) {
    let mut account = Account::of_ana(app).await;
    let key = manual_key(&account.done("/two-factor", TOTP).await.body);
    let csrf = account.csrf().await;
    let fields = [("_csrf", csrf), ("code", totp(&key, app))];
    let url = account.url("/two-factor/setup");
    (account, url, fields)
}

async fn confirm(browser: &mut porta_testkit::Browser, url: &str, fields: &[(&str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(url, &fields).await
}

/// Session fixation (OWASP ASVS 5 §7.2.4): the cookie is renewed when a factor is added.
async fn a_session_that_shows_more_goes_on_behind_another_cookie(app: TestApp) {
    let (mut account, url, fields) = at_the_first_code(&app).await;
    let mut thief = account.clone();
    let wrong =
        confirm(&mut account.browser, &url, &[fields[0].clone(), ("code", "000000".to_owned())]).await;
    assert!(set_cookie(&wrong, "_session").is_none(), "nothing changed");
    let answer = confirm(&mut account.browser, &url, &fields).await;
    assert!(leads_to(&answer, "/two-factor/setup"), "{}", answer.status);
    assert!(set_cookie(&answer, "_session").is_some() && set_cookie(&answer, "_device").is_some());
    for path in ["", "/password", "/two-factor/setup", "/data"] {
        assert!(asks_to_sign_in(&thief.get(path).await), "the cookie of before leads nowhere: {path}");
    }
    let silent = thief.browser.get(&web().with("prompt", "none").url()).await;
    assert_eq!(silent.query("error").as_deref(), Some("login_required"));
    assert_eq!(recovery_codes(&account.get("/two-factor/setup").await.body).len(), 10);
    let silent = account.browser.get(&web().with("prompt", "none").url()).await;
    assert!(silent.query("code").is_some(), "the session goes on");
}

/// A double click: the second form comes with the old cookie, and perhaps only its answer arrives.
async fn the_form_that_renews_the_session_has_one_answer(app: TestApp) {
    let (account, url, fields) = at_the_first_code(&app).await;
    let (mut first, mut second, mut other) =
        (account.browser.clone(), account.browser.clone(), account.browser.clone());
    let one = confirm(&mut first, &url, &fields).await;
    let again = confirm(&mut second, &url, &fields).await;
    let cookie =
        |answer: &Answer| set_cookie(answer, "_session").unwrap().split(';').next().unwrap().to_owned();
    assert!(leads_to(&again, "/two-factor/setup"), "{}", again.status);
    assert_eq!(cookie(&again), cookie(&one), "the same session");
    for browser in [&mut first, &mut second] {
        let page = browser.follow(one.clone()).await;
        assert_eq!(recovery_codes(&page.body).len(), 10, "{}", page.body);
    }
    assert_eq!(audited(&app, "2fa.setup.totp").await, 1);
    // Only for identical fields and CSRF value; one wrong guess removes the stored answer.
    let forged = [("_csrf", "x".repeat(64)), fields[1].clone()];
    let refused = confirm(&mut other.clone(), &url, &forged).await;
    assert!(set_cookie(&refused, "_session").is_none());
    let guessed = [fields[0].clone(), ("code", "000000".to_owned())];
    for fields in [&guessed, &fields] {
        let refused = confirm(&mut other, &url, fields).await;
        assert!(asks_to_sign_in(&refused) && set_cookie(&refused, "_session").is_none());
    }
}

async fn eight_at_once_renew_the_session_once(app: TestApp) {
    let (account, url, fields) = at_the_first_code(&app).await;
    let tasks = (0..8).map(|_| {
        let (mut browser, url, fields) = (account.browser.clone(), url.clone(), fields.clone());
        tokio::spawn(async move {
            let answer = confirm(&mut browser, &url, &fields).await;
            (browser, answer)
        })
    });
    let mut cookies = std::collections::BTreeSet::new();
    for task in tasks.collect::<Vec<_>>() {
        let (mut browser, answer) = task.await.unwrap();
        assert!(leads_to(&answer, "/two-factor/setup"), "{} {}", answer.status, answer.location());
        cookies.extend(set_cookie(&answer, "_session").map(|c| c.split(';').next().unwrap().to_owned()));
        let page = browser.follow(answer).await;
        assert_eq!(recovery_codes(&page.body).len(), 10, "{}", page.body);
    }
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert_eq!(audited(&app, "2fa.setup.totp").await, 1);
}

/// Otherwise guesses by others would lock the owner out of this browser.
async fn the_browser_that_got_a_factor_or_lost_it_stays_known(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let lock = async || {
        for _ in 0..5 {
            guess_from(&app, "198.51.100.7", ANA.0, WRONG).await;
        }
        assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
    };
    get_totp(&mut account, &app).await;
    lock().await;
    let mut here = account.browser.clone();
    let form = open(&mut here, &web().with("prompt", "login")).await;
    let answer = form.login(&mut here, ANA.0, ANA.1).await;
    assert!(answer.location().ends_with("/two-factor"), "past the lock: {} {}", answer.status, answer.body);
    set_user_status(&app, ANA.0, UserStatus::Active).await;
    account.done("/two-factor", DISABLE).await;
    assert_eq!(user(&app, "acme", ANA.0).await.two_factor_method, None);
    lock().await;
    let form = open(&mut account.browser, &web().with("prompt", "login")).await;
    assert!(is_signed_in(&form.login(&mut account.browser, ANA.0, ANA.1).await));
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

async fn a_factor_got_while_signing_in_ends_every_other_session(app: TestApp) {
    let other = elsewhere(&app, None).await;
    with_authenticator(&app).await;
    assert!(is_out(&app, other).await);
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
