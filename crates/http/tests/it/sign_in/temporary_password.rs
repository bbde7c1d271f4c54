//! Sign-ins with a temporary password: its owner chooses a new one before the session begins.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::mail::Mail;
use porta_core::settings;
use porta_testkit::{Answer, Browser, TestApp, jwt_payload};

use super::second_factor::{SecondFactorSignIn, arrived, manual_key, policy, totp, with_authenticator};
use super::support::*;

porta_testkit::on_both_stores!(
    a_new_password_is_chosen_before_the_session,
    passwords_that_may_not_be_chosen,
    nobody_else_chooses,
    without_its_csrf_value_a_form_does_nothing,
    old_pages_lead_to_this_step,
    cancelling_leaves_the_password_temporary,
    the_step_ends_after_ten_minutes,
    tries_are_limited,
    both_factors_come_first,
    a_factor_is_set_up_first,
);

pub(super) const OWN: &str = "sextant-Marmalade-88";

/// A sign-in that waits for a new password.
#[derive(Clone)]
pub(super) struct WaitingSignIn {
    pub(super) browser: Browser,
    form: Form,
    /// The same on every page of one sign-in.
    csrf: String,
    /// Number of forms sent. It makes each form unique, since an identical form is not a new attempt.
    sent: usize,
}

impl WaitingSignIn {
    /// Signs Ana in with her temporary password.
    pub(super) async fn start(app: &TestApp) -> Self {
        let mut browser = app.browser();
        let form = open(&mut browser, &web().with("prompt", "login")).await;
        let answer = form.login(&mut browser, ANA.0, ANA.1).await;
        assert_eq!(answer.location(), format!("{}/new-password", form.url), "{}", answer.body);
        assert!(set_cookie(&answer, "_session").is_none(), "no session before the new password");
        Self { browser, csrf: form.csrf.clone(), form, sent: 0 }
    }

    fn url(&self) -> String {
        format!("{}/new-password", self.form.url)
    }

    pub(super) async fn page(&mut self) -> Answer {
        self.browser.get(&self.url()).await
    }

    pub(super) async fn choose(&mut self, password: &str) -> Answer {
        self.send(password, password).await
    }

    async fn send(&mut self, password: &str, again: &str) -> Answer {
        self.sent += 1;
        let (csrf, sent) = (self.csrf.clone(), self.sent.to_string());
        let fields = [
            ("_csrf", csrf.as_str()),
            ("password", password),
            ("confirmPassword", again),
            ("n", sent.as_str()),
        ];
        let answer = self.browser.post(&self.url(), &fields).await;
        self.browser.follow_flash(answer).await
    }
}

pub(super) async fn is_temporary(app: &TestApp) -> bool {
    user(app, "acme", ANA.0).await.password_change_required
}

async fn a_new_password_is_chosen_before_the_session(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    assert_eq!(emails(&app).await, 1, "the person hears of the temporary one");
    let mut waiting = WaitingSignIn::start(&app).await;
    let page = waiting.page().await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("Choose your own password") && page.body.contains(ANA.0), "{}", page.body);
    assert!(!is_signed_in_still(&mut waiting.browser.clone()).await);
    let resumed = waiting.browser.clone().get(&waiting.form.resume_url()).await;
    assert!(!arrived(&resumed), "the resume address gives no code: {}", resumed.location());
    assert_eq!(audited(&app, "user.login.password").await, 0, "nobody has signed in yet");

    let mut waiting = WaitingSignIn::start(&app).await;
    let done = waiting.choose(OWN).await;
    assert!(is_signed_in(&done), "{} {}", done.status, done.body);
    let back = waiting.browser.follow(done).await;
    let tokens = redeemed(&mut waiting.browser, &web(), WEB, &code(&back)).await;
    assert_eq!(jwt_payload(tokens["id_token"].as_str().unwrap())["amr"], serde_json::json!(["pwd"]));
    assert!(!is_temporary(&app).await);
    assert!(is_refusal(&guess(&app, ANA.0, ANA.1).await), "the temporary one is of no use any more");
    assert_eq!(audited(&app, "user.password.change.required").await, 2);
    assert_eq!(audited(&app, "user.password.changed").await, 1);
    assert_eq!(audited(&app, "user.login.password").await, 1);
    assert_eq!(emails(&app).await, 1, "and of the new one");
    let next = guess(&app, ANA.0, OWN).await;
    assert!(is_signed_in(&next), "nothing more is asked: {}", next.location());
}

/// Number of mails that tell of a new password.
async fn emails(app: &TestApp) -> usize {
    let all = app.emails().await;
    all.iter().filter(|outgoing| matches!(outgoing.mail, Mail::PasswordChanged { .. })).count()
}

async fn passwords_that_may_not_be_chosen(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    let before = user(&app, "acme", ANA.0).await;
    let mut waiting = WaitingSignIn::start(&app).await;
    let long = "x".repeat(200);
    for (password, again, why) in [
        ("", "", "Please enter a new password"),
        (OWN, "", "The two passwords are not the same"),
        (OWN, "sextant-Marmalade-89", "The two passwords are not the same"),
        ("short", "short", "That is too short"),
        (&long, &long, "That is too long"),
        ("tab\tulator-Quay", "tab\tulator-Quay", "a character that cannot be shown"),
        ("password123", "password123", "Many people use that password"),
        ("ana@acme.test1", "ana@acme.test1", "Please choose a password without your name"),
        (ANA.1, ANA.1, "That is your current password"),
    ] {
        let answer = waiting.send(password, again).await;
        assert_eq!(answer.status, StatusCode::OK, "{password}");
        assert!(answer.body.contains(why), "{password}: {}", answer.body);
        assert!(set_cookie(&answer, "_session").is_none(), "{password}");
        assert!(!waiting.page().await.body.contains(why), "{password}: said once");
    }
    assert_eq!(user(&app, "acme", ANA.0).await, before, "nothing was changed");
    assert!(is_signed_in(&waiting.choose(OWN).await));
}

async fn nobody_else_chooses(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    let waiting = WaitingSignIn::start(&app).await;
    let mut stranger = WaitingSignIn { browser: app.browser(), ..waiting.clone() };
    assert_over(&stranger.page().await);
    assert_over(&stranger.choose(OWN).await);
    // Before the password there is only the login page.
    let mut early = app.browser();
    let form = open(&mut early, &web()).await;
    let mut early = WaitingSignIn { browser: early, csrf: form.csrf.clone(), form, sent: 0 };
    for answer in [early.page().await, early.choose(OWN).await] {
        assert!(answer.body.contains("name=\"email\""), "{}", answer.body);
        assert!(set_cookie(&answer, "_session").is_none());
    }
    assert!(is_temporary(&app).await);
}

async fn without_its_csrf_value_a_form_does_nothing(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    let mut waiting = WaitingSignIn::start(&app).await;
    let right = std::mem::take(&mut waiting.csrf);
    for csrf in ["", "forged"] {
        waiting.csrf = csrf.to_owned();
        let answer = waiting.choose(OWN).await;
        assert!(answer.body.contains("role=\"alert\""), "{}", answer.body);
        assert!(is_temporary(&app).await);
    }
    waiting.csrf = right;
    assert!(is_signed_in(&waiting.choose(OWN).await));
}

async fn old_pages_lead_to_this_step(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    let mut waiting = WaitingSignIn::start(&app).await;
    let (url, form) = (waiting.url(), waiting.form.clone());
    assert_eq!(waiting.browser.get(&form.url).await.location(), url);
    assert_eq!(waiting.browser.get(&format!("{}/two-factor", form.url)).await.location(), url);
    let again = form.anew(1).login(&mut waiting.browser, ANA.0, ANA.1).await;
    assert_eq!(again.location(), url, "Back, and the first form once more");
    let done = waiting.choose(OWN).await;
    assert!(is_signed_in(&done));
    assert_eq!(waiting.page().await.location(), done.location(), "Back from the client");
}

async fn cancelling_leaves_the_password_temporary(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    let mut waiting = WaitingSignIn::start(&app).await;
    let form = waiting.form.clone();
    let answer = form.abort(&mut waiting.browser).await;
    let back = waiting.browser.follow(answer).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    assert_over(&waiting.choose(OWN).await);
    assert!(is_temporary(&app).await);
}

async fn the_step_ends_after_ten_minutes(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    let wait = Duration::from_secs(u64::try_from(settings::SECOND_FACTOR_TTL.default).unwrap());
    let mut waiting = WaitingSignIn::start(&app).await;
    app.advance(wait.checked_sub(Duration::from_micros(1)).unwrap());
    assert_eq!(waiting.page().await.status, StatusCode::OK);
    app.advance(Duration::from_micros(1));
    assert_eq!(waiting.choose(OWN).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(waiting.page().await.status, StatusCode::BAD_REQUEST);
    assert!(is_temporary(&app).await);
}

async fn tries_are_limited(app: TestApp) {
    set(&app, "acme", settings::RATE_LIMIT_ACCOUNT_MAX, 2).await;
    make_temporary(&app, ANA.0).await;
    let mut waiting = WaitingSignIn::start(&app).await;
    for _ in 0..2 {
        assert!(waiting.choose("password123").await.body.contains("Many people use that password"));
    }
    let limited = waiting.choose(OWN).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(limited.header("retry-after").is_some() && limited.body.contains("name=\"password\""));
    assert!(is_temporary(&app).await);
    set(&app, "acme", settings::RATE_LIMIT_ACCOUNT_MAX, 10).await;
    assert!(is_signed_in(&waiting.choose(OWN).await));
}

async fn both_factors_come_first(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    make_temporary(&app, ANA.0).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let url = format!("{}/new-password", journey.base);
    let csrf = journey.csrf.clone();
    let fields = [("_csrf", csrf.as_str()), ("password", OWN), ("confirmPassword", OWN)];
    let early = journey.browser.clone().post(&url, &fields).await;
    assert_eq!(early.location(), format!("{}/two-factor", journey.base), "one factor is not enough");
    assert_eq!(journey.browser.get(&url).await.location(), early.location());
    assert!(is_temporary(&app).await);
    let verified = journey.verify("totp", &totp(&key, &app)).await;
    assert_eq!(verified.location(), url);
    assert!(set_cookie(&verified, "_session").is_none());
    let fields = [fields[0], fields[1], fields[2], ("n", "1")];
    let done = journey.browser.post(&url, &fields).await;
    assert!(is_signed_in(&done), "{} {}", done.status, done.body);
    let back = journey.browser.follow(done).await;
    let tokens = redeemed(&mut journey.browser, &web(), WEB, &code(&back)).await;
    let amr = &jwt_payload(tokens["id_token"].as_str().unwrap())["amr"];
    assert_eq!(*amr, serde_json::json!(["pwd", "otp", "mfa"]));
    assert!(!is_temporary(&app).await);
    assert_eq!(audited(&app, "2fa.verify.success").await, 1);
}

async fn a_factor_is_set_up_first(app: TestApp) {
    policy(&app, "required_totp").await;
    make_temporary(&app, ANA.0).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let key = manual_key(&journey.page().await.body);
    journey.confirm(&totp(&key, &app)).await;
    let saved = journey.post("/codes", &[]).await;
    let url = format!("{}/new-password", journey.base);
    assert_eq!(saved.location(), url);
    assert!(set_cookie(&saved, "_session").is_none());
    let csrf = journey.csrf.clone();
    let fields = [("_csrf", csrf.as_str()), ("password", OWN), ("confirmPassword", OWN)];
    let done = journey.browser.post(&url, &fields).await;
    assert!(is_signed_in(&done) && arrived(&journey.browser.follow(done).await));
    assert!(!is_temporary(&app).await);
    assert_eq!(audited(&app, "2fa.setup.totp.complete").await, 1);
}
