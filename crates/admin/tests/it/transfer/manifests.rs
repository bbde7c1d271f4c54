//! Manifests: what is exported can be imported again.

use axum::http::StatusCode;
use porta_directory::Actor;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    an_organization_is_the_same_after_its_manifest_is_imported,
    a_copy_of_an_organization_is_like_it,
    a_manifest_has_no_secrets,
    people_may_be_left_out,
    whoever_may_not_sign_in_is_inactive_in_a_manifest,
    what_an_organization_has_of_its_own_is_in_it,
);

async fn manifest_of(admin: &mut Admin, organization: &str) -> Value {
    expect(&admin.get(&format!("/export/manifest?organizationId={organization}")).await, StatusCode::OK)
}

async fn import(admin: &mut Admin, mode: &str, manifest: &Value) -> Value {
    let body = json!({ "mode": mode, "manifest": manifest });
    expect(&admin.post("/import", &body).await, StatusCode::OK)
}

fn number(body: &Value, name: &str) -> usize {
    body[name].as_array().unwrap().len()
}

/// Without what another export has differently: the time.
fn without_time(mut manifest: Value) -> Value {
    manifest.as_object_mut().unwrap().remove("exportedAt").unwrap();
    manifest
}

/// What was created at the same moment has no order that a copy would keep.
fn sorted(mut manifest: Value) -> Value {
    for (_, items) in manifest.as_object_mut().unwrap() {
        if let Some(items) = items.as_array_mut() {
            items.sort_by_key(Value::to_string);
        }
    }
    manifest
}

/// The second organization of the fixture has guests, and the first nearly everything else.
async fn an_organization_is_the_same_after_its_manifest_is_imported(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for slug in ["acme", "beta", "porta-admin"] {
        let manifest = manifest_of(&mut root, slug).await;
        assert_eq!((&manifest["version"], number(&manifest, "organizations")), (&json!("1.0"), 1), "{slug}");
        for mode in ["merge", "overwrite"] {
            let report = import(&mut root, mode, &manifest).await;
            assert_eq!(
                (&report["created"], &report["updated"], &report["errors"]),
                (&json!([]), &json!([]), &json!([])),
                "{slug} {mode}"
            );
            assert_eq!(report["applied"], true);
        }
        assert_eq!(without_time(manifest_of(&mut root, slug).await), without_time(manifest), "{slug}");
    }
}

async fn a_copy_of_an_organization_is_like_it(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let acme = unit.organization("acme").await.unwrap();
    unit.settings().set(Some(&acme), "access_token_ttl", &json!(300)).await.unwrap();
    unit.commit().await.unwrap();
    let original = without_time(manifest_of(&mut root, "acme").await);
    // Client ids are unique in the installation.
    let renamed = |manifest: &Value| {
        let mut copy = manifest.clone();
        let organization = &mut copy["organizations"][0];
        organization["slug"] = json!("copy");
        for (_, items) in copy.as_object_mut().unwrap() {
            for item in items.as_array_mut().into_iter().flatten() {
                if item.get("organization_slug").is_some() {
                    item["organization_slug"] = json!("copy");
                }
                if let Some(id) = item.get("client_id").and_then(Value::as_str) {
                    item["client_id"] = json!(format!("copy-{id}"));
                }
            }
        }
        copy
    };
    let report = import(&mut root, "merge", &renamed(&original)).await;
    assert_eq!((&report["errors"], &report["skipped"]), (&json!([]), &json!([])));
    let made = |kind: &str| {
        let created = report["created"].as_array().unwrap();
        created.iter().filter(|item| item["type"] == kind).count()
    };
    for (kind, name) in [
        ("organization", "organizations"),
        ("application", "applications"),
        ("client", "clients"),
        ("role", "roles"),
        ("permission", "permissions"),
        ("claim_definition", "claim_definitions"),
        ("application_module", "application_modules"),
        ("user", "users"),
        ("user_role_assignment", "user_role_assignments"),
        ("user_claim_value", "user_claim_values"),
    ] {
        assert_eq!(made(kind), number(&original, name), "{kind}");
    }
    assert_eq!(made("role_permission_mapping"), 3);
    assert_eq!(sorted(without_time(manifest_of(&mut root, "copy").await)), sorted(renamed(&original)));
}

async fn a_manifest_has_no_secrets(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let answer = root.get("/export/manifest?organizationId=acme").await;
    let body = expect(&answer, StatusCode::OK);
    assert_eq!((number(&body, "clients"), number(&body, "users")), (5, 3));
    for word in ["argon2", "\"password\":", "password_hash", "secret_", "lantern", "web-secret"] {
        let text = answer.body.replace("client_secret_", "");
        assert!(!text.contains(word), "{word}");
    }
    assert!(
        answer.header("content-disposition").unwrap().starts_with("attachment; filename=\"manifest-export-")
    );
    let row = admins.newest("data.exported").await;
    assert_eq!((&row.metadata["entityType"], &row.metadata["format"]), (&json!("manifest"), &json!("json")));
    assert_eq!(row.organization_label.as_deref(), Some("acme"));
    assert!(row.metadata["rows"].as_u64().unwrap() > 10);
}

async fn people_may_be_left_out(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let all = manifest_of(&mut root, "acme").await;
    let answer = root.get("/export/manifest?organizationId=acme&users=false").await;
    let without = without_time(expect(&answer, StatusCode::OK));
    let mut expected = without_time(all);
    for name in ["users", "user_role_assignments", "user_claim_values"] {
        assert_ne!(expected.as_object_mut().unwrap().remove(name), Some(json!([])), "{name}");
    }
    assert_eq!(without, expected);
}

async fn whoever_may_not_sign_in_is_inactive_in_a_manifest(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    expect(&root.post(&format!("/users/{bob}/suspend"), &json!({})).await, StatusCode::NO_CONTENT);
    let manifest = manifest_of(&mut root, "acme").await;
    let users = manifest["users"].as_array().unwrap();
    let status = |email: &str| users.iter().find(|user| user["email"] == email).unwrap()["status"].clone();
    assert_eq!(
        [status("ana@acme.test"), status("bob@acme.test"), status("inactive@acme.test")],
        [json!("active"), json!("inactive"), json!("inactive")]
    );
}

async fn what_an_organization_has_of_its_own_is_in_it(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let beta = manifest_of(&mut root, "beta").await;
    let client = &beta["clients"][0];
    assert_eq!(
        (&client["client_id"], &client["application_slug"], &client["allowed_organizations"]),
        (&json!("partner"), &json!("partner"), &json!(["acme"]))
    );
    assert_eq!(number(&beta, "clients"), 1, "nothing of another organization");
    let acme = manifest_of(&mut root, "acme").await;
    let ana = acme["users"].as_array().unwrap().iter().find(|user| user["email"] == "ana@acme.test").unwrap();
    assert_eq!(
        (&ana["birthdate"], &ana["address_locality"], ana.get("nickname")),
        (&json!("1990-02-28"), &json!("Rotterdam"), None)
    );
    let values = acme["user_claim_values"].as_array().unwrap();
    let value = |name: &str| {
        values.iter().find(|value| value["claim_slug"] == name).unwrap_or(&Value::Null)["value"].clone()
    };
    assert_eq!((value("badge"), value("terminal_code")), (json!(17), json!("T4")));
    assert!(acme.get("config").is_none(), "settings of the installation are not the organization's");
}
