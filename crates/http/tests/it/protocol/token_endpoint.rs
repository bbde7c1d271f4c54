//! Rules for every token request (RFC 6749 §3.2, §5.1, §5.2).

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_testkit::{Answer, Browser, TestApp, VERIFIER};

use super::support::*;

porta_testkit::on_both_stores!(
    answers_are_json_and_never_kept,
    refusals_are_json_and_never_kept,
    a_grant_nobody_knows_is_unsupported,
    a_grant_the_client_lacks_is_unauthorized,
    a_repeated_parameter_is_refused,
    a_resource_is_an_unknown_target,
    unknown_parameters_are_ignored,
    a_body_that_is_no_form_is_refused,
    a_huge_body_is_refused,
    what_cannot_be_read_is_refused,
    parameters_in_the_query_do_not_count,
    tokens_carry_their_prefix,
);

async fn raw(browser: &mut Browser, content_type: &str, body: impl Into<Body>) -> Answer {
    let headers = [(header::CONTENT_TYPE, content_type)];
    browser.send(Method::POST, "/acme/token", &headers, body.into()).await
}

const FORM: &str = "application/x-www-form-urlencoded";
const GOOD: &str = "grant_type=client_credentials&client_id=web&client_secret=web-secret-0123456789abcdef";

/// RFC 6749 §5.1.
async fn answers_are_json_and_never_kept(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let answer = browser.redeem("acme", WEB, WEB_URI, &code).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let body = answer.json();
    let mut members: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"]);
    assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(body["scope"], "openid profile email");
}

/// RFC 6749 §5.2.
async fn refusals_are_json_and_never_kept(app: TestApp) {
    let mut browser = app.browser();
    for (form, expected) in [
        (vec![("grant_type", "authorization_code")], (400, "invalid_request")),
        (vec![("grant_type", "authorization_code"), ("code", "x")], (400, "invalid_grant")),
        (vec![("grant_type", "authorization_code"), ("code", "")], (400, "invalid_request")),
        (vec![("grant_type", "refresh_token")], (400, "invalid_request")),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "x")], (400, "invalid_grant")),
        (vec![], (400, "invalid_request")),
        (vec![("grant_type", "")], (400, "invalid_request")),
    ] {
        let answer = browser.token("acme", WEB, &form).await;
        assert_eq!(refusal(&answer), (expected.0, expected.1.to_owned()), "{form:?}");
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.json()["error_description"].is_string());
        assert_eq!(answer.json().as_object().unwrap().len(), 2, "{}", answer.body);
    }
}

async fn a_grant_nobody_knows_is_unsupported(app: TestApp) {
    let mut browser = app.browser();
    for grant in [
        "password",
        "implicit",
        "Authorization_Code",
        "client_credentials ",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        let answer = browser.token("acme", WEB, &[("grant_type", grant)]).await;
        assert_eq!(refusal(&answer), (400, "unsupported_grant_type".to_owned()), "{grant}");
    }
}

/// RFC 6749 §5.2: `unauthorized_client`, not `invalid_request`.
async fn a_grant_the_client_lacks_is_unauthorized(app: TestApp) {
    let mut browser = app.browser();
    for (client, form) in [
        (BILLING, vec![("grant_type", "client_credentials")]),
        (SPA, vec![("grant_type", "client_credentials")]),
        (LEGACY, vec![("grant_type", "refresh_token"), ("refresh_token", "x")]),
        (LEGACY, vec![("grant_type", "client_credentials")]),
    ] {
        let answer = browser.token("acme", client, &form).await;
        assert_eq!(refusal(&answer), (400, "unauthorized_client".to_owned()), "{form:?}");
    }
}

/// RFC 6749 §3.2.
async fn a_repeated_parameter_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let code = code(&mut browser, &web()).await;
    let good = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", WEB_URI),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in good {
        let mut form = good.to_vec();
        form.push((name, value));
        let answer = browser.token("acme", WEB, &form).await;
        assert_eq!(refusal(&answer), (400, "invalid_request".to_owned()), "{name}");
    }
    let answer = browser.token("acme", WEB, &good).await;
    assert_eq!(answer.status, StatusCode::OK, "the refusals used nothing up: {}", answer.body);
}

/// RFC 8707 §2.2.
async fn a_resource_is_an_unknown_target(app: TestApp) {
    let mut browser = app.browser();
    let form = [("grant_type", "client_credentials"), ("resource", "https://api.test")];
    let answer = browser.token("acme", WEB, &form).await;
    assert_eq!(refusal(&answer), (400, "invalid_target".to_owned()));
}

/// RFC 6749 §3.2: the server MUST ignore unrecognized request parameters.
async fn unknown_parameters_are_ignored(app: TestApp) {
    let mut browser = app.browser();
    let form = [("grant_type", "client_credentials"), ("unknown", "1"), ("code", "x"), ("scope", "")];
    assert_eq!(browser.token("acme", WEB, &form).await.status, StatusCode::OK);
}

async fn a_body_that_is_no_form_is_refused(app: TestApp) {
    let mut browser = app.browser();
    assert_eq!(raw(&mut browser, FORM, GOOD).await.status, StatusCode::OK);
    let json = r#"{"grant_type":"client_credentials","client_id":"web"}"#;
    for (content_type, body) in
        [("application/json", json), ("text/plain", GOOD), ("", GOOD), ("multipart/form-data", GOOD)]
    {
        let answer = raw(&mut browser, content_type, body).await;
        assert_eq!(refusal(&answer), (400, "invalid_request".to_owned()), "{content_type}");
    }
}

async fn a_huge_body_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let fits = format!("{GOOD}&x={}", "a".repeat(50 * 1024));
    assert_eq!(raw(&mut browser, FORM, fits).await.status, StatusCode::OK);
    let huge = format!("{GOOD}&x={}", "a".repeat(60 * 1024));
    let answer = raw(&mut browser, FORM, huge).await;
    assert_eq!(refusal(&answer), (413, "invalid_request".to_owned()));
}

async fn what_cannot_be_read_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let many = "&p=1".repeat(101);
    for extra in [&b"&x=%ff"[..], b"&x=\xff", b"&x=%", b"&x=%zz", b"&x=%00", many.as_bytes()] {
        let body = [GOOD.as_bytes(), extra].concat();
        let answer = raw(&mut browser, FORM, body).await;
        assert_eq!(
            refusal(&answer),
            (400, "invalid_request".to_owned()),
            "{:?}",
            String::from_utf8_lossy(extra)
        );
    }
}

/// RFC 6749 §2.3.1: the parameters MUST NOT be included in the request URI.
async fn parameters_in_the_query_do_not_count(app: TestApp) {
    let mut browser = app.browser();
    let headers = [(header::CONTENT_TYPE, FORM)];
    let answer = browser.send(Method::POST, &format!("/acme/token?{GOOD}"), &headers, Body::empty()).await;
    assert_eq!(refusal(&answer), (400, "invalid_request".to_owned()));
}

/// Decision D3: a recognisable prefix, and 256 random bits.
async fn tokens_carry_their_prefix(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    assert!(tokens.access.starts_with("porta_at_") && tokens.access.len() >= 9 + 43, "{}", tokens.access);
    assert!(tokens.refresh().starts_with("porta_rt_") && tokens.refresh().len() >= 9 + 43);
}
