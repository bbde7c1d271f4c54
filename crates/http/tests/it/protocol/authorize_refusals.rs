//! Which authorization requests are refused, and whether the error goes to the client or to a page (RFC 6749 §4.1.2.1).

use axum::http::StatusCode;
use porta_core::client::{ClientStatus, GrantType};
use porta_testkit::{Authorize, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    without_a_proven_client_and_address_the_person_sees_a_page,
    every_other_refusal_goes_to_the_client,
    no_refusal_travels_to_an_unproven_address,
    a_repeated_parameter_is_refused,
    repetition_of_client_or_address_never_redirects,
    a_client_without_the_grant_is_unauthorized,
    an_inactive_client_is_unknown,
    a_client_of_another_organization_is_unknown,
    what_cannot_be_read_is_refused_on_a_page,
    unknown_parameters_are_ignored,
    answers_are_never_kept,
    appendix_a_state_and_nonce_are_printable_and_short,
    a_request_that_is_too_long_is_refused_and_leaves_nothing,
);

/// Changes to a valid request, each with the error it causes.
fn refused_requests() -> Vec<(Authorize, &'static str)> {
    let without_openid = || web().with("scope", "email");
    vec![
        (web().with("response_mode", "jwt"), "unsupported_response_mode"),
        (web().with("response_mode", "QUERY"), "unsupported_response_mode"),
        (web().with("response_mode", "web_message"), "unsupported_response_mode"),
        (web().without("response_type"), "invalid_request"),
        (web().with("response_type", ""), "invalid_request"),
        (web().with("response_type", "token"), "unsupported_response_type"),
        (web().with("response_type", "id_token"), "unsupported_response_type"),
        (web().with("response_type", "code id_token"), "unsupported_response_type"),
        (web().with("response_type", "code token"), "unsupported_response_type"),
        (web().with("response_type", "none"), "unsupported_response_type"),
        (web().with("response_type", "Code"), "unsupported_response_type"),
        (web().with("prompt", "none login"), "invalid_request"),
        (web().with("prompt", "consent none"), "invalid_request"),
        (web().with("prompt", "Login"), "invalid_request"),
        (web().with("prompt", "always"), "invalid_request"),
        (web().with("prompt", "create"), "invalid_request"),
        (web().with("scope", "openid \"x\""), "invalid_scope"),
        (spa().with("scope", "openid phone"), "invalid_scope"),
        (spa().with("scope", "openid address"), "invalid_scope"),
        (without_openid().with("max_age", "10"), "invalid_request"),
        (without_openid().with("claims", "{}"), "invalid_request"),
        (without_openid().with("acr_values", "x"), "invalid_request"),
        (without_openid().with("claims_locales", "en"), "invalid_request"),
        (without_openid().with("id_token_hint", "x"), "invalid_request"),
        (web().with("resource", "https://api.test"), "invalid_target"),
        (web().with("resource", "https://a.test").again("resource", "https://b.test"), "invalid_target"),
        (web().with("resource", "not-a-uri"), "invalid_target"),
        (web().with("max_age", "-1"), "invalid_request"),
        (web().with("max_age", "soon"), "invalid_request"),
        (web().with("max_age", "1.5"), "invalid_request"),
        (web().with("max_age", "+5"), "invalid_request"),
        (web().with("max_age", "99999999999999999999999"), "invalid_request"),
        (web().with("id_token_hint", "x"), "invalid_request"),
        (web().with("claims", "[]"), "invalid_request"),
        (web().with("claims", "{"), "invalid_request"),
        (web().with("claims", r#"{"userinfo":7}"#), "invalid_request"),
        (web().with("request", "e30.e30."), "request_not_supported"),
        (web().with("request_uri", "https://web.test/request"), "request_uri_not_supported"),
        (web().with("request_uri", "urn:ietf:params:oauth:request_uri:x"), "request_uri_not_supported"),
        (web().with("registration", "{}"), "registration_not_supported"),
        (web().without("code_challenge"), "invalid_request"),
        (web().without("code_challenge_method"), "invalid_request"),
    ]
}

/// RFC 6749 §4.1.2.1: no redirect before client and redirect URI are verified.
async fn without_a_proven_client_and_address_the_person_sees_a_page(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let cases = [
        (web().without("client_id"), "invalid_request"),
        (web().with("client_id", ""), "invalid_request"),
        (web().with("client_id", "nobody"), "invalid_client"),
        (web().with("client_id", "WEB"), "invalid_client"),
        (web().with("client_id", "web "), "invalid_client"),
        (web().with("client_id", "wéb"), "invalid_client"),
        (web().with("client_id", &"x".repeat(300)), "invalid_client"),
        (web().with("redirect_uri", "https://evil.test/cb"), "invalid_redirect_uri"),
        (web().with("redirect_uri", SPA_URI), "invalid_redirect_uri"),
        (web().with("redirect_uri", "javascript:alert(1)"), "invalid_redirect_uri"),
        (native().without("redirect_uri"), "invalid_request"),
    ];
    for (request, code) in cases {
        assert_page(&browser.get(&request.url()).await, code);
    }
}

/// The redirect has state and issuer (RFC 9207 §2).
async fn every_other_refusal_goes_to_the_client(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (request, code) in refused_requests() {
        let answer = browser.get(&request.url()).await;
        assert_refused_to(&answer, redirect_uri(&request), code);
        assert_eq!(answer.query("state").as_deref(), Some("state-1"), "{request:?}");
    }
}

/// Whichever check fails first, the redirect URI is verified before the error is sent to it.
async fn no_refusal_travels_to_an_unproven_address(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (request, _) in refused_requests() {
        let forged = request.with("redirect_uri", "https://evil.test/cb");
        assert_page(&browser.get(&forged.url()).await, "invalid_redirect_uri");
    }
}

/// RFC 6749 §3.1: request parameters MUST NOT be included more than once.
async fn a_repeated_parameter_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (name, value) in [
        ("response_type", "code"),
        ("scope", "openid"),
        ("nonce", "nonce-1"),
        ("code_challenge", "x"),
        ("code_challenge_method", "S256"),
        ("response_mode", "query"),
        ("prompt", "none"),
        ("unknown", "1"),
    ] {
        let request = web().with(name, value).again(name, value);
        let answer = browser.get(&request.url()).await;
        assert_refused_to(&answer, WEB_URI, "invalid_request");
        assert_eq!(answer.query("state").as_deref(), Some("state-1"), "{name}");
    }
    for request in
        [web().again("state", "state-2"), web().with("nonce", "a").again("nonce", "b").again("state", "x")]
    {
        let answer = browser.get(&request.url()).await;
        assert_refused_to(&answer, WEB_URI, "invalid_request");
        assert_eq!(answer.query("state"), None, "which of the two would be a guess");
    }
}

/// RFC 6749 §3.1 with §4.1.2.1: with a repeated `client_id` or `redirect_uri` the client is not known, so no redirect;
/// other repetitions do not change that.
async fn repetition_of_client_or_address_never_redirects(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in [
        web().again("client_id", "web"),
        web().again("client_id", "spa"),
        web().again("redirect_uri", WEB_URI),
        web().again("redirect_uri", "https://evil.test/cb"),
        web().again("state", "x").again("client_id", "spa"),
        web().again("nonce", "x").again("redirect_uri", SPA_URI),
    ] {
        assert_page(&browser.get(&request.url()).await, "invalid_request");
    }
}

/// RFC 6749 §4.1.2.1.
async fn a_client_without_the_grant_is_unauthorized(app: TestApp) {
    change_client(&app, "web", |c| c.grant_types = vec![GrantType::ClientCredentials]).await;
    let answer = app.browser().get(&web().url()).await;
    assert_refused_to(&answer, WEB_URI, "unauthorized_client");
}

async fn an_inactive_client_is_unknown(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    set_client(&app, "web", ClientStatus::Inactive).await;
    app.wait_for_notices().await;
    assert_page(&browser.get(&web().url()).await, "invalid_client");
    set_client(&app, "web", ClientStatus::Active).await;
    app.wait_for_notices().await;
    assert!(browser.get(&web().url()).await.query("code").is_some());
    set_client(&app, "web", ClientStatus::Revoked).await;
    app.wait_for_notices().await;
    assert_page(&browser.get(&web().url()).await, "invalid_client");
}

/// A client of another organization needs an entry in its allow-list.
async fn a_client_of_another_organization_is_unknown(app: TestApp) {
    let mut browser = app.browser();
    let unknown = browser.get(&Authorize::new("beta", "nobody", WEB_URI).url()).await;
    let foreign = browser.get(&Authorize::new("beta", "web", WEB_URI).url()).await;
    assert_page(&foreign, "invalid_client");
    assert_eq!(foreign.body, unknown.body, "and nothing tells that it exists elsewhere");
    let allowed = browser.get(&partner().url()).await;
    assert!(leads_to_interaction(&allowed), "Beta's partner lists Acme");
    change_client(&app, "partner", |c| c.allowed_organizations = Vec::new()).await;
    assert_page(&browser.get(&partner().url()).await, "invalid_client");
}

async fn what_cannot_be_read_is_refused_on_a_page(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let many = "&p=1".repeat(101);
    for extra in ["&state=%ff", "&state=%", "&state=%zz", "&state=a%00b", "&%c0%af=1", many.as_str()] {
        let answer = browser.get(&format!("{}{extra}", web().without("state").url())).await;
        assert_page(&answer, "invalid_request");
    }
}

/// RFC 6749 §3.1: the server MUST ignore unrecognized request parameters.
async fn unknown_parameters_are_ignored(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let request = web()
        .with("unknown", "1")
        .with("display", "popup")
        .with("ui_locales", "xx nl")
        .with("claims_locales", "nl")
        .with("acr_values", "urn:example:gold")
        .with("dpop_jkt", "x")
        .with("resource", "");
    let answer = browser.get(&request.url()).await;
    assert!(answer.query("code").is_some(), "{}", answer.location());
}

async fn answers_are_never_kept(app: TestApp) {
    let mut browser = app.browser();
    for request in [web(), web().with("client_id", "nobody"), web().with("prompt", "none")] {
        let answer = browser.get(&request.url()).await;
        assert_ne!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}

/// RFC 6749 Appendix A.5, OpenID Connect Core §15.5.2. A refused request stores nothing.
async fn appendix_a_state_and_nonce_are_printable_and_short(app: TestApp) {
    let long = "x".repeat(1_025);
    let before = app.kv_entries().await;
    for bad in ["\u{1}", "\u{7f}", "é", "a\tb", "a\r\nSet-Cookie: a=b", "✓", &long] {
        for name in ["state", "nonce"] {
            let request = web().with(name, bad);
            let mut browser = app.browser();
            let by_get = browser.get(&request.url()).await;
            let by_post = browser.cross_site_post("/acme/auth", &request.pairs()).await;
            for answer in [by_get, by_post] {
                assert_refused_to(&answer, WEB_URI, "invalid_request");
                let returned =
                    if name == "nonce" { Some("state-1") } else { Some(bad).filter(|s| *s != long) };
                assert_eq!(answer.query("state").as_deref(), returned);
                assert!(answer.header("set-cookie").is_none());
            }
        }
    }
    let longest = "~".repeat(1_024);
    let allowed = web().with("state", &longest).with("nonce", &longest);
    assert!(leads_to_interaction(&app.browser().get(&allowed.url()).await));
    assert_eq!(app.kv_entries().await, before);
}

async fn a_request_that_is_too_long_is_refused_and_leaves_nothing(app: TestApp) {
    let before = app.kv_entries().await;
    let claims = |length| format!(r#"{{"userinfo":{{"{}":null}}}}"#, "c".repeat(length));
    for (length, is_allowed) in [(1_900, true), (2_560, false), (7_000, false)] {
        let answer = app.browser().get(&web().with("claims", &claims(length)).url()).await;
        assert_eq!(leads_to_interaction(&answer), is_allowed, "{length}");
        if !is_allowed {
            assert_refused_to(&answer, WEB_URI, "invalid_request");
        }
    }
    // The limit applies to the stored form, in which escapes count.
    let quotes = "\"".repeat(1_024);
    let answer = app.browser().get(&web().with("state", &quotes).with("nonce", &quotes).url()).await;
    assert_refused_to(&answer, WEB_URI, "invalid_request");
    let hint = "\u{1}".repeat(320);
    assert!(leads_to_interaction(&app.browser().get(&web().with("login_hint", &hint).url()).await));
    assert_eq!(app.kv_entries().await, before);
}
