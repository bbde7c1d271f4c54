//! Request objects are refused, and the refusal uses the response mode the client asked for (OpenID Connect Core §6.1,
//! §3.1.2.6).

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_testkit::{Answer, Authorize, TestApp};
use serde_json::{Value, json};

use super::support::*;

porta_testkit::on_both_stores!(
    section_6_1_the_refusal_takes_the_way_that_only_the_object_names,
    what_stands_outside_counts_first,
    a_request_that_is_wrong_elsewhere_too_is_answered_the_same_way,
    nothing_else_in_an_object_is_trusted,
    an_object_proves_neither_client_nor_address,
    an_object_never_leads_to_a_sign_in_or_a_code,
    what_is_malformed_or_too_long_says_nothing,
    a_state_that_could_not_be_sent_outside_is_not_returned,
    a_repeated_object_says_nothing,
    an_object_elsewhere_is_not_looked_for,
);

const FORM_POST: &str = "form_post";

/// With `alg: none`, as the conformance suite sends it.
fn unsigned(payload: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", encode(&json!({ "alg": "none" })), encode(payload))
}

/// A request whose `state` and response mode are in the object only.
fn inside(payload: &Value) -> Authorize {
    web().without("state").with("request", &unsigned(payload))
}

async fn by_get(app: &TestApp, request: &Authorize) -> Answer {
    app.browser().get(&request.url()).await
}

/// The refusal is a form post to the web client.
fn assert_posted(answer: &Answer, code: &str, state: Option<&str>) {
    assert_eq!(answer.status, StatusCode::OK, "{code}: {}", answer.body);
    assert_eq!(answer.header("location"), None);
    assert!(answer.body.contains(&format!("<form method=\"post\" action=\"{WEB_URI}\">")), "{}", answer.body);
    assert_eq!(
        (answer.field("error"), answer.field("iss")),
        (code.to_owned(), "https://id.test/acme".into())
    );
    match state {
        Some(state) => assert_eq!(answer.field("state"), state),
        None => assert!(!answer.body.contains("name=\"state\""), "{}", answer.body),
    }
    assert!(!answer.body.contains("name=\"code\""), "{}", answer.body);
}

/// The refusal uses the default mode: in the query, without a state.
fn assert_default(answer: &Answer, code: &str) {
    assert_refused_to(answer, WEB_URI, code);
    assert_eq!(answer.query("state"), None, "{}", answer.location());
}

async fn section_6_1_the_refusal_takes_the_way_that_only_the_object_names(app: TestApp) {
    let form_post = inside(&json!({ "response_mode": FORM_POST, "state": "s 1", "scope": "openid" }));
    assert_posted(&by_get(&app, &form_post).await, "request_not_supported", Some("s 1"));
    let posted = app.browser().cross_site_post("/acme/auth", &form_post.pairs()).await;
    assert_posted(&posted, "request_not_supported", Some("s 1"));

    let fragment_mode = inside(&json!({ "response_mode": "fragment", "state": "s" }));
    let answer = by_get(&app, &fragment_mode).await;
    assert_eq!(fragment(&answer, "error").as_deref(), Some("request_not_supported"));
    assert_eq!(fragment(&answer, "state").as_deref(), Some("s"));

    let answer = by_get(&app, &inside(&json!({ "state": "s" }))).await;
    assert_refused_to(&answer, WEB_URI, "request_not_supported");
    assert_eq!(answer.query("state").as_deref(), Some("s"));
}

/// Parameters outside the object win; the object is unsigned, so its values prove nothing.
async fn what_stands_outside_counts_first(app: TestApp) {
    let object = unsigned(&json!({ "response_mode": "fragment", "state": "of the object" }));
    let request = web().with("request", &object);
    let answer = by_get(&app, &request.clone().with("response_mode", FORM_POST)).await;
    assert_posted(&answer, "request_not_supported", Some("state-1"));
    let answer = by_get(&app, &request.clone().with("response_mode", "query")).await;
    assert_refused_to(&answer, WEB_URI, "request_not_supported");
    assert_eq!(answer.query("state").as_deref(), Some("state-1"));
    let answer = by_get(&app, &request).await;
    assert_eq!(fragment(&answer, "state").as_deref(), Some("state-1"), "each for itself");
    let answer = by_get(&app, &request.clone().with("response_mode", "jwt")).await;
    assert_refused_to(&answer, WEB_URI, "unsupported_response_mode");
    // With a repeated `state` none is returned: neither of the two, nor the object's.
    let answer = by_get(&app, &request.with("response_mode", "query").again("state", "state-2")).await;
    assert_default(&answer, "invalid_request");
}

async fn a_request_that_is_wrong_elsewhere_too_is_answered_the_same_way(app: TestApp) {
    let object = json!({ "response_mode": FORM_POST, "state": "s", "response_type": "code" });
    for (request, code) in [
        (inside(&object).without("response_type"), "request_not_supported"),
        (inside(&object).with("response_type", "token"), "request_not_supported"),
        (inside(&object).with("scope", "openid \"x\""), "request_not_supported"),
        (inside(&object).with("nonce", "é"), "invalid_request"),
        (inside(&object).again("nonce", "twice"), "invalid_request"),
        (inside(&object).with("request_uri", "https://web.test/request"), "request_not_supported"),
    ] {
        assert_posted(&by_get(&app, &request).await, code, Some("s"));
    }
}

async fn nothing_else_in_an_object_is_trusted(app: TestApp) {
    let object = json!({
        "response_mode": FORM_POST, "state": "s", "client_id": "spa", "redirect_uri": "https://evil.test/cb",
        "iss": "https://evil.test", "aud": "https://evil.test", "exp": 1, "error": "x", "ui_locales": "de",
    });
    for request in [inside(&object), inside(&object).without("redirect_uri")] {
        let answer = by_get(&app, &request).await;
        assert_posted(&answer, "request_not_supported", Some("s"));
        assert!(!answer.body.contains("evil.test") && !answer.body.contains("spa.test"), "{}", answer.body);
        assert!(answer.header("set-cookie").is_none());
        assert_eq!(answer.header("content-language"), Some("en"));
    }
}

/// RFC 6749 §4.1.2.1: without `client_id` and `redirect_uri` outside the object there is no redirect.
async fn an_object_proves_neither_client_nor_address(app: TestApp) {
    let object = unsigned(&json!({
        "response_mode": FORM_POST, "state": "s", "client_id": "web", "redirect_uri": WEB_URI,
    }));
    for (request, code) in [
        (web().without("client_id"), "invalid_request"),
        (web().with("client_id", "nobody"), "invalid_client"),
        (web().with("redirect_uri", "https://evil.test/cb"), "invalid_redirect_uri"),
        (web().with("redirect_uri", SPA_URI), "invalid_redirect_uri"),
        (web().again("redirect_uri", WEB_URI), "invalid_request"),
        (native().without("redirect_uri"), "invalid_request"),
        (Authorize::new("beta", "web", WEB_URI), "invalid_client"),
    ] {
        assert_page(&by_get(&app, &request.with("request", &object)).await, code);
    }
}

async fn an_object_never_leads_to_a_sign_in_or_a_code(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let before = app.kv_entries().await;
    for object in [json!({}), json!({ "response_mode": FORM_POST, "prompt": "none" })] {
        for request in [inside(&object), inside(&object).with("prompt", "none")] {
            let answer = browser.get(&request.url()).await;
            assert!(answer.status == StatusCode::OK || answer.query("error").is_some(), "{}", answer.status);
            assert!(!answer.body.contains("_csrf") && !answer.body.contains("name=\"code\""));
        }
    }
    assert_eq!(app.kv_entries().await, before, "nothing was stored");
}

async fn what_is_malformed_or_too_long_says_nothing(app: TestApp) {
    let good = json!({ "response_mode": FORM_POST, "state": "s" });
    let payload = URL_SAFE_NO_PAD.encode(good.to_string());
    let long = json!({ "response_mode": FORM_POST, "state": "s", "x": "x".repeat(8_000) });
    for object in [
        "x".to_owned(),
        "..".to_owned(),
        "e30.e30.".to_owned(),
        good.to_string(),
        payload.clone(),
        format!("e30.{payload}"),
        format!("e30.{payload}=."),
        format!("x.{payload}."),
        format!("e30.{payload}.a.b"),
        format!("e30.{}.", URL_SAFE_NO_PAD.encode("[\"form_post\",\"s\"]")),
        format!("e30.{}.", URL_SAFE_NO_PAD.encode("{\"state\":\"a\",\"state\":\"b\"}")),
        unsigned(&json!({ "response_mode": [FORM_POST], "state": "s" })),
        unsigned(&json!({ "response_mode": "web_message" })),
        unsigned(&long),
    ] {
        let request = web().without("state").with("request", &object);
        assert_default(&by_get(&app, &request).await, "request_not_supported");
    }
}

/// RFC 6749 Appendix A.5.
async fn a_state_that_could_not_be_sent_outside_is_not_returned(app: TestApp) {
    let longest = "~".repeat(1_024);
    let answer = by_get(&app, &inside(&json!({ "state": longest }))).await;
    assert_eq!(answer.query("state"), Some(longest));
    let long = "x".repeat(1_025);
    for state in ["é", "a\nb", "a\u{0}b", "\u{7f}", "", long.as_str()] {
        assert_default(&by_get(&app, &inside(&json!({ "state": state }))).await, "request_not_supported");
    }
    for state in [json!(7), json!(["s"]), json!({ "s": 1 }), json!(null), json!(true)] {
        assert_default(&by_get(&app, &inside(&json!({ "state": state }))).await, "request_not_supported");
    }
}

/// RFC 6749 §3.1.
async fn a_repeated_object_says_nothing(app: TestApp) {
    let object = json!({ "response_mode": FORM_POST, "state": "s" });
    let twice = inside(&object).again("request", &unsigned(&object));
    assert_default(&by_get(&app, &twice).await, "invalid_request");
}

async fn an_object_elsewhere_is_not_looked_for(app: TestApp) {
    let object = unsigned(&json!({ "response_mode": FORM_POST, "state": "s" }));
    for (name, code) in
        [("request_uri", "request_uri_not_supported"), ("registration", "registration_not_supported")]
    {
        let request = web().without("state").with(name, &object);
        assert_default(&by_get(&app, &request).await, code);
    }
}
