//! The life cycle of an account.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    every_transition_that_exists_works_and_no_other,
    both_paths_do_the_same,
    stopping_an_account_ends_its_tokens,
    a_lock_has_a_reason_and_unlocking_forgets_it,
    a_reason_must_fit,
);

/// Action, the status it begins at, the status it leads to, and its audit event.
const ACTIONS: [(&str, &str, &str, &str); 6] = [
    ("deactivate", "active", "inactive", "user.deactivated"),
    ("reactivate", "inactive", "active", "user.reactivated"),
    ("suspend", "active", "suspended", "user.suspended"),
    ("unsuspend", "suspended", "active", "user.activated"),
    ("lock", "active", "locked", "user.locked"),
    ("unlock", "locked", "active", "user.unlocked"),
];

async fn every_transition_that_exists_works_and_no_other(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/organizations/acme/users/{}", admins.user("acme", "bob@acme.test").await.id);
    for (into, status) in [
        (None, "active"),
        (Some("deactivate"), "inactive"),
        (Some("suspend"), "suspended"),
        (Some("lock"), "locked"),
    ] {
        if let Some(action) = into {
            expect(&root.post(&format!("{path}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
        }
        for (action, from, to, event) in ACTIONS {
            if from == status {
                continue;
            }
            let rows = admins.count(event).await;
            let answer = root.post(&format!("{path}/{action}"), &json!({})).await;
            refused(&answer, StatusCode::BAD_REQUEST, &format!("Cannot {action} user from status: {status}"));
            assert_eq!(admins.count(event).await, rows, "{action} to {to}");
        }
        if let Some((back, ..)) = ACTIONS.iter().find(|(_, from, to, _)| *from == status && *to == "active") {
            expect(&root.post(&format!("{path}/{back}"), &json!({})).await, StatusCode::NO_CONTENT);
        }
        assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"]["status"], "active");
    }
    for (_, _, _, event) in ACTIONS {
        let row = admins.newest(event).await;
        assert_eq!(
            (row.actor_label.as_deref(), row.organization_label.as_deref()),
            (Some(ROOT.0), Some("acme")),
            "{event}"
        );
    }
}

async fn both_paths_do_the_same(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    for (action, ..) in ACTIONS {
        expect(&root.post(&format!("{path}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
    }
    expect(&root.post(&format!("{path}/deactivate"), &json!({})).await, StatusCode::NO_CONTENT);
    expect(&root.post(&format!("{path}/activate"), &json!({})).await, StatusCode::NO_CONTENT);
    let below = format!("/organizations/acme{path}");
    assert_eq!(root.get(&path).await.body, root.get(&below).await.body);
}

async fn stopping_an_account_ends_its_tokens(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = ("bob@acme.test", "lantern-Quay-42");
    let path = format!("/users/{}", admins.user("acme", bob.0).await.id);
    for (stop, start) in [("deactivate", "activate"), ("suspend", "unsuspend"), ("lock", "unlock")] {
        let token = token(&admins.app, "acme", bob, ("cli", "http://127.0.0.1/cb")).await;
        expect(&root.post(&format!("{path}/{stop}"), &json!({})).await, StatusCode::NO_CONTENT);
        expect(&root.post(&format!("{path}/{start}"), &json!({})).await, StatusCode::NO_CONTENT);
        let authorization = format!("Bearer {token}");
        let headers = [(axum::http::header::AUTHORIZATION, authorization.as_str())];
        let answer =
            admins.app.browser().send(axum::http::Method::GET, "/acme/me", &headers, "".into()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{stop}");
    }
}

async fn a_lock_has_a_reason_and_unlocking_forgets_it(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    let reason = json!({ "reason": "left the company" });
    expect(&root.post(&format!("{path}/lock"), &reason).await, StatusCode::NO_CONTENT);
    let data = expect(&root.get(&path).await, StatusCode::OK)["data"].clone();
    assert_eq!(data["lockedReason"], "left the company");
    assert!(data["lockedAt"].is_string());
    assert_eq!(admins.newest("user.locked").await.metadata["reason"], "left the company");
    expect(&root.post(&format!("{path}/unlock"), &json!({})).await, StatusCode::NO_CONTENT);
    let data = expect(&root.get(&path).await, StatusCode::OK)["data"].clone();
    assert_eq!((&data["lockedReason"], &data["lockedAt"]), (&Value::Null, &Value::Null));
    // Without a body there is no reason.
    expect(&root.send(axum::http::Method::POST, &format!("{path}/lock"), None).await, StatusCode::NO_CONTENT);
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"]["lockedReason"], Value::Null);
}

async fn a_reason_must_fit(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    for unfit in [json!(1), json!("x".repeat(501)), json!("a\u{202e}b"), json!("a\nb")] {
        let answer = root.post(&format!("{path}/suspend"), &json!({ "reason": unfit })).await;
        refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    }
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"]["status"], "active");
}
