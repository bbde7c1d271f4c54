//! Changing clients.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::path_of;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_change_touches_only_what_it_names,
    null_clears_what_may_be_empty_and_nothing_else,
    an_empty_change_is_refused,
    what_breaks_a_rule_is_refused,
    what_never_changes_is_ignored,
    a_revoked_client_can_be_changed,
    a_change_based_on_an_older_version_is_refused,
);

async fn a_change_touches_only_what_it_names(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let before = expect(&root.get(&path).await, StatusCode::OK)["data"].clone();
    let rows = admins.count("client.updated").await;
    admins.app.advance(Duration::from_secs(1));
    let change = json!({
        "name": "Renamed", "redirectUris": ["https://web.test/cb", "https://web.test/cb2"],
        "loginMethods": ["magic_link", "magic_link"], "userinfoSignedResponseAlg": "ES256",
        "standardClaimsInIdToken": true, "allowedOrganizations": ["beta"],
    });
    let answer = root.put(&path, &change).await;
    let after = expect(&answer, StatusCode::OK)["data"].clone();
    let expected = [
        ("name", json!("Renamed")),
        ("clientName", json!("Renamed")),
        ("redirectUris", change["redirectUris"].clone()),
        ("loginMethods", json!(["magic_link"])),
        ("effectiveLoginMethods", json!(["magic_link"])),
        ("userinfoSignedResponseAlg", json!("ES256")),
        ("standardClaimsInIdToken", json!(true)),
        ("allowedOrganizations", json!([admins.organization("beta").await.id])),
    ];
    for (field, value) in before.as_object().unwrap() {
        let wanted = expected.iter().find(|(name, _)| name == field).map_or(value, |(_, value)| value);
        if field != "updatedAt" {
            assert_eq!(&after[field], wanted, "{field}");
        }
    }
    assert_ne!(after["updatedAt"], before["updatedAt"]);
    let read = root.get(&path).await;
    assert_eq!(read.header("etag"), answer.header("etag"));
    assert_eq!(expect(&read, StatusCode::OK)["data"], after);
    let row = admins.newest("client.updated").await;
    let fields = [
        "client_name",
        "redirect_uris",
        "login_methods",
        "userinfo_signed_response_alg",
        "standard_claims_in_id_token",
        "allowed_organizations",
    ];
    assert_eq!(row.metadata["fields"], json!(fields));
    assert_eq!((&row.metadata["clientDbId"], &row.metadata["clientId"]), (&before["id"], &json!("web")));
    assert_eq!(
        (&row.metadata["previousLoginMethods"], &row.metadata["newLoginMethods"]),
        (&Value::Null, &json!(["magic_link"]))
    );
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ROOT.0), Some("acme")));
    // Nothing is changed and nothing is recorded by the same change again.
    let again = root.put(&path, &change).await;
    assert_eq!((again.status, again.header("etag")), (StatusCode::OK, answer.header("etag")));
    assert_eq!(admins.count("client.updated").await, rows + 1);
}

async fn null_clears_what_may_be_empty_and_nothing_else(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "legacy").await);
    let own = json!({ "loginMethods": ["magic_link"] });
    let before = expect(&root.put(&path, &own).await, StatusCode::OK)["data"].clone();
    assert_eq!(before["userinfoSignedResponseAlg"], "ES256");
    let change = json!({
        "clientName": null, "redirectUris": null, "scope": null, "requirePkce": null, "allowedOrigins": null,
        "loginMethods": null, "userinfoSignedResponseAlg": null,
    });
    let after = expect(&root.put(&path, &change).await, StatusCode::OK)["data"].clone();
    let expected = [
        ("loginMethods", Value::Null),
        ("effectiveLoginMethods", json!(["password"])),
        ("userinfoSignedResponseAlg", Value::Null),
    ];
    for (field, value) in before.as_object().unwrap() {
        let wanted = expected.iter().find(|(name, _)| name == field).map_or(value, |(_, value)| value);
        if field != "updatedAt" {
            assert_eq!(&after[field], wanted, "{field}");
        }
    }
}

async fn an_empty_change_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    for nothing in [
        json!({}),
        json!({ "scope": null }),
        json!({ "status": "revoked" }),
        json!({ "clientType": "public", "applicationType": "native" }),
        json!({ "organizationId": "beta", "applicationId": "partner" }),
        json!({ "clientId": "mine", "description": "x" }),
    ] {
        refused(&root.put(&path, &nothing).await, StatusCode::BAD_REQUEST, "No fields to update");
    }
}

async fn what_breaks_a_rule_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (web, spa) = (path_of(&admins, "web").await, path_of(&admins, "spa").await);
    let before = [root.get(&web).await.body, root.get(&spa).await.body];
    for (place, path, change) in [
        (&web, json!(["clientName"]), json!({ "name": "" })),
        (&web, json!(["redirectUris"]), json!({ "redirectUris": [] })),
        (&web, json!(["redirectUris"]), json!({ "redirectUris": ["https://web.test/#x"] })),
        (&web, json!(["grantTypes"]), json!({ "grantTypes": [] })),
        (&spa, json!(["grantTypes"]), json!({ "grantTypes": ["authorization_code", "client_credentials"] })),
        (&web, json!(["responseTypes"]), json!({ "responseTypes": [] })),
        (&web, json!(["scope"]), json!({ "scope": " " })),
        (
            &spa,
            json!(["tokenEndpointAuthMethod"]),
            json!({ "tokenEndpointAuthMethod": "client_secret_post" }),
        ),
        (&web, json!(["allowedOrigins"]), json!({ "allowedOrigins": ["https://web.test/"] })),
        (&spa, json!(["requirePkce"]), json!({ "requirePkce": false })),
        (&web, json!(["loginMethods"]), json!({ "loginMethods": [] })),
        (&web, json!(["loginMethods"]), json!({ "loginMethods": "password" })),
        (&web, json!(["idTokenSignedResponseAlg"]), json!({ "idTokenSignedResponseAlg": "none" })),
        (&web, json!(["standardClaimsInIdToken"]), json!({ "standardClaimsInIdToken": "yes" })),
    ] {
        let answer = refused(&root.put(place, &change).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], path, "{change}: {answer}");
    }
    let guests = json!({ "allowedOrganizations": ["none"] });
    refused(&root.put(&web, &guests).await, StatusCode::NOT_FOUND, "Organization not found: none");
    assert_eq!([root.get(&web).await.body, root.get(&spa).await.body], before);
}

async fn what_never_changes_is_ignored(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let before = expect(&root.get(&path).await, StatusCode::OK)["data"].clone();
    let change = json!({
        "name": "Renamed", "id": "00000000-0000-4000-8000-000000000001", "clientId": "mine",
        "organizationId": "beta", "applicationId": "partner", "clientType": "public",
        "applicationType": "native", "status": "revoked", "createdAt": "2000-01-01T00:00:00Z",
    });
    let after = expect(&root.put(&path, &change).await, StatusCode::OK)["data"].clone();
    for (field, value) in before.as_object().unwrap() {
        if !matches!(field.as_str(), "name" | "clientName" | "updatedAt") {
            assert_eq!(&after[field], value, "{field}");
        }
    }
    assert_eq!(after["name"], "Renamed");
}

async fn a_revoked_client_can_be_changed(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    expect(&root.post(&format!("{path}/revoke"), &json!({})).await, StatusCode::NO_CONTENT);
    let data = expect(&root.put(&path, &json!({ "name": "Former" })).await, StatusCode::OK)["data"].clone();
    assert_eq!((&data["name"], &data["status"]), (&json!("Former"), &json!("revoked")));
}

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let first = root.get(&path).await.header("etag").unwrap().to_owned();
    let second = root.put(&path, &json!({ "name": "One" })).await;
    expect(&second, StatusCode::OK);
    let second = second.header("etag").unwrap().to_owned();
    for (method, place, body) in [
        (Method::PUT, "", json!({ "name": "Two" })),
        (Method::POST, "/deactivate", json!({})),
        (Method::POST, "/revoke", json!({})),
    ] {
        let older = [(header::IF_MATCH, first.as_str())];
        let answer = root.send_with(method.clone(), &format!("{path}{place}"), Some(&body), &older).await;
        let body = refused(&answer, StatusCode::CONFLICT, "Conflict");
        assert_eq!(body["currentETag"], second, "{place}");
        assert_eq!(
            (&body["currentEntity"]["name"], &body["currentEntity"]["status"]),
            (&json!("One"), &json!("active"))
        );
    }
    let current = [(header::IF_MATCH, second.as_str())];
    let answer = root.send_with(Method::POST, &format!("{path}/deactivate"), None, &current).await;
    expect(&answer, StatusCode::NO_CONTENT);
    let answer = root.send_with(Method::PUT, &path, Some(&json!({ "name": "Three" })), &current).await;
    refused(&answer, StatusCode::CONFLICT, "Conflict");
    let any = [(header::IF_MATCH, "*")];
    let answer = root.send_with(Method::PUT, &path, Some(&json!({ "name": "Three" })), &any).await;
    expect(&answer, StatusCode::OK);
}
