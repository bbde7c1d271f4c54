//! What one request and one administrator may cost.

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::json;

use crate::support::*;

porta_testkit::on_both_stores!(
    an_administrator_changes_so_much_in_a_minute,
    an_administrator_reads_so_much_in_a_minute,
    a_body_is_bounded,
    a_body_must_be_json,
    a_request_costs_few_round_trips,
);

async fn an_administrator_changes_so_much_in_a_minute(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/users/{}/verify-email", admins.user("acme", "ana@acme.test").await.id);
    for _ in 0..600 {
        expect(&root.post(&path, &json!({})).await, StatusCode::NO_CONTENT);
    }
    // Nor does it help to say that one is somewhere else (W-20).
    let forwarded = [(HeaderName::from_static("x-forwarded-for"), "203.0.113.9")];
    let elsewhere = root.send_with(Method::POST, &path, Some(&json!({})), &forwarded).await;
    refused(&elsewhere, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    let answer = root.post(&path, &json!({})).await;
    let body = refused(&answer, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    assert!(body["retry_after"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{body}");
    assert_eq!(answer.header("retry-after"), Some(body["retry_after"].to_string().as_str()));
    assert_eq!(
        (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")),
        (Some("600"), Some("0"))
    );
    // Reads go on, and so do colleagues.
    expect(&root.get("/organizations/acme/users").await, StatusCode::OK);
    let mut colleague = admins.sign_in(USERS).await;
    expect(&colleague.post(&path, &json!({})).await, StatusCode::NO_CONTENT);
    admins.app.advance(std::time::Duration::from_secs(61));
}

/// Each process counts for itself, so the store of counters is not asked.
async fn an_administrator_reads_so_much_in_a_minute(app: TestApp) {
    let admins = Admins::of(app).await;
    let tokens = [admins.sign_in(ROOT).await.token, admins.sign_in(AUDITOR).await.token];
    let app = admins.app.sibling_with(|instance| instance.admin_reads_per_minute = Some(3));
    let elsewhere = Admins { app, command_line: admins.command_line.clone() };
    let [mut root, mut colleague] = tokens.each_ref().map(|token| elsewhere.bearer(token));
    let list = "/organizations/acme/users?limit=1";
    // What the console asks for by itself counts as well: a header must not lift a limit.
    let background = [(HeaderName::from_static("x-background"), "1")];
    expect(&root.send_with(Method::GET, list, None, &background).await, StatusCode::OK);
    expect(&root.get("/me").await, StatusCode::OK);
    expect(&root.send(Method::HEAD, list, None).await, StatusCode::OK);
    let commands = elsewhere.app.kv.commands();
    let forwarded = [(HeaderName::from_static("x-forwarded-for"), "203.0.113.9"), background[0].clone()];
    let answer = root.send_with(Method::GET, list, None, &forwarded).await;
    let body = refused(&answer, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    assert!(body["retry_after"].as_u64().is_some_and(|seconds| (1..=60).contains(&seconds)), "{body}");
    assert_eq!(answer.header("retry-after"), Some(body["retry_after"].to_string().as_str()));
    assert_eq!(
        (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")),
        (Some("3"), Some("0"))
    );
    // So is the own account.
    refused(&root.get("/me/sessions").await, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    assert_eq!(elsewhere.app.kv.commands(), commands);
    // Changes, colleagues and other processes go on.
    let user = json!({ "email": "new@acme.test" });
    expect(&root.post("/organizations/acme/users", &user).await, StatusCode::CREATED);
    expect(&colleague.get(list).await, StatusCode::OK);
    expect(&admins.bearer(&tokens[0]).get(list).await, StatusCode::OK);
    admins.app.advance(std::time::Duration::from_secs(61));
    expect(&root.get(list).await, StatusCode::OK);
}

async fn a_body_is_bounded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let large = json!({ "email": "x@acme.test", "padding": "x".repeat(100 * 1024) });
    let answer = root.post("/organizations/acme/users", &large).await;
    refused(&answer, StatusCode::PAYLOAD_TOO_LARGE, "request entity too large");
}

async fn a_body_must_be_json(app: TestApp) {
    let admins = Admins::of(app).await;
    let root = admins.sign_in(ROOT).await;
    let authorization = format!("Bearer {}", root.token);
    let mut browser = admins.app.browser();
    let path = "/api/admin/organizations/acme/users";
    let json_type = (header::CONTENT_TYPE, "application/json; charset=utf-8");
    for (text, error) in [
        ("{", "Invalid JSON"),
        ("email=x@acme.test", "Invalid JSON"),
        ("\u{feff}{}", "Invalid JSON"),
        ("[]", "Validation failed"),
        ("\"x\"", "Validation failed"),
        ("", "Validation failed"),
    ] {
        let headers = [(header::AUTHORIZATION, authorization.as_str()), json_type.clone()];
        let answer = browser.send(Method::POST, path, &headers, Body::from(text)).await;
        refused(&answer, StatusCode::BAD_REQUEST, error);
    }
    // Another type is no body.
    let headers = [(header::AUTHORIZATION, authorization.as_str()), (header::CONTENT_TYPE, "text/plain")];
    let answer = browser.send(Method::POST, path, &headers, Body::from(r#"{"email":"x@acme.test"}"#)).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
}

async fn a_request_costs_few_round_trips(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = admins.user("acme", "ana@acme.test").await.id;
    let acme = admins.organization("acme").await.id;
    for (path, sql) in [
        // The administrator and the page.
        (format!("/organizations/{acme}/users?limit=20"), 2),
        (format!("/organizations/{acme}/users"), 2),
        (format!("/organizations/{acme}/users?search=ana&limit=20"), 2),
        (format!("/organizations/{acme}/users?search=ana"), 2),
        // And the number of all.
        (format!("/organizations/{acme}/users?pageSize=1"), 3),
        // An empty page does not show whether the organization is there.
        (format!("/organizations/{acme}/users?search=nobody-has-this&limit=20"), 4),
        // And the organization that the slug names.
        ("/organizations/acme/users?limit=20".to_owned(), 3),
        ("/organizations/acme/users".to_owned(), 3),
        (format!("/organizations/acme/users/{id}"), 3),
    ] {
        let before = (admins.app.store.round_trips(), admins.app.kv.commands());
        expect(&root.get(&path).await, StatusCode::OK);
        let after = (admins.app.store.round_trips(), admins.app.kv.commands());
        assert_eq!((after.0 - before.0, after.1 - before.1), (sql, 0), "{path}");
    }
}
