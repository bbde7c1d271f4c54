//! What an interaction is bound to: one uid, one browser, one organization, one CSRF token.

use axum::body::Body;
use axum::http::Method;
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    w30_a_wrong_or_missing_csrf_secret_signs_nobody_in,
    w30_the_csrf_secret_of_another_interaction_is_wrong,
    w30_a_forged_decision_is_refused_and_changes_nothing,
    w30_another_browser_sees_nothing_of_it,
    w30_another_browser_cannot_finish_or_burn_it,
    w30_another_organizations_path_does_not_know_it,
    the_binding_of_another_interaction_opens_nothing,
    a_binding_that_was_tampered_with_opens_nothing,
    w30_state_never_changes_by_get,
    uids_of_any_shape_are_only_unknown,
);

fn assert_expired(answer: &Answer) {
    assert_eq!(answer.status, 400);
    assert_over(answer);
    assert!(answer.headers.get("set-cookie").is_none());
}

async fn w30_a_wrong_or_missing_csrf_secret_signs_nobody_in(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let before = app.hasher.evaluations();
    let longer = format!("{}x", form.csrf);
    let upper = form.csrf.to_uppercase();
    for csrf in ["", "x", &form.csrf[1..], &longer, &upper, form.uid()] {
        let fields = [("_csrf", csrf), ("email", ANA.0), ("password", ANA.1)];
        let answer = form.submit(&mut browser, "login", &fields).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("This form was out of date"), "{}", answer.body);
        assert!(set_cookie(&answer, "_session").is_none());
    }
    let missing = form.submit(&mut browser, "login", &[("email", ANA.0), ("password", ANA.1)]).await;
    assert!(missing.body.contains("This form was out of date"));
    assert_eq!(app.hasher.evaluations(), before, "nothing was judged");
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await), "the form of the page works");
}

async fn w30_the_csrf_secret_of_another_interaction_is_wrong(app: TestApp) {
    let mut browser = app.browser();
    let one = open(&mut browser, &web()).await;
    let two = open(&mut browser, &web()).await;
    assert_ne!(one.csrf, two.csrf);
    let fields = [("_csrf", two.csrf.as_str()), ("email", ANA.0), ("password", ANA.1)];
    let answer = one.submit(&mut browser, "login", &fields).await;
    assert!(answer.body.contains("This form was out of date"));
    assert!(set_cookie(&answer, "_session").is_none());
}

async fn w30_a_forged_decision_is_refused_and_changes_nothing(app: TestApp) {
    let mut browser = app.browser();
    let form = consent_form(&mut browser).await;
    for action in ["confirm", "abort"] {
        for fields in [vec![("decision", "approve")], vec![("decision", "approve"), ("_csrf", "x")]] {
            let answer = form.submit(&mut browser, action, &fields).await;
            assert_eq!(answer.status, 403, "{action}");
            assert!(answer.body.contains("Please try that again"), "{}", answer.body);
        }
    }
    let page = browser.get(&form.url).await;
    assert!(page.body.contains("Allow access?"), "still asking: {}", page.body);
    let decided = form.decide(&mut browser, "approve").await;
    code(&browser.follow(decided).await);
}

async fn w30_another_browser_sees_nothing_of_it(app: TestApp) {
    let mut victim = app.browser();
    let form = open(&mut victim, &web().with("login_hint", "hinted@acme.test")).await;
    let mut stranger = app.browser();
    let shown = stranger.get(&form.url).await;
    assert_expired(&shown);
    assert!(!shown.body.contains("Planner Web") && !shown.body.contains("hinted@"));
    assert_expired(&form.login(&mut stranger, ANA.0, ANA.1).await);
    assert_expired(&form.decide(&mut stranger, "approve").await);
    assert_expired(&form.abort(&mut stranger).await);
    assert!(is_signed_in(&form.login(&mut victim, ANA.0, ANA.1).await));
}

async fn w30_another_browser_cannot_finish_or_burn_it(app: TestApp) {
    let mut victim = app.browser();
    let form = open(&mut victim, &web()).await;
    let login = form.login(&mut victim, ANA.0, ANA.1).await;
    let mut stranger = app.browser();
    for _ in 0..2 {
        let answer = stranger.get(login.location()).await;
        assert_eq!(answer.status, 400);
        assert_over(&answer);
    }
    // Also not with a session of their own.
    stranger.sign_in(&web(), BOB.0, BOB.1).await;
    assert_eq!(stranger.get(login.location()).await.status, 400);
    code(&victim.follow(login).await);
}

async fn w30_another_organizations_path_does_not_know_it(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let mut moved = browser.clone();
    for name in ["_interaction", "_interaction_resume", "_begun"] {
        let value = browser.cookie(name).unwrap().to_owned();
        moved.plant(name, &value, "/");
    }
    let elsewhere = Form { url: form.url.replacen("/acme/", "/beta/", 1), ..form.clone() };
    assert_expired(&moved.get(&elsewhere.url).await);
    assert_expired(&elsewhere.login(&mut moved, ANA_OF_BETA.0, ANA_OF_BETA.1).await);
    assert_eq!(moved.get(&elsewhere.resume_url()).await.status, 400);
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await), "it was not burnt");
}

async fn the_binding_of_another_interaction_opens_nothing(app: TestApp) {
    let mut attacker = app.browser();
    open(&mut attacker, &web()).await;
    let theirs =
        ["_interaction", "_interaction_resume"].map(|name| (name, attacker.cookie(name).unwrap().to_owned()));
    let mut victim = app.browser();
    let form = open(&mut victim, &web()).await;
    let mut thief = app.browser();
    for (name, value) in &theirs {
        thief.plant(name, value, "/");
    }
    assert_expired(&thief.get(&form.url).await);
    assert_expired(&form.login(&mut thief, ANA.0, ANA.1).await);
    let resumed = thief.get(&form.resume_url()).await;
    assert_expired(&thief.follow(resumed).await);
}

async fn a_binding_that_was_tampered_with_opens_nothing(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let signed = browser.cookie("_interaction").unwrap().to_owned();
    let (signature, value) = signed.split_at(signed.len() - 43);
    let other = if signed.starts_with('A') { "B" } else { "A" };
    let forged = [
        value.to_owned(),
        format!("{other}{}", &signed[1..]),
        format!("{signature}{}", "A".repeat(43)),
        format!("{signed}x"),
        signed[..signed.len() - 1].to_owned(),
        String::new(),
        signature.to_owned(),
    ];
    for cookie in forged {
        let mut stranger = app.browser();
        stranger.plant("_interaction", &cookie, "/");
        assert_expired(&stranger.get(&form.url).await);
    }
}

async fn w30_state_never_changes_by_get(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let query = format!("?_csrf={}&email=ana%40acme.test&password={}&decision=approve", form.csrf, ANA.1);
    for action in ["login", "confirm", "abort"] {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH] {
            let url = format!("{}/{action}{query}", form.url);
            let answer = browser.send(method.clone(), &url, &[], Body::empty()).await;
            assert_eq!(answer.status, 405, "{method} {action}");
            assert_eq!(answer.header("allow"), Some("POST"));
        }
    }
    let confirm = browser.get("/acme/session/end/confirm?logout=yes").await;
    assert_eq!(confirm.status, 405);
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = browser.send(method, &form.resume_url(), &[], Body::empty()).await;
        assert_eq!(answer.status, 405);
    }
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await), "still at the login page");
}

async fn uids_of_any_shape_are_only_unknown(app: TestApp) {
    let mut browser = app.browser();
    open(&mut browser, &web()).await;
    let binding = browser.cookie("_interaction").unwrap().to_owned();
    let mut stranger = app.browser();
    stranger.plant("_interaction", &binding, "/");
    stranger.plant("_interaction_resume", &binding, "/");
    let long = "a".repeat(5_000);
    for uid in
        ["x", "..", "%2e%2e", "%00", "%2F", "null", "%F0%9F%92%A9", "x;%20Path=/", "x%0D%0AA:%20b", &long]
    {
        for kind in ["interaction", "auth"] {
            let answer = stranger.get(&format!("/acme/{kind}/{uid}")).await;
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{kind}/{uid}: {}", answer.status);
            assert!(answer.headers.get("set-cookie").is_none(), "{kind}/{uid}");
        }
    }
}

/// Signs Ana in, up to the consent page of a third party.
async fn consent_form(browser: &mut Browser) -> Form {
    let login = browser.submit_login(&partner(), ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    Form::at(browser, resumed).await
}
