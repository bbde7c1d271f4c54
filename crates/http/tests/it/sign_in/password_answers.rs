//! Answers to sign-in attempts: until the password is right, every account, existing or not, gets the same page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::settings::MAX_FAILED_LOGINS;
use porta_core::user::UserStatus;
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    the_right_password_leads_to_the_client_with_a_code,
    section_6_13_every_wrong_attempt_gets_the_same_page,
    section_6_13_a_status_is_said_only_after_the_right_password,
    w18_a_lock_that_guessing_caused_is_never_confirmed,
    w18_a_person_without_a_password_looks_like_nobody,
    another_organizations_password_is_wrong_here,
    a_missing_field_is_named_and_costs_no_evaluation,
    section_6_3_the_typed_address_stays_and_the_password_does_not,
    section_2_8_a_password_is_refused_where_it_is_not_offered,
    a_refusal_gives_no_session_and_leaves_the_form_usable,
);

async fn the_right_password_leads_to_the_client_with_a_code(app: TestApp) {
    let mut browser = app.browser();
    let back = browser.sign_in(&web(), ANA.0, ANA.1).await;
    assert!(back.location().starts_with("https://web.test/cb?"), "{}", back.location());
    assert_eq!(back.query("state").as_deref(), Some("state-1"));
    assert_eq!(back.query("iss").as_deref(), Some("https://id.test/acme"));
    let tokens = redeemed(&mut browser, &web(), WEB, &code(&back)).await;
    assert!(is_live(&app, "acme", &tokens).await);
}

async fn section_6_13_every_wrong_attempt_gets_the_same_page(app: TestApp) {
    set_user_status(&app, BOB.0, UserStatus::Suspended).await;
    let mut pages = Vec::new();
    for (email, password) in [
        (NOBODY, ANA.1),
        (ANA.0, WRONG),
        (INACTIVE.0, WRONG),
        (BOB.0, WRONG),
        ("not an address", WRONG),
        ("a@b@c", ANA.1),
    ] {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let fields = [("_csrf", form.csrf.as_str()), ("email", email), ("password", password)];
        let posted = browser.post(&format!("{}/login", form.url), &fields).await;
        let begun = set_cookie(&posted, "_begun").unwrap().len();
        let said = set_cookie(&posted, "_said").unwrap().len() - URL_SAFE_NO_PAD.encode(email).len();
        let answer = browser.follow_flash(posted).await;
        assert!(is_refusal(&answer), "{email}: {} {}", answer.status, answer.body);
        pages.push((email, format!("{begun} {said}\n{}", form.redacted(&answer, email))));
    }
    for (email, page) in &pages[1..] {
        assert_eq!(page, &pages[0].1, "{email} is answered differently from {}", pages[0].0);
    }
}

async fn section_6_13_a_status_is_said_only_after_the_right_password(app: TestApp) {
    let cases = [
        (UserStatus::Inactive, "This account is not active"),
        (UserStatus::Suspended, "This account is suspended"),
        (UserStatus::Locked, "This account is locked"),
    ];
    for (status, words) in cases {
        set_user_status(&app, BOB.0, status).await;
        let wrong = guess(&app, BOB.0, WRONG).await;
        assert!(is_refusal(&wrong), "{status}: {}", wrong.body);
        let right = guess(&app, BOB.0, BOB.1).await;
        assert_eq!(right.status, 200);
        assert!(right.body.contains(words), "{status}: {}", right.body);
        assert!(set_cookie(&right, "_session").is_none());
        set_user_status(&app, BOB.0, UserStatus::Active).await;
    }
    assert!(is_signed_in(&guess(&app, BOB.0, BOB.1).await));
}

async fn w18_a_lock_that_guessing_caused_is_never_confirmed(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let first = form.login(&mut browser, ANA.0, WRONG).await;
    let locking = form.login(&mut browser, ANA.0, "another-lantern").await;
    assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
    let wrong = form.login(&mut browser, ANA.0, WRONG).await;
    let right = form.login(&mut browser, ANA.0, ANA.1).await;
    assert!(is_refusal(&first), "{}", first.body);
    for later in [locking, wrong, right] {
        assert_eq!(form.redacted(&later, ANA.0), form.redacted(&first, ANA.0));
    }
}

async fn w18_a_person_without_a_password_looks_like_nobody(app: TestApp) {
    app.provision(
        "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    users:\n      - email: link@acme.test\n",
    )
    .await;
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let nobody = form.login(&mut browser, NOBODY, "decoy").await;
    for password in ["decoy", WRONG, "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"] {
        let answer = form.login(&mut browser, "link@acme.test", password).await;
        assert_eq!(form.redacted(&answer, "link@acme.test"), form.redacted(&nobody, NOBODY));
    }
}

async fn another_organizations_password_is_wrong_here(app: TestApp) {
    assert!(is_refusal(&guess(&app, ANA_OF_BETA.0, ANA_OF_BETA.1).await));
    let mut browser = app.browser();
    let at_home = browser.submit_login(&beta(), ANA_OF_BETA.0, ANA_OF_BETA.1).await;
    assert!(is_signed_in(&at_home));
    let away = app.browser().submit_login(&beta(), ANA.0, ANA.1).await;
    assert!(is_refusal(&away));
}

async fn a_missing_field_is_named_and_costs_no_evaluation(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let before = app.hasher.evaluations();
    let csrf = form.csrf.as_str();
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("_csrf", csrf)], "Please enter your email address."),
        (&[("_csrf", csrf), ("email", ""), ("password", "x")], "Please enter your email address."),
        (&[("_csrf", csrf), ("email", " \t "), ("password", "x")], "Please enter your email address."),
        (&[("_csrf", csrf), ("email", ANA.0)], "Please enter your password."),
        (&[("_csrf", csrf), ("email", ANA.0), ("password", "")], "Please enter your password."),
    ];
    for (fields, words) in cases {
        let answer = form.submit(&mut browser, "login", fields).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains(words), "{}", answer.body);
    }
    assert_eq!(app.hasher.evaluations(), before);
    assert_eq!(audited(&app, "user.login.password.failed").await, 0);
}

async fn section_6_3_the_typed_address_stays_and_the_password_does_not(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let answer = form.login(&mut browser, "  Ana@Acme.test ", "hush-hush-1234").await;
    assert!(answer.body.contains("value=\"Ana@Acme.test\""), "{}", answer.body);
    assert!(!answer.body.contains("hush-hush"), "{}", answer.body);
}

async fn section_2_8_a_password_is_refused_where_it_is_not_offered(app: TestApp) {
    app.provision(
        "version: \"1.0\"\norganizations:\n  - name: Links\n    slug: links\n    default_login_methods: [magic_link]\n    applications:\n      - name: App\n        slug: app\n        clients:\n          - client_name: Link App\n            client_id: link-app\n            id_token_signed_response_alg: ES256\n            client_type: public\n            application_type: spa\n            grant_types: [authorization_code]\n            redirect_uris: [\"https://links.test/cb\"]\n            scope: openid\n    users:\n      - email: leo@links.test\n        password: lantern-Quay-44\nallow_passwords: true\n",
    )
    .await;
    let request =
        porta_testkit::Authorize::new("links", "link-app", "https://links.test/cb").with("scope", "openid");
    let mut browser = app.browser();
    let form = open(&mut browser, &request).await;
    assert!(!form.page.body.contains("name=\"password\""), "{}", form.page.body);
    let before = app.hasher.evaluations();
    let answer = form.login(&mut browser, "leo@links.test", "lantern-Quay-44").await;
    assert!(answer.body.contains("This way of signing in is not available here"), "{}", answer.body);
    assert!(!browser.has_cookie("_session"));
    assert_eq!(app.hasher.evaluations(), before, "a refused method checks nothing");
}

async fn a_refusal_gives_no_session_and_leaves_the_form_usable(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let fields = [("_csrf", form.csrf.as_str()), ("email", ANA.0), ("password", WRONG)];
    let refused = browser.post(&format!("{}/login", form.url), &fields).await;
    let cookies: Vec<_> = refused.headers.get_all("set-cookie").iter().collect();
    assert!(
        cookies.len() == 2
            && set_cookie(&refused, "_begun").is_some()
            && set_cookie(&refused, "_said").is_some(),
        "the sign-in, what its page says, and no more: {cookies:?}"
    );
    let refused = browser.follow_flash(refused).await;
    assert_eq!(refused.field("_csrf"), form.csrf);
    let resumed_early = browser.clone().get(&form.resume_url()).await;
    assert!(resumed_early.status == 303 || resumed_early.status == 400);
    let mut again = app.browser();
    let form = open(&mut again, &web()).await;
    form.login(&mut again, ANA.0, WRONG).await;
    let entered = form.login(&mut again, ANA.0, ANA.1).await;
    let back = again.follow(entered).await;
    assert!(!code(&back).is_empty());
}
