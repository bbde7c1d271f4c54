//! Guesses at a second factor are limited and audited, and do not affect other users.

use axum::http::StatusCode;
use porta_core::mail::Mail;
use porta_core::settings::{RATE_LIMIT_2FA_VERIFY_MAX, RATE_LIMIT_2FA_VERIFY_WINDOW};
use porta_testkit::{TestApp, on_both_stores};

use super::second_factor::{SecondFactorSignIn, arrived, is_wrong, totp, with_authenticator};
use super::support::*;

on_both_stores!(
    the_owner_is_told_after_ten_wrong_codes_in_a_row,
    after_a_hundred_no_code_counts_until_recovery,
    a_new_password_ends_the_refusal,
    whoever_has_the_password_does_not_keep_the_owners_browser_out,
    nor_their_network,
    nor_a_recovery_code_or_a_new_password,
    a_sign_in_has_its_own_count,
    the_wait_of_a_network_doubles_every_ten_wrong_codes,
);

async fn wrong(app: &TestApp, times: usize) {
    let mut journey = SecondFactorSignIn::start(app).await;
    for n in 0..times {
        let answer = journey.verify("totp", "000000").await;
        assert!(is_wrong(&answer), "{n}: {} {}", answer.status, answer.body);
    }
}

async fn told(app: &TestApp) -> usize {
    app.emails().await.iter().filter(|outgoing| matches!(outgoing.mail, Mail::PasswordKnown { .. })).count()
}

async fn the_owner_is_told_after_ten_wrong_codes_in_a_row(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    set(&app, "acme", RATE_LIMIT_2FA_VERIFY_MAX, 1000).await;
    wrong(&app, 9).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
    assert_eq!(user(&app, "acme", ANA.0).await.factor_failures, 0, "a right one ends the row");
    wrong(&app, 9).await;
    assert_eq!(told(&app).await, 0);
    wrong(&app, 3).await;
    assert_eq!(told(&app).await, 1, "once");
    let rows = audit(&app, 50).await;
    let failed = rows.iter().filter(|e| e.event_type == "2fa.verify.failed");
    let most = failed.filter_map(|e| e.metadata["failuresInARow"].as_i64()).max();
    assert_eq!(most, Some(12));
}

async fn after_a_hundred_no_code_counts_until_recovery(app: TestApp) {
    let (key, recovery) = with_authenticator(&app).await;
    set(&app, "acme", RATE_LIMIT_2FA_VERIFY_MAX, 1000).await;
    let ana = user(&app, "acme", ANA.0).await;
    for _ in 0..98 {
        app.store.repositories().users(ana.organization_id).count_factor_failure(ana.id).await.unwrap();
    }
    wrong(&app, 2).await;
    assert_eq!(audited(&app, "2fa.blocked").await, 1);
    let mut journey = SecondFactorSignIn::start(&app).await;
    let answer = journey.verify("totp", &totp(&key, &app)).await;
    assert!(is_wrong(&answer) && answer.body.contains("codes are refused"), "{}", answer.body);
    assert_eq!(user(&app, "acme", ANA.0).await.factor_failures, 100, "what is not judged is not counted");
    assert!(is_wrong(&journey.verify("recovery", "AAAA-AAAA").await));
    let done = journey.verify("recovery", &recovery[0]).await;
    assert!(arrived(&journey.browser.follow(done).await));
    let mut journey = SecondFactorSignIn::start(&app).await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn a_new_password_ends_the_refusal(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let ana = user(&app, "acme", ANA.0).await;
    let mut all = app.store.repositories();
    let mut users = all.users(ana.organization_id);
    for _ in 0..100 {
        users.count_factor_failure(ana.id).await.unwrap();
    }
    users.set_password(ana.id, ana.password_hash.as_ref(), false, app.now()).await.unwrap();
    let mut journey = SecondFactorSignIn::start(&app).await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

/// Uses up every attempt that anonymous callers have.
async fn exhausted(app: &TestApp) {
    for network in 1..=4 {
        let mut journey = SecondFactorSignIn::start_from(app, &format!("198.51.100.{network}")).await;
        for _ in 0..5 {
            assert!(is_wrong(&journey.verify("totp", "000000").await));
        }
    }
    let mut journey = SecondFactorSignIn::start_from(app, "198.51.100.9").await;
    assert_eq!(journey.verify("totp", "000000").await.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn whoever_has_the_password_does_not_keep_the_owners_browser_out(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut owner = SecondFactorSignIn::start(&app).await;
    let done = owner.verify("totp", &totp(&key, &app)).await;
    owner.browser.follow(done).await;
    app.advance(std::time::Duration::from_secs(30));
    exhausted(&app).await;
    let mut journey = SecondFactorSignIn::start_in(&app, owner.browser).await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn nor_their_network(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut thief = SecondFactorSignIn::start_from(&app, "198.51.100.1").await;
    for _ in 0..5 {
        assert!(is_wrong(&thief.verify("totp", "000000").await));
    }
    assert_eq!(thief.verify("totp", "000000").await.status, StatusCode::TOO_MANY_REQUESTS);
    let mut journey = SecondFactorSignIn::start_from(&app, "192.0.2.50").await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn nor_a_recovery_code_or_a_new_password(app: TestApp) {
    let (key, recovery) = with_authenticator(&app).await;
    exhausted(&app).await;
    let mut journey = SecondFactorSignIn::start_from(&app, "192.0.2.50").await;
    assert_eq!(journey.verify("totp", &totp(&key, &app)).await.status, StatusCode::TOO_MANY_REQUESTS);
    let done = journey.verify("recovery", &recovery[0]).await;
    assert!(arrived(&journey.browser.follow(done).await));
    let ana = user(&app, "acme", ANA.0).await;
    let mut all = app.store.repositories();
    let mut users = all.users(ana.organization_id);
    users.recover_password(ana.id, ana.password_hash.as_ref().unwrap(), app.now()).await.unwrap();
    let mut journey = SecondFactorSignIn::start_from(&app, "192.0.2.51").await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn a_sign_in_has_its_own_count(app: TestApp) {
    with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start_from(&app, "198.51.100.1").await;
    for n in 0..5 {
        journey.browser = journey.browser.with("x-forwarded-for", &format!("198.51.100.{n}"));
        assert!(is_wrong(&journey.verify("totp", "000000").await));
    }
    journey.browser = journey.browser.with("x-forwarded-for", "198.51.100.99");
    assert_eq!(journey.verify("totp", "000000").await.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn the_wait_of_a_network_doubles_every_ten_wrong_codes(app: TestApp) {
    with_authenticator(&app).await;
    set(&app, "acme", RATE_LIMIT_2FA_VERIFY_MAX, 1).await;
    let ana = user(&app, "acme", ANA.0).await;
    let longest = 24 * 3600;
    for (n, failures, window, expected) in
        [(1, 0, 60, 60), (2, 10, 60, 120), (3, 20, 60, 240), (4, 60, 3600, longest)]
    {
        set(&app, "acme", RATE_LIMIT_2FA_VERIFY_WINDOW, window).await;
        while user(&app, "acme", ANA.0).await.factor_failures < failures {
            app.store.repositories().users(ana.organization_id).count_factor_failure(ana.id).await.unwrap();
        }
        let network = format!("198.51.100.{n}");
        let mut journey = SecondFactorSignIn::start_from(&app, &network).await;
        assert!(is_wrong(&journey.verify("totp", "000000").await));
        // Another sign-in, so that only the network's count is full.
        let mut journey = SecondFactorSignIn::start_from(&app, &network).await;
        let answer = journey.verify("totp", "000000").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{failures}");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((expected - 30..=expected).contains(&wait), "{failures} failures: {wait} s");
    }
}
