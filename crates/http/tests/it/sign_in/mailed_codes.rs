//! Mailed codes while somebody else has the password.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::settings;
use porta_testkit::{Answer, TestApp};

use super::second_factor::{SecondFactorSignIn, arrived, mailed, with_mail};
use super::support::*;

porta_testkit::on_both_stores!(
    a_strangers_code_takes_no_owners_code_away,
    a_stranger_uses_up_no_owners_emails,
    strangers_together_fill_no_mailbox,
);

const STRANGER: &str = "203.0.113.77";

/// A known browser of Ana's: she signed in there with a mailed code.
async fn known_browser(app: &TestApp) -> porta_testkit::Browser {
    with_mail(app).await;
    let mut journey = SecondFactorSignIn::start(app).await;
    let done = journey.verify("otp", &mailed(app).await).await;
    assert!(arrived(&journey.browser.follow(done).await));
    journey.browser
}

async fn from(app: &TestApp, address: &str) -> Answer {
    app.advance(Duration::from_secs(1));
    guess_from(app, address, ANA.0, ANA.1).await
}

async fn a_strangers_code_takes_no_owners_code_away(app: TestApp) {
    let browser = known_browser(&app).await;
    let mut owner = SecondFactorSignIn::start_in(&app, browser).await;
    let code = mailed(&app).await;
    for n in 1..=16 {
        let answer = from(&app, &format!("203.0.{n}.77")).await;
        assert!(answer.location().ends_with("/two-factor"), "{n}: {}", answer.status);
    }
    let done = owner.verify("otp", &code).await;
    assert!(arrived(&owner.browser.follow(done).await));
}

/// Applies to the codes that a sign-in sends and to those that are sent again.
async fn a_stranger_uses_up_no_owners_emails(app: TestApp) {
    set(&app, "acme", settings::RATE_LIMIT_2FA_MAIL_MAX, 3).await;
    set(&app, "acme", settings::RATE_LIMIT_2FA_RESEND_MAX, 1).await;
    let browser = known_browser(&app).await;
    let mut stranger = SecondFactorSignIn::start_from(&app, STRANGER).await;
    assert_eq!(stranger.post("/resend", &[]).await.status, StatusCode::OK);
    assert_eq!(stranger.post("/resend", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(from(&app, STRANGER).await.location().ends_with("/two-factor"));
    assert_eq!(from(&app, STRANGER).await.status, StatusCode::TOO_MANY_REQUESTS);
    let mut owner = SecondFactorSignIn::start_in(&app, browser).await;
    app.advance(Duration::from_secs(1));
    assert_eq!(owner.post("/resend", &[]).await.status, StatusCode::OK);
    let done = owner.verify("otp", &mailed(&app).await).await;
    assert!(arrived(&owner.browser.follow(done).await));
    // That network has no effect on another network either.
    assert!(from(&app, "198.51.100.9").await.location().ends_with("/two-factor"));
}

async fn strangers_together_fill_no_mailbox(app: TestApp) {
    set(&app, "acme", settings::RATE_LIMIT_2FA_MAIL_MAX, 3).await;
    let browser = known_browser(&app).await;
    let before = app.emails().await.len();
    for n in 1..=30 {
        from(&app, &format!("203.0.113.{n}")).await;
    }
    let emails = app.emails().await.len() - before;
    // Two of the twelve were used by Ana, before her browser was known.
    assert!((10..=12).contains(&emails), "{emails}");
    assert_eq!(from(&app, STRANGER).await.status, StatusCode::TOO_MANY_REQUESTS);
    SecondFactorSignIn::start_in(&app, browser).await;
}
