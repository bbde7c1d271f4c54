//! What a body may say, and how long it may be.

use axum::body::Body;
use axum::http::{StatusCode, header};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use super::case::{Case, Request, cases};
use super::row::Rule;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_body_is_a_json_object,
    a_field_has_its_type,
    a_body_that_is_too_long_is_refused,
);

/// The cases that have a body.
fn with_body() -> Vec<Case> {
    cases().into_iter().filter(|case| case.row.body.is_some()).collect()
}

/// Sends another body in place of the request's.
async fn send(admin: &mut Admin, request: &Request, body: &str, content_type: &str) -> Answer {
    let headers = [(header::CONTENT_TYPE, content_type)];
    admin.send_body(request.method.clone(), &request.path, Body::from(body.to_owned()), &headers).await
}

fn refused_with(case: &Case, answer: &Answer, error: Option<&str>) {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}: {}", case.id(), answer.body);
    let body = answer.json();
    match error {
        Some(error) => assert_eq!(body["error"], error, "{}", case.id()),
        None => assert!(body["error"].is_string(), "{}: {body}", case.id()),
    }
}

async fn a_body_is_a_json_object(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    let before = world.newest_row().await;
    for case in with_body() {
        world.rest();
        let request = case.request(&world.run());
        for (body, error) in [
            ("{", "Invalid JSON"),
            ("{]", "Invalid JSON"),
            ("[]", "Validation failed"),
            ("\"x\"", "Validation failed"),
            ("null", "Validation failed"),
        ] {
            let answer = send(&mut root, &request, body, "application/json").await;
            refused_with(&case, &answer, Some(error));
        }
        // A body of another type, and none, are an empty object.
        if !case.row.needs_no_body {
            let valid = request.body.clone().unwrap_or_default().to_string();
            for (body, content_type) in
                [("{}", "application/json"), ("", "application/json"), (valid.as_str(), "text/plain")]
            {
                let answer = send(&mut root, &request, body, content_type).await;
                refused_with(&case, &answer, None);
            }
        }
    }
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

/// A value of another type than this one.
fn of_another_type(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => json!("x"),
        Value::String(_) => json!([7]),
        Value::Object(_) => json!(7),
    }
}

async fn a_field_has_its_type(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    let before = world.newest_row().await;
    for case in with_body() {
        world.rest();
        let request = case.request(&world.run());
        let valid = request.body.clone().unwrap_or_default();
        for (field, value) in valid.as_object().unwrap() {
            let mut body = valid.clone();
            body[field] = of_another_type(value);
            let answer = send(&mut root, &request, &body.to_string(), "application/json").await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{} {field}: {}", case.id(), answer.body);
        }
        if let Some(exception) = case.row.exception(Rule::UnknownField, "body") {
            let mut body = valid.clone();
            body["unknown"] = json!(true);
            let answer = send(&mut root, &request, &body.to_string(), "application/json").await;
            assert_eq!(answer.status.as_u16(), exception.status, "{}: {}", case.id(), answer.body);
        }
    }
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

async fn a_body_that_is_too_long_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    let before = world.newest_row().await;
    for case in with_body() {
        world.rest();
        let request = case.request(&world.run());
        let mut body = request.body.clone().unwrap_or_default();
        body["padding"] = json!("x".repeat(case.row.body_bytes));
        let answer = send(&mut root, &request, &body.to_string(), "application/json").await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}: {}", case.id(), answer.body);
        assert_eq!(answer.json()["error"], "request entity too large", "{}", case.id());
    }
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}
