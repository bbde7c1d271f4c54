//! Changing applications.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_change_touches_only_what_it_names,
    an_empty_or_unfit_change_is_refused,
    a_change_based_on_an_older_version_is_refused,
    one_of_many_changes_of_one_version_wins,
    a_shared_application_is_changed_like_any_other,
);

const PLANNER: &str = "/applications/planner";

async fn a_change_touches_only_what_it_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    let before = expect(&apps.get(PLANNER).await, StatusCode::OK)["data"].clone();
    admins.app.advance(Duration::from_secs(1));
    let change = json!({ "description": "Plans berths", "slug": "other", "organizationId": null, "status": "archived" });
    let answer = apps.put(PLANNER, &change).await;
    let after = expect(&answer, StatusCode::OK)["data"].clone();
    for (field, value) in before.as_object().unwrap() {
        match field.as_str() {
            "updatedAt" => assert_ne!(&after[field], value),
            "description" => assert_eq!(after[field], "Plans berths"),
            _ => assert_eq!(&after[field], value, "{field}"),
        }
    }
    assert_eq!(apps.get(PLANNER).await.header("etag"), answer.header("etag"));
    let row = admins.newest("app.updated").await;
    assert_eq!(row.metadata["fields"], json!(["description"]));
    assert_eq!(row.metadata["applicationId"], before["id"]);
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(APPS.0), Some("acme")));
    // Nothing is changed and nothing is recorded by the same change again.
    let by_id = format!("/applications/{}", before["id"].as_str().unwrap());
    let again = apps.put(&by_id, &change).await;
    assert_eq!((again.status, again.header("etag")), (StatusCode::OK, answer.header("etag")));
    assert_eq!(admins.count("app.updated").await, 1);
    let cleared =
        expect(&apps.put(PLANNER, &json!({ "name": "Plan", "description": null })).await, StatusCode::OK);
    assert_eq!((&cleared["data"]["name"], &cleared["data"]["description"]), (&json!("Plan"), &Value::Null));
}

async fn an_empty_or_unfit_change_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for nothing in [json!({}), json!({ "name": null }), json!({ "slug": "other", "status": "archived" })] {
        refused(&root.put(PLANNER, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    for (field, value) in [
        ("name", json!(" ")),
        ("name", json!("x".repeat(256))),
        ("name", json!(1)),
        ("description", json!("x".repeat(2001))),
        ("description", json!("a\u{0}b")),
    ] {
        let answer = root.put(PLANNER, &json!({ field: value })).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{value}");
    }
    assert_eq!(admins.count("app.updated").await, 0);
}

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let first = root.get(PLANNER).await.header("etag").unwrap().to_owned();
    let mut send = async |name: &str, etag: &str| {
        let body = json!({ "name": name });
        root.send_with(Method::PUT, PLANNER, Some(&body), &[(header::IF_MATCH, etag)]).await
    };
    let second = send("One", &first).await;
    expect(&second, StatusCode::OK);
    let second = second.header("etag").unwrap().to_owned();
    let body = refused(&send("Two", &first).await, StatusCode::CONFLICT, "Conflict");
    assert_eq!((&body["currentETag"], &body["currentEntity"]["name"]), (&json!(second), &json!("One")));
    expect(&send("Two", &second).await, StatusCode::OK);
    expect(&send("Three", "*").await, StatusCode::OK);
}

async fn one_of_many_changes_of_one_version_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let etag = root.get(PLANNER).await.header("etag").unwrap().to_owned();
    let change =
        |n| (Method::PUT, PLANNER.to_owned(), json!({ "name": format!("P {n}") }), Some(etag.clone()));
    let statuses = at_once(&admins, 16, change).await;
    assert_eq!(count(&statuses, StatusCode::OK), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
    assert_eq!(admins.count("app.updated").await, 1);
}

async fn a_shared_application_is_changed_like_any_other(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    expect(&apps.post("/applications", &json!({ "name": "Shared Wiki" })).await, StatusCode::CREATED);
    let path = "/applications/shared-wiki";
    let data = expect(&apps.put(path, &json!({ "name": "Wiki" })).await, StatusCode::OK)["data"].clone();
    assert_eq!((&data["name"], &data["organizationId"]), (&json!("Wiki"), &Value::Null));
    expect(&apps.post(&format!("{path}/archive"), &json!({})).await, StatusCode::NO_CONTENT);
    let new = json!({ "name": "Pages" });
    expect(&apps.post(&format!("{path}/modules"), &new).await, StatusCode::CREATED);
    let modules = expect(&apps.get(&format!("{path}/modules")).await, StatusCode::OK);
    assert_eq!(modules["data"][0]["slug"], "pages");
    let row = admins.newest("app.updated").await;
    assert_eq!(row.organization_label.as_deref(), Some("porta-admin"));
}
