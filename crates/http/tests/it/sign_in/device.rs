//! Guessing from other browsers does not lock the owner out of a known browser.

use std::time::Duration;

use porta_core::settings;
use porta_core::user::UserStatus;
use porta_testkit::{Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_lock_does_not_apply_where_somebody_signed_in_before,
    limits_that_others_filled_do_not_apply_either,
    a_known_browser_has_failures_of_its_own,
    a_known_browser_is_one_accounts_and_one_organizations,
    a_device_cookie_opens_nothing,
    the_second_factor_is_reached_past_a_lock,
);

const ELSEWHERE: &str = "198.51.100.7";

/// A browser in which Ana signed in and out again.
async fn known(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let answer = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert!(is_signed_in(&answer));
    let cookie = set_cookie(&answer, "_device").expect("the browser is known from now on");
    assert!(cookie.contains("Path=/acme;") && cookie.contains("HttpOnly"), "{cookie}");
    let value = cookie.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
    let mut next = app.browser();
    next.plant("_device", &value, "/acme");
    next
}

async fn lock(app: &TestApp) {
    for _ in 0..5 {
        guess_from(app, ELSEWHERE, ANA.0, WRONG).await;
    }
    assert_eq!(user(app, "acme", ANA.0).await.status, UserStatus::Locked);
}

async fn a_lock_does_not_apply_where_somebody_signed_in_before(app: TestApp) {
    let mut browser = known(&app).await;
    lock(&app).await;
    assert!(!is_signed_in(&app.browser().submit_login(&web(), ANA.0, ANA.1).await), "anywhere else it does");
    let answer = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert!(is_signed_in(&answer), "{}", answer.body);
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!((ana.status, ana.failed_login_count), (UserStatus::Active, 0));
    assert_eq!(audited(&app, "user.auto_unlocked").await, 1);
    lock(&app).await;
    set_user_status(&app, ANA.0, UserStatus::Active).await;
    set_user_status(&app, ANA.0, UserStatus::Locked).await;
    let answer = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert!(!is_signed_in(&answer), "an operator's lock does apply");
}

async fn limits_that_others_filled_do_not_apply_either(app: TestApp) {
    let mut browser = known(&app).await;
    set(&app, "acme", settings::RATE_LIMIT_LOGIN_ORGANIZATION_MAX, 3).await;
    for n in 0..4 {
        guess_from(&app, ELSEWHERE, &format!("p{n}@acme.test"), WRONG).await;
    }
    app.advance(Duration::from_secs(1));
    assert_eq!(guess(&app, ANA.0, ANA.1).await.status, 429);
    assert!(is_signed_in(&browser.submit_login(&web(), ANA.0, ANA.1).await));
}

async fn a_known_browser_has_failures_of_its_own(app: TestApp) {
    let mut browser = known(&app).await;
    for n in 0..10 {
        assert!(is_refusal(&browser.submit_login(&web(), ANA.0, WRONG).await), "{n}");
    }
    assert_eq!(
        user(&app, "acme", ANA.0).await.status,
        UserStatus::Active,
        "it locks itself, not the account"
    );
    let over = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert_eq!(over.status, 429);
    // The same cookie from another address does not help.
    let mut moved = browser.clone().with("x-forwarded-for", ELSEWHERE);
    assert_eq!(moved.submit_login(&web(), ANA.0, ANA.1).await.status, 429);
    // An unknown browser is still allowed to try.
    assert!(is_signed_in(&app.browser().submit_login(&web(), ANA.0, ANA.1).await));
}

async fn a_known_browser_is_one_accounts_and_one_organizations(app: TestApp) {
    let browser = known(&app).await;
    for _ in 0..5 {
        guess_from(&app, ELSEWHERE, BOB.0, WRONG).await;
    }
    let answer = browser.clone().submit_login(&web(), BOB.0, BOB.1).await;
    assert!(!is_signed_in(&answer), "Ana's browser is not Bob's");
    for _ in 0..5 {
        let mut elsewhere = app.browser().with("x-forwarded-for", ELSEWHERE);
        elsewhere.submit_login(&beta(), ANA_OF_BETA.0, WRONG).await;
    }
    let mut abroad = app.browser();
    let value = browser.cookie("_device").expect("planted").to_owned();
    abroad.plant("_device", &value, "/beta");
    assert!(!is_signed_in(&abroad.submit_login(&beta(), ANA_OF_BETA.0, ANA_OF_BETA.1).await));
}

async fn a_device_cookie_opens_nothing(app: TestApp) {
    let mut browser = known(&app).await;
    let form = open(&mut browser, &web()).await;
    assert!(!form.page.body.contains(ANA.0), "it does not even say whose browser it is");
    lock(&app).await;
    assert!(!is_signed_in(&form.login(&mut browser, ANA.0, WRONG).await));
    let value = browser.cookie("_device").expect("planted").to_owned();
    for forged in
        [value.replace('.', "x"), value[..value.len() - 1].to_owned(), "x.y".to_owned(), String::new()]
    {
        let mut other = app.browser();
        other.plant("_device", &forged, "/acme");
        assert!(!is_signed_in(&other.submit_login(&web(), ANA.0, ANA.1).await), "{forged}");
    }
}

async fn the_second_factor_is_reached_past_a_lock(app: TestApp) {
    let mut browser = known(&app).await;
    app.provision_overwriting("version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, two_factor_policy: required_totp }\n")
        .await;
    lock(&app).await;
    let next = browser.submit_login(&web(), ANA.0, ANA.1).await;
    assert!(next.location().ends_with("/two-factor"), "{} {}", next.status, next.location());
    let page = browser.get(next.location()).await;
    assert!(page.status == 200 && page.body.contains("<svg"), "{}", page.body);
}
