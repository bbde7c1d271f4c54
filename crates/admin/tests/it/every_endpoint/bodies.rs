//! What a body may say, and how long it may be.

use axum::body::Body;
use axum::http::{StatusCode, header};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use super::case::{Case, Request, cases};
use super::differences::{Differences, parsed};
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

fn refused_with(case: &Case, answer: &Answer, error: Option<&str>, differences: &mut Differences) {
    let about = format!("{}: {}", case.id(), answer.body);
    differences.equal(&about, &answer.status, &StatusCode::BAD_REQUEST);
    let body = parsed(answer);
    match error {
        Some(error) => differences.equal(&about, &body["error"], error),
        None => differences.holds(&about, body["error"].is_string()),
    }
}

async fn a_body_is_a_json_object(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    let before = world.newest_row().await;
    let mut differences = Differences::default();
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
            refused_with(&case, &answer, Some(error), &mut differences);
        }
        // A body of another type, and none, are an empty object.
        if !case.row.needs_no_body {
            let valid = request.body.clone().unwrap_or_default().to_string();
            for (body, content_type) in
                [("{}", "application/json"), ("", "application/json"), (valid.as_str(), "text/plain")]
            {
                let answer = send(&mut root, &request, body, content_type).await;
                refused_with(&case, &answer, None, &mut differences);
            }
        }
    }
    differences.none();
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
    let mut differences = Differences::default();
    for case in with_body() {
        world.rest();
        let request = case.request(&world.run());
        let valid = request.body.clone().unwrap_or_default();
        for (field, value) in valid.as_object().unwrap() {
            let mut body = valid.clone();
            body[field] = of_another_type(value);
            let answer = send(&mut root, &request, &body.to_string(), "application/json").await;
            let about = format!("{} {field}: {}", case.id(), answer.body);
            differences.equal(&about, &answer.status, &StatusCode::BAD_REQUEST);
        }
        if let Some(exception) = case.row.exception(Rule::UnknownField, "body") {
            let mut body = valid.clone();
            body["unknown"] = json!(true);
            let answer = send(&mut root, &request, &body.to_string(), "application/json").await;
            let about = format!("{}: {}", case.id(), answer.body);
            differences.equal(&about, &answer.status.as_u16(), &exception.status);
        }
    }
    differences.none();
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

async fn a_body_that_is_too_long_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    let before = world.newest_row().await;
    let mut differences = Differences::default();
    for case in with_body() {
        world.rest();
        let request = case.request(&world.run());
        let mut body = request.body.clone().unwrap_or_default();
        body["padding"] = json!("x".repeat(case.row.body_bytes));
        let answer = send(&mut root, &request, &body.to_string(), "application/json").await;
        let about = format!("{}: {}", case.id(), answer.body);
        differences.equal(&about, &answer.status, &StatusCode::PAYLOAD_TOO_LARGE);
        differences.equal(&about, &parsed(&answer)["error"], "request entity too large");
    }
    differences.none();
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}
