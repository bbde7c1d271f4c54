//! Error answers: pages for people, JSON for programs, no internals for anyone.

use axum::body::Body;
use axum::http::{Method, header};
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_1_8_people_get_pages_and_programs_get_json,
    section_6_10_no_error_shows_the_inside,
    no_answer_repeats_a_secret_it_was_sent,
    an_error_page_names_the_code_and_not_the_description,
    methods_and_media_types_nobody_expects_are_client_errors,
);

async fn section_1_8_people_get_pages_and_programs_get_json(app: TestApp) {
    let accepts = [
        ("text/html", true),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
        ("application/json", false),
        ("*/*", false),
        ("application/json, text/html", false),
        ("text/html, application/json", true),
        ("text/html;q=0.4, application/json;q=0.9", false),
        ("application/json;q=0.4, text/html;q=0.9", true),
        ("text/html;q=0, */*", false),
        ("", false),
    ];
    for (accept, page) in accepts {
        let answer = app.browser().with("accept", accept).get("/nowhere/auth").await;
        assert_eq!(answer.status, 404);
        let kind = if page { "text/html; charset=utf-8" } else { "application/json; charset=utf-8" };
        assert_eq!(answer.header("content-type"), Some(kind), "{accept}");
        if !page {
            assert_eq!(
                answer.json(),
                serde_json::json!({ "error": "Organization not found", "status": 404 })
            );
        }
    }
    let token = app.browser().post("/acme/token", &[("grant_type", "authorization_code")]).await;
    assert!(token.json()["error"].is_string());
}

/// Answers to invalid requests of every kind.
async fn errors(app: &TestApp) -> Vec<(String, Answer)> {
    let mut found = Vec::new();
    let mut html = app.browser().with("accept", "text/html");
    let mut api = app.browser();
    for path in [
        "/nowhere/auth",
        "/acme/auth",
        "/acme/auth?client_id=nobody",
        "/acme/auth?client_id=web&redirect_uri=https://evil.test",
        "/acme/auth?client_id=web&client_id=web",
        "/acme/auth?%",
        "/acme/auth/x",
        "/acme/auth/%ff",
        "/acme/interaction/x",
        "/acme/interaction/%00",
        "/acme/interaction/x/login",
        "/acme/session/end?id_token_hint=x",
        "/acme/session/end?id_token_hint=a.b.c",
        "/acme/session/end/confirm",
        "/acme/me",
        "/acme/me?access_token=x",
        "/acme/jwks/x",
        "/%00/auth",
        "/%ff/auth",
        "/acme%2f/auth",
    ] {
        for browser in [&mut html, &mut api] {
            found.push((path.to_owned(), browser.get(path).await));
        }
    }
    for path in [
        "/acme/token",
        "/acme/token/introspection",
        "/acme/token/revocation",
        "/acme/me",
        "/acme/auth",
        "/acme/session/end",
        "/acme/session/end/confirm",
        "/acme/interaction/x/login",
        "/acme/interaction/x/confirm",
        "/acme/interaction/x/abort",
    ] {
        for (content_type, body) in [
            ("application/json", "{\"a\":"),
            ("application/x-www-form-urlencoded", "a=%zz"),
            ("application/x-www-form-urlencoded", "a=1&a=2&grant_type=x&client_id=web&client_secret=x"),
            ("text/xml", "<!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>"),
            ("", ""),
        ] {
            let headers = [(header::CONTENT_TYPE, content_type)];
            let answer = html.send(Method::POST, path, &headers, Body::from(body)).await;
            found.push((format!("POST {path} {body}"), answer));
        }
    }
    found
}

async fn section_6_10_no_error_shows_the_inside(app: TestApp) {
    for (request, answer) in errors(&app).await {
        assert!(
            answer.status.is_client_error() || answer.status.is_redirection(),
            "{request}: {}",
            answer.status
        );
        for inside in [
            "sqlx",
            "redis",
            "tokio",
            "panicked",
            ".rs:",
            "crates/",
            "src/",
            "stack",
            "backtrace",
            "Error {",
            "Err(",
            "Some(",
            "None",
            "serde",
            "line 1",
            "column",
            "SELECT",
            "sqlite",
            "postgres",
            "argon2",
            "porta_",
        ] {
            assert!(!words(&answer).contains(inside), "{request}: {inside} in {}", answer.body);
        }
    }
}

/// The body without our style sheets.
fn words(answer: &Answer) -> String {
    answer.body.split("<style>").map(|part| part.split("</style>").last().unwrap_or_default()).collect()
}

async fn no_answer_repeats_a_secret_it_was_sent(app: TestApp) {
    const SECRET: &str = "hush-0123456789-hush";
    let mut browser = app.browser().with("accept", "text/html");
    let form = open(&mut browser, &web()).await;
    let mut answers = vec![
        form.login(&mut browser, ANA.0, SECRET).await,
        form.login(&mut browser, NOBODY, SECRET).await,
        form.submit(&mut browser, "login", &[("_csrf", SECRET), ("email", ANA.0), ("password", SECRET)])
            .await,
        browser.get(&format!("/acme/session/end?id_token_hint={SECRET}")).await,
        browser.get(&format!("/acme/auth?client_id=nobody&state={SECRET}&code_challenge={SECRET}")).await,
        browser.post("/acme/session/end/confirm", &[("xsrf", SECRET), ("logout", "yes")]).await,
        browser.redeem("acme", ("web", Some(SECRET)), "https://web.test/cb", SECRET).await,
        browser.token("acme", WEB, &[("grant_type", "refresh_token"), ("refresh_token", SECRET)]).await,
        browser.authenticated("/acme/token/introspection", WEB, &[("token", SECRET)]).await,
    ];
    answers.push(bearer(&app, SECRET).await);
    for answer in answers {
        assert!(!answer.body.contains(SECRET), "{}", answer.body);
        for (name, value) in &answer.headers {
            assert!(!String::from_utf8_lossy(value.as_bytes()).contains(SECRET), "{name}");
        }
    }
}

async fn bearer(app: &TestApp, token: &str) -> Answer {
    let mut browser: Browser = app.browser().with("authorization", &format!("Bearer {token}"));
    browser.get("/acme/me").await
}

async fn an_error_page_names_the_code_and_not_the_description(app: TestApp) {
    let page = app.browser().get("/acme/auth?client_id=web&redirect_uri=https://evil.test/cb").await;
    assert_eq!(page.status, 400);
    assert!(page.headers.get("location").is_none());
    assert!(page.body.contains("<code dir=\"ltr\">"), "{}", page.body);
    assert!(!page.body.contains("evil.test") && !page.body.contains("registered"), "{}", page.body);
}

async fn methods_and_media_types_nobody_expects_are_client_errors(app: TestApp) {
    let paths = ["/acme/auth", "/acme/token", "/acme/me", "/acme/jwks", "/acme/session/end", "/health"];
    for path in paths {
        for method in ["PUT", "DELETE", "PATCH", "TRACE", "BREW", "get", "PROPFIND", "CONNECT"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = app.browser().send(method.clone(), path, &[], Body::empty()).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert!(answer.header("allow").is_some());
        }
    }
}
