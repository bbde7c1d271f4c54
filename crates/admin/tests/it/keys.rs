//! Signing keys.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::*;

porta_testkit::on_both_stores!(
    the_keys_of_an_organization_are_listed_without_private_halves,
    a_generated_key_waits_in_place_of_the_one_before,
    an_algorithm_without_keys_gets_one_that_signs,
    a_rotation_retires_what_signed,
    a_rotation_waits_until_verifiers_know_the_next_key,
    one_key_is_retired_by_its_id,
    a_revoked_key_leaves_the_published_keys,
    keys_of_another_organization_are_not_found,
    what_is_no_key_is_refused,
    one_of_many_rotations_wins,
    each_role_does_with_keys_what_it_may,
);

/// Every verifier knows the first keys by now.
async fn later(app: TestApp) -> (Admins, Admin) {
    let admins = Admins::of(app).await;
    admins.app.advance(Duration::from_mins(7));
    let root = admins.sign_in(ROOT).await;
    (admins, root)
}

async fn keys(admin: &mut Admin, organization: &str) -> Vec<Value> {
    let path = format!("/keys?organizationId={organization}");
    expect(&admin.get(&path).await, StatusCode::OK)["data"].as_array().unwrap().clone()
}

/// The only key of a status and algorithm.
async fn key(admin: &mut Admin, organization: &str, status: &str, algorithm: &str) -> Value {
    let all = keys(admin, organization).await;
    let mut found =
        all.iter().filter(|key| key["status"] == status && key["algorithm"] == algorithm).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "{status} {algorithm}: {all:?}");
    found.remove(0).clone()
}

async fn published(admins: &Admins, organization: &str) -> Vec<String> {
    admins.app.wait_for_notices().await;
    let answer = admins.app.browser().get(&format!("/{organization}/jwks")).await;
    let jwks = answer.json();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn kid(key: &Value) -> String {
    key["kid"].as_str().unwrap().to_owned()
}

async fn the_keys_of_an_organization_are_listed_without_private_halves(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let active = key(&mut auditor, "acme", "active", "ES256").await;
    let expected = json!({
        "id": active["id"], "organizationId": admins.organization("acme").await.id, "kid": active["kid"],
        "algorithm": "ES256", "status": "active", "isActive": true, "createdAt": active["createdAt"],
        "activatedAt": active["createdAt"], "retiredAt": null, "rotatedAt": null, "verifyUntil": null,
        "jwksUri": "https://id.test/acme/jwks",
    });
    assert_eq!(active, expected);
    assert_eq!(key(&mut auditor, "acme", "next", "ES256").await["isActive"], false);
    let id = admins.organization("acme").await.id.to_string();
    assert_eq!(keys(&mut auditor, &id).await, keys(&mut auditor, "acme").await);
    // Without a name, those of the admin organization.
    let own = expect(&auditor.get("/keys").await, StatusCode::OK);
    assert_eq!(own["data"], json!(keys(&mut auditor, "porta-admin").await));
    assert!(own["data"].as_array().unwrap().iter().all(|key| key["organizationId"] != id));
}

async fn a_generated_key_waits_in_place_of_the_one_before(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let (active, waiting) =
        (key(&mut root, "acme", "active", "ES256").await, key(&mut root, "acme", "next", "ES256").await);
    let answer = root.post("/keys/generate", &json!({ "organizationId": "acme" })).await;
    let mut made = expect(&answer, StatusCode::CREATED)["data"].clone();
    assert_eq!(made["message"], "New signing key generated");
    made.as_object_mut().unwrap().remove("message");
    assert_eq!(made, key(&mut root, "acme", "next", "ES256").await);
    assert_eq!(key(&mut root, "acme", "active", "ES256").await, active);
    assert_eq!(key(&mut root, "acme", "revoked", "ES256").await["id"], waiting["id"]);
    let row = admins.newest("key.generated").await;
    assert_eq!((&row.metadata["kid"], row.actor_label.as_deref()), (&made["kid"], Some(ROOT.0)));
    assert_eq!(row.organization_label.as_deref(), Some("acme"));
    let jwks = published(&admins, "acme").await;
    assert!(jwks.contains(&kid(&active)) && jwks.contains(&kid(&made)) && !jwks.contains(&kid(&waiting)));
    // The newest comes first.
    assert_eq!(keys(&mut root, "acme").await[0]["id"], made["id"]);
}

async fn an_algorithm_without_keys_gets_one_that_signs(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let body = json!({ "algorithm": "EdDSA" });
    let made = expect(&root.post("/keys/generate?organizationId=beta", &body).await, StatusCode::CREATED);
    assert_eq!((&made["data"]["status"], &made["data"]["algorithm"]), (&json!("active"), &json!("EdDSA")));
    assert_eq!(made["data"]["organizationId"], json!(admins.organization("beta").await.id));
    key(&mut root, "beta", "next", "EdDSA").await;
}

async fn a_rotation_retires_what_signed(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let (active, next) =
        (key(&mut root, "acme", "active", "ES256").await, key(&mut root, "acme", "next", "ES256").await);
    let rsa = key(&mut root, "acme", "active", "RS256").await;
    let body = json!({ "organizationId": "acme", "algorithm": "ES256" });
    let rotated = expect(&root.post("/keys/rotate", &body).await, StatusCode::CREATED)["data"].clone();
    assert_eq!((&rotated["id"], &rotated["kid"]), (&next["id"], &next["kid"]));
    assert_eq!((&rotated["retiredCount"], &rotated["isActive"]), (&json!(1), &json!(true)));
    assert!(rotated["message"].as_str().unwrap().starts_with("Keys rotated"));
    let retired = key(&mut root, "acme", "retired", "ES256").await;
    assert_eq!((&retired["id"], &retired["rotatedAt"]), (&active["id"], &retired["retiredAt"]));
    assert!(retired["retiredAt"].is_string() && retired["verifyUntil"].is_string());
    assert_eq!(key(&mut root, "acme", "active", "RS256").await, rsa);
    // It verifies until the last token it signed is over.
    assert!(published(&admins, "acme").await.contains(&kid(&active)));
    let row = admins.newest("key.rotated").await;
    assert_eq!((&row.metadata["kid"], &row.metadata["retiredKid"]), (&next["kid"], &active["kid"]));
    assert_eq!(
        (row.actor_label.as_deref(), row.metadata["emergency"].as_bool()),
        (Some(ROOT.0), Some(false))
    );
}

async fn a_rotation_waits_until_verifiers_know_the_next_key(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let body = json!({ "organizationId": "acme" });
    let all = expect(&root.post("/keys/rotate", &body).await, StatusCode::CREATED);
    assert_eq!(all["data"]["retiredCount"], 2, "ES256 and RS256");
    assert_eq!(all["data"]["algorithm"], "ES256");
    let rows = admins.count("key.rotated").await;
    let refusal = root.post("/keys/rotate", &body).await;
    let text = expect(&refusal, StatusCode::CONFLICT)["error"].as_str().unwrap().to_owned();
    assert!(text.contains("is not known to every verifier before"), "{text}");
    assert_eq!(admins.count("key.rotated").await, rows);
    admins.app.advance(Duration::from_secs(1));
    let emergency = json!({ "organizationId": "acme", "algorithm": "ES256", "emergency": true });
    let rotated = expect(&root.post("/keys/rotate", &emergency).await, StatusCode::CREATED);
    assert_eq!(rotated["data"]["retiredCount"], 1);
    assert_eq!(admins.newest("key.rotated").await.metadata["emergency"], true);
    admins.app.advance(Duration::from_mins(7));
    expect(&root.post("/keys/rotate", &body).await, StatusCode::CREATED);
}

async fn one_key_is_retired_by_its_id(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let (active, next) =
        (key(&mut root, "acme", "active", "ES256").await, key(&mut root, "acme", "next", "ES256").await);
    let path = |key: &Value| format!("/keys/{}/retire?organizationId=acme", key["id"].as_str().unwrap());
    let answer = root.post(&path(&next), &json!({})).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Cannot retire signing key from status: next");
    let retired = expect(&root.post(&path(&active), &json!({})).await, StatusCode::OK)["data"].clone();
    assert_eq!((&retired["id"], &retired["status"]), (&active["id"], &json!("retired")));
    assert_eq!(key(&mut root, "acme", "active", "ES256").await["id"], next["id"]);
    let answer = root.post(&path(&active), &json!({})).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Cannot retire signing key from status: retired");
    // The next one has to wait, unless this is an emergency.
    admins.app.advance(Duration::from_secs(1));
    expect(&root.post(&path(&next), &json!({})).await, StatusCode::CONFLICT);
    expect(&root.post(&path(&next), &json!({ "emergency": true })).await, StatusCode::OK);
    assert_eq!(admins.newest("key.rotated").await.metadata["retiredKid"], next["kid"]);
}

async fn a_revoked_key_leaves_the_published_keys(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let (active, next) =
        (key(&mut root, "acme", "active", "ES256").await, key(&mut root, "acme", "next", "ES256").await);
    let path = format!("/keys/{}/revoke?organizationId=acme", active["id"].as_str().unwrap());
    expect(&root.send(Method::POST, &path, None).await, StatusCode::NO_CONTENT);
    assert_eq!(key(&mut root, "acme", "active", "ES256").await["id"], next["id"]);
    assert!(!published(&admins, "acme").await.contains(&kid(&active)));
    let row = admins.newest("key.revoked").await;
    assert_eq!((&row.metadata["kid"], row.actor_label.as_deref()), (&active["kid"], Some(ROOT.0)));
    assert_eq!(row.entity_id.map(|id| id.to_string()).as_deref(), active["id"].as_str());
    refused(&root.post(&path, &json!({})).await, StatusCode::BAD_REQUEST, "Signing key is already revoked");
    // The name of a key does as well.
    let path = format!("/keys/{}/revoke", kid(&next));
    let body = json!({ "organizationId": "acme" });
    expect(&root.post(&path, &body).await, StatusCode::NO_CONTENT);
    assert!(!published(&admins, "acme").await.contains(&kid(&next)));
}

async fn keys_of_another_organization_are_not_found(app: TestApp) {
    let (_admins, mut root) = later(app).await;
    let active = key(&mut root, "acme", "active", "ES256").await;
    for name in [active["id"].as_str().unwrap(), active["kid"].as_str().unwrap()] {
        for action in ["retire", "revoke"] {
            for organization in ["?organizationId=beta", ""] {
                let path = format!("/keys/{name}/{action}{organization}");
                let text = format!("Signing key not found: {name}");
                refused(&root.post(&path, &json!({})).await, StatusCode::NOT_FOUND, &text);
            }
        }
    }
    assert_eq!(key(&mut root, "acme", "active", "ES256").await, active);
}

async fn what_is_no_key_is_refused(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let missing = "Organization not found: none";
    for path in ["/keys/generate", "/keys/rotate", "/keys/x/retire", "/keys/x/revoke"] {
        let body = json!({ "organizationId": "none" });
        refused(&root.post(path, &body).await, StatusCode::NOT_FOUND, missing);
        // The body counts.
        let path = format!("{path}?organizationId=acme");
        refused(&root.post(&path, &body).await, StatusCode::NOT_FOUND, missing);
    }
    refused(&root.get("/keys?organizationId=none").await, StatusCode::NOT_FOUND, missing);
    for action in ["retire", "revoke"] {
        let answer = root.post(&format!("/keys/x/{action}"), &json!({})).await;
        refused(&answer, StatusCode::NOT_FOUND, "Signing key not found: x");
    }
    for (path, field, body) in [
        ("/keys/generate", "algorithm", json!({ "algorithm": "HS256" })),
        ("/keys/generate", "algorithm", json!({ "algorithm": 1 })),
        ("/keys/rotate", "algorithm", json!({ "algorithm": "none" })),
        ("/keys/rotate", "emergency", json!({ "emergency": "yes" })),
        ("/keys/x/revoke", "organizationId", json!({ "organizationId": 1 })),
    ] {
        let answer = root.post(path, &body).await;
        let answer = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!([field]), "{path} {body}");
    }
    assert_eq!(admins.count("key.rotated").await, 0);
}

async fn one_of_many_rotations_wins(app: TestApp) {
    let (admins, mut root) = later(app).await;
    let token = root.token.clone();
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let mut admin = admins.bearer(&token);
        let body = json!({ "organizationId": "acme", "algorithm": "ES256" });
        all.spawn(async move { admin.post("/keys/rotate", &body).await.status });
    }
    let statuses = all.join_all().await;
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(StatusCode::CREATED), count(StatusCode::CONFLICT)), (1, 7), "{statuses:?}");
    assert_eq!(admins.count("key.rotated").await, 1);
    // One of each, as before.
    for status in ["active", "next", "retired"] {
        key(&mut root, "acme", status, "ES256").await;
    }
}

async fn each_role_does_with_keys_what_it_may(app: TestApp) {
    let admins = Admins::of(app).await;
    let paths = ["/keys/generate", "/keys/rotate", "/keys/x/retire", "/keys/x/revoke"];
    for (person, reads) in [(ORGS, false), (USERS, false), (APPS, false), (AUDITOR, true)] {
        let mut admin = admins.sign_in(person).await;
        let status = if reads { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(admin.get("/keys").await.status, status, "{}", person.0);
        for path in paths {
            let body = refused(&admin.post(path, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
            let needed = if path == "/keys/generate" { "admin:key:generate" } else { "admin:key:rotate" };
            assert_eq!(body["message"], format!("Insufficient permissions. Required: {needed}"));
        }
    }
    let mut nobody = admins.bearer("x");
    refused(&nobody.get("/keys").await, StatusCode::UNAUTHORIZED, "Invalid token");
    for path in paths {
        refused(&nobody.post(path, &json!({})).await, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}
