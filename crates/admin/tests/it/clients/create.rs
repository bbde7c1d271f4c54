//! Creating clients.

use axum::http::StatusCode;
use porta_core::application::ApplicationStatus;
use porta_core::organization::OrganizationStatus;
use porta_directory::{Actor, NewApplication};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::portal;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_client_is_created_with_everything_that_was_sent,
    a_client_needs_no_more_than_an_application_and_a_name,
    a_public_client_has_no_secret,
    a_machine_needs_no_addresses,
    whoever_has_the_secret_gets_tokens,
    what_an_operation_does_not_offer_is_ignored,
    what_breaks_a_rule_is_refused_and_nothing_is_stored,
    a_client_belongs_where_it_may,
    a_client_of_something_inactive_is_refused,
);

const LIST: &str = "/clients";

fn with(change: &Value) -> Value {
    let mut body = portal();
    for (field, value) in change.as_object().unwrap() {
        body[field] = value.clone();
    }
    body
}

async fn a_client_is_created_with_everything_that_was_sent(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let new = json!({
        "clientName": "Portal", "clientType": "confidential", "applicationType": "web",
        "redirectUris": ["https://portal.test/cb", "https://portal.test/cb2"],
        "postLogoutRedirectUris": ["https://portal.test/bye"],
        "grantTypes": ["authorization_code", "refresh_token"], "responseTypes": ["code"],
        "scope": "openid email", "tokenEndpointAuthMethod": "client_secret_post",
        "allowedOrigins": ["https://portal.test"], "requirePkce": false, "loginMethods": ["magic_link"],
        "idTokenSignedResponseAlg": "ES256", "userinfoSignedResponseAlg": "EdDSA",
        "standardClaimsInIdToken": true,
    });
    let mut body = new.clone();
    for (field, value) in [
        ("organizationId", json!("acme")),
        ("applicationId", json!("planner")),
        ("allowedOrganizations", json!(["beta", "acme"])),
        ("secretLabel", json!("first")),
        ("secretExpiresAt", json!("2099-01-31")),
    ] {
        body[field] = value;
    }
    let answer = root.post(LIST, &body).await;
    let created = expect(&answer, StatusCode::CREATED);
    assert_eq!(created["warning"], "Store the secret securely. It will not be shown again.");
    let data = created["data"].as_object().unwrap();
    let client = data["client"].as_object().unwrap();
    assert_eq!(client.len(), 28);
    for (field, value) in client {
        assert_eq!(&data[field], value, "the same at the top level: {field}");
    }
    for (field, value) in new.as_object().unwrap() {
        assert_eq!(&client[field], value, "{field}");
    }
    let (acme, beta) = (admins.organization("acme").await, admins.organization("beta").await);
    for (field, value) in [
        ("organizationId", json!(acme.id)),
        ("organizationName", json!("Acme")),
        ("applicationName", json!("Planner")),
        ("name", json!("Portal")),
        ("description", Value::Null),
        ("effectiveLoginMethods", json!(["magic_link"])),
        ("allowedOrganizations", json!([beta.id])),
        ("status", json!("active")),
    ] {
        assert_eq!(client[field], value, "{field}");
    }
    assert_eq!(client["clientId"].as_str().unwrap().len(), 43);
    assert_eq!(client["createdAt"], client["updatedAt"]);

    let secret = data["secret"].as_object().unwrap();
    let plaintext = secret["plaintext"].as_str().unwrap();
    assert_eq!((plaintext.len(), &secret["secret"]), (64, &secret["plaintext"]));
    assert_eq!((&secret["clientId"], &secret["label"]), (&client["id"], &json!("first")));
    assert_eq!((&secret["expiresAt"], secret.len()), (&json!("2099-01-31T00:00:00.000Z"), 7));

    // Both names lead to it, and nothing there is secret.
    for name in [&client["id"], &client["clientId"]] {
        let read = root.get(&format!("{LIST}/{}", name.as_str().unwrap())).await;
        assert_eq!(read.header("etag"), answer.header("etag"));
        assert_eq!(expect(&read, StatusCode::OK)["data"], data["client"]);
        assert!(!read.body.contains(plaintext));
    }

    let row = admins.newest("client.created").await;
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ROOT.0), Some("acme")));
    for (field, value) in [
        ("clientDbId", &client["id"]),
        ("clientId", &client["clientId"]),
        ("clientName", &client["clientName"]),
        ("clientType", &client["clientType"]),
        ("applicationType", &client["applicationType"]),
        ("applicationId", &client["applicationId"]),
        ("loginMethods", &client["loginMethods"]),
    ] {
        assert_eq!(&row.metadata[field], value, "{field}");
    }
    let row = admins.newest("client.secret.generated").await;
    assert_eq!((&row.metadata["clientId"], &row.metadata["secretId"]), (&client["id"], &secret["id"]));
    assert_eq!(row.metadata["label"], "first");
    for row in admins.audit().await {
        assert!(!row.metadata.to_string().contains(plaintext), "{}", row.event_type);
    }
}

async fn a_client_needs_no_more_than_an_application_and_a_name(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let new = json!({ "applicationId": "planner", "name": "Site", "redirectUris": ["https://site.test/cb"] });
    let data = expect(&root.post(LIST, &new).await, StatusCode::CREATED)["data"].clone();
    for (field, value) in [
        ("organizationName", json!("Acme")),
        ("clientName", json!("Site")),
        ("clientType", json!("confidential")),
        ("applicationType", json!("web")),
        ("postLogoutRedirectUris", json!([])),
        ("grantTypes", json!(["authorization_code", "refresh_token", "client_credentials"])),
        ("responseTypes", json!(["code"])),
        ("scope", json!("openid profile email")),
        ("tokenEndpointAuthMethod", json!("client_secret_basic")),
        ("allowedOrigins", json!([])),
        ("requirePkce", json!(true)),
        ("loginMethods", Value::Null),
        ("effectiveLoginMethods", json!(["password"])),
        ("idTokenSignedResponseAlg", json!("RS256")),
        ("userinfoSignedResponseAlg", Value::Null),
        ("standardClaimsInIdToken", json!(false)),
        ("allowedOrganizations", json!([])),
    ] {
        assert_eq!(data[field], value, "{field}");
    }
    assert_eq!((&data["secret"]["label"], &data["secret"]["expiresAt"]), (&Value::Null, &Value::Null));
    // The canonical name counts, and `null` is no value.
    let both = with(&json!({ "name": "Other", "secretLabel": null, "secretExpiresAt": null, "scope": null }));
    let data = expect(&root.post(LIST, &both).await, StatusCode::CREATED)["data"].clone();
    assert_eq!((&data["name"], &data["secret"]["expiresAt"]), (&json!("Portal"), &Value::Null));
}

async fn a_public_client_has_no_secret(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let before = admins.count("client.secret.generated").await;
    let public = json!({ "clientType": "public", "applicationType": "spa" });
    let created = expect(&root.post(LIST, &with(&public)).await, StatusCode::CREATED);
    assert_eq!((&created["data"]["secret"], created.get("warning")), (&Value::Null, None));
    assert_eq!(created["data"]["tokenEndpointAuthMethod"], "none");
    assert_eq!(created["data"]["grantTypes"], json!(["authorization_code", "refresh_token"]));
    for secret in [json!({ "secretLabel": "one" }), json!({ "secretExpiresAt": "2099-01-31" })] {
        let mut body = with(&public);
        body.as_object_mut().unwrap().extend(secret.as_object().unwrap().clone());
        let answer = refused(&root.post(LIST, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!(["secretLabel"]));
    }
    assert_eq!(admins.count("client.secret.generated").await, before);
}

async fn a_machine_needs_no_addresses(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let machine = json!({ "redirectUris": null, "grantTypes": ["client_credentials"] });
    let data = expect(&root.post(LIST, &with(&machine)).await, StatusCode::CREATED)["data"].clone();
    assert_eq!((&data["redirectUris"], &data["responseTypes"]), (&json!([]), &json!([])));
}

async fn whoever_has_the_secret_gets_tokens(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let data = expect(&root.post(LIST, &portal()).await, StatusCode::CREATED)["data"].clone();
    let (id, secret) = (data["clientId"].as_str().unwrap(), data["secret"]["secret"].as_str().unwrap());
    let form = [("grant_type", "client_credentials")];
    let mut browser = admins.app.browser();
    let answer = browser.token("acme", (id, Some(secret)), &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let answer = browser.token("acme", (id, Some(&secret[1..])), &form).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

async fn what_an_operation_does_not_offer_is_ignored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = "00000000-0000-4000-8000-000000000001";
    let more = json!({
        "id": id, "clientId": "mine", "status": "revoked", "createdAt": "2000-01-01T00:00:00Z", "version": 9,
        "secret": { "value": "a-secret-of-my-own-choice" }, "secretValue": "a-secret-of-my-own-choice",
        "description": "x", "effectiveLoginMethods": ["magic_link"],
    });
    let data = expect(&root.post(LIST, &with(&more)).await, StatusCode::CREATED)["data"].clone();
    assert_eq!((&data["status"], &data["description"]), (&json!("active"), &Value::Null));
    assert_eq!(data["effectiveLoginMethods"], json!(["password"]));
    assert_ne!(data["secret"]["plaintext"], "a-secret-of-my-own-choice");
    for taken in [id, "mine"] {
        assert_ne!(data["id"], taken);
        assert_ne!(data["clientId"], taken);
        expect(&root.get(&format!("{LIST}/{taken}")).await, StatusCode::NOT_FOUND);
    }
}

async fn what_breaks_a_rule_is_refused_and_nothing_is_stored(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let before = expect(&root.get(LIST).await, StatusCode::OK)["total"].clone();
    let rows = admins.count("client.created").await;
    let long = "x".repeat(256);
    for (path, change) in [
        (json!(["clientName"]), json!({ "clientName": null })),
        (json!(["clientName"]), json!({ "clientName": "" })),
        (json!(["clientName"]), json!({ "clientName": long })),
        (json!(["clientName"]), json!({ "clientName": "a\u{202e}b" })),
        (json!(["clientName"]), json!({ "clientName": 1 })),
        (json!(["clientType"]), json!({ "clientType": "secret" })),
        (json!(["applicationType"]), json!({ "applicationType": "desktop" })),
        (json!(["redirectUris"]), json!({ "redirectUris": [] })),
        (json!(["redirectUris"]), json!({ "redirectUris": ["https://portal.test/#x"] })),
        (json!(["redirectUris"]), json!({ "redirectUris": ["https://portal.test/*"] })),
        (json!(["redirectUris"]), json!({ "redirectUris": ["portal"] })),
        (json!(["redirectUris"]), json!({ "redirectUris": ["http://portal.test/cb"] })),
        (json!(["redirectUris"]), json!({ "redirectUris": ["javascript:alert(1)"] })),
        (json!(["redirectUris"]), json!({ "redirectUris": ["https://portal.test/\u{0}"] })),
        (json!(["redirectUris", "1"]), json!({ "redirectUris": ["https://portal.test/cb", 1] })),
        (json!(["postLogoutRedirectUris"]), json!({ "postLogoutRedirectUris": ["data:,x"] })),
        (json!(["grantTypes"]), json!({ "grantTypes": [] })),
        (json!(["grantTypes"]), json!({ "grantTypes": ["refresh_token"] })),
        (json!(["grantTypes", "0"]), json!({ "grantTypes": ["password"] })),
        (
            json!(["grantTypes"]),
            json!({ "clientType": "public", "grantTypes": ["authorization_code", "client_credentials"] }),
        ),
        (json!(["responseTypes"]), json!({ "responseTypes": [] })),
        (json!(["responseTypes", "0"]), json!({ "responseTypes": ["token"] })),
        (json!(["scope"]), json!({ "scope": "" })),
        (json!(["scope"]), json!({ "scope": "open\u{0}id" })),
        (json!(["tokenEndpointAuthMethod"]), json!({ "tokenEndpointAuthMethod": "none" })),
        (json!(["tokenEndpointAuthMethod"]), json!({ "tokenEndpointAuthMethod": "private_key_jwt" })),
        (json!(["allowedOrigins"]), json!({ "allowedOrigins": ["https://portal.test/path"] })),
        (json!(["allowedOrigins"]), json!({ "allowedOrigins": ["null"] })),
        (json!(["requirePkce"]), json!({ "clientType": "public", "requirePkce": false })),
        (json!(["loginMethods"]), json!({ "loginMethods": [] })),
        (json!(["loginMethods", "0"]), json!({ "loginMethods": ["sms"] })),
        (json!(["idTokenSignedResponseAlg"]), json!({ "idTokenSignedResponseAlg": "HS256" })),
        (json!(["userinfoSignedResponseAlg"]), json!({ "userinfoSignedResponseAlg": "none" })),
        (json!(["allowedOrganizations"]), json!({ "allowedOrganizations": vec!["beta"; 1001] })),
        (json!(["secretLabel"]), json!({ "secretLabel": long })),
        (json!(["secretLabel"]), json!({ "secretLabel": "a\nb" })),
        (json!(["secretExpiresAt"]), json!({ "secretExpiresAt": "2001-01-31" })),
        (json!(["secretExpiresAt"]), json!({ "secretExpiresAt": "tomorrow" })),
    ] {
        let answer =
            refused(&root.post(LIST, &with(&change)).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], path, "{change}: {answer}");
        assert!(!answer["details"][0]["message"].as_str().unwrap().is_empty());
    }
    let mut nameless = portal();
    nameless.as_object_mut().unwrap().remove("applicationId");
    let answer = refused(&root.post(LIST, &nameless).await, StatusCode::BAD_REQUEST, "Validation failed");
    assert!(answer.to_string().contains("missing field `applicationId`"), "{answer}");
    assert_eq!(expect(&root.get(LIST).await, StatusCode::OK)["total"], before);
    assert_eq!(admins.count("client.created").await, rows);
}

async fn a_client_belongs_where_it_may(app: TestApp) {
    let admins = Admins::of(app).await;
    let (acme, beta) = (admins.organization("acme").await, admins.organization("beta").await);
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let porta = unit.organization("porta-admin").await.unwrap();
    let shared = NewApplication { name: "Shared".to_owned(), is_shared: true, ..NewApplication::default() };
    let shared = unit.applications().create(&porta, shared).await.unwrap();
    let twin = NewApplication { name: "Planner".to_owned(), ..NewApplication::default() };
    let twin = unit.applications().create(&beta, twin).await.unwrap();
    unit.commit().await.unwrap();
    let mut root = admins.sign_in(ROOT).await;

    for (organization, application, owner) in [
        (json!("acme"), json!("planner"), &acme),
        (json!(acme.id), json!("planner"), &acme),
        (json!("beta"), json!("planner"), &beta),
        (json!("beta"), json!(twin.id), &beta),
        (Value::Null, json!(twin.id), &beta),
        (Value::Null, json!("billing"), &acme),
        (json!("beta"), json!("shared"), &beta),
        (json!("acme"), json!(shared.id), &acme),
    ] {
        let place = json!({ "organizationId": organization, "applicationId": application });
        let data = expect(&root.post(LIST, &with(&place)).await, StatusCode::CREATED)["data"].clone();
        assert_eq!(data["organizationId"], json!(owner.id), "{place}");
        assert_eq!(admins.newest("client.created").await.organization_id, Some(owner.id));
    }
    let nobody = "00000000-0000-0000-0000-000000000000";
    for (organization, application, text) in [
        (json!("none"), json!("planner"), "Organization not found: none".to_owned()),
        (json!("acme"), json!("none"), "Application not found: none".to_owned()),
        (json!("acme"), json!(nobody), format!("Application not found: {nobody}")),
        (Value::Null, json!("no slug"), "Application not found: no slug".to_owned()),
        // Another organization's application is one that does not exist.
        (json!("acme"), json!(twin.id), format!("Application not found: {}", twin.id)),
        (json!("beta"), json!("billing"), "Application not found: billing".to_owned()),
    ] {
        let place = json!({ "organizationId": organization, "applicationId": application });
        refused(&root.post(LIST, &with(&place)).await, StatusCode::NOT_FOUND, &text);
    }
    // Whose it is to be is not known: two have one of that name, or nobody owns it.
    for application in ["planner", "shared"] {
        let place = json!({ "organizationId": null, "applicationId": application });
        let answer =
            refused(&root.post(LIST, &with(&place)).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!(["organizationId"]), "{application}");
    }
    let guests = json!({ "allowedOrganizations": ["beta", "none"] });
    let answer = root.post(LIST, &with(&guests)).await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
}

async fn a_client_of_something_inactive_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let (acme, beta) = (unit.organization("acme").await.unwrap(), unit.organization("beta").await.unwrap());
    let planner = unit.applications().visible(&acme, "planner").await.unwrap();
    unit.applications().set_status(&acme, &planner, ApplicationStatus::Inactive).await.unwrap();
    unit.organizations().set_status(&beta, OrganizationStatus::Suspended, None).await.unwrap();
    unit.commit().await.unwrap();
    refused(&root.post(LIST, &portal()).await, StatusCode::BAD_REQUEST, "Application is not active");
    let place = json!({ "organizationId": "beta", "applicationId": "partner" });
    let answer = root.post(LIST, &with(&place)).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Organization is not active");
}
