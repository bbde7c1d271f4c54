//! Lockout: consecutive wrong passwords lock an account temporarily.

use std::time::Duration;

use porta_core::settings::{LOCKOUT_DURATION, MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::user::{AUTO_LOCKOUT, UserStatus};
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_6_12_wrong_passwords_in_a_row_lock_the_account,
    a_right_password_starts_the_count_anew,
    section_6_12_the_lock_lifts_when_its_time_is_over_and_not_before,
    guessing_during_the_lock_does_not_prolong_it,
    a_lock_that_is_over_counts_from_one_again,
    a_manual_lock_does_not_lift_itself,
    a_lock_of_one_organization_leaves_the_same_address_elsewhere_alone,
    settings_of_the_lock_are_read_live,
    a_suspended_person_is_not_locked_by_guessing,
    parallel_guessing_locks_once,
);

async fn lock(app: &TestApp, email: &str, after: usize) {
    for _ in 0..after {
        assert!(is_refusal(&guess(app, email, WRONG).await));
    }
    assert_eq!(user(app, "acme", email).await.status, UserStatus::Locked);
}

async fn section_6_12_wrong_passwords_in_a_row_lock_the_account(app: TestApp) {
    for count in 1..=4 {
        guess(&app, ANA.0, WRONG).await;
        let ana = user(&app, "acme", ANA.0).await;
        assert_eq!((ana.status, ana.failed_login_count), (UserStatus::Active, count));
    }
    guess(&app, ANA.0, WRONG).await;
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!(ana.status, UserStatus::Locked);
    assert_eq!(ana.locked_reason.as_deref(), Some(AUTO_LOCKOUT));
    assert_eq!(ana.locked_at, Some(app.now()));
    assert!(is_refusal(&guess(&app, ANA.0, ANA.1).await));
    assert_eq!(audited(&app, "user.auto_locked").await, 1);
}

async fn a_right_password_starts_the_count_anew(app: TestApp) {
    for _ in 0..3 {
        for _ in 0..4 {
            guess_from(&app, "192.0.2.9", ANA.0, WRONG).await;
        }
        assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
        assert_eq!(user(&app, "acme", ANA.0).await.failed_login_count, 0);
    }
    assert_eq!(audited(&app, "user.auto_locked").await, 0);
}

async fn section_6_12_the_lock_lifts_when_its_time_is_over_and_not_before(app: TestApp) {
    set(&app, "acme", LOCKOUT_DURATION, 600).await;
    lock(&app, ANA.0, 5).await;
    app.advance(Duration::from_micros(600 * 1_000_000 - 1));
    assert!(is_refusal(&guess_from(&app, "192.0.2.2", ANA.0, ANA.1).await));
    app.advance(Duration::from_micros(1));
    assert!(is_signed_in(&guess_from(&app, "192.0.2.2", ANA.0, ANA.1).await));
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!(ana.status, UserStatus::Active);
    assert_eq!((ana.locked_at, ana.locked_reason, ana.failed_login_count), (None, None, 0));
}

async fn guessing_during_the_lock_does_not_prolong_it(app: TestApp) {
    set(&app, "acme", LOCKOUT_DURATION, 600).await;
    lock(&app, ANA.0, 5).await;
    app.advance(Duration::from_secs(599));
    for _ in 0..3 {
        assert!(is_refusal(&guess_from(&app, "192.0.2.3", ANA.0, WRONG).await));
    }
    app.advance(Duration::from_secs(1));
    assert!(is_signed_in(&guess_from(&app, "192.0.2.2", ANA.0, ANA.1).await));
}

async fn a_lock_that_is_over_counts_from_one_again(app: TestApp) {
    set(&app, "acme", LOCKOUT_DURATION, 60).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1000).await;
    lock(&app, ANA.0, 5).await;
    app.advance(Duration::from_mins(1));
    guess(&app, ANA.0, WRONG).await;
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!((ana.status, ana.failed_login_count), (UserStatus::Active, 1));
    lock(&app, ANA.0, 4).await;
    assert_eq!(audited(&app, "user.auto_locked").await, 2);
}

async fn a_manual_lock_does_not_lift_itself(app: TestApp) {
    set_user_status(&app, ANA.0, UserStatus::Locked).await;
    app.advance(Duration::from_hours(720));
    let answer = guess(&app, ANA.0, ANA.1).await;
    assert!(answer.body.contains("This account is locked"), "{}", answer.body);
    assert!(is_refusal(&guess(&app, ANA.0, WRONG).await));
}

async fn a_lock_of_one_organization_leaves_the_same_address_elsewhere_alone(app: TestApp) {
    lock(&app, ANA.0, 5).await;
    let elsewhere = app.browser().submit_login(&beta(), ANA_OF_BETA.0, ANA_OF_BETA.1).await;
    assert!(is_signed_in(&elsewhere));
    assert!(is_signed_in(&guess(&app, BOB.0, BOB.1).await), "nor is anybody else locked");
}

async fn settings_of_the_lock_are_read_live(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    lock(&app, ANA.0, 2).await;
    set(&app, "acme", LOCKOUT_DURATION, 10).await;
    app.advance(Duration::from_secs(10));
    assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
}

async fn a_suspended_person_is_not_locked_by_guessing(app: TestApp) {
    set_user_status(&app, ANA.0, UserStatus::Suspended).await;
    for _ in 0..7 {
        guess(&app, ANA.0, WRONG).await;
    }
    let ana = user(&app, "acme", ANA.0).await;
    assert_eq!(
        ana.status,
        UserStatus::Suspended,
        "guessing must not turn a decision into a lock that lifts itself"
    );
    assert_eq!(audited(&app, "user.auto_locked").await, 0);
}

async fn parallel_guessing_locks_once(app: TestApp) {
    let mut forms = Vec::new();
    for _ in 0..9 {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        forms.push((browser, form));
    }
    let guesses = forms.iter_mut().map(|(browser, form)| form.login(browser, ANA.0, WRONG));
    for answer in futures_util::future::join_all(guesses).await {
        assert!(is_refusal(&answer));
    }
    assert_eq!(user(&app, "acme", ANA.0).await.failed_login_count, 9);
    assert_eq!(audited(&app, "user.auto_locked").await, 1);
    assert_eq!(audited(&app, "user.login.password.failed").await, 9);
}
