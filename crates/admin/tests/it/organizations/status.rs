//! The life cycle of an organization.

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::json;

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    every_transition_that_exists_works_and_no_other,
    the_super_admin_organization_stays,
    stopping_an_organization_ends_its_tokens_and_its_sign_in,
    a_suspension_has_a_reason,
    one_of_many_status_changes_wins,
);

/// Action, the statuses it begins at, the one it leads to, and its audit event.
const ACTIONS: [(&str, &[&str], &str, &str); 4] = [
    ("suspend", &["active"], "suspended", "org.suspended"),
    ("activate", &["suspended"], "active", "org.activated"),
    ("archive", &["active", "suspended"], "archived", "org.archived"),
    ("restore", &["archived"], "active", "org.restored"),
];

const BETA: &str = "/organizations/beta";

async fn every_transition_that_exists_works_and_no_other(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    for (into, status, back) in [
        (None, "active", None),
        (Some("suspend"), "suspended", Some("activate")),
        (Some("archive"), "archived", Some("restore")),
    ] {
        if let Some(action) = into {
            expect(&orgs.post(&format!("{BETA}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
        }
        for (action, from, to, event) in ACTIONS {
            if from.contains(&status) {
                continue;
            }
            let rows = admins.count(event).await;
            let text = if to == status && to != "active" {
                format!("Organization is already {to}")
            } else {
                format!("Cannot {action} organization from status: {status}")
            };
            let answer = orgs.post(&format!("{BETA}/{action}"), &json!({})).await;
            refused(&answer, StatusCode::BAD_REQUEST, &text);
            assert_eq!(admins.count(event).await, rows, "{action}");
        }
        assert_eq!(expect(&orgs.get(BETA).await, StatusCode::OK)["data"]["status"], status);
        if let Some(action) = back {
            expect(&orgs.post(&format!("{BETA}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
        }
    }
    // Archived directly and from a suspension.
    for action in ["suspend", "archive", "restore"] {
        expect(&orgs.post(&format!("{BETA}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(expect(&orgs.get(BETA).await, StatusCode::OK)["data"]["status"], "active");
    for (_, _, _, event) in ACTIONS {
        let row = admins.newest(event).await;
        let labels = (row.actor_label.as_deref(), row.organization_label.as_deref());
        assert_eq!(labels, (Some(ORGS.0), Some("beta")), "{event}");
    }
}

async fn the_super_admin_organization_stays(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = "/organizations/porta-admin";
    for (action, text) in [
        ("suspend", "Super-admin organization cannot be suspended"),
        ("archive", "Super-admin organization cannot be archived"),
        ("activate", "Cannot activate organization from status: active"),
        ("restore", "Cannot restore organization from status: active"),
    ] {
        let answer = root.post(&format!("{path}/{action}"), &json!({})).await;
        refused(&answer, StatusCode::BAD_REQUEST, text);
    }
    assert_eq!(expect(&root.get(path).await, StatusCode::OK)["data"]["status"], "active");
}

async fn stopping_an_organization_ends_its_tokens_and_its_sign_in(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = ("bob@acme.test", "lantern-Quay-42");
    for (stop, start, answers) in
        [("suspend", "activate", StatusCode::FORBIDDEN), ("archive", "restore", StatusCode::NOT_FOUND)]
    {
        let token = token(&admins.app, "acme", bob, ("cli", "http://127.0.0.1/cb")).await;
        expect(&root.post(&format!("/organizations/acme/{stop}"), &json!({})).await, StatusCode::NO_CONTENT);
        admins.app.wait_for_notices().await;
        let discovery = "/acme/.well-known/openid-configuration";
        assert_eq!(admins.app.browser().get(discovery).await.status, answers, "{stop}");
        expect(&root.post(&format!("/organizations/acme/{start}"), &json!({})).await, StatusCode::NO_CONTENT);
        admins.app.wait_for_notices().await;
        assert_eq!(admins.app.browser().get(discovery).await.status, StatusCode::OK, "{start}");
        let authorization = format!("Bearer {token}");
        let headers = [(header::AUTHORIZATION, authorization.as_str())];
        let answer = admins.app.browser().send(Method::GET, "/acme/me", &headers, "".into()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{stop}");
        // What is issued from now on is newer than the change.
        admins.app.advance(std::time::Duration::from_secs(1));
    }
}

async fn a_suspension_has_a_reason(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("{BETA}/suspend");
    for unfit in [json!(1), json!("x".repeat(501)), json!("a\u{202e}b"), json!("a\u{0}b")] {
        let answer = root.post(&path, &json!({ "reason": unfit })).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!(["reason"]));
    }
    assert_eq!(expect(&root.get(BETA).await, StatusCode::OK)["data"]["status"], "active");
    expect(&root.post(&path, &json!({ "reason": "unpaid" })).await, StatusCode::NO_CONTENT);
    assert_eq!(admins.newest("org.suspended").await.metadata["reason"], "unpaid");
    expect(&root.post(&format!("{BETA}/activate"), &json!({})).await, StatusCode::NO_CONTENT);
    admins.app.advance(std::time::Duration::from_secs(1));
    // Without a body there is no reason.
    expect(&root.send(Method::POST, &path, None).await, StatusCode::NO_CONTENT);
    assert!(admins.newest("org.suspended").await.metadata["reason"].is_null());
}

async fn one_of_many_status_changes_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let suspend = |_| (Method::POST, format!("{BETA}/suspend"), json!({}), None);
    let statuses = at_once(&admins, 16, suspend).await;
    assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 1, "{statuses:?}");
    let losers = count(&statuses, StatusCode::CONFLICT) + count(&statuses, StatusCode::BAD_REQUEST);
    assert_eq!(losers, 15, "{statuses:?}");
    assert_eq!(admins.count("org.suspended").await, 1);
}
