//! Redirect URIs are compared exactly (RFC 9700 §2.1 and §4.1.3, RFC 8252 §7.3).

use axum::http::StatusCode;
use porta_testkit::{Authorize, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    one_character_makes_another_address,
    a_native_client_chooses_its_loopback_port,
    nothing_but_the_port_may_differ_on_loopback,
    the_loopback_rule_is_for_native_clients_only,
    a_private_scheme_matches_to_the_letter,
    a_client_may_have_a_hundred_addresses,
    a_single_address_may_be_left_out,
    a_removed_address_is_refused_at_once,
    post_to_a_forged_address_stays_here,
);

/// RFC 9700 §4.1.3: simple string comparison.
async fn one_character_makes_another_address(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for uri in [
        "https://web.test/cb/",
        "https://web.test/cB",
        "https://WEB.test/cb",
        "HTTPS://web.test/cb",
        "http://web.test/cb",
        "https://web.test:443/cb",
        "https://web.test/cb?",
        "https://web.test/cb?x=1",
        "https://web.test/cb#",
        "https://web.test/cb#x",
        "https://web.test//cb",
        "https://web.test/./cb",
        "https://web.test/x/../cb",
        "https://web.test/%63b",
        "https://web.test/c",
        "https://web.test/cbc",
        "https://web.test./cb",
        "https://sub.web.test/cb",
        "https://web.test.evil.test/cb",
        "https://user@web.test/cb",
        "https://web.test@evil.test/cb",
        "https://web.test\\@evil.test/cb",
        "//web.test/cb",
        "/cb",
        " https://web.test/cb",
        "https://web.test/cb ",
        "https://web.test/cb\n",
        "https://web.test/cb,https://evil.test",
        "https://web.test/cb https://evil.test",
    ] {
        let answer = browser.get(&web().with("redirect_uri", uri).url()).await;
        assert_page(&answer, "invalid_redirect_uri");
        assert!(!answer.body.contains("evil.test"), "the page offers no way there: {uri}");
    }
}

/// The last address works like the first, and neither pages nor headers grow with the number of addresses.
async fn a_client_may_have_a_hundred_addresses(app: TestApp) {
    let address = |n: usize| format!("https://{}{n}.web.test/cb", "branch".repeat(9));
    change_client(&app, "web", |c| c.redirect_uris = (0..100).map(address).collect()).await;
    let last = address(99);
    let request = web().with("redirect_uri", &last);
    let mut browser = app.browser();
    let begun = browser.get(&request.url()).await;
    let page = browser.follow(begun).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains(last.trim_end_matches("/cb")), "{policy}");
    let headers: usize = page.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    assert!(headers + 512 < 8_192, "a proxy takes 8 KiB: {headers}");
    let answer = browser.sign_in(&request, ANA.0, ANA.1).await;
    assert!(answer.location().starts_with(&last), "{}", answer.location());
    let answer = browser.redeem("acme", WEB, &last, &answer.query("code").unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    for unknown in [address(100), WEB_URI.to_owned()] {
        assert_page(&browser.get(&web().with("redirect_uri", &unknown).url()).await, "invalid_redirect_uri");
    }
    assert_page(&browser.get(&web().without("redirect_uri").url()).await, "invalid_request");
}

/// RFC 8252 §7.3: any port MUST be allowed.
async fn a_native_client_chooses_its_loopback_port(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for uri in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:51004/cb",
        "http://127.0.0.1:65535/cb",
    ] {
        let code = code(&mut browser, &native().with("redirect_uri", uri)).await;
        let answer = browser.redeem("acme", CLI, uri, &code).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.body);
    }
}

async fn nothing_but_the_port_may_differ_on_loopback(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for uri in [
        "http://localhost/cb",
        "http://localhost:51004/cb",
        "http://[::1]:51004/cb",
        "http://127.0.0.2:51004/cb",
        "http://127.1:51004/cb",
        "http://2130706433:51004/cb",
        "https://127.0.0.1:51004/cb",
        "http://127.0.0.1:51004/",
        "http://127.0.0.1:51004/cb/",
        "http://127.0.0.1:51004/cb?x=1",
        "http://127.0.0.1:51004/cb#x",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:+80/cb",
        "http://127.0.0.1:51004@evil.test/cb",
        "http://127.0.0.1.evil.test/cb",
        "http://user@127.0.0.1:51004/cb",
    ] {
        assert_page(&browser.get(&native().with("redirect_uri", uri).url()).await, "invalid_redirect_uri");
    }
}

async fn the_loopback_rule_is_for_native_clients_only(app: TestApp) {
    for (client, base) in [("web", web()), ("spa", spa())] {
        change_client(&app, client, |c| c.redirect_uris.push("http://127.0.0.1/cb".to_owned())).await;
        let mut browser = ana_signed_in(&app).await;
        let exact = browser.get(&base.clone().with("redirect_uri", "http://127.0.0.1/cb").url()).await;
        assert!(exact.query("code").is_some(), "{client}");
        let other_port = browser.get(&base.with("redirect_uri", "http://127.0.0.1:51004/cb").url()).await;
        assert_page(&other_port, "invalid_redirect_uri");
    }
}

/// RFC 8252 §7.1.
async fn a_private_scheme_matches_to_the_letter(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let asked = browser.get(&native().with("redirect_uri", "com.example.planner:/cb").url()).await;
    let good = approve(&mut browser, asked).await;
    assert!(good.location().starts_with("com.example.planner:/cb?code="), "{}", good.location());
    for uri in [
        "com.example.planner:/cb/",
        "com.example.planner://cb",
        "com.example.planner2:/cb",
        "COM.example.planner:/cb",
    ] {
        assert_page(&browser.get(&native().with("redirect_uri", uri).url()).await, "invalid_redirect_uri");
    }
}

/// RFC 6749 §3.1.2.3.
async fn a_single_address_may_be_left_out(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = browser.get(&web().without("redirect_uri").url()).await;
    assert!(answer.location().starts_with("https://web.test/cb?code="), "{}", answer.location());
    assert_page(&browser.get(&native().without("redirect_uri").url()).await, "invalid_request");
}

async fn a_removed_address_is_refused_at_once(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    change_client(&app, "web", |c| c.redirect_uris = vec!["https://web.test/new".to_owned()]).await;
    assert_page(&browser.get(&web().url()).await, "invalid_redirect_uri");
}

async fn post_to_a_forged_address_stays_here(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let forged: Authorize =
        web().with("redirect_uri", "https://evil.test/cb").with("response_mode", "form_post");
    assert_page(&browser.post("/acme/auth", &forged.pairs()).await, "invalid_redirect_uri");
    assert_page(&browser.get(&forged.url()).await, "invalid_redirect_uri");
}
