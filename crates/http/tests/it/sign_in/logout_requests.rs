//! Validation of logout requests (RP-Initiated Logout 1.0 §2, §3): only verified clients, only registered addresses.

use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_3_the_address_must_match_a_registered_one_exactly,
    section_3_without_a_client_the_address_is_dropped,
    section_3_state_is_appended_and_encoded,
    section_2_client_id_and_hint_must_agree,
    section_2_a_hint_of_another_tenant_is_refused,
    section_2_a_tampered_hint_is_refused,
    section_2_an_old_hint_is_fine,
    an_unknown_or_inactive_client_is_refused,
    repeated_and_malformed_parameters_are_refused,
    the_page_links_back_only_to_a_registered_address,
    a_refused_request_ends_nothing,
);

pub(super) const BYE: &str = "https://web.test/bye";

/// How the page names the wrong value.
pub(super) const ADDRESS: &str = "an address that is not registered for it (post_logout_redirect_uri)";
pub(super) const HINT: &str = "(id_token_hint) is not valid here";
pub(super) const HINT_OF_ANOTHER: &str = "(id_token_hint) was issued to another application";
pub(super) const CLIENT: &str = "We do not know the application that sent you here";
const MALFORMED: &str = "The application sent a request that we cannot accept";

pub(super) fn url(params: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    format!("/acme/session/end?{query}")
}

/// Asserts that the page names only the wrong value and has no way to continue.
pub(super) fn assert_refused(answer: &Answer, wrong: &str) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    for text in [ADDRESS, HINT, HINT_OF_ANOTHER, CLIENT, MALFORMED] {
        assert_eq!(answer.body.contains(text), text == wrong, "{text}: {}", answer.body);
    }
    assert!(answer.body.contains("invalid_request") && !answer.body.contains("<form"), "{}", answer.body);
    assert!(
        !answer.body.contains("href=\"https:") && !answer.body.contains("evil.example"),
        "{}",
        answer.body
    );
    assert!(answer.headers.get("set-cookie").is_none() && answer.headers.get("location").is_none());
}

/// Requests a logout, confirms it, and returns the final address.
pub(super) async fn out(browser: &mut Browser, params: &[(&str, &str)]) -> String {
    let page = browser.get(&url(params)).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let xsrf = page.field("xsrf");
    let answer = browser.post("/acme/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    answer.location().to_owned()
}

async fn section_3_the_address_must_match_a_registered_one_exactly(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    for address in [
        "https://web.test/bye/",
        "https://web.test/bye?x=1",
        "https://web.test/bye#",
        "https://web.test/Bye",
        "https://WEB.test/bye",
        "https://web.test:443/bye",
        "https://web.test/bye/../bye",
        "https://web.test/%62ye",
        "http://web.test/bye",
        "https://web.test.evil.example/bye",
        "https://web.test@evil.example/bye",
        "//web.test/bye",
        "javascript:alert(1)",
        "https://spa.test/bye",
        "https://web.test/cb",
        " https://web.test/bye",
    ] {
        let params = [("client_id", "web"), ("post_logout_redirect_uri", address)];
        assert_refused(&browser.get(&url(&params)).await, ADDRESS);
    }
    assert_eq!(out(&mut browser, &[("client_id", "web"), ("post_logout_redirect_uri", BYE)]).await, BYE);
}

async fn section_3_without_a_client_the_address_is_dropped(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    for address in [BYE, "https://evil.example/"] {
        let nobody = app.browser().get(&url(&[("post_logout_redirect_uri", address), ("state", "x")])).await;
        assert_eq!(nobody.location(), "https://id.test/acme/session/end/success");
    }
    let params = [("post_logout_redirect_uri", "https://evil.example/"), ("state", "x")];
    let page = browser.get(&url(&params)).await;
    assert!(!page.body.contains("evil.example"), "{}", page.body);
    assert_eq!(out(&mut browser, &params).await, "https://id.test/acme/session/end/success");
}

async fn section_3_state_is_appended_and_encoded(app: TestApp) {
    let cases = [
        ("plain", "plain"),
        ("a b&c=d#e", "a+b%26c%3Dd%23e"),
        ("é\r\nSet-Cookie: x=y", "%C3%A9%0D%0ASet-Cookie%3A+x%3Dy"),
    ];
    for (state, encoded) in cases {
        let mut browser = app.browser();
        browser.sign_in(&web(), ANA.0, ANA.1).await;
        let params = [("client_id", "web"), ("post_logout_redirect_uri", BYE), ("state", state)];
        assert_eq!(out(&mut browser, &params).await, format!("{BYE}?state={encoded}"));
    }
}

async fn section_2_client_id_and_hint_must_agree(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let hint = tokens["id_token"].as_str().unwrap();
    for client in ["billing", "nobody"] {
        let params = [("id_token_hint", hint), ("client_id", client), ("post_logout_redirect_uri", BYE)];
        assert_refused(&browser.get(&url(&params)).await, HINT_OF_ANOTHER);
    }
    let spa = [("id_token_hint", hint), ("post_logout_redirect_uri", "https://spa.test/bye")];
    assert_refused(&browser.get(&url(&spa)).await, ADDRESS);
    let params = [("id_token_hint", hint), ("client_id", "web"), ("post_logout_redirect_uri", BYE)];
    assert_eq!(out(&mut browser, &params).await, BYE);
}

async fn section_2_a_hint_of_another_tenant_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let theirs = tokens(&mut browser, &beta(), ANA_OF_BETA, PARTNER).await;
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let hint = theirs["id_token"].as_str().unwrap();
    assert_refused(&browser.get(&url(&[("id_token_hint", hint)])).await, HINT);
}

/// Forged variants of the ID token in a token response.
pub(super) fn forged(tokens: &serde_json::Value) -> Vec<String> {
    let hint = tokens["id_token"].as_str().unwrap();
    let parts: Vec<&str> = hint.split('.').collect();
    vec![
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
        format!("eyJhbGciOiJub25lIn0.{}.", parts[1]),
        format!("{}.e30.{}", parts[0], parts[2]),
        format!("{hint}."),
        format!("{}{hint}", "x"),
        "x".to_owned(),
        "..".to_owned(),
        tokens["access_token"].as_str().unwrap().to_owned(),
    ]
}

/// Without a `client_id` the client is unknown: an unverified audience is not used for a redirect (§4).
async fn section_2_a_tampered_hint_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    for hint in forged(&tokens) {
        let params = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "x")];
        assert_refused(&browser.get(&url(&params[..1])).await, HINT);
        assert_refused(&browser.get(&url(&params)).await, HINT);
        assert_refused(&app.browser().get(&url(&params)).await, HINT);
    }
    assert!(is_live(&app, "acme", &tokens).await);
}

async fn section_2_an_old_hint_is_fine(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    app.advance(std::time::Duration::from_secs(80_000));
    let hint = tokens["id_token"].as_str().unwrap();
    let params = [("id_token_hint", hint), ("post_logout_redirect_uri", BYE)];
    assert_eq!(out(&mut browser, &params).await, BYE);
}

async fn an_unknown_or_inactive_client_is_refused(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    for client in ["nobody", "WEB", "web ", "\u{301}"] {
        let params = [("client_id", client), ("post_logout_redirect_uri", BYE)];
        assert_refused(&browser.get(&url(&params)).await, CLIENT);
    }
    set_client_status(&app, "web", porta_core::client::ClientStatus::Inactive).await;
    let params = [("client_id", "web"), ("post_logout_redirect_uri", BYE)];
    assert_refused(&browser.get(&url(&params)).await, CLIENT);
}

async fn repeated_and_malformed_parameters_are_refused(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    for query in [
        "client_id=web&client_id=web",
        "client_id=web&post_logout_redirect_uri=https://web.test/bye&post_logout_redirect_uri=https://evil.example",
        "state=1&state=2",
        "client_id=%00",
        "client_id=%ff",
        "client_id=%",
    ] {
        assert_refused(&browser.get(&format!("/acme/session/end?{query}")).await, MALFORMED);
    }
    let posted = browser.post("/acme/session/end", &[("client_id", "web"), ("client_id", "spa")]).await;
    assert!(posted.status == 400 || browser.follow(posted).await.status == 400);
}

async fn the_page_links_back_only_to_a_registered_address(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let page = browser
        .get(&url(&[("client_id", "web"), ("post_logout_redirect_uri", BYE), ("state", "\"><x")]))
        .await;
    assert!(page.body.contains("href=\"https://web.test/bye?state=%22%3E%3Cx\""), "{}", page.body);
    let page = browser.get(&url(&[("client_id", "web")])).await;
    assert!(!page.body.contains("Stay signed in"), "{}", page.body);
}

async fn a_refused_request_ends_nothing(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    assert_refused(&browser.get(&url(&[("id_token_hint", "x")])).await, HINT);
    assert_refused(&browser.get(&url(&[("client_id", "nobody")])).await, CLIENT);
    assert!(is_live(&app, "acme", &tokens).await);
    code(&browser.get(&web().url()).await);
}
