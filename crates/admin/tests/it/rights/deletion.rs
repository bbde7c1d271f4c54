//! Deleting roles, permissions and claims.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::{each, id_of, invalid};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_role_that_users_have_is_deleted_by_force_only,
    a_permission_that_roles_have_is_deleted_by_force_only,
    a_claim_is_deleted_with_its_values,
    a_deletion_takes_no_other_parameter,
    what_is_deleted_is_no_longer_in_tokens,
);

const ROLES: &str = "/applications/planner/roles";
const PERMISSIONS: &str = "/applications/planner/permissions";
const CLAIMS: &str = "/applications/planner/claims";

async fn a_role_that_users_have_is_deleted_by_force_only(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    let path = format!("{ROLES}/{reader}");
    let text = "Cannot delete role \"reader\": 1 user(s) still assigned. Use force=true to override.";
    for answer in [
        root.delete(&path).await,
        root.delete(&format!("{path}?force=false")).await,
        root.post(&format!("{path}/archive"), &json!({})).await,
        root.post(&format!("{path}/archive?force=true"), &json!({})).await,
    ] {
        refused(&answer, StatusCode::BAD_REQUEST, text);
    }
    assert_eq!(admins.count("role.deleted").await, 0);
    expect(&root.delete(&format!("{path}?force=true")).await, StatusCode::NO_CONTENT);
    refused(&root.get(&path).await, StatusCode::NOT_FOUND, &format!("Role not found: {reader}"));
    let row = admins.newest("role.deleted").await;
    assert_eq!((&row.metadata["slug"], &row.metadata["force"]), (&json!("reader"), &json!(true)));
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ROOT.0), Some("acme")));
    let ana = admins.user("acme", "ana@acme.test").await.id;
    let held = expect(&root.get(&format!("/organizations/acme/users/{ana}/roles")).await, StatusCode::OK);
    assert_eq!(each(&held, "slug"), ["accountant", "planner"]);
    // What nobody has needs no force.
    for delete in [true, false] {
        let new = expect(&root.post(ROLES, &json!({ "name": "Spare" })).await, StatusCode::CREATED);
        let path = format!("{ROLES}/{}", new["data"]["id"].as_str().unwrap());
        let answer = if delete {
            root.delete(&path).await
        } else {
            root.post(&format!("{path}/archive"), &json!({})).await
        };
        expect(&answer, StatusCode::NO_CONTENT);
    }
}

async fn a_permission_that_roles_have_is_deleted_by_force_only(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let read = id_of(&mut root, PERMISSIONS, "dock:berths:read").await;
    let path = format!("{PERMISSIONS}/{read}");
    let text =
        "Cannot delete permission \"dock:berths:read\": assigned to 2 role(s). Use force=true to override.";
    refused(&root.delete(&path).await, StatusCode::BAD_REQUEST, text);
    refused(&root.post(&format!("{path}/archive"), &json!({})).await, StatusCode::BAD_REQUEST, text);
    expect(&root.delete(&format!("{path}?force=true")).await, StatusCode::NO_CONTENT);
    refused(&root.get(&path).await, StatusCode::NOT_FOUND, &format!("Permission not found: {read}"));
    let reader = id_of(&mut root, ROLES, "reader").await;
    let left = expect(&root.get(&format!("{ROLES}/{reader}/permissions")).await, StatusCode::OK);
    assert_eq!(left["data"], json!([]));
    let row = admins.newest("permission.deleted").await;
    assert_eq!((&row.metadata["permissionId"], &row.metadata["force"]), (&json!(read), &json!(true)));
}

async fn a_claim_is_deleted_with_its_values(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (slug, delete) in [("badge", true), ("terminal_code", false)] {
        admins.app.advance(Duration::from_secs(1));
        let id = id_of(&mut root, CLAIMS, slug).await;
        let path = format!("{CLAIMS}/{id}");
        let answer = if delete {
            root.delete(&path).await
        } else {
            root.post(&format!("{path}/archive"), &json!({})).await
        };
        expect(&answer, StatusCode::NO_CONTENT);
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &format!("Custom claim not found: {id}"));
        let row = admins.newest("claim.deleted").await;
        assert_eq!((&row.metadata["definitionId"], &row.metadata["claimName"]), (&json!(id), &json!(slug)));
    }
    let ana = admins.user("acme", "ana@acme.test").await.id;
    let left = expect(&root.get(&format!("/organizations/acme/users/{ana}/claims")).await, StatusCode::OK);
    assert_eq!(left["data"], json!([]));
}

/// A misspelt parameter must not delete more or less than was meant.
async fn a_deletion_takes_no_other_parameter(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let role = format!("{ROLES}/{}", id_of(&mut root, ROLES, "reader").await);
    let permission = format!("{PERMISSIONS}/{}", id_of(&mut root, PERMISSIONS, "dock:berths:read").await);
    let claim = format!("{CLAIMS}/{}", id_of(&mut root, CLAIMS, "badge").await);
    for path in [role, permission, claim] {
        for (field, query) in
            [("dryRun", "dryRun=true"), ("Force", "Force=true"), ("force", "force=yes"), ("force", "force=")]
        {
            invalid(&root.delete(&format!("{path}?{query}")).await, &json!([field]));
        }
        expect(&root.get(&path).await, StatusCode::OK);
    }
}

/// Other processes forget what they remembered of the application.
async fn what_is_deleted_is_no_longer_in_tokens(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = ("ana@acme.test", "lantern-Quay-41");
    let token = token(&admins.app, "acme", ana, ("cli", "http://127.0.0.1/cb")).await;
    let claims = async || -> Value {
        let authorization = format!("Bearer {token}");
        let headers = [(axum::http::header::AUTHORIZATION, authorization.as_str())];
        admins.app.browser().send(Method::GET, "/acme/me", &headers, "".into()).await.json()
    };
    let before = claims().await;
    assert_eq!((&before["roles"], &before["badge"]), (&json!(["planner", "reader"]), &json!(17)));
    assert_eq!(before["permissions"], json!(["dock:berths:read", "dock:berths:write"]));
    let reader = id_of(&mut root, ROLES, "reader").await;
    let write = id_of(&mut root, PERMISSIONS, "dock:berths:write").await;
    let badge = id_of(&mut root, CLAIMS, "badge").await;
    for path in [
        format!("{ROLES}/{reader}?force=true"),
        format!("{PERMISSIONS}/{write}?force=true"),
        format!("{CLAIMS}/{badge}"),
    ] {
        expect(&root.delete(&path).await, StatusCode::NO_CONTENT);
    }
    admins.app.wait_for_notices().await;
    let after = claims().await;
    assert_eq!((&after["roles"], &after["permissions"]), (&json!(["planner"]), &json!(["dock:berths:read"])));
    assert_eq!(after.get("badge"), None);
}
