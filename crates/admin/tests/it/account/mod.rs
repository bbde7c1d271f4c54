//! What administrators do with their own account.

mod factors;
mod password;
mod profile;
mod sessions;

use std::time::Duration;

use axum::http::{Method, StatusCode};
use porta_core::mail::Mail;
use porta_core::user::User;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::services::{ROBOT, service};
use crate::support::*;

porta_testkit::on_both_stores!(
    an_old_sign_in_is_not_enough,
    a_program_has_no_account,
    whoever_is_no_administrator_is_refused,
    changes_of_an_account_are_limited,
);

/// Longer than a sign-in counts as recent, shorter than a token lives.
const A_WHILE: Duration = Duration::from_secs(301);

/// The operations that need a recent sign-in, with bodies that they accept.
fn sensitive() -> Vec<(Method, &'static str, Value)> {
    vec![
        (Method::POST, "/me/password", json!({ "current": AUDITOR.1, "new": "brisk-Walnut-Harbor-9" })),
        (Method::POST, "/me/two-factor/setup", json!({ "method": "email" })),
        (Method::POST, "/me/two-factor/resend", json!({})),
        (Method::POST, "/me/two-factor/verify", json!({ "code": "123456" })),
        (Method::DELETE, "/me/sessions", json!({})),
        (Method::DELETE, "/me/sessions/00000000-0000-0000-0000-000000000000", json!({})),
    ]
}

/// The operations that any sign-in will do for.
fn others() -> Vec<(Method, &'static str, Value)> {
    vec![
        (Method::GET, "/me/two-factor", Value::Null),
        (Method::GET, "/me/sessions", Value::Null),
        (Method::DELETE, "/me/two-factor/setup", Value::Null),
        (Method::PUT, "/me/profile", json!({ "nickname": "Au" })),
    ]
}

async fn stored(admins: &Admins, person: Person) -> User {
    admins.user("porta-admin", person.0).await
}

async fn an_old_sign_in_is_not_enough(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let before = stored(&admins, AUDITOR).await;
    admins.app.advance(A_WHILE);
    for (method, path, body) in sensitive() {
        let answer = auditor.send(method.clone(), path, Some(&body)).await;
        let body = refused(&answer, StatusCode::UNAUTHORIZED, "Recent sign-in required");
        assert!(body["message"].as_str().unwrap().contains("max_age=300"), "{method} {path}: {body}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
        assert!(challenge.contains("max_age=\"300\""), "{challenge}");
    }
    assert_eq!(stored(&admins, AUDITOR).await, before);
    for (method, path, body) in others() {
        let answer = auditor.send(method.clone(), path, Some(&body)).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.body);
    }
}

async fn a_program_has_no_account(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut robot = service(&admins, ROBOT, None).await;
    for (method, path, body) in sensitive().into_iter().chain(others()) {
        let answer = robot.send(method, path, Some(&body)).await;
        let message = refused(&answer, StatusCode::FORBIDDEN, "Forbidden")["message"].clone();
        assert_eq!(message, "A service account has no account of its own: sign in as a user", "{path}");
    }
}

async fn whoever_is_no_administrator_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut helper, mut nobody) = (admins.sign_in(HELPER).await, admins.bearer("none"));
    for (method, path, body) in sensitive().into_iter().chain(others()) {
        let answer = helper.send(method.clone(), path, Some(&body)).await;
        refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        let answer = nobody.send(method, path, Some(&body)).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}

async fn changes_of_an_account_are_limited(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let missing = "/me/sessions/00000000-0000-0000-0000-000000000000";
    for _ in 0..60 {
        expect(&auditor.delete(missing).await, StatusCode::NOT_FOUND);
    }
    let answer = auditor.delete(missing).await;
    let body = refused(&answer, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    assert_eq!(body["message"], "Too many attempts. Please try again later.");
    assert!(answer.header("retry-after").is_some());
    // Colleagues are not affected.
    let mut colleague = admins.sign_in(USERS).await;
    expect(&colleague.delete(missing).await, StatusCode::NOT_FOUND);
}
