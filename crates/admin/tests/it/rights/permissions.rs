//! Permissions.

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::{Lesser, NOBODY, application, each, id_of, invalid};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_permission_is_created_read_and_changed,
    a_name_may_be_the_slug,
    permissions_are_listed_by_slug_and_by_module,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_permission_is_found_below_its_application_only,
    a_change_based_on_an_older_version_is_refused,
    the_roles_that_have_it_are_listed,
    each_administrator_may_do_what_it_is_for,
);

const PERMISSIONS: &str = "/applications/planner/permissions";

/// Id of a new module of an application.
async fn a_module(admins: &Admins, slug: &str) -> String {
    let mut unit = admins.app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let (organization, application) = unit.applications().find(slug).await.unwrap();
    let new = porta_directory::NewModule {
        name: "Ships".to_owned(),
        slug: None,
        description: None,
        status: porta_core::application::ModuleStatus::Active,
    };
    let module = unit.applications().create_module(&organization, &application, new).await.unwrap();
    unit.commit().await.unwrap();
    module.id.to_string()
}

async fn a_permission_is_created_read_and_changed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let module = a_module(&admins, "planner").await;
    let new = json!({ "name": "Steer", "slug": "dock:ship:steer", "moduleId": module, "description": "d" });
    let answer = root.post(PERMISSIONS, &new).await;
    let data = expect(&answer, StatusCode::CREATED)["data"].clone();
    let expected = json!({
        "id": data["id"], "applicationId": application(&admins, "planner").await, "moduleId": module,
        "name": "Steer", "slug": "dock:ship:steer", "description": "d", "createdAt": data["createdAt"],
    });
    assert_eq!(data, expected);
    let path = format!("{PERMISSIONS}/{}", data["id"].as_str().unwrap());
    let read = root.get(&path).await;
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_eq!(expect(&read, StatusCode::OK)["data"], data);
    let row = admins.newest("permission.created").await;
    assert_eq!(
        (row.actor_label.as_deref(), &row.metadata["slug"]),
        (Some(ROOT.0), &json!("dock:ship:steer"))
    );
    assert_eq!(row.metadata["permissionId"], data["id"]);

    // The slug stays; what is unknown is ignored.
    let change = json!({ "name": "Steer ships", "description": null, "slug": "a:b:c", "moduleId": null });
    let changed = expect(&root.put(&path, &change).await, StatusCode::OK)["data"].clone();
    let mut expected = data.clone();
    expected["name"] = json!("Steer ships");
    expected["description"] = Value::Null;
    assert_eq!(changed, expected);
    let row = admins.newest("permission.updated").await;
    assert_eq!(row.metadata["changes"], json!(["name", "description"]));
}

async fn a_name_may_be_the_slug(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let data = expect(&root.post(PERMISSIONS, &json!({ "name": "a:b:c" })).await, StatusCode::CREATED);
    assert_eq!((&data["data"]["slug"], &data["data"]["moduleId"]), (&json!("a:b:c"), &Value::Null));
    invalid(&root.post(PERMISSIONS, &json!({ "name": "Steer" })).await, &json!(["slug"]));
}

async fn permissions_are_listed_by_slug_and_by_module(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let module = a_module(&admins, "planner").await;
    let new = json!({ "name": "Steer", "slug": "a:ship:steer", "moduleId": module });
    expect(&root.post(PERMISSIONS, &new).await, StatusCode::CREATED);
    let all = expect(&root.get(PERMISSIONS).await, StatusCode::OK);
    assert_eq!(each(&all, "slug"), ["a:ship:steer", "dock:berths:read", "dock:berths:write"]);
    assert_eq!((&all["total"], &all["totalPages"]), (&json!(3), &json!(1)));
    let of_module = expect(&root.get(&format!("{PERMISSIONS}?moduleId={module}")).await, StatusCode::OK);
    assert_eq!((each(&of_module, "slug"), &of_module["total"]), (vec!["a:ship:steer".to_owned()], &json!(1)));
    let none = expect(&root.get(&format!("{PERMISSIONS}?moduleId={NOBODY}")).await, StatusCode::OK);
    assert_eq!(none["total"], 0);
    let page = expect(&root.get(&format!("{PERMISSIONS}?page=2&pageSize=2")).await, StatusCode::OK);
    assert_eq!((each(&page, "slug"), &page["total"]), (vec!["dock:berths:write".to_owned()], &json!(3)));
    for unfit in ["moduleId=x", "moduleId="] {
        invalid(&root.get(&format!("{PERMISSIONS}?{unfit}")).await, &json!(["moduleId"]));
    }
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for slug in ["", "a", "a:b", "a:b:", ":a:b", "a::b", "A:b:c", "a:b:c d", "a:-b:c", &"a:".repeat(80)] {
        invalid(&root.post(PERMISSIONS, &json!({ "name": "X", "slug": slug })).await, &json!(["slug"]));
    }
    for (field, body) in [
        ("name", json!({ "name": "", "slug": "a:b:c" })),
        ("name", json!({ "name": "x".repeat(256), "slug": "a:b:c" })),
        ("moduleId", json!({ "name": "X", "slug": "a:b:c", "moduleId": "x" })),
        ("description", json!({ "name": "X", "slug": "a:b:c", "description": "x".repeat(2001) })),
    ] {
        invalid(&root.post(PERMISSIONS, &body).await, &json!([field]));
    }
    let billing = a_module(&admins, "billing").await;
    for module in [billing.as_str(), NOBODY] {
        let new = json!({ "name": "X", "slug": "a:b:c", "moduleId": module });
        let answer = root.post(PERMISSIONS, &new).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Module not found: {module}"));
    }
    let answer = root.post(PERMISSIONS, &json!({ "name": "X", "slug": "dock:berths:read" })).await;
    refused(&answer, StatusCode::CONFLICT, "Permission `dock:berths:read` is already taken");
    let path = format!("{PERMISSIONS}/{}", id_of(&mut root, PERMISSIONS, "dock:berths:read").await);
    for nothing in [json!({}), json!({ "slug": "a:b:c" })] {
        refused(&root.put(&path, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    invalid(&root.put(&path, &json!({ "name": "a\tb" })).await, &json!(["name"]));
    assert_eq!(expect(&root.get(PERMISSIONS).await, StatusCode::OK)["total"], 2);
}

async fn a_permission_is_found_below_its_application_only(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let read = id_of(&mut root, PERMISSIONS, "dock:berths:read").await;
    let read = read.as_str();
    for (application, id) in [("billing", read), ("partner", read), ("planner", NOBODY), ("planner", "x")] {
        let path = format!("/applications/{application}/permissions/{id}");
        let text = format!("Permission not found: {id}");
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.put(&path, &json!({ "name": "X" })).await, StatusCode::NOT_FOUND, &text);
        refused(&root.delete(&format!("{path}?force=true")).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&format!("{path}/archive"), &json!({})).await, StatusCode::NOT_FOUND, &text);
        refused(&root.get(&format!("{path}/roles")).await, StatusCode::NOT_FOUND, &text);
    }
    let new = json!({ "name": "X", "slug": "a:b:c" });
    for missing in ["none", NOBODY] {
        let (path, text) =
            (format!("/applications/{missing}/permissions"), format!("Application not found: {missing}"));
        refused(&root.get(&path).await, StatusCode::NOT_FOUND, &text);
        refused(&root.post(&path, &new).await, StatusCode::NOT_FOUND, &text);
    }
}

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("{PERMISSIONS}/{}", id_of(&mut root, PERMISSIONS, "dock:berths:read").await);
    let first = root.get(&path).await.header("etag").unwrap().to_owned();
    let second = root.put(&path, &json!({ "name": "One" })).await.header("etag").unwrap().to_owned();
    let change = json!({ "name": "Two" });
    for (method, query) in [(Method::PUT, ""), (Method::DELETE, "?force=true")] {
        let stale = [(header::IF_MATCH, first.as_str())];
        let answer = root.send_with(method, &format!("{path}{query}"), Some(&change), &stale).await;
        assert_eq!(refused(&answer, StatusCode::CONFLICT, "Conflict")["currentETag"], json!(second));
    }
    let fresh = [(header::IF_MATCH, second.as_str())];
    expect(&root.send_with(Method::PUT, &path, Some(&change), &fresh).await, StatusCode::OK);
}

async fn the_roles_that_have_it_are_listed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (slug, roles) in
        [("dock:berths:read", vec!["Planner", "Reader"]), ("dock:berths:write", vec!["Planner"])]
    {
        let id = id_of(&mut root, PERMISSIONS, slug).await;
        let body = expect(&root.get(&format!("{PERMISSIONS}/{id}/roles")).await, StatusCode::OK);
        assert_eq!(each(&body, "name"), roles);
        assert_eq!(body["total"], roles.len());
    }
}

async fn each_administrator_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut lesser = Lesser::of(&admins).await;
    let path = format!("{PERMISSIONS}/{}", id_of(&mut root, PERMISSIONS, "dock:berths:read").await);
    for place in [PERMISSIONS.to_owned(), path.clone(), format!("{path}/roles")] {
        lesser.only(&[APPS, AUDITOR], "admin:permission:read", (Method::GET, &place, json!({}))).await;
    }
    let new = json!({ "name": "X", "slug": "a:b:c" });
    lesser.only(&[APPS], "admin:permission:create", (Method::POST, PERMISSIONS, new.clone())).await;
    lesser.only(&[APPS], "admin:permission:create", (Method::PUT, &path, new)).await;
    let archive = format!("{path}/archive");
    lesser.only(&[APPS], "admin:permission:archive", (Method::POST, &archive, json!({}))).await;
    let delete = format!("{path}?force=true");
    lesser.only(&[APPS], "admin:permission:archive", (Method::DELETE, &delete, json!({}))).await;
}
