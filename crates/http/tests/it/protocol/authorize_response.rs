//! Response modes and response parameters (RFC 6749 §4.1.2, RFC 9207, Multiple Response Types §2.1, Form Post Response
//! Mode).

use axum::http::StatusCode;
use porta_testkit::TestApp;

use super::support::*;

porta_testkit::on_both_stores!(
    query_is_the_default,
    fragment_keeps_the_query_free,
    form_post_is_a_page_that_posts_itself,
    refusals_travel_in_the_requested_mode,
    an_unusable_mode_is_reported_in_the_default_one,
    state_comes_back_as_sent,
    no_state_no_state,
    each_answer_names_its_issuer,
    a_query_in_the_registered_address_is_kept,
    each_answer_has_its_own_code,
);

async fn query_is_the_default(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in [web(), web().with("response_mode", "query"), web().with("response_mode", "")] {
        let answer = browser.get(&request.url()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        assert!(answer.location().starts_with("https://web.test/cb?code="), "{}", answer.location());
        assert!(!answer.location().contains('#'));
    }
}

/// Multiple Response Types §2.1.
async fn fragment_keeps_the_query_free(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = browser.get(&web().with("response_mode", "fragment").url()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let code = fragment(&answer, "code").unwrap();
    assert_eq!(fragment(&answer, "state").as_deref(), Some("state-1"));
    assert_eq!(fragment(&answer, "iss").as_deref(), Some("https://id.test/acme"));
    assert_eq!(browser.redeem("acme", WEB, WEB_URI, &code).await.status, StatusCode::OK);
}

/// Form Post Response Mode §2 and §4.
async fn form_post_is_a_page_that_posts_itself(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let state = "a\"b<c>&d'~";
    let request = web().with("response_mode", "form_post").with("state", state);
    let answer = browser.get(&request.url()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("location"), None);
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.body.contains("<form method=\"post\" action=\"https://web.test/cb\">"), "{}", answer.body);
    assert!(!answer.body.contains("<c>"), "the state is escaped");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe-inline"), "{policy}");
    let code = answer.field("code");
    assert_eq!(answer.field("iss"), "https://id.test/acme");
    assert_eq!(browser.redeem("acme", WEB, WEB_URI, &code).await.status, StatusCode::OK);
}

async fn refusals_travel_in_the_requested_mode(app: TestApp) {
    let mut browser = app.browser();
    let refused = web().with("prompt", "none");
    let answer = browser.get(&refused.clone().with("response_mode", "fragment").url()).await;
    assert_eq!(fragment(&answer, "error").as_deref(), Some("login_required"));
    assert_eq!(fragment(&answer, "state").as_deref(), Some("state-1"));
    assert_eq!(fragment(&answer, "iss").as_deref(), Some("https://id.test/acme"));
    let answer = browser.get(&refused.clone().with("response_mode", "form_post").url()).await;
    assert_eq!((answer.status, answer.field("error").as_str()), (StatusCode::OK, "login_required"));
    assert_eq!(answer.field("state"), "state-1");
    assert_eq!(answer.field("iss"), "https://id.test/acme");
    let answer =
        browser.get(&web().with("response_mode", "form_post").with("response_type", "token").url()).await;
    assert_eq!(answer.field("error"), "unsupported_response_type");
    let answer =
        browser.get(&web().with("response_mode", "form_post").with("client_id", "nobody").url()).await;
    assert_page(&answer, "invalid_client");
}

async fn an_unusable_mode_is_reported_in_the_default_one(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = browser.get(&web().with("response_mode", "query.jwt").url()).await;
    assert_refused_to(&answer, WEB_URI, "unsupported_response_mode");
    assert_eq!(answer.query("state").as_deref(), Some("state-1"));
}

/// RFC 6749 §4.1.2: the exact value received from the client.
async fn state_comes_back_as_sent(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let long = "x".repeat(1_024);
    for state in ["a b", "a+b", "%20", "#?&=", "\"\\~", "0", long.as_str()] {
        let answer = browser.get(&web().with("state", state).url()).await;
        assert_eq!(answer.query("state").as_deref(), Some(state));
        let refused = browser.get(&web().with("state", state).with("prompt", "create").url()).await;
        assert_eq!(refused.query("state").as_deref(), Some(state));
    }
}

async fn no_state_no_state(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in
        [web().without("state"), web().with("state", ""), web().without("state").with("prompt", "create")]
    {
        assert_eq!(browser.get(&request.url()).await.query("state"), None);
    }
}

/// RFC 9207 §2: errors too.
async fn each_answer_names_its_issuer(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for request in [web(), web().with("prompt", "create"), web().with("response_type", "token")] {
        let answer = browser.get(&request.url()).await;
        assert_eq!(answer.query("iss").as_deref(), Some("https://id.test/acme"));
    }
}

/// RFC 6749 §3.1.2: a query component MUST be retained.
async fn a_query_in_the_registered_address_is_kept(app: TestApp) {
    let address = "https://web.test/cb?tenant=7&x=a%20b";
    change_client(&app, "web", |c| c.redirect_uris.push(address.to_owned())).await;
    let mut browser = app.browser();
    let request = web().with("redirect_uri", address);
    let answer = browser.sign_in(&request, ANA.0, ANA.1).await;
    assert!(answer.location().starts_with(&format!("{address}&code=")), "{}", answer.location());
    let code = answer.query("code").unwrap();
    assert_eq!(browser.redeem("acme", WEB, address, &code).await.status, StatusCode::OK);
}

/// RFC 6749 §10.10: 256 random bits each time.
async fn each_answer_has_its_own_code(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let code = code(&mut browser, &web()).await;
        assert!(code.len() > 43, "{code}");
        assert!(seen.insert(code), "a code came twice");
    }
}
