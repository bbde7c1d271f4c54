//! Sensitive actions require a recent sign-in.

use porta_core::settings::STEP_UP_MAX_AGE;
use porta_testkit::{TestApp, on_both_stores};

use super::*;

on_both_stores!(
    nothing_that_matters_is_done_on_an_old_sign_in,
    signing_in_again_leads_back_and_does_nothing_by_itself,
    the_session_stays_the_same,
    cancelling_leads_to_the_account,
    another_person_gets_their_own_account,
    the_age_is_a_setting,
);

/// A page and what is posted to it.
type PagePost = (&'static str, &'static [(&'static str, &'static str)]);

/// Everything that requires a recent sign-in.
const MATTERS: [PagePost; 8] = [
    ("/password", &[("currentPassword", ANA.1), ("password", "x"), ("confirmPassword", "x")]),
    ("/two-factor", &[("action", "enable"), ("method", "authenticator")]),
    ("/two-factor", &[("action", "disable")]),
    ("/two-factor", &[("action", "regenerate")]),
    ("/two-factor/setup", &[("code", "123456")]),
    ("/two-factor/resend", &[]),
    ("/sessions", &[("session", "others")]),
    ("/data", &[]),
];

async fn nothing_that_matters_is_done_on_an_old_sign_in(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    grow_old(&app);
    for (path, fields) in MATTERS {
        let mut account = account.clone();
        let answer = account.post(path, fields).await;
        assert!(asks_to_sign_in(&answer), "{path} {fields:?}");
        let form = Form::at(&mut account.browser, answer).await;
        assert!(form.page.body.contains(&format!("value=\"{}\"", ANA.0)), "the address is filled in");
        assert!(form.page.body.contains("sign in again"));
    }
    for path in ["/password", "/two-factor/setup"] {
        assert!(asks_to_sign_in(&account.get(path).await), "{path} shows or takes something that matters");
    }
    for path in ["", "/two-factor", "/sessions", "/applications", "/data"] {
        assert_eq!(account.get(path).await.status, 200, "{path} may be looked at");
    }
    assert_eq!(audited(&app, "user.data.exported").await + audited(&app, "user.sessions.revoked").await, 0);
}

async fn signing_in_again_leads_back_and_does_nothing_by_itself(app: TestApp) {
    let other = Account::of_ana(&app).await;
    let mut account = Account::of_ana(&app).await;
    grow_old(&app);
    let stale = account.csrf().await;
    let answer = account.post("/sessions", &[("session", "others")]).await;
    let page = account.sign_in(answer, ANA).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Signed in on"), "at the page it came from");
    assert_eq!(other.clone().get("").await.status, 200, "the press of the button is not repeated");
    let url = account.url("/sessions");
    let replayed = account.browser.post(&url, &[("_csrf", &stale), ("session", "others")]).await;
    let page = account.browser.follow(replayed).await;
    assert!(page.body.contains("out of date"), "a form of before: {}", page.body);
    assert_eq!(other.clone().get("").await.status, 200);
    account.done("/sessions", &[("session", "others")]).await;
    assert!(asks_to_sign_in(&other.clone().get("").await));
}

async fn the_session_stays_the_same(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let mut account = Account { browser, org: "acme" };
    let before = account.browser.cookie("_session").unwrap().to_owned();
    grow_old(&app);
    let answer = account.get("/password").await;
    account.sign_in(answer, ANA).await;
    assert_ne!(account.browser.cookie("_session").unwrap(), before, "another cookie");
    assert!(is_live(&app, "acme", &tokens).await, "the same session (repairs W26)");
    let mut old = app.browser();
    old.plant("_session", &before, "/acme");
    assert!(asks_to_sign_in(&Account { browser: old, org: "acme" }.get("").await));
}

async fn cancelling_leads_to_the_account(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    grow_old(&app);
    let answer = account.get("/password").await;
    let form = Form::at(&mut account.browser, answer).await;
    let aborted = form.abort(&mut account.browser).await;
    assert!(leads_to(&aborted, ""), "{}", aborted.location());
    assert_eq!(account.get("").await.status, 200, "still signed in");
    assert!(asks_to_sign_in(&account.get("/password").await), "and not any younger");
}

async fn another_person_gets_their_own_account(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let ana = account.clone();
    grow_old(&app);
    let answer = account.get("/password").await;
    account.sign_in(answer, BOB).await;
    let page = account.get("").await;
    assert!(page.body.contains(BOB.0) && !page.body.contains(ANA.0), "{}", page.body);
    assert!(asks_to_sign_in(&ana.clone().get("").await), "her session ended");
}

async fn the_age_is_a_setting(app: TestApp) {
    set(&app, "acme", STEP_UP_MAX_AGE, 3600).await;
    let mut account = Account::of_ana(&app).await;
    grow_old(&app);
    assert_eq!(account.get("/password").await.status, 200);
    app.advance(std::time::Duration::from_hours(1));
    assert!(asks_to_sign_in(&account.get("/password").await));
}
