//! When a login or consent page appears (OpenID Connect Core §3.1.2.1 and §3.1.2.3).

use std::time::Duration;

use porta_core::user::UserStatus;
use porta_testkit::{Authorize, TestApp, jwt_payload};

use super::support::*;

porta_testkit::on_both_stores!(
    nobody_signed_in_means_the_login_page,
    a_live_session_needs_no_page,
    prompt_none_never_shows_a_page,
    prompt_none_wants_consent_it_may_not_ask_for,
    prompt_login_asks_again_inside_the_session,
    prompt_select_account_asks_again,
    prompt_consent_asks_each_time,
    a_native_client_of_ours_is_confirmed,
    a_confirmation_counts_for_the_session_it_was_given_in,
    prompt_create_is_answered_clearly,
    prompts_combine,
    max_age_counts_from_the_sign_in,
    max_age_zero_asks_again_and_ends,
    max_age_with_prompt_none_is_login_required,
    a_session_ends_by_time,
    a_session_slides,
    a_suspended_person_is_asked_to_sign_in,
    a_session_of_one_organization_means_nothing_to_another,
);

async fn auth_time(app: &TestApp, browser: &mut porta_testkit::Browser, code: &str) -> i64 {
    let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, code).await);
    verified(app, "acme", tokens.id()).await["auth_time"].as_i64().unwrap()
}

async fn nobody_signed_in_means_the_login_page(app: TestApp) {
    let mut browser = app.browser();
    for request in [web(), spa(), native(), partner(), web().with("prompt", "consent")] {
        let answer = browser.get(&request.url()).await;
        assert!(leads_to_interaction(&answer), "{}", answer.location());
        let page = browser.follow(answer).await;
        assert!(page.body.contains("name=\"password\""), "{}", page.body);
    }
}

async fn a_live_session_needs_no_page(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in [web(), spa(), billing()] {
        assert!(browser.get(&request.url()).await.query("code").is_some(), "{request:?}");
    }
}

/// OpenID Connect Core §3.1.2.1: MUST NOT display any authentication or consent pages.
async fn prompt_none_never_shows_a_page(app: TestApp) {
    let mut browser = app.browser();
    assert_refused_to(&browser.get(&web().with("prompt", "none").url()).await, WEB_URI, "login_required");
    assert!(!browser.has_cookie("_interaction"), "nothing was begun");
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let answer = browser.get(&web().with("prompt", "none").url()).await;
    assert!(answer.query("code").is_some(), "{}", answer.location());
}

/// OpenID Connect Core §3.1.2.6.
async fn prompt_none_wants_consent_it_may_not_ask_for(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let silent = partner().with("prompt", "none");
    assert_refused_to(&browser.get(&silent.url()).await, PARTNER_URI, "consent_required");
    code(&mut browser, &partner()).await;
    assert!(browser.get(&silent.url()).await.query("code").is_some(), "what was granted is remembered");
    let more = silent.with("scope", "openid profile email nothing");
    assert!(browser.get(&more.url()).await.query("code").is_some(), "an unknown scope is no new question");
}

/// The session and its tokens stay; `auth_time` is new.
async fn prompt_login_asks_again_inside_the_session(app: TestApp) {
    let mut browser = app.browser();
    let first = browser.sign_in(&web(), ANA.0, ANA.1).await.query("code").unwrap();
    let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &first).await);
    app.advance(Duration::from_secs(100));
    let again = web().with("prompt", "login");
    assert!(leads_to_interaction(&browser.get(&again.url()).await));
    let answer = browser.sign_in(&again, ANA.0, ANA.1).await;
    let code = answer.query("code").unwrap();
    let renewed = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
    let (before, after) = (jwt_payload(tokens.id()), jwt_payload(renewed.id()));
    assert_eq!(after["auth_time"].as_i64().unwrap() - before["auth_time"].as_i64().unwrap(), 100);
    assert_eq!(after["sid"], before["sid"], "the same session goes on");
    assert!(is_active(&app, &tokens.access).await && is_active(&app, tokens.refresh()).await);
}

/// A browser has one account per organization, so choosing an account means signing in.
async fn prompt_select_account_asks_again(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("prompt", "select_account");
    assert!(leads_to_interaction(&browser.get(&request.url()).await));
    assert!(browser.sign_in(&request, ANA.0, ANA.1).await.query("code").is_some());
}

/// OpenID Connect Core §3.1.2.1: one consent page, not two; an organization's own clients included.
async fn prompt_consent_asks_each_time(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in [web(), spa(), native(), partner()] {
        let asking = request.clone().with("prompt", "consent");
        for _ in 0..2 {
            let answer = browser.get(&asking.url()).await;
            assert!(leads_to_interaction(&answer), "{}", answer.location());
            let page = browser.follow(answer).await;
            assert!(page.body.contains("Allow access?") && page.body.contains("See your email address"));
            let answer = browser.get(&asking.url()).await;
            let answer = approve(&mut browser, answer).await;
            assert!(answer.query("code").is_some(), "{}", answer.location());
        }
        // Also right after the sign-in.
        let answer = app.browser().sign_in(&asking, ANA.0, ANA.1).await;
        assert!(answer.body.contains("Allow access?"), "{}", answer.body);
    }
    for request in [web(), spa(), partner()] {
        assert!(
            browser.get(&request.url()).await.query("code").is_some(),
            "without the prompt the grant is enough"
        );
    }
}

/// RFC 8252 §8.6: any program on the machine can pretend to be this client and listen on a loopback port.
async fn a_native_client_of_ours_is_confirmed(app: TestApp) {
    let request = native().with("redirect_uri", "http://127.0.0.1:50123/cb");
    let mut browser = ana_signed_in(&app).await;
    for _ in 0..2 {
        let silent = browser.get(&request.clone().with("prompt", "none").url()).await;
        assert_refused_to(&silent, "http://127.0.0.1:50123/cb", "interaction_required");
        let answer = browser.get(&request.url()).await;
        assert!(leads_to_interaction(&answer), "{}", answer.location());
        let page = browser.follow(answer).await;
        assert!(page.body.contains("Planner CLI</bdi> on this device wants to sign in"), "{}", page.body);
        assert!(!page.body.contains("See your profile"), "what is given is not the question");
        // An earlier confirmation does not count for the next request.
        let answer = browser.get(&request.url()).await;
        assert!(approve(&mut browser, answer).await.query("code").is_some());
    }
    let posted = browser.cross_site_post("/acme/auth", &request.pairs()).await;
    let answer = browser.get(posted.location()).await;
    assert!(leads_to_interaction(&answer), "{}", answer.location());
    let page_url = answer.location().to_owned();
    let csrf = browser.follow(answer).await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("decision", "deny")];
    let answer = browser.post(&format!("{page_url}/confirm"), &form).await;
    let refused = browser.follow(answer).await;
    assert_refused_to(&refused, "http://127.0.0.1:50123/cb", "access_denied");
    // Typing the password for the request already confirms it.
    for request in [request.clone(), request.with("prompt", "login")] {
        let answer = browser.clone().sign_in(&request.with("max_age", "0"), ANA.0, ANA.1).await;
        assert!(answer.query("code").is_some(), "{}", answer.body);
    }
    // A confidential client proves itself with its secret.
    change_client(&app, "web", |c| c.application_type = porta_core::client::ApplicationType::Native).await;
    let mut browser = ana_signed_in(&app).await;
    assert!(browser.get(&web().url()).await.query("code").is_some());
}

/// A confirmation in one session does not count in the session of another browser.
async fn a_confirmation_counts_for_the_session_it_was_given_in(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = browser.get(&native().url()).await;
    let page_url = answer.location().to_owned();
    let csrf = browser.follow(answer).await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("decision", "approve")];
    let resume = browser.post(&format!("{page_url}/confirm"), &form).await.location().to_owned();
    let bobs = signed_in(&app, BOB).await;
    browser.plant("_session", bobs.cookie("_session").unwrap(), "/acme");
    let answer = browser.get(&resume).await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (400, None), "{}", answer.body);
}

/// Initiating User Registration 1.0 §4.1.
async fn prompt_create_is_answered_clearly(app: TestApp) {
    let answer = app.browser().get(&web().with("prompt", "create").url()).await;
    assert_refused_to(&answer, WEB_URI, "invalid_request");
    assert!(answer.query("error_description").unwrap().contains("create"));
}

async fn prompts_combine(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for prompt in ["login consent", "consent login", "login select_account"] {
        let request = web().with("prompt", prompt);
        assert!(leads_to_interaction(&browser.get(&request.url()).await), "{prompt}");
        let login = browser.submit_login(&request, ANA.0, ANA.1).await;
        let resumed = browser.get(login.location()).await;
        assert_eq!(leads_to_interaction(&resumed), prompt.contains("consent"), "{prompt}");
        assert!(approve(&mut browser, resumed).await.query("code").is_some(), "{prompt}");
    }
}

/// OpenID Connect Core §3.1.2.1.
async fn max_age_counts_from_the_sign_in(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let signed_in = app.now().seconds();
    app.advance(Duration::from_secs(9));
    assert!(browser.get(&web().with("max_age", "10").url()).await.query("code").is_some());
    app.advance(Duration::from_secs(2));
    assert!(leads_to_interaction(&browser.get(&web().with("max_age", "10").url()).await));
    assert!(leads_to_interaction(&browser.get(&web().with("max_age", "1").url()).await));
    let code = browser.get(&web().with("max_age", "10000").url()).await.query("code").unwrap();
    assert_eq!(auth_time(&app, &mut browser, &code).await, signed_in);
    let renewed = browser.sign_in(&web().with("max_age", "1"), ANA.0, ANA.1).await.query("code").unwrap();
    assert_eq!(auth_time(&app, &mut browser, &renewed).await, signed_in + 11);
}

/// `max_age=0` means `prompt=login`, once.
async fn max_age_zero_asks_again_and_ends(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web().with("max_age", "0");
    assert!(leads_to_interaction(&browser.get(&request.url()).await));
    assert!(browser.sign_in(&request, ANA.0, ANA.1).await.query("code").is_some());
}

async fn max_age_with_prompt_none_is_login_required(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    app.advance(Duration::from_secs(20));
    for max_age in ["0", "10"] {
        let request = web().with("max_age", max_age).with("prompt", "none");
        assert_refused_to(&browser.get(&request.url()).await, WEB_URI, "login_required");
    }
}

async fn a_session_ends_by_time(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    app.advance(Duration::from_hours(24));
    assert_refused_to(&browser.get(&web().with("prompt", "none").url()).await, WEB_URI, "login_required");
}

/// Each visit extends the session.
async fn a_session_slides(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for _ in 0..3 {
        app.advance(Duration::from_secs(80_000));
        assert!(browser.get(&web().with("prompt", "none").url()).await.query("code").is_some());
    }
}

/// A login page: neither a server error nor a code.
async fn a_suspended_person_is_asked_to_sign_in(app: TestApp) {
    for status in [UserStatus::Suspended, UserStatus::Inactive, UserStatus::Locked] {
        let mut browser = ana_signed_in(&app).await;
        set_user(&app, ANA.0, status).await;
        assert!(leads_to_interaction(&browser.get(&web().url()).await), "{status}");
        let silent = browser.get(&web().with("prompt", "none").url()).await;
        assert_refused_to(&silent, WEB_URI, "login_required");
        set_user(&app, ANA.0, UserStatus::Active).await;
        let back = browser.get(&web().with("prompt", "none").url()).await;
        assert_refused_to(&back, WEB_URI, "login_required");
    }
}

/// Same email address, but another account in another organization.
async fn a_session_of_one_organization_means_nothing_to_another(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let beta = Authorize::new("beta", "partner", PARTNER_URI);
    let answer = browser.get(&beta.url()).await;
    assert!(answer.location().starts_with("https://id.test/beta/interaction/"), "{}", answer.location());
    let cookie = browser.cookie("_session").unwrap().to_owned();
    browser.plant("_session", &cookie, "/beta");
    let planted = browser.get(&beta.with("prompt", "none").url()).await;
    assert_eq!(planted.query("error").as_deref(), Some("login_required"), "{}", planted.location());
}
