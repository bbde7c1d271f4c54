//! The second factor of a sign-in.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::mail::Mail;
use porta_core::settings;
use porta_core::user::TwoFactorMethod;
use porta_kv::{KeyName, KvKey};
use porta_testkit::{Answer, Browser, TestApp, jwt_payload};
use totp_rs::{Builder, Secret};

use super::failing::with_faults;
use super::support::*;

porta_testkit::on_both_stores!(
    a_required_authenticator_is_set_up_and_then_asked_for,
    a_code_of_an_authenticator_counts_once,
    mailed_codes_are_set_up_and_then_asked_for,
    a_mailed_code_counts_once_and_only_in_its_interaction,
    a_recovery_code_counts_once,
    a_recovery_code_whose_use_cannot_be_recorded_is_not_used,
    a_password_alone_opens_no_page_of_a_factor,
    who_has_a_factor_never_reaches_enrolment,
    a_factor_got_elsewhere_is_not_replaced,
    a_policy_that_wants_an_authenticator_is_not_content_with_mail,
    without_a_policy_nobody_is_asked,
    tries_are_limited_and_fail_closed,
    sending_again_is_limited,
    no_way_of_asking_fills_a_mailbox,
    forms_need_their_csrf_value,
    old_forms_of_the_login_page_lead_to_the_factor,
    somebody_switched_off_meanwhile_does_not_get_in,
    the_class_and_methods_say_that_two_factors_were_shown,
    eight_at_once_use_a_code_once,
    eight_at_once_use_a_mailed_code_once,
);

/// A sign-in that waits for its second factor.
pub(super) struct SecondFactorSignIn {
    pub(super) browser: Browser,
    pub(super) base: String,
    /// The same on every page of one sign-in.
    pub(super) csrf: String,
    /// Number of forms sent. It makes each form unique, since an identical form is not a new attempt.
    pub(super) sent: u32,
}

impl SecondFactorSignIn {
    /// Signs in with the right password, up to the second factor.
    pub(super) async fn start(app: &TestApp) -> Self {
        Self::start_in(app, app.browser()).await
    }

    pub(super) async fn start_from(app: &TestApp, address: &str) -> Self {
        Self::start_in(app, app.browser().with("x-forwarded-for", address)).await
    }

    pub(super) async fn start_in(app: &TestApp, mut browser: Browser) -> Self {
        // Mails with equal timestamps have no defined order.
        app.advance(Duration::from_secs(1));
        let form = open(&mut browser, &web().with("prompt", "login")).await;
        let answer = form.login(&mut browser, ANA.0, ANA.1).await;
        let base = form.url.clone();
        assert_eq!(answer.location(), format!("{base}/two-factor"), "{}", answer.body);
        assert!(set_cookie(&answer, "_session").is_none(), "no session before the second factor");
        Self { browser, base, csrf: form.csrf, sent: 0 }
    }

    pub(super) async fn page(&mut self) -> Answer {
        self.browser.get(&format!("{}/two-factor", self.base)).await
    }

    pub(super) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.sent += 1;
        let (csrf, sent) = (self.csrf.clone(), self.sent.to_string());
        let form = [form, &[("_csrf", csrf.as_str()), ("n", sent.as_str())]].concat();
        let answer = self.browser.post(&format!("{}/two-factor{path}", self.base), &form).await;
        self.browser.follow_flash(answer).await
    }

    pub(super) async fn verify(&mut self, kind: &str, code: &str) -> Answer {
        self.post("", &[("code", code), ("codeType", kind)]).await
    }

    pub(super) async fn confirm(&mut self, code: &str) -> Answer {
        self.post("/setup", &[("code", code)]).await
    }

    /// Confirms that the recovery codes are saved; returns them and the answer at the client.
    pub(super) async fn keep_codes(&mut self) -> (Vec<String>, Answer) {
        let page = self.page().await;
        let codes = recovery_codes(&page.body);
        assert_eq!(codes.len(), 10, "{}", page.body);
        assert_eq!(recovery_codes(&self.page().await.body), codes, "a reload shows them again (repairs W23)");
        let done = self.post("/codes", &[]).await;
        assert!(set_cookie(&done, "_session").is_some());
        (codes, self.browser.follow(done).await)
    }
}

pub(super) fn recovery_codes(html: &str) -> Vec<String> {
    let is_code = |word: &&str| {
        word.len() == 9
            && word
                .char_indices()
                .all(|(at, c)| if at == 4 { c == '-' } else { c.is_ascii_uppercase() || c.is_ascii_digit() })
    };
    let mut codes: Vec<String> = html
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(is_code)
        .map(str::to_owned)
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// The current TOTP code for a base32 secret.
pub(super) fn totp(key: &str, app: &TestApp) -> String {
    let secret = Secret::try_from_base32(key).unwrap();
    let authenticator = Builder::new().with_secret(secret).build().unwrap();
    authenticator.generate(u64::try_from(app.now().seconds()).unwrap()).to_string()
}

/// The key for manual entry, as the page shows it.
pub(super) fn manual_key(html: &str) -> String {
    let is_key = |text: &&str| {
        let bare: String = text.split(' ').collect();
        bare.len() == 32 && bare.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b))
    };
    let text = html.split(['<', '>']).map(str::trim).find(is_key);
    text.unwrap_or_else(|| panic!("no key in {html}")).replace(' ', "")
}

pub(super) async fn policy(app: &TestApp, policy: &str) {
    let yaml = format!(
        "version: \"1.0\"\norganizations:\n  - {{ name: Acme, slug: acme, two_factor_policy: {policy} }}\n"
    );
    app.provision_overwriting(&yaml).await;
}

/// Sets up an authenticator for Ana; returns its key and her recovery codes.
pub(super) async fn with_authenticator(app: &TestApp) -> (String, Vec<String>) {
    policy(app, "required_totp").await;
    let mut journey = SecondFactorSignIn::start(app).await;
    let key = manual_key(&journey.page().await.body);
    let answer = journey.confirm(&totp(&key, app)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let (codes, done) = journey.keep_codes().await;
    assert!(arrived(&done), "{}", done.location());
    app.advance(Duration::from_secs(30));
    (key, codes)
}

/// Sets up mailed codes for Ana.
pub(super) async fn with_mail(app: &TestApp) {
    policy(app, "required_email").await;
    let mut journey = SecondFactorSignIn::start(app).await;
    journey.page().await;
    let answer = journey.confirm(&mailed(app).await).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let (_, done) = journey.keep_codes().await;
    assert!(arrived(&done));
}

/// The code in the newest mail.
pub(super) async fn mailed(app: &TestApp) -> String {
    let mut codes = app.emails().await.into_iter().rev().filter_map(|outgoing| match outgoing.mail {
        Mail::EmailCode { code, .. } => Some((outgoing.recipient.address.shown().to_owned(), code)),
        _ => None,
    });
    let (address, code) = codes.next().expect("a code was mailed");
    assert_eq!(address, ANA.0);
    code
}

/// Whether the answer redirects to the client with a code.
pub(super) fn arrived(answer: &Answer) -> bool {
    answer.location().starts_with("https://web.test/cb?code=")
}

pub(super) fn is_wrong(answer: &Answer) -> bool {
    answer.status == StatusCode::OK
        && answer.body.contains("role=\"alert\"")
        && set_cookie(answer, "_session").is_none()
}

async fn a_required_authenticator_is_set_up_and_then_asked_for(app: TestApp) {
    policy(&app, "required_totp").await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let page = journey.page().await;
    assert!(page.body.contains("<svg"), "the picture is inline");
    assert!(!page.body.contains("two-factor?choose"), "there is nothing to choose");
    assert!(is_wrong(&journey.confirm("000000").await));
    assert_eq!(audited(&app, "2fa.setup.totp.failed").await, 1);
    let key = manual_key(&page.body);
    assert_eq!(manual_key(&journey.page().await.body), key, "a wrong code does not change the secret");
    assert_eq!(
        user(&app, "acme", ANA.0).await.two_factor_method,
        None,
        "nothing is stored before a code was right"
    );
    journey.confirm(&totp(&key, &app)).await;
    assert_eq!(user(&app, "acme", ANA.0).await.two_factor_method, Some(TwoFactorMethod::Totp));
    let (_, done) = journey.keep_codes().await;
    assert!(arrived(&done));
    app.advance(Duration::from_secs(30));
    let mut again = SecondFactorSignIn::start(&app).await;
    let page = again.page().await;
    assert!(!page.body.contains("<svg") && !page.body.contains(&key), "the secret is never shown again");
    let done = again.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&again.browser.follow(done).await));
    assert_eq!(audited(&app, "2fa.verify.success").await, 1);
    assert!(app.emails().await.iter().any(|l| matches!(l.mail, Mail::SecondFactorChanged { .. })));
}

/// RFC 6238 §5.2.
async fn a_code_of_an_authenticator_counts_once(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let code = totp(&key, &app);
    let mut first = SecondFactorSignIn::start(&app).await;
    let done = first.verify("totp", &code).await;
    assert!(arrived(&first.browser.follow(done).await));
    let mut second = SecondFactorSignIn::start(&app).await;
    assert!(is_wrong(&second.verify("totp", &code).await), "read over a shoulder");
    app.advance(Duration::from_secs(30));
    let done = second.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&second.browser.follow(done).await));
}

async fn mailed_codes_are_set_up_and_then_asked_for(app: TestApp) {
    with_mail(&app).await;
    assert_eq!(user(&app, "acme", ANA.0).await.two_factor_method, Some(TwoFactorMethod::Email));
    let mut journey = SecondFactorSignIn::start(&app).await;
    let page = journey.page().await;
    assert!(page.body.contains("a***a@acme.test") && !page.body.contains(ANA.0), "{}", page.body);
    let done = journey.verify("otp", &mailed(&app).await).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn a_mailed_code_counts_once_and_only_in_its_interaction(app: TestApp) {
    with_mail(&app).await;
    set(&app, "acme", settings::SECOND_FACTOR_TTL, 3600).await;
    let mut first = SecondFactorSignIn::start(&app).await;
    let code = mailed(&app).await;
    let mut second = SecondFactorSignIn::start(&app).await;
    assert!(is_wrong(&second.verify("otp", &code).await), "of another interaction");
    assert!(is_wrong(&first.verify("otp", &code).await), "a newer one replaced it");
    let mut third = SecondFactorSignIn::start(&app).await;
    let code = mailed(&app).await;
    app.advance(Duration::from_secs(601));
    assert!(is_wrong(&third.verify("otp", &code).await), "too late");
    assert_eq!(third.post("/resend", &[]).await.status, StatusCode::OK);
    let code = mailed(&app).await;
    let done = third.verify("otp", &code).await;
    assert!(arrived(&third.browser.follow(done).await));
}

async fn a_recovery_code_counts_once(app: TestApp) {
    let (_, codes) = with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let page = journey.browser.get(&format!("{}/two-factor?recovery", journey.base)).await;
    assert!(page.body.contains("name=\"code\""));
    assert!(is_wrong(&journey.verify("recovery", "AAAA-AAAA").await));
    // As people type it: lower case, without the dash.
    let done = journey.verify("recovery", &codes[3].replace('-', " ").to_lowercase()).await;
    assert!(arrived(&journey.browser.follow(done).await));
    let mut again = SecondFactorSignIn::start(&app).await;
    assert!(is_wrong(&again.verify("recovery", &codes[3]).await));
    assert!(is_wrong(&again.verify("totp", &codes[4]).await), "not a code of the authenticator");
    let used = audit(&app, 100).await.into_iter().find(|e| e.event_type == "2fa.recovery.used").unwrap();
    assert_eq!(used.metadata["remainingCodes"], 9);
}

async fn a_recovery_code_whose_use_cannot_be_recorded_is_not_used(app: TestApp) {
    let (_, codes) = with_authenticator(&app).await;
    let (instance, faults) = with_faults(&app);
    let mut journey = SecondFactorSignIn::start(&instance).await;
    faults.audit.fail();
    let answer = journey.verify("recovery", &codes[3]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
    faults.audit.recover();
    let done = journey.verify("recovery", &codes[3]).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn a_password_alone_opens_no_page_of_a_factor(app: TestApp) {
    with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let resume = journey.base.replace("/interaction/", "/auth/");
    let answer = journey.browser.get(&resume).await;
    assert!(!arrived(&answer), "the resume address gives no code: {}", answer.location());
    let mut stranger = app.browser();
    let journey = SecondFactorSignIn::start(&app).await;
    let answer = stranger.get(&format!("{}/two-factor", journey.base)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "another browser");
    let mut early = app.browser();
    let form = open(&mut early, &web()).await;
    let answer = early.get(&format!("{}/two-factor", form.url)).await;
    assert!(answer.body.contains("name=\"password\""), "before the password there is only the login page");
}

/// Enrolment is closed to people who have a factor.
async fn who_has_a_factor_never_reaches_enrolment(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    for wanted in ["optional", "required_email", "required_any", "required_totp"] {
        policy(&app, wanted).await;
        let mut journey = SecondFactorSignIn::start(&app).await;
        for form in [
            &[("setupMethod", "totp")][..],
            &[("setupMethod", "email")],
            &[("setupMethod", "totp"), ("code", "123456")],
        ] {
            journey.post("/setup", form).await;
            let page = journey.page().await;
            assert!(!page.body.contains("<svg") && !page.body.contains("setupMethod"), "{wanted}");
        }
        journey.post("/codes", &[]).await;
        assert!(recovery_codes(&journey.page().await.body).is_empty());
        let after = user(&app, "acme", ANA.0).await;
        assert_eq!(after.two_factor_method, Some(TwoFactorMethod::Totp));
    }
    app.advance(Duration::from_secs(30));
    let mut journey = SecondFactorSignIn::start(&app).await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await), "the first authenticator still is the one");
}

/// An enrolment that began earlier in another browser cannot replace the factor.
async fn a_factor_got_elsewhere_is_not_replaced(app: TestApp) {
    policy(&app, "required_totp").await;
    let mut thief = SecondFactorSignIn::start(&app).await;
    let stolen = manual_key(&thief.page().await.body);
    let (key, _) = with_authenticator(&app).await;
    let answer = thief.confirm(&totp(&stolen, &app)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.location());
    let mut journey = SecondFactorSignIn::start(&app).await;
    assert!(is_wrong(&journey.verify("totp", &totp(&stolen, &app)).await));
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

/// If a policy requires an authenticator, mailed codes do not satisfy it.
async fn a_policy_that_wants_an_authenticator_is_not_content_with_mail(app: TestApp) {
    with_mail(&app).await;
    policy(&app, "required_totp").await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let answer = journey.verify("otp", &mailed(&app).await).await;
    assert!(set_cookie(&answer, "_session").is_none());
    let key = manual_key(&journey.page().await.body);
    journey.confirm(&totp(&key, &app)).await;
    let (_, done) = journey.keep_codes().await;
    assert!(arrived(&done));
    assert_eq!(user(&app, "acme", ANA.0).await.two_factor_method, Some(TwoFactorMethod::Totp));
}

async fn without_a_policy_nobody_is_asked(app: TestApp) {
    let mut browser = app.browser();
    assert!(arrived(&browser.sign_in(&web(), ANA.0, ANA.1).await));
    assert_eq!(audited(&app, "2fa.challenge.started").await, 0);
}

async fn tries_are_limited_and_fail_closed(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    for n in 0..5 {
        assert!(is_wrong(&journey.verify("totp", &format!("00000{n}")).await), "{n}");
    }
    let answer = journey.verify("totp", &totp(&key, &app)).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.header("retry-after").is_some());
    let mut another = SecondFactorSignIn::start(&app).await;
    assert_eq!(another.verify("totp", &totp(&key, &app)).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(audited(&app, "rate_limit.2fa_verify").await, 1, "once per window");
    // Ends the window by clearing the counter: Redis uses real time, and the counter's own tests cover the expiry.
    let ana = user(&app, "acme", ANA.0).await;
    let limit = KvKey::new(KeyName::LimitTwoFactor, ana.organization_id)
        .with(ana.id)
        .with(ana.credential_epoch)
        .with("127.0.0.1");
    app.kv.clear(&[limit]).await.unwrap();
    let done = another.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&another.browser.follow(done).await));
}

async fn sending_again_is_limited(app: TestApp) {
    with_mail(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    for _ in 0..3 {
        assert_eq!(journey.post("/resend", &[]).await.status, StatusCode::OK);
    }
    assert_eq!(journey.post("/resend", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(audited(&app, "2fa.otp.resent").await, 3);
}

/// The limit covers signing in again and choosing the method again.
async fn no_way_of_asking_fills_a_mailbox(app: TestApp) {
    set(&app, "acme", settings::RATE_LIMIT_2FA_MAIL_MAX, 3).await;
    policy(&app, "required_any").await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    for n in 0..3 {
        let answer = journey.post("/setup", &[("setupMethod", "email")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{n}");
    }
    let answer = journey.post("/setup", &[("setupMethod", "email")]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(app.emails().await.len(), 3);
    let answer = journey.confirm("000000").await;
    assert!(is_wrong(&answer), "the page still takes a code");
    assert_eq!(audited(&app, "2fa.setup.email.failed").await, 1);
    policy(&app, "required_email").await;
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let answer = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "a new sign-in would send another");
    let other = form.login(&mut browser, BOB.0, BOB.1).await;
    assert!(other.location().ends_with("/two-factor"), "somebody else's mail is counted apart");
}

async fn forms_need_their_csrf_value(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    for path in ["", "/resend", "/setup", "/codes"] {
        let url = format!("{}/two-factor{path}", journey.base);
        let code = totp(&key, &app);
        for form in [&[("code", code.as_str())][..], &[("code", code.as_str()), ("_csrf", "x")]] {
            let answer = journey.browser.post(&url, form).await;
            let answer = journey.browser.follow_flash(answer).await;
            assert!(is_wrong(&answer), "{path}: {}", answer.status);
        }
    }
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

/// They are sent with the Back button.
async fn old_forms_of_the_login_page_lead_to_the_factor(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let fields = [("_csrf", journey.csrf.as_str()), ("email", BOB.0), ("password", BOB.1)];
    for action in ["login", "magic-link"] {
        let answer = journey.browser.post(&format!("{}/{action}", journey.base), &fields).await;
        assert_eq!(answer.location(), format!("{}/two-factor", journey.base), "{action}");
        assert!(set_cookie(&answer, "_said").is_none(), "{action}: nothing was wrong");
    }
    let done = journey.verify("totp", &totp(&key, &app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn somebody_switched_off_meanwhile_does_not_get_in(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let csrf = journey.page().await.field("_csrf");
    set_user_status(&app, ANA.0, porta_core::user::UserStatus::Suspended).await;
    let form = [("_csrf", csrf.as_str()), ("code", &totp(&key, &app)), ("codeType", "totp")];
    let answer = journey.browser.post(&format!("{}/two-factor", journey.base), &form).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(set_cookie(&answer, "_session").is_none());
}

/// RFC 8176 §2.
async fn the_class_and_methods_say_that_two_factors_were_shown(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let done = journey.verify("totp", &totp(&key, &app)).await;
    let answer = journey.browser.follow(done).await;
    let answer = redeem(&mut journey.browser, &web(), WEB, &code(&answer)).await;
    let claims = jwt_payload(answer.json()["id_token"].as_str().unwrap());
    assert_eq!(claims["acr"], "urn:porta:acr:2fa");
    assert_eq!(claims["amr"], serde_json::json!(["pwd", "otp", "mfa"]));
}

/// Of many simultaneous uses of one code, one succeeds.
async fn eight_at_once_use_a_code_once(app: TestApp) {
    let (key, codes) = with_authenticator(&app).await;
    set(&app, "acme", settings::RATE_LIMIT_2FA_VERIFY_MAX, 1000).await;
    for (kind, code) in [("totp", totp(&key, &app)), ("recovery", codes[0].clone())] {
        let mut journeys = Vec::new();
        for _ in 0..8 {
            journeys.push(SecondFactorSignIn::start(&app).await);
        }
        let tasks: Vec<_> = journeys
            .into_iter()
            .map(|mut journey| {
                let code = code.clone();
                tokio::spawn(
                    async move { set_cookie(&journey.verify(kind, &code).await, "_session").is_some() },
                )
            })
            .collect();
        let mut entered = 0;
        for task in tasks {
            entered += usize::from(task.await.unwrap());
        }
        assert_eq!(entered, 1, "{kind}");
    }
}

async fn eight_at_once_use_a_mailed_code_once(app: TestApp) {
    with_mail(&app).await;
    set(&app, "acme", settings::RATE_LIMIT_2FA_VERIFY_MAX, 1000).await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let csrf = journey.page().await.field("_csrf");
    let (url, code) = (format!("{}/two-factor", journey.base), mailed(&app).await);
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (mut browser, url) = (journey.browser.clone(), url.clone());
            let (csrf, code, n) = (csrf.clone(), code.clone(), n.to_string());
            tokio::spawn(async move {
                let form = [("_csrf", csrf.as_str()), ("code", &code), ("codeType", "otp"), ("n", &n)];
                set_cookie(&browser.post(&url, &form).await, "_session").is_some()
            })
        })
        .collect();
    let mut entered = 0;
    for task in tasks {
        entered += usize::from(task.await.unwrap());
    }
    assert_eq!(entered, 1);
}
