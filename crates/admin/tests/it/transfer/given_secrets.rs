//! Secrets that a manifest gives to clients.

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    a_client_has_the_secret_of_the_manifest,
    secrets_that_cannot_be_given_are_refused,
);

const SECRET: &str = "a-secret-that-somebody-gave";

fn manifest(secret: &str, client: &Value) -> Value {
    let mut feed = json!({
        "client_id": "feed", "client_name": "Feed", "client_type": "confidential",
        "organization_slug": "acme", "application_slug": "given", "grant_types": ["client_credentials"],
        "id_token_signed_response_alg": "ES256", "secret_label": "given", "secret_value": secret,
    });
    for (name, value) in client.as_object().unwrap() {
        feed[name] = value.clone();
    }
    json!({
        "version": "1.0",
        "applications": [{ "name": "Given", "slug": "given", "organization_slug": "acme" }],
        "clients": [feed],
    })
}

async fn import(admin: &mut Admin, mode: &str, manifest: &Value) -> Value {
    let body = json!({ "mode": mode, "manifest": manifest });
    expect(&admin.post("/import", &body).await, StatusCode::OK)
}

async fn labels(admin: &mut Admin) -> Vec<Value> {
    let secrets = expect(&admin.get("/clients/feed/secrets").await, StatusCode::OK);
    secrets["data"].as_array().unwrap().iter().map(|secret| secret["label"].clone()).collect()
}

async fn a_client_has_the_secret_of_the_manifest(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let report = import(&mut root, "merge", &manifest(SECRET, &json!({}))).await;
    let credential = &report["credentials"][0];
    assert_eq!((&report["errors"], credential["secretId"].is_string()), (&json!([]), true), "{report}");
    assert_eq!(credential.get("secretPlaintext"), None, "who gave it has it");
    assert_eq!(labels(&mut root).await, ["given"]);
    // The same once more is no other secret.
    for mode in ["merge", "overwrite"] {
        let again = import(&mut root, mode, &manifest(SECRET, &json!({}))).await;
        assert_eq!((&again["created"], &again["updated"]), (&json!([]), &json!([])), "{mode}");
    }
    assert_eq!(labels(&mut root).await.len(), 1);
    import(&mut root, "overwrite", &manifest("another-secret-of-the-feed", &json!({}))).await;
    assert_eq!(labels(&mut root).await.len(), 2, "the first one works on");
    let exported = root.get("/export/manifest?organizationId=acme").await;
    assert!(!exported.body.contains(SECRET) && !exported.body.contains("secret_value"));
    let rows = admins.audit().await;
    assert!(rows.iter().all(|row| !row.metadata.to_string().contains(SECRET)));
}

async fn secrets_that_cannot_be_given_are_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let public =
        json!({ "client_type": "public", "grant_types": null, "redirect_uris": ["https://a.test/cb"] });
    for (secret, client, path) in [
        ("short", json!({}), "clients[0].secret_value"),
        (&*"x".repeat(256), json!({}), "clients[0].secret_value"),
        (SECRET, public, "clients[0].secret"),
    ] {
        let report = import(&mut root, "merge", &manifest(secret, &client)).await;
        assert_eq!(report["errors"][0]["path"], path, "{report}");
        let text = report.to_string();
        assert!(!text.contains(secret) || secret == "short", "{text}");
    }
    let mut number = manifest(SECRET, &json!({}));
    number["clients"][0]["secret_value"] = json!(90_210_902);
    let refused = root.post("/import", &json!({ "mode": "merge", "manifest": number })).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(
        refused.body.contains("a secret is a text") && !refused.body.contains("90210902"),
        "{}",
        refused.body
    );
}
