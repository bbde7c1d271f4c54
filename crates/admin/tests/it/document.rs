//! What the API says of itself.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    the_document_describes_every_operation,
    the_document_tells_what_a_creation_leads_to_and_which_bodies_are_needed,
    the_page_needs_no_script_and_nothing_from_elsewhere,
    the_metadata_lead_to_the_sign_in,
    an_installation_without_administrators_says_so,
);

async fn the_document_describes_every_operation(app: TestApp) {
    let admins = Admins::of(app).await;
    let document = expect(&admins.bearer("none").get("/openapi.json").await, StatusCode::OK);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{ "url": "/api/admin" }]));
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(operation["summary"].is_string(), "{id}");
            let is_public = path == "/metadata";
            assert_eq!(operation.get("security").is_some(), !is_public, "{id}");
            let responses = operation["responses"].as_object().unwrap();
            let wanted: &[&str] = if is_public {
                &["200", "500", "503"]
            } else {
                &["400", "401", "403", "404", "429", "500", "503"]
            };
            for status in wanted {
                assert!(responses.contains_key(*status), "{id} {status}");
            }
            let named: Vec<&Value> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|p| p["in"] == "path")
                .collect();
            assert_eq!(named.len(), path.matches('{').count(), "{method} {path}");
        }
    }
    for id in [
        "list_users",
        "get_user",
        "get_user_by_id",
        "update_user",
        "create_user",
        "lock_user_by_id",
        "activate_by_id",
        "destroy_organization",
        "put_branding_asset",
        "restore_application",
        "remove_module",
        "list_clients",
        "create_client_secret",
        "delete_client_secret",
        "list_roles",
        "add_role_permissions",
        "list_users_of_role",
        "archive_permission",
        "remove_user_role",
        "set_claim_value",
        "set_user_claim",
    ] {
        assert!(ids.contains(id), "{id}");
    }
    // Every reference leads to a schema.
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
}

async fn the_document_tells_what_a_creation_leads_to_and_which_bodies_are_needed(app: TestApp) {
    let admins = Admins::of(app).await;
    let document = expect(&admins.bearer("none").get("/openapi.json").await, StatusCode::OK);
    let paths = &document["paths"];
    let links = |path: &str| &paths[path]["post"]["responses"]["201"]["links"];
    let expected =
        json!({ "operationId": "get_organization", "parameters": { "orgId": "$response.body#/data/id" } });
    assert_eq!(links("/organizations")["get_organization"], expected);
    let expected = json!({ "operationId": "delete_role", "parameters": {
        "appId": "$request.path.appId", "roleId": "$response.body#/data/id",
    } });
    assert_eq!(links("/applications/{appId}/roles")["delete_role"], expected);
    assert_eq!(links("/keys/generate"), &Value::Null);
    for (path, is_needed) in [
        ("/organizations", true),
        ("/organizations/{orgId}/users", true),
        ("/import", true),
        ("/organizations/{orgId}/suspend", false),
        ("/organizations/{orgId}/users/{userId}/purge", false),
        ("/keys/rotate", false),
    ] {
        assert_eq!(paths[path]["post"]["requestBody"]["required"], is_needed, "{path}");
    }
    // A page of a list is told by number or by cursor, and never as both.
    let page = &document["components"]["schemas"]["ListPlace"]["oneOf"];
    assert_eq!(page.as_array().map(Vec::len), Some(2), "{page}");
}

async fn the_page_needs_no_script_and_nothing_from_elsewhere(app: TestApp) {
    let mut browser = app.browser();
    let page = browser.get("https://id.test/api/admin/reference").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (StatusCode::OK, Some("text/html; charset=utf-8"))
    );
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    assert_eq!(page.header("content-security-policy"), Some(policy));
    assert!(page.body.contains("reference.css"), "{}", page.body);
    let style = browser.get("https://id.test/api/admin/reference.css").await;
    assert_eq!(
        (style.status, style.header("content-type")),
        (StatusCode::OK, Some("text/css; charset=utf-8"))
    );
}

async fn the_metadata_lead_to_the_sign_in(app: TestApp) {
    let admins = Admins::of(app).await;
    let answer = admins.bearer("none").get("/metadata").await;
    let body = expect(&answer, StatusCode::OK);
    assert_eq!(
        body,
        json!({ "issuer": "https://id.test/porta-admin", "orgSlug": "porta-admin", "clientId": admins.command_line })
    );
}

async fn an_installation_without_administrators_says_so(app: TestApp) {
    let mut browser = app.browser();
    let answer = browser.get("https://id.test/api/admin/metadata").await;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "Not initialized");
}
