//! Modules of applications.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    modules_are_created_and_listed_by_name,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_change_touches_only_what_it_names,
    a_module_is_switched_off_and_on,
    a_module_belongs_to_its_application,
    a_change_based_on_an_older_version_is_refused,
    one_of_many_creations_of_one_slug_wins,
);

const MODULES: &str = "/applications/planner/modules";

/// Creates a module and returns it.
async fn created(admin: &mut Admin, new: &Value) -> Value {
    expect(&admin.post(MODULES, new).await, StatusCode::CREATED)["data"].clone()
}

fn path_of(module: &Value) -> String {
    format!("{MODULES}/{}", module["id"].as_str().unwrap())
}

async fn modules_are_created_and_listed_by_name(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    let none = expect(&apps.get(MODULES).await, StatusCode::OK);
    let empty = json!({ "data": [], "total": 0, "page": 1, "pageSize": 0, "totalPages": 0 });
    assert_eq!(none, empty);
    let new = json!({ "name": " Yard ", "slug": "yard", "description": "Cranes", "isActive": false, "status": "inactive" });
    let answer = apps.post(MODULES, &new).await;
    let yard = expect(&answer, StatusCode::CREATED)["data"].clone();
    let planner = expect(&apps.get("/applications/planner").await, StatusCode::OK)["data"]["id"].clone();
    for (field, value) in [
        ("name", json!("Yard")),
        ("slug", json!("yard")),
        ("description", json!("Cranes")),
        ("applicationId", planner.clone()),
        ("status", json!("active")),
        ("isActive", json!(true)),
    ] {
        assert_eq!(yard[field], value, "{field}");
    }
    assert_eq!(yard.as_object().unwrap().len(), 9);
    assert_eq!(yard["createdAt"], yard["updatedAt"]);
    let row = admins.newest("app.module.created").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(APPS.0), Some("acme")));
    assert_eq!((&row.metadata["applicationId"], &row.metadata["moduleId"]), (&planner, &yard["id"]));
    assert_eq!((&row.metadata["slug"], &row.metadata["name"]), (&json!("yard"), &json!("Yard")));
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));

    let berths = created(&mut apps, &json!({ "name": "Berths & Co" })).await;
    assert_eq!((&berths["slug"], &berths["description"]), (&json!("berths-co"), &Value::Null));
    let list = expect(&apps.get(MODULES).await, StatusCode::OK);
    assert_eq!((&list["data"], &list["total"]), (&json!([berths, yard]), &json!(2)));
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let with = |field: &str, value: Value| {
        let mut body = json!({ "name": "Yard", "slug": "yard" });
        body[field] = value;
        body
    };
    for (field, body) in [
        ("name", with("name", json!(""))),
        ("name", with("name", json!("x".repeat(256)))),
        ("slug", with("slug", json!(""))),
        ("slug", with("slug", json!("Yard"))),
        ("slug", with("slug", json!("x".repeat(101)))),
        ("slug", json!({ "name": "東京" })),
        ("description", with("description", json!("x".repeat(2001)))),
        ("description", with("description", json!("a\u{0}b"))),
    ] {
        let answer = refused(&root.post(MODULES, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!([field]), "{body}");
    }
    assert_eq!(expect(&root.get(MODULES).await, StatusCode::OK)["total"], 0);
    created(&mut root, &json!({ "name": "Yard" })).await;
    let answer = root.post(MODULES, &json!({ "name": "Yard" })).await;
    refused(&answer, StatusCode::CONFLICT, "Module `yard` is already taken");
    // The slug is free in another application.
    let other = root.post("/applications/billing/modules", &json!({ "name": "Yard" })).await;
    expect(&other, StatusCode::CREATED);
    assert_eq!(admins.count("app.module.created").await, 2);
}

async fn a_change_touches_only_what_it_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    let before = created(&mut apps, &json!({ "name": "Yard", "description": "Cranes" })).await;
    let path = path_of(&before);
    admins.app.advance(Duration::from_secs(1));
    let change = json!({ "name": "Yards", "slug": "other", "applicationId": "x" });
    let answer = apps.put(&path, &change).await;
    let after = expect(&answer, StatusCode::OK)["data"].clone();
    for (field, value) in before.as_object().unwrap() {
        match field.as_str() {
            "updatedAt" => assert_ne!(&after[field], value),
            "name" => assert_eq!(after[field], "Yards"),
            _ => assert_eq!(&after[field], value, "{field}"),
        }
    }
    let row = admins.newest("app.module.updated").await;
    assert_eq!((&row.metadata["fields"], &row.metadata["moduleId"]), (&json!(["name"]), &before["id"]));
    assert_eq!(row.actor_label.as_deref(), Some(APPS.0));
    // Nothing is changed and nothing is recorded by the same change again.
    let again = apps.put(&path, &change).await;
    assert_eq!((again.status, again.header("etag")), (StatusCode::OK, answer.header("etag")));
    assert_eq!(admins.count("app.module.updated").await, 1);
    let cleared = expect(&apps.put(&path, &json!({ "description": null })).await, StatusCode::OK);
    assert_eq!(cleared["data"]["description"], Value::Null);
    for nothing in [json!({}), json!({ "slug": "x" }), json!({ "name": null, "isActive": null })] {
        refused(&apps.put(&path, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    for (field, value) in [("name", json!("")), ("isActive", json!("yes")), ("description", json!(1))] {
        let answer = apps.put(&path, &json!({ field: value })).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]));
    }
}

async fn a_module_is_switched_off_and_on(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    let module = created(&mut apps, &json!({ "name": "Yard" })).await;
    let path = path_of(&module);
    let status = async |apps: &mut Admin| {
        let list = expect(&apps.get(MODULES).await, StatusCode::OK);
        assert_eq!(list["data"][0]["isActive"], list["data"][0]["status"] == "active");
        list["data"][0]["status"].as_str().unwrap().to_owned()
    };
    expect(&apps.post(&format!("{path}/deactivate"), &json!({})).await, StatusCode::NO_CONTENT);
    assert_eq!(status(&mut apps).await, "inactive");
    let row = admins.newest("app.module.deactivated").await;
    assert_eq!((&row.metadata["moduleId"], row.actor_label.as_deref()), (&module["id"], Some(APPS.0)));
    let again = apps.post(&format!("{path}/deactivate"), &json!({})).await;
    refused(&again, StatusCode::BAD_REQUEST, "Cannot deactivate module from status: inactive");
    // To remove it means the same, and may be repeated.
    expect(&apps.delete(&path).await, StatusCode::NO_CONTENT);
    assert_eq!(admins.count("app.module.deactivated").await, 1);
    let on = expect(&apps.put(&path, &json!({ "isActive": true })).await, StatusCode::OK);
    assert_eq!((&on["data"]["isActive"], &on["data"]["status"]), (&json!(true), &json!("active")));
    assert_eq!(admins.newest("app.module.updated").await.metadata["fields"], json!(["status"]));
    for _ in 0..2 {
        expect(&apps.delete(&path).await, StatusCode::NO_CONTENT);
        assert_eq!(status(&mut apps).await, "inactive");
    }
    expect(&apps.put(&path, &json!({ "isActive": true })).await, StatusCode::OK);
    let off = expect(&apps.put(&path, &json!({ "isActive": false })).await, StatusCode::OK);
    assert_eq!(off["data"]["status"], "inactive");
    assert_eq!(admins.count("app.module.deactivated").await, 3);
}

async fn a_module_belongs_to_its_application(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let module = created(&mut root, &json!({ "name": "Yard" })).await;
    let id = module["id"].as_str().unwrap();
    let change = json!({ "name": "X" });
    for (application, id) in [
        ("billing", id),
        ("partner", id),
        ("planner", "yard"),
        ("planner", "x"),
        ("planner", "00000000-0000-0000-0000-000000000000"),
    ] {
        let path = format!("/applications/{application}/modules/{id}");
        for answer in [
            root.put(&path, &change).await,
            root.delete(&path).await,
            root.post(&format!("{path}/deactivate"), &json!({})).await,
        ] {
            refused(&answer, StatusCode::NOT_FOUND, &format!("Module not found: {id}"));
        }
    }
    assert_eq!(expect(&root.get(MODULES).await, StatusCode::OK)["data"], json!([module]));
}

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let answer = root.post(MODULES, &json!({ "name": "Yard" })).await;
    let first = answer.header("etag").unwrap().to_owned();
    let path = path_of(&expect(&answer, StatusCode::CREATED)["data"]);
    let mut send = async |name: &str, etag: &str| {
        let body = json!({ "name": name });
        root.send_with(Method::PUT, &path, Some(&body), &[(header::IF_MATCH, etag)]).await
    };
    let second = send("One", &first).await;
    expect(&second, StatusCode::OK);
    let body = refused(&send("Two", &first).await, StatusCode::CONFLICT, "Conflict");
    assert_eq!(body["currentEntity"]["name"], "One");
    expect(&send("Two", second.header("etag").unwrap()).await, StatusCode::OK);
}

async fn one_of_many_creations_of_one_slug_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let create = |_| (Method::POST, MODULES.to_owned(), json!({ "name": "Yard" }), None);
    let statuses = at_once(&admins, 16, create).await;
    assert_eq!(count(&statuses, StatusCode::CREATED), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
    assert_eq!(admins.count("app.module.created").await, 1);
}
