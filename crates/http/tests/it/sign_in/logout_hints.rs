//! Sign-out with an unverifiable ID token hint and a `client_id` (RP-Initiated Logout 1.0 §2, §4): the person is asked,
//! the session ends, and the browser continues as without a hint.

use porta_testkit::{TestApp, on_both_stores};

use super::logout::{confirm, is_in};
use super::logout_requests::{ADDRESS, BYE, CLIENT, HINT, HINT_OF_ANOTHER, assert_refused, forged, out, url};
use super::support::*;

on_both_stores!(
    section_4_the_person_is_asked_and_gets_out,
    a_post_is_asked_about_as_well,
    nothing_happens_before_the_person_confirms,
    nothing_of_such_a_hint_is_used,
    section_3_it_opens_no_address_that_is_not_registered,
    it_makes_no_client_known,
    a_hint_of_another_tenant_ends_nothing_there,
    section_2_a_hint_that_holds_must_still_agree,
    without_a_client_that_is_named_the_request_is_refused,
    nobody_signed_in_goes_on_as_without_a_hint,
);

const SPA_BYE: &str = "https://spa.test/bye";

fn named<'a>(hint: &'a str, client: &'a str, to: &'a str) -> [(&'a str, &'a str); 4] {
    [("id_token_hint", hint), ("client_id", client), ("post_logout_redirect_uri", to), ("state", "s 1")]
}

async fn section_4_the_person_is_asked_and_gets_out(app: TestApp) {
    let first = tokens(&mut app.browser(), &web(), ANA, WEB).await;
    for hint in forged(&first) {
        let mut browser = app.browser();
        let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
        let page = browser.get(&url(&named(&hint, "web", BYE))).await;
        assert_eq!(page.status, 200, "{hint}: {}", page.body);
        assert!(
            page.body.contains("<bdi class=\"name\">Planner Web</bdi> asked to sign you out"),
            "{}",
            page.body
        );
        assert!(is_live(&app, "acme", &tokens).await && is_in(&mut browser).await, "{hint}");
        let done = confirm(&mut browser, &page.field("xsrf")).await;
        assert_eq!(done.location(), "https://web.test/bye?state=s+1");
        assert!(!is_live(&app, "acme", &tokens).await && !is_in(&mut browser).await, "{hint}");
    }
    assert!(is_live(&app, "acme", &first).await, "the hint named a session; it ended the browser's own ones");
}

async fn a_post_is_asked_about_as_well(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let answer = browser.cross_site_post("/acme/session/end", &named("x.y.z", "web", BYE)).await;
    let page = browser.follow(answer).await;
    assert!(page.body.contains("Sign out?") && is_live(&app, "acme", &tokens).await, "{}", page.body);
    let done = confirm(&mut browser, &page.field("xsrf")).await;
    assert_eq!(done.location(), "https://web.test/bye?state=s+1");
    assert!(!is_live(&app, "acme", &tokens).await);

    let answer = browser.cross_site_post("/acme/session/end", &named("x.y.z", "web", SPA_BYE)).await;
    assert_refused(&answer, ADDRESS);
    let answer = browser.cross_site_post("/acme/session/end", &named("x.y.z", "nobody", BYE)).await;
    assert_refused(&answer, CLIENT);
}

async fn nothing_happens_before_the_person_confirms(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let request = url(&named("x", "web", BYE));
    for _ in 0..3 {
        let page = browser.get(&request).await;
        assert!(page.headers.get("location").is_none() && page.headers.get("set-cookie").is_none());
    }
    let mut other = app.browser();
    other.sign_in(&web(), BOB.0, BOB.1).await;
    let theirs = other.get(&request).await.field("xsrf");
    assert_eq!(confirm(&mut browser, &theirs).await.status, 400, "a form of another session");
    assert_eq!(confirm(&mut browser, "x").await.status, 400);
    assert!(is_live(&app, "acme", &tokens).await && is_in(&mut browser).await && is_in(&mut other).await);
    assert_eq!(audited(&app, "user.logout").await, 0);
}

/// §4: information that failed to validate MUST NOT be used, including audience and subject.
async fn nothing_of_such_a_hint_is_used(app: TestApp) {
    let mut browser = app.browser();
    let anas = tokens(&mut browser, &billing(), ANA, BILLING).await;
    let unsigned = forged(&anas).swap_remove(2);
    assert!(unsigned.starts_with("eyJhbGciOiJub25lIn0."));
    let mut bobs = app.browser();
    bobs.sign_in(&web(), BOB.0, BOB.1).await;
    let page = bobs.get(&url(&named(&unsigned, "web", BYE))).await;
    assert!(page.body.contains("Planner Web") && !page.body.contains("Billing Web"), "{}", page.body);
    assert_eq!(out(&mut bobs, &named(&unsigned, "web", BYE)).await, "https://web.test/bye?state=s+1");
    assert!(!is_in(&mut bobs).await && is_in(&mut browser).await, "whose browser it is");
}

async fn section_3_it_opens_no_address_that_is_not_registered(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    for hint in forged(&tokens) {
        for address in ["https://evil.example/", SPA_BYE, "https://web.test/bye/", "https://web.test/cb"] {
            assert_refused(&browser.get(&url(&named(&hint, "web", address))).await, ADDRESS);
            assert_refused(&app.browser().get(&url(&named(&hint, "web", address))).await, ADDRESS);
        }
        // This client has no registered address.
        assert_refused(&browser.get(&url(&named(&hint, "billing", BYE))).await, ADDRESS);
    }
    assert!(is_live(&app, "acme", &tokens).await);
    let nowhere = [("id_token_hint", "x"), ("client_id", "web")];
    assert_eq!(out(&mut browser, &nowhere).await, "https://id.test/acme/session/end/success");
}

async fn it_makes_no_client_known(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    for client in ["nobody", "WEB", "web ", "\u{301}"] {
        assert_refused(&browser.get(&url(&named("x", client, BYE))).await, CLIENT);
    }
    set_client_status(&app, "web", porta_core::client::ClientStatus::Inactive).await;
    assert_refused(&browser.get(&url(&named("x", "web", BYE))).await, CLIENT);
    set_client_status(&app, "web", porta_core::client::ClientStatus::Active).await;
    assert!(is_in(&mut browser).await);
    let elsewhere = url(&named(tokens["id_token"].as_str().unwrap(), "web", BYE));
    let unknown = app.browser().get(&elsewhere.replace("/acme/", "/beta/").replace("=web", "=nobody")).await;
    let foreign = app.browser().get(&elsewhere.replace("/acme/", "/beta/")).await;
    assert_refused(&foreign, CLIENT);
    assert_eq!(foreign.body, unknown.body, "nothing tells that it exists elsewhere");
}

async fn a_hint_of_another_tenant_ends_nothing_there(app: TestApp) {
    let mut browser = app.browser();
    let here = tokens(&mut browser, &web(), ANA, WEB).await;
    let there = tokens(&mut browser, &beta(), ANA_OF_BETA, PARTNER).await;
    let hint = there["id_token"].as_str().unwrap();
    assert_eq!(out(&mut browser, &named(hint, "web", BYE)).await, "https://web.test/bye?state=s+1");
    assert!(!is_live(&app, "acme", &here).await && !is_in(&mut browser).await);
    assert!(is_live(&app, "beta", &there).await);
    code(&browser.get(&beta().url()).await);
    // Beta's client is a guest at acme; an ID token issued by beta proves nothing there.
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    assert_refused(&browser.get(&url(&[("id_token_hint", hint)])).await, HINT);
    assert_refused(&browser.get(&url(&named(hint, "partner", BYE))).await, ADDRESS);
    assert!(is_in(&mut browser).await);
}

async fn section_2_a_hint_that_holds_must_still_agree(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let hint = tokens["id_token"].as_str().unwrap();
    for (client, to) in [("spa", SPA_BYE), ("billing", BYE), ("nobody", BYE), ("WEB", BYE)] {
        assert_refused(&browser.get(&url(&named(hint, client, to))).await, HINT_OF_ANOTHER);
    }
    assert!(is_live(&app, "acme", &tokens).await && is_in(&mut browser).await);
}

async fn without_a_client_that_is_named_the_request_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    for hint in forged(&tokens) {
        let [hint, _, to, state] = named(&hint, "", BYE);
        for params in [vec![hint], vec![hint, to], vec![hint, to, state, ("client_id", "")]] {
            assert_refused(&browser.get(&url(&params)).await, HINT);
        }
    }
    assert!(is_live(&app, "acme", &tokens).await && is_in(&mut browser).await);
}

/// A repeated request, or one without a session, is no error (§4); there is nobody to ask.
async fn nobody_signed_in_goes_on_as_without_a_hint(app: TestApp) {
    let params = named("x", "web", BYE);
    let answer = app.browser().get(&url(&params)).await;
    assert_eq!(answer.location(), "https://web.test/bye?state=s+1");
    let without = app.browser().get(&url(&params[1..])).await;
    assert_eq!(without.location(), answer.location());
    let answer = app.browser().get(&url(&params[..2])).await;
    assert_eq!(answer.location(), "https://id.test/acme/session/end/success");
}
