//! Creating applications.

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    an_application_is_created_with_everything_that_was_sent,
    an_application_without_an_owner_is_everybodys,
    what_an_operation_does_not_offer_is_ignored,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_taken_slug_is_a_conflict,
    nobody_makes_another_application_of_administration,
    one_of_many_creations_of_one_slug_wins,
    each_role_may_do_what_it_is_for,
);

const LIST: &str = "/applications";

async fn an_application_is_created_with_everything_that_was_sent(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    let acme = admins.organization("acme").await.id.to_string();
    let new = json!({
        "name": " Dock & Quay ", "slug": "dock", "description": "Berths\nand cranes", "organizationId": acme,
    });
    let answer = apps.post(LIST, &new).await;
    let data = expect(&answer, StatusCode::CREATED)["data"].clone();
    for (field, value) in [
        ("name", json!("Dock & Quay")),
        ("slug", json!("dock")),
        ("description", json!("Berths\nand cranes")),
        ("organizationId", json!(acme)),
        ("status", json!("active")),
    ] {
        assert_eq!(data[field], value, "{field}");
    }
    assert_eq!(data.as_object().unwrap().len(), 8);
    assert_eq!(data["createdAt"], data["updatedAt"]);
    // By id and by slug.
    for name in [data["id"].as_str().unwrap(), "dock"] {
        let read = apps.get(&format!("{LIST}/{name}")).await;
        assert_eq!(read.header("etag"), answer.header("etag"));
        assert_eq!(expect(&read, StatusCode::OK)["data"], data);
    }
    let row = admins.newest("app.created").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(APPS.0), Some("acme")));
    assert_eq!((&row.metadata["slug"], &row.metadata["name"]), (&json!("dock"), &json!("Dock & Quay")));
    assert_eq!(row.metadata["applicationId"], data["id"]);
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"));
}

async fn an_application_without_an_owner_is_everybodys(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    for owner in [json!({}), json!({ "organizationId": null })] {
        let mut new = owner;
        new["name"] = json!("Company Wiki");
        new["slug"] = json!(format!("wiki-{}", new.as_object().unwrap().len()));
        let data = expect(&apps.post(LIST, &new).await, StatusCode::CREATED)["data"].clone();
        assert_eq!((&data["organizationId"], &data["description"]), (&Value::Null, &Value::Null));
    }
    let data = expect(&apps.post(LIST, &json!({ "name": "Quay 9 – Ltd." })).await, StatusCode::CREATED);
    assert_eq!(data["data"]["slug"], "quay-9-ltd");
    // The owner by its slug.
    let new = json!({ "name": "Dock", "organizationId": "beta" });
    let data = expect(&apps.post(LIST, &new).await, StatusCode::CREATED)["data"].clone();
    assert_eq!(data["organizationId"], json!(admins.organization("beta").await.id.to_string()));
}

/// Mass assignment.
async fn what_an_operation_does_not_offer_is_ignored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = "00000000-0000-4000-8000-000000000001";
    let new = json!({
        "name": "Dock", "id": id, "status": "archived", "isShared": false, "version": 9,
        "createdAt": "2000-01-01T00:00:00Z",
    });
    let data = expect(&root.post(LIST, &new).await, StatusCode::CREATED)["data"].clone();
    assert_eq!((&data["status"], &data["organizationId"]), (&json!("active"), &Value::Null));
    assert_ne!(data["id"], id);
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let before = expect(&root.get(LIST).await, StatusCode::OK)["total"].clone();
    let with = |field: &str, value: Value| {
        let mut body = json!({ "name": "Dock", "slug": "dock" });
        body[field] = value;
        body
    };
    let long = |n: usize| json!("x".repeat(n));
    for (field, body) in [
        ("name", with("name", json!(""))),
        ("name", with("name", long(256))),
        ("name", with("name", json!("a\nb"))),
        ("name", with("name", json!({}))),
        ("slug", with("slug", json!("ab"))),
        ("slug", with("slug", long(101))),
        ("slug", with("slug", json!("Dock"))),
        ("slug", with("slug", json!("dock-"))),
        ("slug", with("slug", json!("system"))),
        ("slug", json!({ "name": "東京" })),
        ("description", with("description", long(2001))),
        ("description", with("description", json!("a\u{0}b"))),
        ("description", with("description", json!("a\u{202e}b"))),
        ("organizationId", with("organizationId", json!(7))),
    ] {
        let answer = refused(&root.post(LIST, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!([field]), "{body}: {answer}");
    }
    let missing = refused(&root.post(LIST, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert!(missing.to_string().contains("missing field `name`"), "{missing}");
    for owner in ["none", "", "00000000-0000-0000-0000-000000000000"] {
        let answer = root.post(LIST, &with("organizationId", json!(owner))).await;
        refused(&answer, StatusCode::BAD_REQUEST, "Organization not found");
    }
    assert_eq!(expect(&root.get(LIST).await, StatusCode::OK)["total"], before);
    assert!(admins.audit().await.iter().all(|row| row.metadata["slug"] != "dock"));
}

/// A slug is taken for one owner only (decision 0018).
async fn a_taken_slug_is_a_conflict(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let planner = |owner: Value| json!({ "name": "Planner", "organizationId": owner });
    let answer = root.post(LIST, &planner(json!("acme"))).await;
    refused(&answer, StatusCode::CONFLICT, "Application `planner` is already taken");
    let beta = expect(&root.post(LIST, &planner(json!("beta"))).await, StatusCode::CREATED)["data"].clone();
    // Then the slug names neither of them.
    let text = "Several organizations have an application `planner`; use its id";
    refused(&root.get(&format!("{LIST}/planner")).await, StatusCode::CONFLICT, text);
    let by_id = format!("{LIST}/{}", beta["id"].as_str().unwrap());
    assert_eq!(expect(&root.get(&by_id).await, StatusCode::OK)["data"], beta);
    // The platform's comes before those of tenants.
    let shared = expect(&root.post(LIST, &planner(Value::Null)).await, StatusCode::CREATED)["data"].clone();
    assert_eq!(expect(&root.get(&format!("{LIST}/planner")).await, StatusCode::OK)["data"], shared);
    let answer = root.post(LIST, &planner(Value::Null)).await;
    refused(&answer, StatusCode::CONFLICT, "Application `planner` is already taken");
}

/// Whoever has a client of an application `porta-admin` could try to get in with it.
async fn nobody_makes_another_application_of_administration(app: TestApp) {
    let admins = Admins::of(app).await;
    for person in [APPS, ROOT] {
        let mut admin = admins.sign_in(person).await;
        for owner in [Value::Null, json!("porta-admin")] {
            let new = json!({ "name": "Porta Admin", "organizationId": owner });
            let body = refused(&admin.post(LIST, &new).await, StatusCode::FORBIDDEN, "Forbidden");
            assert_eq!(body["message"], "`porta-admin` is the application of administration");
        }
    }
    // A tenant's application of that slug is not it, and does not stand in its way.
    let mut apps = admins.sign_in(APPS).await;
    let new = json!({ "name": "Porta Admin", "organizationId": "acme" });
    let theirs = expect(&apps.post(LIST, &new).await, StatusCode::CREATED)["data"].clone();
    let real = expect(&apps.get("/applications/porta-admin").await, StatusCode::OK)["data"].clone();
    assert_ne!(real["id"], theirs["id"]);
    assert_eq!(real["organizationId"], json!(admins.organization("porta-admin").await.id.to_string()));
}

async fn one_of_many_creations_of_one_slug_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    for owner in [json!("acme"), Value::Null] {
        let create =
            |_| (Method::POST, LIST.to_owned(), json!({ "name": "Dock", "organizationId": owner }), None);
        let statuses = at_once(&admins, 16, create).await;
        assert_eq!(count(&statuses, StatusCode::CREATED), 1, "{statuses:?}");
        assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
    }
}

async fn each_role_may_do_what_it_is_for(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let new = json!({ "name": "Berths" });
    let module = expect(&root.post("/applications/planner/modules", &new).await, StatusCode::CREATED);
    let module = format!("/applications/planner/modules/{}", module["data"]["id"].as_str().unwrap());
    for (person, reads, writes) in
        [(USERS, false, false), (ORGS, false, false), (AUDITOR, true, false), (APPS, true, true)]
    {
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool, status| if may { status } else { StatusCode::FORBIDDEN };
        for path in ["", "/planner", "/planner/modules"] {
            expect(&admin.get(&format!("{LIST}{path}")).await, status(reads, StatusCode::OK));
        }
        for path in [LIST, "/applications/planner/modules"] {
            let answer = admin.post(path, &json!({ "name": "New One" })).await;
            expect(&answer, status(writes, StatusCode::CREATED));
        }
        for path in ["/applications/planner", &module] {
            let answer = admin.put(path, &json!({ "name": person.0 })).await;
            expect(&answer, status(writes, StatusCode::OK));
        }
        for action in ["deactivate", "activate", "archive", "restore"] {
            let answer = admin.post(&format!("/applications/planner/{action}"), &json!({})).await;
            expect(&answer, status(writes, StatusCode::NO_CONTENT));
        }
        let answer = admin.post(&format!("{module}/deactivate"), &json!({})).await;
        expect(&answer, status(writes, StatusCode::NO_CONTENT));
        expect(&admin.delete(&module).await, status(writes, StatusCode::NO_CONTENT));
    }
    let mut auditor = admins.sign_in(AUDITOR).await;
    for (answer, permission) in [
        (auditor.post(LIST, &new).await, "admin:app:create"),
        (auditor.put("/applications/planner", &new).await, "admin:app:update"),
        (auditor.post("/applications/planner/activate", &json!({})).await, "admin:app:update"),
        (auditor.post("/applications/planner/archive", &json!({})).await, "admin:app:archive"),
        (auditor.post("/applications/planner/restore", &json!({})).await, "admin:app:archive"),
        (auditor.delete(&module).await, "admin:app:update"),
    ] {
        let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        assert_eq!(body["message"], format!("Insufficient permissions. Required: {permission}"));
    }
}
