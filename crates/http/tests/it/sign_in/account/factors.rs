//! Second factors on the account pages.

use axum::http::StatusCode;
use porta_core::mail::SecondFactorChange;
use porta_core::settings::{RATE_LIMIT_2FA_MAIL_MAX, RATE_LIMIT_2FA_RESEND_MAX};
use porta_core::user::TwoFactorMethod;
use porta_testkit::{TestApp, on_both_stores};
use tokio::task::JoinSet;

use super::super::second_factor::{mailed, manual_key, policy, recovery_codes, totp, with_authenticator};
use super::*;

on_both_stores!(
    an_authenticator_is_set_up_confirmed_and_then_asked_for,
    mail_is_set_up_and_confirmed,
    a_recent_sign_in_means_the_second_factor_too,
    an_authenticator_takes_the_place_of_mail_and_of_another,
    mail_does_not_take_the_place_of_an_authenticator,
    a_factor_is_switched_off_where_none_is_asked_for,
    the_last_factor_stays_where_one_is_asked_for,
    the_kind_must_satisfy_the_policy,
    new_recovery_codes_take_the_place_of_the_old,
    eight_presses_make_one_set_of_codes,
    eight_confirmations_make_one_factor,
    a_factor_got_elsewhere_is_not_replaced,
    a_setup_is_for_its_session,
    what_was_not_confirmed_leaves_nothing,
    codes_are_tried_so_many_times,
    mails_are_limited,
);

const TOTP: &[(&str, &str)] = &[("action", "enable"), ("method", "authenticator")];
const MAIL: &[(&str, &str)] = &[("action", "enable"), ("method", "email")];
const DISABLE: &[(&str, &str)] = &[("action", "disable"), ("method", "authenticator")];
const REGENERATE: &[(&str, &str)] = &[("action", "regenerate")];

impl Account {
    /// Signs Ana in with her authenticator.
    async fn with_totp(app: &TestApp, key: &str) -> Self {
        app.advance(Duration::from_secs(30));
        let mut account = Self { browser: app.browser(), org: "acme" };
        let start = account.get("").await;
        let page = account.sign_in(start, ANA).await;
        let page = account.show_code(&page, &totp(key, app)).await;
        assert_eq!(page.status, 200, "{}", page.body);
        account
    }

    /// Answers the second factor page.
    async fn show_code(&mut self, page: &Answer, code: &str) -> Answer {
        let action = page.body.split("id=\"verify-form\"").nth(1).unwrap();
        let action = action.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields =
            [("_csrf", page.field("_csrf")), ("code", code.to_owned()), ("codeType", "totp".to_owned())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let answer = self.browser.post(action, &fields).await;
        self.browser.follow(answer).await
    }

    async fn begin_totp(&mut self) -> String {
        manual_key(&self.done("/two-factor", TOTP).await.body)
    }

    /// Sets up an authenticator; returns its key and the recovery codes.
    async fn get_totp(&mut self, app: &TestApp) -> (String, Vec<String>) {
        let key = self.begin_totp().await;
        let page = self.done("/two-factor/setup", &[("code", &totp(&key, app))]).await;
        let codes = recovery_codes(&page.body);
        assert_eq!(codes.len(), 10, "{}", page.body);
        self.done("/two-factor/codes", &[]).await;
        (key, codes)
    }
}

async fn method(app: &TestApp) -> Option<TwoFactorMethod> {
    user(app, "acme", ANA.0).await.two_factor_method
}

async fn changes(app: &TestApp, wanted: SecondFactorChange) -> usize {
    let emails = app.emails().await;
    emails
        .iter()
        .filter(|l| matches!(&l.mail, Mail::SecondFactorChanged { change, .. } if *change == wanted))
        .count()
}

async fn an_authenticator_is_set_up_confirmed_and_then_asked_for(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let page = account.done("/two-factor", TOTP).await;
    assert!(page.body.contains("<svg"), "{}", page.body);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let key = manual_key(&page.body);
    assert_eq!(manual_key(&account.get("/two-factor/setup").await.body), key, "a reload shows it again");
    for wrong in ["", "000000", "x", &"1".repeat(500)] {
        let page = account.refused("/two-factor/setup", &[("code", wrong)]).await;
        assert_eq!(manual_key(&page.body), key, "the same authenticator");
        assert_eq!(method(&app).await, None, "nothing is stored before a code was right (repairs W01)");
    }
    let page = account.done("/two-factor/setup", &[("code", &totp(&key, &app))]).await;
    let codes = recovery_codes(&page.body);
    assert_eq!(codes.len(), 10);
    assert_eq!(recovery_codes(&account.get("/two-factor/setup").await.body), codes);
    let page = account.done("/two-factor/codes", &[]).await;
    assert!(page.body.contains("The second step is set up"), "{}", page.body);
    assert!(recovery_codes(&page.body).is_empty());
    assert!(leads_to(&account.get("/two-factor/setup").await, "/two-factor"), "codes are shown no more");
    assert_eq!(method(&app).await, Some(TwoFactorMethod::Totp));
    assert_eq!(changes(&app, SecondFactorChange::TotpEnabled).await, 1);
    assert_eq!(audited(&app, "2fa.setup.totp").await, 1);
    Account::with_totp(&app, &key).await;
}

async fn mail_is_set_up_and_confirmed(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let page = account.done("/two-factor", MAIL).await;
    assert!(page.body.contains("a***a@acme.test"), "{}", page.body);
    let first = mailed(&app).await;
    app.advance(Duration::from_secs(1));
    let page = account.done("/two-factor/resend", &[]).await;
    assert!(page.body.contains("flash-success"), "{}", page.body);
    let code = mailed(&app).await;
    if first != code {
        account.refused("/two-factor/setup", &[("code", &first)]).await;
    }
    account.done("/two-factor/setup", &[("code", &code)]).await;
    assert_eq!(method(&app).await, Some(TwoFactorMethod::Email));
    assert_eq!(changes(&app, SecondFactorChange::EmailEnabled).await, 1);
}

async fn a_recent_sign_in_means_the_second_factor_too(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut account = Account::with_totp(&app, &key).await;
    grow_old(&app);
    let answer = account.post("/two-factor", TOTP).await;
    assert!(asks_to_sign_in(&answer));
    let page = account.sign_in(answer, ANA).await;
    assert!(page.body.contains("verify-form"), "the password is not enough: {}", page.body);
    assert!(asks_to_sign_in(&account.get("/password").await), "nothing is younger yet");
    app.advance(Duration::from_secs(30));
    let page = account.show_code(&page, &totp(&key, &app)).await;
    assert!(page.body.contains("Authenticator app"), "{}", page.body);
    assert_eq!(account.get("/password").await.status, 200);
}

async fn an_authenticator_takes_the_place_of_mail_and_of_another(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    account.done("/two-factor", MAIL).await;
    account.done("/two-factor/setup", &[("code", &mailed(&app).await)]).await;
    account.done("/two-factor/codes", &[]).await;
    let (first, _) = account.get_totp(&app).await;
    assert_eq!(method(&app).await, Some(TwoFactorMethod::Totp));
    app.advance(Duration::from_secs(30));
    let (second, codes) = account.get_totp(&app).await;
    assert_ne!(first, second);
    Account::with_totp(&app, &second).await;
    let mut old = Account { browser: app.browser(), org: "acme" };
    let start = old.get("").await;
    let page = old.sign_in(start, ANA).await;
    let refused = old.show_code(&page, &totp(&first, &app)).await;
    assert!(refused.body.contains("role=\"alert\""), "{}", refused.body);
    assert_eq!(codes.len(), 10);
    assert_eq!(changes(&app, SecondFactorChange::TotpEnabled).await, 2);
}

async fn mail_does_not_take_the_place_of_an_authenticator(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    account.get_totp(&app).await;
    let page = account.get("/two-factor").await;
    assert!(!page.body.contains("id=\"email\""), "{}", page.body);
    let answer = account.post("/two-factor", MAIL).await;
    assert!(leads_to(&answer, "/two-factor"), "{}", answer.location());
    assert_eq!(audited(&app, "2fa.otp.sent").await, 0);
    assert_eq!(method(&app).await, Some(TwoFactorMethod::Totp));
}

async fn a_factor_is_switched_off_where_none_is_asked_for(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let nothing = account.post("/two-factor", DISABLE).await;
    assert!(leads_to(&nothing, "/two-factor"));
    assert_eq!(audited(&app, "2fa.disabled").await, 0, "there was none");
    let (_, codes) = account.get_totp(&app).await;
    let page = account.done("/two-factor", DISABLE).await;
    assert!(page.body.contains("It is switched off"), "{}", page.body);
    assert_eq!(method(&app).await, None);
    let organization = app.tenant("acme").await.organization.id;
    let ana = user(&app, "acme", ANA.0).await.id;
    let mut repositories = app.store.repositories();
    let left = repositories.second_factors(organization).unused_recovery_codes(ana).await.unwrap();
    assert_eq!((codes.len(), left), (10, 0), "their codes go with them");
    assert_eq!(changes(&app, SecondFactorChange::Disabled).await, 1);
    assert_eq!(audited(&app, "2fa.disabled").await, 1);
    Account::of_ana(&app).await;
}

async fn the_last_factor_stays_where_one_is_asked_for(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    for wanted in ["required_totp", "required_any", "required_email"] {
        policy(&app, wanted).await;
        let mut account = Account::with_totp(&app, &key).await;
        assert!(!account.get("/two-factor").await.body.contains("value=\"disable\""), "{wanted}");
        let page = account.done("/two-factor", DISABLE).await;
        assert!(page.body.contains("the last one stays on"), "{wanted}: {}", page.body);
        assert_eq!(method(&app).await, Some(TwoFactorMethod::Totp));
    }
    assert_eq!(audited(&app, "2fa.disabled").await, 0);
}

async fn the_kind_must_satisfy_the_policy(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    policy(&app, "required_totp").await;
    assert!(!account.get("/two-factor").await.body.contains("id=\"email\""));
    assert!(leads_to(&account.post("/two-factor", MAIL).await, "/two-factor"));
    assert!(leads_to(
        &account.post("/two-factor", &[("action", "enable"), ("method", "x")]).await,
        "/two-factor"
    ));
    assert!(leads_to(&account.post("/two-factor", &[("action", "prefer")]).await, "/two-factor"));
    assert_eq!(audited(&app, "2fa.otp.sent").await, 0);
    account.get_totp(&app).await;
    assert_eq!(method(&app).await, Some(TwoFactorMethod::Totp));
}

async fn new_recovery_codes_take_the_place_of_the_old(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let nothing = account.post("/two-factor", REGENERATE).await;
    assert_eq!(account.browser.follow(nothing).await.status, 200);
    assert_eq!(audited(&app, "2fa.recovery.regenerated").await, 0, "codes of no factor");
    let (_, old) = account.get_totp(&app).await;
    let page = account.done("/two-factor", REGENERATE).await;
    let new = recovery_codes(&page.body);
    assert_eq!(new.len(), 10, "{}", page.body);
    assert!(new.iter().all(|code| !old.contains(code)));
    let page = account.done("/two-factor/codes", &[]).await;
    assert!(page.body.contains("You have new recovery codes"), "{}", page.body);
    assert_eq!(changes(&app, SecondFactorChange::RecoveryCodesReplaced).await, 1);
    assert!(!recovers(&app, &old[0]).await && recovers(&app, &new[0]).await);
}

/// Whether Ana can sign in with this recovery code.
async fn recovers(app: &TestApp, code: &str) -> bool {
    let mut account = Account { browser: app.browser(), org: "acme" };
    let start = account.get("").await;
    let page = account.sign_in(start, ANA).await;
    let action = page.body.split("id=\"verify-form\"").nth(1).unwrap().split("action=\"").nth(1).unwrap();
    let action = action.split('"').next().unwrap().to_owned();
    let csrf = page.field("_csrf");
    let fields = [("_csrf", csrf.as_str()), ("code", code), ("codeType", "recovery")];
    is_signed_in(&account.browser.post(&action, &fields).await)
}

async fn eight_presses_make_one_set_of_codes(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    account.get_totp(&app).await;
    let csrf = account.csrf().await;
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (mut browser, csrf, url) = (account.browser.clone(), csrf.clone(), account.url("/two-factor"));
        tasks.spawn(async move {
            let fields = [("_csrf", csrf.as_str()), ("action", "regenerate"), ("n", &n.to_string())];
            browser.post(&url, &fields).await
        });
    }
    for answer in tasks.join_all().await {
        assert!(leads_to(&answer, "/two-factor/setup"), "{}", answer.body);
    }
    assert_eq!(audited(&app, "2fa.recovery.regenerated").await, 1);
    let shown = recovery_codes(&account.get("/two-factor/setup").await.body);
    assert_eq!(shown.len(), 10);
    assert!(recovers(&app, &shown[0]).await, "what is shown is what counts");
}

async fn eight_confirmations_make_one_factor(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let key = account.begin_totp().await;
    let (csrf, code) = (account.csrf().await, totp(&key, &app));
    let mut tasks = JoinSet::new();
    for n in 0..8 {
        let (mut browser, csrf, code) = (account.browser.clone(), csrf.clone(), code.clone());
        let url = account.url("/two-factor/setup");
        tasks.spawn(async move {
            let fields = [("_csrf", csrf.as_str()), ("code", &code), ("n", &n.to_string())];
            let answer = browser.post(&url, &fields).await;
            (browser, answer.status)
        });
    }
    // Each browser has the renewed session by then.
    for (browser, status) in tasks.join_all().await {
        assert_eq!(status, StatusCode::SEE_OTHER);
        account.browser = browser;
    }
    assert_eq!(audited(&app, "2fa.setup.totp").await, 1);
    let shown = recovery_codes(&account.get("/two-factor/setup").await.body);
    assert!(recovers(&app, &shown[0]).await);
}

/// An intruder who knows the password and signed in before there was a factor cannot replace the new factor.
async fn a_factor_got_elsewhere_is_not_replaced(app: TestApp) {
    let mut intruder = Account::of_ana(&app).await;
    let key = intruder.begin_totp().await;
    let organization = app.tenant("acme").await.organization.id;
    let ana = user(&app, "acme", ANA.0).await.id;
    let mut repositories = app.store.repositories();
    assert!(repositories.second_factors(organization).enrol_email(ana, app.now()).await.unwrap());
    let answer = intruder.post("/two-factor/setup", &[("code", &totp(&key, &app))]).await;
    assert!(asks_to_sign_in(&answer), "with the factor there is now: {}", answer.body);
    assert_eq!(method(&app).await, Some(TwoFactorMethod::Email));
    assert_eq!(audited(&app, "2fa.setup.totp").await, 0);
}

async fn a_setup_is_for_its_session(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let key = account.begin_totp().await;
    let mut other = Account::of_ana(&app).await;
    let mut bob = Account::open(&app, "acme", BOB).await;
    for account in [&mut other, &mut bob] {
        assert!(leads_to(&account.get("/two-factor/setup").await, "/two-factor"));
        let answer = account.post("/two-factor/setup", &[("code", &totp(&key, &app))]).await;
        assert!(leads_to(&answer, "/two-factor"));
        account.done("/two-factor/cancel", &[]).await;
    }
    assert_eq!(manual_key(&account.get("/two-factor/setup").await.body), key, "it is still there");
    assert_eq!(method(&app).await, None);
    // Beginning in another browser ends the enrolment here: one per person.
    other.begin_totp().await;
    assert!(leads_to(&account.get("/two-factor/setup").await, "/two-factor"));
}

async fn what_was_not_confirmed_leaves_nothing(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let key = account.begin_totp().await;
    account.done("/two-factor/cancel", &[]).await;
    assert!(leads_to(&account.get("/two-factor/setup").await, "/two-factor"));
    let late = account.post("/two-factor/setup", &[("code", &totp(&key, &app))]).await;
    assert!(leads_to(&late, "/two-factor"));
    let key = account.begin_totp().await;
    assert!(
        leads_to(&account.post("/two-factor/codes", &[]).await, "/two-factor/setup"),
        "not before a code"
    );
    app.advance(Duration::from_mins(10));
    let answer = account.get("/password").await;
    account.sign_in(answer, ANA).await;
    let late = account.post("/two-factor/setup", &[("code", &totp(&key, &app))]).await;
    assert!(leads_to(&late, "/two-factor"), "its time is over");
    assert_eq!(method(&app).await, None);
    assert!(leads_to(&account.post("/two-factor/resend", &[]).await, "/two-factor"), "nothing to send");
}

async fn codes_are_tried_so_many_times(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let key = account.begin_totp().await;
    // The same form again is not another guess.
    for wrong in ["000000", "000000", "000001", "000002", "000003", "000003", "000004"] {
        account.refused("/two-factor/setup", &[("code", wrong)]).await;
    }
    let limited = account.post("/two-factor/setup", &[("code", &totp(&key, &app))]).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(limited.header("retry-after").is_some());
    assert_eq!(method(&app).await, None);
    assert_eq!(audited(&app, "2fa.setup.totp.failed").await, 5);
}

async fn mails_are_limited(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_2FA_RESEND_MAX, 2).await;
    let mut account = Account::of_ana(&app).await;
    account.done("/two-factor", MAIL).await;
    for n in ["1", "2"] {
        account.done("/two-factor/resend", &[("n", n)]).await;
    }
    let limited = account.post("/two-factor/resend", &[("n", "3")]).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    set(&app, "acme", RATE_LIMIT_2FA_MAIL_MAX, 3).await;
    let limited = account.post("/two-factor", MAIL).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS, "however it is asked for (repairs W19)");
    assert!(limited.header("retry-after").is_some());
    assert_eq!(audited(&app, "2fa.otp.sent").await, 3);
}
