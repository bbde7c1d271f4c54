//! `POST /{org}/auth` (OpenID Connect Core §3.1.2.1: GET and POST MUST be supported).

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_post_from_the_clients_page_sees_the_session,
    a_post_without_a_session_leads_to_the_login_page,
    prompt_none_works_by_post,
    refusals_are_those_of_get,
    only_the_body_counts,
    the_way_back_works_once_and_in_one_browser,
    a_body_that_is_no_form_is_refused,
    a_huge_body_is_refused,
    what_cannot_be_read_is_refused,
);

async fn raw(browser: &mut Browser, content_type: &str, body: impl Into<Body>) -> Answer {
    let headers = [(header::CONTENT_TYPE, content_type)];
    browser.send(Method::POST, "/acme/auth", &headers, body.into()).await
}

/// A cross-site POST carries no `SameSite=Lax` cookie; the session is read after a redirect to ourselves.
async fn a_post_from_the_clients_page_sees_the_session(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = browser.cross_site_post("/acme/auth", &web().pairs()).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(answer.location().starts_with("https://id.test/acme/auth/"), "{}", answer.location());
    let answer = browser.follow(answer).await;
    assert_eq!(answer.query("state").as_deref(), Some("state-1"));
    let code = answer.query("code").unwrap();
    assert_eq!(browser.redeem("acme", WEB, WEB_URI, &code).await.status, StatusCode::OK);
}

async fn a_post_without_a_session_leads_to_the_login_page(app: TestApp) {
    let mut browser = app.browser();
    let answer = browser.cross_site_post("/acme/auth", &web().pairs()).await;
    let resumed = browser.get(answer.location()).await;
    assert!(leads_to_interaction(&resumed), "{}", resumed.location());
    let page_url = resumed.location().to_owned();
    let page = browser.follow(resumed).await;
    let form = [("_csrf", page.field("_csrf")), ("email", ANA.0.to_owned()), ("password", ANA.1.to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let answer = browser.post(&format!("{page_url}/login"), &form).await;
    assert!(browser.follow(answer).await.query("code").is_some());
}

async fn prompt_none_works_by_post(app: TestApp) {
    let request = web().with("prompt", "none");
    let mut stranger = app.browser();
    let answer = stranger.cross_site_post("/acme/auth", &request.pairs()).await;
    assert_refused_to(&stranger.follow(answer).await, WEB_URI, "login_required");
    let mut browser = ana_signed_in(&app).await;
    let answer = browser.cross_site_post("/acme/auth", &request.pairs()).await;
    assert!(browser.follow(answer).await.query("code").is_some());
}

async fn refusals_are_those_of_get(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for (request, code) in [
        (web().with("response_type", "token"), "unsupported_response_type"),
        (web().with("scope", "openid \\"), "invalid_scope"),
        (web().with("max_age", "x"), "invalid_request"),
        (web().again("nonce", "2"), "invalid_request"),
        (web().with("resource", "https://api.test"), "invalid_target"),
        (web().with("request", "x"), "request_not_supported"),
        (web().without("code_challenge"), "invalid_request"),
    ] {
        let answer = browser.cross_site_post("/acme/auth", &request.pairs()).await;
        assert_refused_to(&answer, WEB_URI, code);
    }
    for (request, code) in [
        (web().with("client_id", "nobody"), "invalid_client"),
        (web().with("redirect_uri", "https://evil.test/cb"), "invalid_redirect_uri"),
        (web().again("client_id", "web"), "invalid_request"),
    ] {
        assert_page(&browser.cross_site_post("/acme/auth", &request.pairs()).await, code);
    }
}

/// OpenID Connect Core §3.1.2.1: with POST the parameters are in the form body.
async fn only_the_body_counts(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let url = web().url();
    assert_page(&browser.post(&url, &[]).await, "invalid_request");
    let query = url.split_once('?').unwrap().1;
    let answer =
        browser.post(&format!("/acme/auth?{}", query.replace("state-1", "other")), &web().pairs()).await;
    assert_eq!(browser.follow(answer).await.query("state").as_deref(), Some("state-1"));
}

/// Single use, and bound to the browser that posted.
async fn the_way_back_works_once_and_in_one_browser(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let answer = browser.cross_site_post("/acme/auth", &web().pairs()).await;
    let back = answer.location().to_owned();
    let mut other = signed_in(&app, BOB).await;
    assert_eq!(other.get(&back).await.status, StatusCode::BAD_REQUEST, "another browser");
    let first = browser.get(&back).await;
    assert!(first.query("code").is_some(), "and the attempt burned nothing");
    assert_eq!(browser.get(&back).await.location(), first.location(), "the answer of before");
    let begun = browser.get(&format!("{back}?n=2")).await;
    assert_eq!(browser.follow(begun).await.status, StatusCode::BAD_REQUEST, "no second one");
}

async fn a_body_that_is_no_form_is_refused(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let json = r#"{"client_id":"web","response_type":"code"}"#;
    let form = web().url().split_once('?').unwrap().1.to_owned();
    for (content_type, body) in [
        ("application/json", json),
        ("text/plain", form.as_str()),
        ("multipart/form-data; boundary=x", form.as_str()),
        ("", form.as_str()),
        ("application/x-www-form-urlencodedx", form.as_str()),
    ] {
        assert_page(&raw(&mut browser, content_type, body.to_owned()).await, "invalid_request");
    }
    for content_type in
        ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-UrlEncoded"]
    {
        let answer = raw(&mut browser, content_type, form.clone()).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{content_type}");
    }
}

/// The limit is 56 kB.
async fn a_huge_body_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let form = "application/x-www-form-urlencoded";
    let body = format!("{}&x={}", web().url().split_once('?').unwrap().1, "a".repeat(60 * 1024));
    let answer = raw(&mut browser, form, body.clone()).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    assert_eq!(answer.header("location"), None);
    let headers = [(header::CONTENT_TYPE, form), (header::CONTENT_LENGTH, "61440")];
    let answer = browser.send(Method::POST, "/acme/auth", &headers, Body::from("x=1")).await;
    assert!(answer.status.is_client_error(), "by its declared length: {}", answer.status);
    assert_eq!(answer.header("location"), None);
}

async fn what_cannot_be_read_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let form = "application/x-www-form-urlencoded";
    let good = web().url().split_once('?').unwrap().1.to_owned();
    for extra in [&b"&x=%ff"[..], b"&x=\xff", b"&x=%", b"&x=%00", b"&\xc0\xaf=1"] {
        let body = [good.as_bytes(), extra].concat();
        assert_page(&raw(&mut browser, form, body).await, "invalid_request");
    }
}
