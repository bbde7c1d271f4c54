//! Requests at the same time.

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::json;
use tokio::task::JoinSet;

use super::{each, id_of};
use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    one_of_many_creations_of_one_slug_wins,
    one_of_many_changes_of_one_version_wins,
    one_of_many_deletions_wins,
    one_of_many_assignments_is_recorded,
    a_role_that_is_given_is_not_deleted_at_the_same_moment,
    permissions_are_added_in_any_order_at_once,
);

const ROLES: &str = "/applications/planner/roles";
const PERMISSIONS: &str = "/applications/planner/permissions";

async fn one_of_many_creations_of_one_slug_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    for (list, new) in [
        (ROLES, json!({ "name": "Pilot" })),
        (PERMISSIONS, json!({ "name": "X", "slug": "a:b:c" })),
        ("/applications/planner/claims", json!({ "claimName": "x", "claimType": "string" })),
    ] {
        let create = |_| (Method::POST, list.to_owned(), new.clone(), None);
        let statuses = at_once(&admins, 12, create).await;
        assert_eq!(count(&statuses, StatusCode::CREATED), 1, "{list} {statuses:?}");
        assert_eq!(count(&statuses, StatusCode::CONFLICT), 11, "{list} {statuses:?}");
    }
}

async fn one_of_many_changes_of_one_version_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("{ROLES}/{}", id_of(&mut root, ROLES, "reader").await);
    let etag = root.get(&path).await.header("etag").unwrap().to_owned();
    let change = |n| (Method::PUT, path.clone(), json!({ "name": format!("R{n}") }), Some(etag.clone()));
    let statuses = at_once(&admins, 12, change).await;
    assert_eq!(count(&statuses, StatusCode::OK), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 11, "{statuses:?}");
    assert_eq!(admins.count("role.updated").await, 1);
}

async fn one_of_many_deletions_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("{ROLES}/{}?force=true", id_of(&mut root, ROLES, "reader").await);
    let statuses = at_once(&admins, 12, |_| (Method::DELETE, path.clone(), json!({}), None)).await;
    assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::NOT_FOUND), 11, "{statuses:?}");
    assert_eq!(admins.count("role.deleted").await, 1);
}

async fn one_of_many_assignments_is_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let path = format!("/organizations/acme/users/{bob}/roles");
    let rows = admins.count("user.roles.assigned").await;
    let assign = |_| (Method::POST, path.clone(), json!({ "roleId": reader }), None);
    let statuses = at_once(&admins, 12, assign).await;
    assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 12, "{statuses:?}");
    assert_eq!(admins.count("user.roles.assigned").await, rows + 1);
}

async fn a_role_that_is_given_is_not_deleted_at_the_same_moment(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let list = format!("/organizations/acme/users/{bob}/roles");
    for round in 0..8 {
        let new = json!({ "name": format!("Role {round}") });
        let role = expect(&root.post(ROLES, &new).await, StatusCode::CREATED);
        let role = role["data"]["id"].as_str().unwrap().to_owned();
        let (delete, assign) = (format!("{ROLES}/{role}"), json!({ "roleId": role }));
        let requests = |n| match n {
            0 => (Method::DELETE, delete.clone(), json!({}), None),
            _ => (Method::POST, list.clone(), assign.clone(), None),
        };
        let statuses = at_once(&admins, 2, requests).await;
        let held = each(&expect(&root.get(&list).await, StatusCode::OK), "id");
        if count(&statuses, StatusCode::NOT_FOUND) == 1 {
            assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 1, "deleted, so it could not be given");
            assert!(!held.contains(&role));
        } else {
            assert_eq!(count(&statuses, StatusCode::BAD_REQUEST), 1, "given, so it stays: {statuses:?}");
            assert!(held.contains(&role));
        }
    }
}

/// Two that add the same ones in opposite order do not wait for each other.
async fn permissions_are_added_in_any_order_at_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        let new = json!({ "name": "X", "slug": format!("a:b:c{n}") });
        let created = expect(&root.post(PERMISSIONS, &new).await, StatusCode::CREATED);
        ids.push(created["data"]["id"].as_str().unwrap().to_owned());
    }
    let path = format!("{ROLES}/{}/permissions", id_of(&mut root, ROLES, "reader").await);
    let mut all = JoinSet::new();
    for n in 0..8 {
        let (mut admin, path, mut ids) = (admins.bearer(&root.token), path.clone(), ids.clone());
        if n % 2 == 0 {
            ids.reverse();
        }
        all.spawn(async move { admin.put(&path, &json!({ "permissionIds": ids })).await.status });
    }
    let statuses = all.join_all().await;
    assert_eq!(count(&statuses, StatusCode::OK), 8, "{statuses:?}");
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["total"], 21);
}
