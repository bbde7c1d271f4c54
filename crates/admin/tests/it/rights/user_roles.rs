//! Roles of users.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::{Lesser, NOBODY, application, each, id_of};
use crate::support::*;

porta_testkit::on_both_stores!(
    roles_are_added_and_removed,
    one_role_is_added_and_removed,
    roles_are_listed_with_how_they_were_given,
    the_permissions_of_all_roles_are_listed_once,
    roles_that_the_organization_does_not_see_are_refused,
    the_user_belongs_to_the_organization_of_the_path,
    what_is_no_list_of_roles_is_refused,
    each_administrator_may_do_what_it_is_for,
);

const ROLES: &str = "/applications/planner/roles";

async fn path_of(admins: &Admins, email: &str) -> String {
    format!("/organizations/acme/users/{}/roles", admins.user("acme", email).await.id)
}

async fn slugs(admin: &mut Admin, path: &str) -> Vec<String> {
    each(&expect(&admin.get(path).await, StatusCode::OK), "slug")
}

async fn roles_are_added_and_removed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let path = path_of(&admins, "bob@acme.test").await;
    let (planner, reader) =
        (id_of(&mut users, ROLES, "planner").await, id_of(&mut users, ROLES, "reader").await);
    let accountant = id_of(&mut users, "/applications/billing/roles", "accountant").await;
    let one = json!({ "roleIds": [reader] });
    assert_eq!(each(&expect(&users.put(&path, &one).await, StatusCode::OK), "slug"), ["reader"]);
    admins.app.advance(Duration::from_secs(1));
    let both = json!({ "roleIds": [accountant, planner, reader, planner] });
    let after = expect(&users.put(&path, &both).await, StatusCode::OK);
    assert_eq!(each(&after, "slug"), ["accountant", "planner", "reader"], "the resulting set");
    assert_eq!(after["total"], 3);
    let row = admins.newest("user.roles.assigned").await;
    let mut expected = [accountant.clone(), planner.clone()];
    expected.sort();
    assert_eq!(row.metadata["roleIds"], json!(expected), "only what is new");
    let bob = admins.user("acme", "bob@acme.test").await.id;
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(bob), Some(USERS.0)));
    assert_eq!(row.organization_label.as_deref(), Some("acme"));
    let rows = admins.count("user.roles.assigned").await;
    expect(&users.put(&path, &both).await, StatusCode::OK);
    assert_eq!(admins.count("user.roles.assigned").await, rows, "nothing changed");

    let some = json!({ "roleIds": [planner, NOBODY, reader] });
    for _ in 0..2 {
        expect(&users.send(Method::DELETE, &path, Some(&some)).await, StatusCode::NO_CONTENT);
        assert_eq!(slugs(&mut users, &path).await, ["accountant"]);
    }
    assert_eq!(admins.count("user.roles.removed").await, 1);
    let row = admins.newest("user.roles.removed").await;
    assert_eq!((row.user_id, row.metadata["roleIds"].as_array().map(Vec::len)), (Some(bob), Some(2)));
}

async fn one_role_is_added_and_removed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let path = path_of(&admins, "bob@acme.test").await;
    let reader = id_of(&mut users, ROLES, "reader").await;
    for _ in 0..2 {
        expect(&users.post(&path, &json!({ "roleId": reader })).await, StatusCode::NO_CONTENT);
        assert_eq!(slugs(&mut users, &path).await, ["reader"]);
    }
    for id in [reader.as_str(), &reader, NOBODY] {
        expect(&users.delete(&format!("{path}/{id}")).await, StatusCode::NO_CONTENT);
    }
    assert!(slugs(&mut users, &path).await.is_empty());
    let answer = users.delete(&format!("{path}/x")).await;
    refused(&answer, StatusCode::NOT_FOUND, "Role not found: x");
    let answer = users.post(&path, &json!({ "roleId": NOBODY })).await;
    refused(&answer, StatusCode::NOT_FOUND, &format!("Role not found: {NOBODY}"));
}

async fn roles_are_listed_with_how_they_were_given(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let path = path_of(&admins, "ana@acme.test").await;
    let body = expect(&users.get(&path).await, StatusCode::OK);
    assert_eq!(each(&body, "name"), ["Accountant", "Planner", "Reader"], "of all applications");
    assert_eq!((&body["total"], &body["page"], &body["totalPages"]), (&json!(3), &json!(1), &json!(1)));
    assert_eq!(body["data"][0]["assignedBy"], Value::Null, "by a file");
    let page = expect(&users.get(&format!("{path}?pageSize=2&page=2")).await, StatusCode::OK);
    assert_eq!(each(&page, "name"), ["Reader"]);

    admins.app.advance(Duration::from_secs(1));
    let bob = path_of(&admins, "bob@acme.test").await;
    let reader = id_of(&mut users, ROLES, "reader").await;
    expect(&users.post(&bob, &json!({ "roleId": reader })).await, StatusCode::NO_CONTENT);
    let row = expect(&users.get(&bob).await, StatusCode::OK)["data"][0].clone();
    let role = expect(&users.get(&format!("{ROLES}/{reader}")).await, StatusCode::OK)["data"].clone();
    let expected = json!({
        "id": reader, "applicationId": application(&admins, "planner").await, "name": "Reader", "slug": "reader",
        "description": null, "createdAt": role["createdAt"], "updatedAt": role["updatedAt"],
        "userId": admins.user("acme", "bob@acme.test").await.id.to_string(), "roleId": reader,
        "roleName": "Reader", "roleSlug": "reader",
        "assignedBy": admins.user("porta-admin", USERS.0).await.id.to_string(), "assignedAt": row["assignedAt"],
    });
    assert_eq!(row, expected);
    assert_ne!(row["assignedAt"], row["createdAt"]);
}

async fn the_permissions_of_all_roles_are_listed_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let path = format!("{}/permissions", path_of(&admins, "ana@acme.test").await);
    assert_eq!(slugs(&mut users, &path).await, ["dock:berths:read", "dock:berths:write"]);
    let path = format!("{}/permissions", path_of(&admins, "bob@acme.test").await);
    let none = expect(&users.get(&path).await, StatusCode::OK);
    assert_eq!((&none["data"], &none["total"]), (&json!([]), &json!(0)));
}

async fn roles_that_the_organization_does_not_see_are_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = path_of(&admins, "bob@acme.test").await;
    let new = json!({ "name": "Guest" });
    let guest = expect(&root.post("/applications/partner/roles", &new).await, StatusCode::CREATED);
    let guest = guest["data"]["id"].as_str().unwrap().to_owned();
    let auditor = id_of(&mut root, "/applications/porta-admin/roles", "porta-auditor").await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    for foreign in [guest, auditor] {
        let text = format!("Role not found: {foreign}");
        let answer = root.put(&path, &json!({ "roleIds": [reader, foreign] })).await;
        refused(&answer, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&path, &json!({ "roleId": foreign })).await, StatusCode::NOT_FOUND, &text);
        // Nobody there can have it, so there is nothing to remove.
        expect(&root.delete(&format!("{path}/{foreign}")).await, StatusCode::NO_CONTENT);
    }
    assert!(slugs(&mut root, &path).await.is_empty(), "all or nothing");
}

async fn the_user_belongs_to_the_organization_of_the_path(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = admins.user("acme", "ana@acme.test").await.id.to_string();
    let reader = id_of(&mut root, ROLES, "reader").await;
    for (organization, user, text) in [
        ("beta", ana.as_str(), format!("User not found: {ana}")),
        ("porta-admin", ana.as_str(), format!("User not found: {ana}")),
        ("acme", NOBODY, format!("User not found: {NOBODY}")),
        ("acme", "x", "User not found: x".to_owned()),
        ("none", ana.as_str(), "Organization not found: none".to_owned()),
    ] {
        let path = format!("/organizations/{organization}/users/{user}/roles");
        let ids = json!({ "roleIds": [reader] });
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.get(&format!("{path}/permissions")).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&path, &ids).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&path, &json!({ "roleId": reader })).await, StatusCode::NOT_FOUND, &text);
        let answer = root.send(Method::DELETE, &path, Some(&ids)).await;
        refused(&answer, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&format!("{path}/{reader}")).await, StatusCode::NOT_FOUND, &text);
    }
    let path = path_of(&admins, "ana@acme.test").await;
    assert_eq!(slugs(&mut root, &path).await.len(), 3, "nothing was removed");
}

async fn what_is_no_list_of_roles_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = path_of(&admins, "bob@acme.test").await;
    for unfit in [json!([]), json!(["x"]), json!("x"), json!(null), json!(vec![NOBODY; 501])] {
        for method in [Method::PUT, Method::DELETE] {
            let answer = root.send(method, &path, Some(&json!({ "roleIds": unfit }))).await;
            let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
            assert_eq!(body["details"][0]["path"][0], "roleIds", "{body}");
        }
    }
    for unfit in [json!({}), json!({ "roleId": "x" }), json!({ "roleId": null })] {
        refused(&root.post(&path, &unfit).await, StatusCode::BAD_REQUEST, "Validation failed");
    }
}

async fn each_administrator_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut lesser = Lesser::of(&admins).await;
    let path = path_of(&admins, "bob@acme.test").await;
    let reader = id_of(&mut root, ROLES, "reader").await;
    for place in [path.clone(), format!("{path}/permissions")] {
        lesser.only(&[USERS, APPS, AUDITOR], "admin:role:read", (Method::GET, &place, json!({}))).await;
    }
    let one = format!("{path}/{reader}");
    let ids = json!({ "roleIds": [reader] });
    for request in [
        (Method::PUT, path.as_str(), ids.clone()),
        (Method::POST, path.as_str(), json!({ "roleId": reader })),
        (Method::DELETE, path.as_str(), ids),
        (Method::DELETE, one.as_str(), json!({})),
    ] {
        lesser.only(&[USERS], "admin:role:assign", request).await;
    }
}
