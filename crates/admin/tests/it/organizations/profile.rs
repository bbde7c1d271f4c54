//! Changing organizations.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_change_touches_only_what_it_names,
    an_empty_change_is_refused,
    what_breaks_a_rule_is_refused,
    a_change_based_on_an_older_version_is_refused,
    one_of_many_changes_of_one_version_wins,
    a_change_is_seen_by_people_who_sign_in,
    how_administrators_sign_in_is_for_super_admins_to_decide,
);

const ACME: &str = "/organizations/acme";

async fn a_change_touches_only_what_it_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut orgs = admins.sign_in(ORGS).await;
    let branding = json!({ "logoUrl": "https://cdn.test/logo.svg", "companyName": "ACME" });
    expect(&orgs.put(ACME, &json!({ "branding": branding })).await, StatusCode::OK);
    let before = expect(&orgs.get(ACME).await, StatusCode::OK)["data"].clone();
    admins.app.advance(Duration::from_secs(1));
    let change = json!({
        "name": "Acme Ltd", "defaultLoginMethods": ["magic_link"], "slug": "other", "status": "archived",
        "branding": { "companyName": null, "primaryColor": "#112233" },
    });
    let answer = orgs.put(ACME, &change).await;
    let after = expect(&answer, StatusCode::OK)["data"].clone();
    let expected = [
        ("name", json!("Acme Ltd")),
        ("defaultLoginMethods", json!(["magic_link"])),
        ("brandingCompanyName", Value::Null),
        ("brandingPrimaryColor", json!("#112233")),
    ];
    for (field, value) in before.as_object().unwrap() {
        let wanted = expected.iter().find(|(name, _)| name == field).map_or(value, |(_, value)| value);
        if field != "updatedAt" {
            assert_eq!(&after[field], wanted, "{field}");
        }
    }
    assert_ne!(after["updatedAt"], before["updatedAt"]);
    assert_eq!(orgs.get(ACME).await.header("etag"), answer.header("etag"));
    let row = admins.newest("org.updated").await;
    assert_eq!(row.metadata["fields"], json!(["name", "branding", "default_login_methods"]));
    assert_eq!(row.metadata["previousDefaultLoginMethods"], json!(["password"]));
    assert_eq!(row.metadata["newDefaultLoginMethods"], json!(["magic_link"]));
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ORGS.0), Some("acme")));
    let row = admins.newest("org.branding.updated").await;
    assert_eq!(row.metadata["fields"], json!(["primary_color", "company_name"]));
    // Nothing is changed and nothing is recorded by the same change again.
    let rows = admins.count("org.updated").await;
    let again = orgs.put(&format!("/organizations/{}", after["id"].as_str().unwrap()), &change).await;
    assert_eq!((again.status, again.header("etag")), (StatusCode::OK, answer.header("etag")));
    assert_eq!(admins.count("org.updated").await, rows);
}

async fn an_empty_change_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for nothing in [
        json!({}),
        json!({ "name": null }),
        json!({ "slug": "other", "twoFactorPolicy": "required_any" }),
        json!({ "branding": {} }),
        json!({ "branding": { "logo": "x" } }),
    ] {
        refused(&root.put(ACME, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
    assert_eq!(admins.count("org.updated").await, 0);
}

async fn what_breaks_a_rule_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let before = root.get(ACME).await.body;
    for (path, change) in [
        (json!(["name"]), json!({ "name": " " })),
        (json!(["name"]), json!({ "name": ["x"] })),
        (json!(["defaultLocale"]), json!({ "defaultLocale": "x" })),
        (json!(["defaultLoginMethods"]), json!({ "defaultLoginMethods": [] })),
        (json!(["branding", "primaryColor"]), json!({ "branding": { "primaryColor": "#12345" } })),
        (json!(["branding", "logoUrl"]), json!({ "name": "X", "branding": { "logoUrl": "ftp://x.test" } })),
    ] {
        let body = refused(&root.put(ACME, &change).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], path, "{change}");
    }
    assert_eq!(root.get(ACME).await.body, before);
}

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let first = root.get(ACME).await.header("etag").unwrap().to_owned();
    let branding = format!("{ACME}/branding");
    let mut send = async |method: Method, path: &str, body: Value, etag: &str| {
        root.send_with(method, path, Some(&body), &[(header::IF_MATCH, etag)]).await
    };
    let second = send(Method::PUT, ACME, json!({ "name": "One" }), &first).await;
    expect(&second, StatusCode::OK);
    let second = second.header("etag").unwrap().to_owned();
    for (method, path, body) in [
        (Method::PUT, ACME, json!({ "name": "Two" })),
        (Method::PUT, branding.as_str(), json!({ "companyName": "Two" })),
        (Method::DELETE, ACME, json!({})),
    ] {
        let body = refused(&send(method, path, body, &first).await, StatusCode::CONFLICT, "Conflict");
        assert_eq!((&body["currentETag"], &body["currentEntity"]["name"]), (&json!(second), &json!("One")));
    }
    expect(&send(Method::PUT, &branding, json!({ "companyName": "Two" }), &second).await, StatusCode::OK);
    expect(&send(Method::PUT, ACME, json!({ "name": "Two" }), "*").await, StatusCode::OK);
}

async fn one_of_many_changes_of_one_version_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let etag = root.get(ACME).await.header("etag").unwrap().to_owned();
    let rows = admins.count("org.updated").await;
    let change =
        |n| (Method::PUT, ACME.to_owned(), json!({ "name": format!("Acme {n}") }), Some(etag.clone()));
    let statuses = at_once(&admins, 16, change).await;
    assert_eq!(count(&statuses, StatusCode::OK), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
    assert_eq!(admins.count("org.updated").await, rows + 1);
}

async fn a_change_is_seen_by_people_who_sign_in(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let page = async || {
        admins.app.wait_for_notices().await;
        admins.app.browser().get("/acme/session/end/success").await.body
    };
    assert!(page().await.contains("Acme"));
    expect(&root.put(ACME, &json!({ "name": "Harbor Five" })).await, StatusCode::OK);
    assert!(page().await.contains("Harbor Five"));
}

async fn how_administrators_sign_in_is_for_super_admins_to_decide(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut orgs, mut root) = (admins.sign_in(ORGS).await, admins.sign_in(ROOT).await);
    let path = "/organizations/porta-admin";
    let methods = json!({ "defaultLoginMethods": ["magic_link"] });
    let body = refused(&orgs.put(path, &methods).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Only a super-admin may change how the admin organization signs in");
    let data = expect(&root.get(path).await, StatusCode::OK)["data"].clone();
    assert_eq!(
        (&data["defaultLoginMethods"], &data["isSuperAdmin"]),
        (&json!(["password", "magic_link"]), &json!(true))
    );
    expect(&orgs.put(path, &json!({ "name": "Operators" })).await, StatusCode::OK);
    expect(&root.put(path, &methods).await, StatusCode::OK);
}
