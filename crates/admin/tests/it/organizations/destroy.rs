//! Deleting organizations.

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_preview_deletes_nothing_and_equals_the_effect,
    what_is_not_understood_deletes_nothing,
    the_super_admin_organization_stays,
    nothing_of_it_works_any_more,
    one_of_many_deletions_wins,
);

const ACME: &str = "/organizations/acme";

/// What the fixture has.
fn counts() -> Value {
    json!({ "applications": 2, "clients": 5, "users": 3, "roles": 3, "permissions": 2, "claim_definitions": 2 })
}

async fn a_preview_deletes_nothing_and_equals_the_effect(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let organization = expect(&orgs.get(ACME).await, StatusCode::OK)["data"].clone();
    for query in ["dryRun=true", "dry-run=true", "dry-run=false&dryRun=true", "dry-run=true&dryRun=false"] {
        let body = expect(&orgs.delete(&format!("{ACME}?{query}")).await, StatusCode::OK);
        let expected = json!({
            "dryRun": true, "deleted": false, "organization": organization,
            "cascadeCounts": counts(), "counts": counts(),
        });
        assert_eq!(body, expected, "{query}");
        assert_eq!(expect(&orgs.get(ACME).await, StatusCode::OK)["data"], organization, "{query}");
    }
    assert_eq!(admins.count("org.destroyed").await, 0);

    let answer = orgs.delete(ACME).await;
    let expected = json!({
        "deleted": true, "organization": organization, "cascadeCounts": counts(), "counts": counts(),
    });
    assert_eq!(expect(&answer, StatusCode::OK), expected);
    for path in [ACME.to_owned(), format!("/organizations/{}", organization["id"].as_str().unwrap())] {
        let answer = orgs.get(&path).await;
        let name = path.rsplit('/').next().unwrap();
        refused(&answer, StatusCode::NOT_FOUND, &format!("Organization not found: {name}"));
    }
    refused(&orgs.delete(ACME).await, StatusCode::NOT_FOUND, "Organization not found: acme");
    let list = expect(&orgs.get("/organizations").await, StatusCode::OK);
    assert_eq!(list["total"], 2);

    let row = admins.newest("org.destroyed").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ORGS.0), Some("acme")));
    assert_eq!((&row.metadata["name"], &row.metadata["slug"]), (&json!("Acme"), &json!("acme")));
    assert_eq!(row.metadata["cascadeCounts"], counts());
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"));
    let rows = admins.audit().await;
    let before = rows.iter().find(|row| row.event_type == "user.created").unwrap();
    assert!(before.organization_label.is_some(), "what was done before stays known");
}

/// A misspelt preview must not delete anything.
async fn what_is_not_understood_deletes_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (name, query) in [
        ("dryRun", "dryRun=1"),
        ("dryRun", "dryRun="),
        ("dryRun", "dryRun"),
        ("dryRun", "dryRun=True"),
        ("dry-run", "dry-run=yes"),
        ("dry-run", "dry-run=false&dry-run=true"),
        ("dry_run", "dry_run=true"),
        ("dryrun", "dryrun=true"),
        ("preview", "preview=true"),
        ("force", "dryRun=false&force=true"),
    ] {
        let answer = root.delete(&format!("{ACME}?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([name]), "{query}");
        expect(&root.get(ACME).await, StatusCode::OK);
    }
    expect(&root.delete(&format!("{ACME}?dryRun=false&dry-run=false")).await, StatusCode::OK);
    expect(&root.get(ACME).await, StatusCode::NOT_FOUND);
}

async fn the_super_admin_organization_stays(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = admins.organization("porta-admin").await.id;
    for path in ["/organizations/porta-admin".to_owned(), format!("/organizations/{id}")] {
        for query in ["", "?dryRun=true"] {
            let answer = root.delete(&format!("{path}{query}")).await;
            refused(&answer, StatusCode::BAD_REQUEST, "Cannot destroy the super-admin organization");
        }
    }
    expect(&root.get("/organizations/porta-admin").await, StatusCode::OK);
}

async fn nothing_of_it_works_any_more(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = ("bob@acme.test", "lantern-Quay-42");
    let token = token(&admins.app, "acme", bob, ("cli", "http://127.0.0.1/cb")).await;
    let ask = async || {
        let authorization = format!("Bearer {token}");
        let headers = [(header::AUTHORIZATION, authorization.as_str())];
        admins.app.browser().send(Method::GET, "/acme/me", &headers, "".into()).await.status
    };
    assert_eq!(ask().await, StatusCode::OK);
    let person = admins.user("acme", bob.0).await.id;
    expect(&root.delete(ACME).await, StatusCode::OK);
    admins.app.wait_for_notices().await;
    assert_eq!(ask().await, StatusCode::NOT_FOUND);
    let discovery = admins.app.browser().get("/acme/.well-known/openid-configuration").await;
    assert_eq!(discovery.status, StatusCode::NOT_FOUND);
    let text = format!("User not found: {person}");
    refused(&root.get(&format!("/users/{person}")).await, StatusCode::NOT_FOUND, &text);
    refused(&root.get(&format!("{ACME}/users")).await, StatusCode::NOT_FOUND, "Organization not found: acme");
    // The other tenants are as they were.
    let beta = expect(&root.get("/organizations/beta/users").await, StatusCode::OK);
    assert_eq!(beta["total"], 1);

    // Another organization of that name has nothing of the one before.
    expect(&root.post("/organizations", &json!({ "name": "Acme" })).await, StatusCode::CREATED);
    admins.app.wait_for_notices().await;
    assert_eq!(ask().await, StatusCode::UNAUTHORIZED);
    assert_eq!(expect(&root.get(&format!("{ACME}/users")).await, StatusCode::OK)["total"], 0);
}

async fn one_of_many_deletions_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let destroy = |_| (Method::DELETE, ACME.to_owned(), json!({}), None);
    let statuses = at_once(&admins, 8, destroy).await;
    assert_eq!(count(&statuses, StatusCode::OK), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::NOT_FOUND), 7, "{statuses:?}");
    assert_eq!(admins.count("org.destroyed").await, 1);
}
