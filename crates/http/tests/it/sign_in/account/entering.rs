//! Signing in without a client.

use axum::body::Body;
use axum::http::Method;
use porta_core::organization::OrganizationStatus;
use porta_core::user::UserStatus;
use porta_testkit::{TestApp, on_both_stores};

use super::*;

on_both_stores!(
    without_a_session_one_signs_in_and_arrives_at_the_page,
    a_session_of_a_client_is_enough,
    the_login_page_names_the_organization,
    cancelling_ends_it,
    the_resume_address_works_once_and_for_its_browser,
    a_session_of_another_organization_is_none,
    a_session_that_ended_is_none,
    nobody_without_an_account_gets_in,
    a_begun_sign_in_leaves_nothing,
    every_page_is_kept_by_nobody,
    head_begins_nothing,
);

const PAGES: [&str; 6] = ["", "/password", "/two-factor", "/sessions", "/applications", "/data"];

async fn without_a_session_one_signs_in_and_arrives_at_the_page(app: TestApp) {
    for path in PAGES {
        let mut account = Account { browser: app.browser(), org: "acme" };
        let start = account.get(path).await;
        assert!(asks_to_sign_in(&start), "{path}: {}", start.status);
        let form = Form::at(&mut account.browser, start).await;
        let login = form.login(&mut account.browser, ANA.0, ANA.1).await;
        assert!(set_cookie(&login, "_session").is_some());
        let resumed = account.browser.get(login.location()).await;
        assert!(leads_to(&resumed, path), "{path}: {}", resumed.location());
        assert_eq!(account.get(path).await.status, 200);
    }
}

async fn a_session_of_a_client_is_enough(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let mut account = Account { browser, org: "acme" };
    let page = account.get("").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(ANA.0));
    // And the other way round.
    let mut account = Account::of_ana(&app).await;
    code(&account.browser.get(&web().url()).await);
}

async fn the_login_page_names_the_organization(app: TestApp) {
    let mut account = Account { browser: app.browser(), org: "acme" };
    let start = account.get("").await;
    let form = Form::at(&mut account.browser, start).await;
    assert!(form.page.body.contains("Acme"), "{}", form.page.body);
    let wrong = form.login(&mut account.browser, ANA.0, WRONG).await;
    assert!(is_refusal(&wrong), "{}", wrong.body);
    let forged = form.submit(&mut account.browser, "confirm", &[("_csrf", &form.csrf)]).await;
    assert_eq!(forged.status, 200, "there is nothing to consent to: the login page");
}

async fn cancelling_ends_it(app: TestApp) {
    let mut account = Account { browser: app.browser(), org: "acme" };
    let start = account.get("/sessions").await;
    let form = Form::at(&mut account.browser, start).await;
    let aborted = form.abort(&mut account.browser).await;
    let end = account.browser.follow(aborted).await;
    assert_eq!(end.status, 200, "a page, and not the login page again");
    assert!(!end.body.contains("name=\"password\""));
    assert_eq!(audited(&app, "auth.login.cancelled").await, 1);
    let late = form.login(&mut account.browser, ANA.0, ANA.1).await;
    assert_eq!(late.status, 400, "it is over");
}

async fn the_resume_address_works_once_and_for_its_browser(app: TestApp) {
    let mut account = Account { browser: app.browser(), org: "acme" };
    let start = account.get("").await;
    let form = Form::at(&mut account.browser, start).await;
    let login = form.login(&mut account.browser, ANA.0, ANA.1).await;
    assert_eq!(app.browser().get(login.location()).await.status, 400, "another browser");
    let elsewhere = login.location().replace("/acme/", "/beta/");
    assert_eq!(account.browser.get(&elsewhere).await.status, 400, "another organization");
    let mut copy = account.browser.clone();
    assert!(leads_to(&account.browser.get(login.location()).await, ""));
    assert!(leads_to(&copy.get(login.location()).await, ""), "the answer of before");
    assert_eq!(copy.get(&format!("{}?n=2", login.location())).await.status, 400, "used");
}

async fn a_session_of_another_organization_is_none(app: TestApp) {
    let mut beta = Account::open(&app, "beta", ANA_OF_BETA).await;
    let cookie = beta.browser.cookie("_session").unwrap().to_owned();
    beta.browser.plant("_session", &cookie, "/acme");
    let csrf = beta.csrf().await;
    let mut here = Account { org: "acme", ..beta };
    for path in PAGES {
        assert!(asks_to_sign_in(&here.get(path).await), "{path}");
    }
    let url = here.url("/data");
    assert!(asks_to_sign_in(&here.browser.post(&url, &[("_csrf", &csrf)]).await));
}

async fn a_session_that_ended_is_none(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let csrf = account.csrf().await;
    set_user_status(&app, ANA.0, UserStatus::Suspended).await;
    let sessions = account.url("/sessions");
    let posted = account.browser.post(&sessions, &[("_csrf", &csrf), ("session", "others")]).await;
    assert!(asks_to_sign_in(&posted), "revoked between page and button");
    for path in PAGES {
        assert!(asks_to_sign_in(&account.get(path).await), "{path}");
    }
    set_user_status(&app, ANA.0, UserStatus::Active).await;
    assert!(asks_to_sign_in(&account.get("").await), "it does not come back");
    set_organization_status(&app, "acme", OrganizationStatus::Suspended).await;
    assert_eq!(account.get("").await.status, 403);
}

async fn nobody_without_an_account_gets_in(app: TestApp) {
    for (email, password) in [(NOBODY, ANA.1), (ANA.0, WRONG), INACTIVE, ANA_OF_BETA] {
        let mut account = Account { browser: app.browser(), org: "acme" };
        let start = account.get("").await;
        let form = Form::at(&mut account.browser, start).await;
        let answer = form.login(&mut account.browser, email, password).await;
        assert!(!is_signed_in(&answer), "{email}");
        assert!(asks_to_sign_in(&account.get("").await));
    }
}

async fn a_begun_sign_in_leaves_nothing(app: TestApp) {
    let mut account = Account { browser: app.browser().with("accept", "text/html"), org: "acme" };
    let before = app.kv_entries().await;
    for path in PAGES {
        assert!(asks_to_sign_in(&account.get(path).await));
    }
    assert_eq!(app.kv_entries().await, before);
}

async fn every_page_is_kept_by_nobody(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    for path in PAGES {
        let page = account.get(path).await;
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

async fn head_begins_nothing(app: TestApp) {
    for path in PAGES {
        let mut account = Account { browser: app.browser(), org: "acme" };
        let url = account.url(path);
        let answer = account.browser.send(Method::HEAD, &url, &[], Body::empty()).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(answer.header("set-cookie").is_none());
    }
    let mut account = Account::of_ana(&app).await;
    let url = account.url("");
    assert_eq!(account.browser.post(&url, &[]).await.status, 405);
    for path in ["/two-factor/resend", "/two-factor/cancel", "/two-factor/codes"] {
        assert_eq!(account.get(path).await.status, 405, "{path} changes something");
    }
}
