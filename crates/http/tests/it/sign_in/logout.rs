//! Sign-out (RP-Initiated Logout 1.0): confirmed first, complete, and only for the session's owner.

use std::time::Duration;

use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_5_7_a_get_asks_first_and_ends_nothing,
    section_5_7_a_hint_does_not_skip_the_page,
    w27_a_cross_site_post_leads_to_the_page,
    confirming_ends_the_session_and_clears_the_cookie,
    a_form_without_the_secret_ends_nothing,
    the_secret_ends_one_session,
    the_secret_of_another_session_ends_nothing,
    a_form_older_than_its_session_is_harmless,
    nobody_signed_in_is_signed_out_at_once,
    section_5_4_every_token_of_the_session_dies_offline_ones_too,
    section_5_4_a_code_that_was_not_redeemed_yet_dies,
    tokens_of_other_sessions_live_on,
    section_6_9_the_success_page_is_branded_by_its_address,
    a_logout_raced_by_a_silent_sign_in_leaves_nothing,
);

const END: &str = "/acme/session/end";

pub(super) async fn confirm(browser: &mut Browser, xsrf: &str) -> Answer {
    browser.post("/acme/session/end/confirm", &[("xsrf", xsrf), ("logout", "yes")]).await
}

pub(super) async fn is_in(browser: &mut Browser) -> bool {
    browser.get(&web().with("prompt", "none").url()).await.query("code").is_some()
}

async fn ana(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    browser
}

async fn section_5_7_a_get_asks_first_and_ends_nothing(app: TestApp) {
    let mut browser = ana(&app).await;
    let page = browser.get(END).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Sign out?") && page.body.contains("id=\"op.logoutForm\""), "{}", page.body);
    assert_eq!(page.field("logout"), "yes");
    assert!(page.headers.get("set-cookie").is_none());
    assert!(is_in(&mut browser).await);
}

async fn section_5_7_a_hint_does_not_skip_the_page(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let page = browser.get(&format!("{END}?id_token_hint={}", tokens["id_token"].as_str().unwrap())).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("<bdi class=\"name\">Planner Web</bdi> asked to sign you out"),
        "{}",
        page.body
    );
    assert!(is_in(&mut browser).await);
}

async fn w27_a_cross_site_post_leads_to_the_page(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let hint = tokens["id_token"].as_str().unwrap();
    let fields =
        [("id_token_hint", hint), ("post_logout_redirect_uri", "https://web.test/bye"), ("state", "s 1")];
    let answer = browser.cross_site_post(END, &fields).await;
    assert_eq!(answer.status, 303);
    let page = browser.follow(answer).await;
    assert!(page.body.contains("Sign out?"), "{}", page.body);
    let out = confirm(&mut browser, &page.field("xsrf")).await;
    assert_eq!(out.location(), "https://web.test/bye?state=s+1");
    assert!(!is_in(&mut browser).await);
}

async fn confirming_ends_the_session_and_clears_the_cookie(app: TestApp) {
    let mut browser = ana(&app).await;
    let copy = browser.clone();
    let xsrf = browser.get(END).await.field("xsrf");
    let out = confirm(&mut browser, &xsrf).await;
    assert_eq!(out.status, 303);
    assert_eq!(out.location(), "https://id.test/acme/session/end/success");
    let cleared = set_cookie(&out, "_session").unwrap();
    assert!(cleared.contains("Max-Age=0") && cleared.contains("Path=/acme"), "{cleared}");
    assert!(!browser.has_cookie("_session"));
    assert!(!is_in(&mut copy.clone()).await, "a copy of the cookie is worth nothing");
}

async fn a_form_without_the_secret_ends_nothing(app: TestApp) {
    let mut browser = ana(&app).await;
    let xsrf = browser.get(END).await.field("xsrf");
    let guessed = "A".repeat(43);
    let cases: [&[(&str, &str)]; 6] = [
        &[],
        &[("logout", "yes")],
        &[("logout", "yes"), ("xsrf", "")],
        &[("logout", "yes"), ("xsrf", &guessed)],
        &[("logout", "yes"), ("xsrf", "porta_se_")],
        &[("xsrf", &xsrf)],
    ];
    for fields in cases {
        let answer = browser.post("/acme/session/end/confirm", fields).await;
        assert_eq!(answer.status, 400, "{fields:?}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert!(is_in(&mut browser).await);
    assert_eq!(confirm(&mut browser, &xsrf).await.status, 303);
}

async fn the_secret_ends_one_session(app: TestApp) {
    let mut browser = ana(&app).await;
    let xsrf = browser.get(END).await.field("xsrf");
    let first = confirm(&mut browser, &xsrf).await;
    assert_eq!(first.status, 303);
    let again = confirm(&mut browser, &xsrf).await;
    assert_eq!(again.location(), first.location(), "a double click gets the same answer (decision D20)");
    assert_eq!(audited(&app, "user.logout").await, 1);
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    assert_eq!(confirm(&mut browser, &xsrf).await.status, 400, "nor for the next session");
    assert!(is_in(&mut browser).await);
}

async fn the_secret_of_another_session_ends_nothing(app: TestApp) {
    let mut victim = ana(&app).await;
    let mut attacker = app.browser();
    attacker.sign_in(&web(), BOB.0, BOB.1).await;
    let theirs = attacker.get(END).await.field("xsrf");
    let answer = confirm(&mut victim, &theirs).await;
    assert_eq!(answer.status, 400);
    assert!(is_in(&mut victim).await);
    assert!(is_in(&mut attacker).await);
}

async fn a_form_older_than_its_session_is_harmless(app: TestApp) {
    let mut browser = ana(&app).await;
    let xsrf = browser.get(END).await.field("xsrf");
    app.advance(Duration::from_hours(24));
    // The stored form expires by the store's own time, the session by the test clock, so either answer is possible.
    let answer = confirm(&mut browser, &xsrf).await;
    assert!(matches!(answer.status.as_u16(), 303 | 400), "{}", answer.status);
    assert!(!is_in(&mut browser).await);
    assert_eq!(audited(&app, "user.logout").await, 0, "it had ended by itself");
}

async fn nobody_signed_in_is_signed_out_at_once(app: TestApp) {
    let mut browser = app.browser();
    let answer = browser.get(END).await;
    assert_eq!(answer.location(), "https://id.test/acme/session/end/success");
    let answer = browser
        .get(&format!("{END}?client_id=web&post_logout_redirect_uri=https%3A%2F%2Fweb.test%2Fbye&state=x"))
        .await;
    assert_eq!(answer.location(), "https://web.test/bye?state=x");
}

async fn section_5_4_every_token_of_the_session_dies_offline_ones_too(app: TestApp) {
    let mut browser = app.browser();
    let offline = web().with("scope", "openid offline_access").with("prompt", "consent");
    let one = tokens(&mut browser, &offline, ANA, WEB).await;
    let back = browser.get(&billing().url()).await;
    let two = redeemed(&mut browser, &billing(), BILLING, &code(&back)).await;
    let xsrf = browser.get(END).await.field("xsrf");
    confirm(&mut browser, &xsrf).await;
    for (client, tokens) in [(WEB, &one), (BILLING, &two)] {
        assert!(!is_live(&app, "acme", tokens).await);
        let token = tokens["refresh_token"].as_str().unwrap();
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let refused = app.browser().token("acme", client, &form).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]), (400, &"invalid_grant".into()));
        for token in [token, tokens["access_token"].as_str().unwrap()] {
            let seen =
                app.browser().authenticated("/acme/token/introspection", client, &[("token", token)]).await;
            assert_eq!(seen.json(), serde_json::json!({ "active": false }));
        }
    }
}

async fn section_5_4_a_code_that_was_not_redeemed_yet_dies(app: TestApp) {
    let mut browser = app.browser();
    for request in [web(), web().with("scope", "openid offline_access").with("prompt", "consent")] {
        let back = approved(&mut browser, &request, ANA).await;
        let xsrf = browser.get(END).await.field("xsrf");
        confirm(&mut browser, &xsrf).await;
        let late = redeem(&mut browser, &request, WEB, &code(&back)).await;
        assert_eq!((late.status.as_u16(), &late.json()["error"]), (400, &"invalid_grant".into()));
    }
}

async fn tokens_of_other_sessions_live_on(app: TestApp) {
    let elsewhere = tokens(&mut app.browser(), &web(), ANA, WEB).await;
    let colleague = tokens(&mut app.browser(), &web(), BOB, WEB).await;
    let mut browser = ana(&app).await;
    let xsrf = browser.get(END).await.field("xsrf");
    confirm(&mut browser, &xsrf).await;
    assert!(is_live(&app, "acme", &elsewhere).await && is_live(&app, "acme", &colleague).await);
}

async fn section_6_9_the_success_page_is_branded_by_its_address(app: TestApp) {
    for (org, name) in [("acme", "Acme"), ("beta", "Beta")] {
        let page = app.browser().get(&format!("/{org}/session/end/success")).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains("You are signed out"));
        assert!(page.body.contains(&format!("<bdi class=\"company\">{name}</bdi>")), "{}", page.body);
    }
}

/// Extending a session reads it before the logout and writes it afterwards: storage decides.
async fn a_logout_raced_by_a_silent_sign_in_leaves_nothing(app: TestApp) {
    for _ in 0..10 {
        let mut browser = app.browser();
        let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
        app.advance(Duration::from_secs(20_000));
        let xsrf = browser.get(END).await.field("xsrf");
        let mut silent = browser.clone();
        let mut after = browser.clone();
        let url = web().with("prompt", "none").url();
        let (out, raced) = tokio::join!(confirm(&mut browser, &xsrf), silent.get(&url));
        assert_eq!(out.status, 303);
        if let Some(code) = raced.query("code") {
            assert_eq!(redeem(&mut silent, &web(), WEB, &code).await.status, 400);
        }
        assert!(!is_in(&mut after).await && !is_in(&mut silent).await);
        assert!(!is_live(&app, "acme", &tokens).await);
    }
}
