//! Secrets of clients.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::path_of;
use crate::support::*;

porta_testkit::on_both_stores!(
    secrets_overlap_until_one_is_revoked,
    a_secret_is_shown_once,
    an_expired_secret_does_not_work,
    what_is_no_secret_is_refused,
    both_ways_to_revoke_do_the_same,
    a_secret_belongs_to_its_client,
);

/// Whether a secret of the client `web` works.
async fn works(admins: &Admins, secret: &str) -> bool {
    admins.app.wait_for_notices().await;
    let form = [("grant_type", "client_credentials"), ("client_id", "web"), ("client_secret", secret)];
    let status = admins.app.browser().post("/acme/token", &form).await.status;
    assert!(matches!(status, StatusCode::OK | StatusCode::UNAUTHORIZED), "{status}");
    status == StatusCode::OK
}

const FIRST: &str = "web-secret-0123456789abcdef";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// No moment without a secret that works.
async fn secrets_overlap_until_one_is_revoked(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    admins.app.advance(Duration::from_secs(1));
    let place = format!("{path}/secrets");
    let created = expect(&root.post(&place, &json!({ "label": "two" })).await, StatusCode::CREATED);
    assert_eq!(created["warning"], "Store the secret securely. It will not be shown again.");
    let second = created["data"].clone();
    assert!(works(&admins, FIRST).await && works(&admins, text(&second["secret"])).await);
    let row = admins.newest("client.secret.generated").await;
    assert_eq!((&row.metadata["secretId"], &row.metadata["label"]), (&second["id"], &json!("two")));
    assert_eq!((row.actor_label.as_deref(), row.organization_label.as_deref()), (Some(ROOT.0), Some("acme")));

    let list = expect(&root.get(&place).await, StatusCode::OK)["data"].clone();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(
        (&list[0]["id"], &list[0]["label"], &list[1]["label"]),
        (&second["id"], &json!("two"), &json!("one"))
    );
    let first = text(&list[1]["id"]);
    let answer = root.post(&format!("{place}/{first}/revoke"), &json!({})).await;
    expect(&answer, StatusCode::NO_CONTENT);
    assert!(!works(&admins, FIRST).await && works(&admins, text(&second["secret"])).await);
    let row = admins.newest("client.secret.revoked").await;
    assert_eq!((&row.metadata["secretId"], &row.metadata["label"]), (&list[1]["id"], &json!("one")));
    assert_eq!(row.actor_label.as_deref(), Some(ROOT.0));
    // The list keeps what was revoked.
    let list = expect(&root.get(&place).await, StatusCode::OK)["data"].clone();
    assert_eq!((&list[0]["status"], &list[1]["status"]), (&json!("active"), &json!("revoked")));
}

async fn a_secret_is_shown_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let place = format!("{path}/secrets");
    // Without a body there is neither label nor end.
    let answer = root.send(Method::POST, &place, None).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = expect(&answer, StatusCode::CREATED)["data"].clone();
    assert_eq!((made.as_object().unwrap().len(), text(&made["plaintext"]).len()), (7, 64));
    assert_eq!(
        (&made["secret"], &made["label"], &made["expiresAt"]),
        (&made["plaintext"], &Value::Null, &Value::Null)
    );
    let list = root.get(&place).await;
    let rows = expect(&list, StatusCode::OK)["data"].clone();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == made["id"]).unwrap();
    assert_eq!(row.as_object().unwrap().len(), 7);
    assert_eq!(
        (&row["clientId"], &row["status"], &row["lastUsedAt"]),
        (&made["clientId"], &json!("active"), &Value::Null)
    );
    for body in [list.body, root.get(&path).await.body] {
        assert!(!body.contains(text(&made["plaintext"])), "{body}");
    }
    for row in admins.audit().await {
        assert!(!row.metadata.to_string().contains(text(&made["plaintext"])), "{}", row.event_type);
    }
    // Its last use is seen.
    assert!(works(&admins, text(&made["secret"])).await);
    admins.app.provider.secret_use.flush().await.unwrap();
    let rows = expect(&root.get(&place).await, StatusCode::OK)["data"].clone();
    let row = rows.as_array().unwrap().iter().find(|row| row["id"] == made["id"]).unwrap();
    assert!(row["lastUsedAt"].is_string());
}

async fn an_expired_secret_does_not_work(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let place = format!("{path}/secrets");
    let end = admins.app.now() + Duration::from_mins(5);
    let millis = end.micros() / 1_000;
    for form in [json!(end.rfc3339()), json!(millis)] {
        let body = expect(&root.post(&place, &json!({ "expiresAt": form })).await, StatusCode::CREATED);
        assert!(text(&body["data"]["expiresAt"]).ends_with('Z'), "{body}");
        assert!(works(&admins, text(&body["data"]["secret"])).await);
    }
    let body = expect(&root.post(&place, &json!({ "expiresAt": null })).await, StatusCode::CREATED);
    let forever = text(&body["data"]["secret"]).to_owned();
    let body = expect(&root.post(&place, &json!({ "expiresAt": end.rfc3339() })).await, StatusCode::CREATED);
    admins.app.advance(Duration::from_mins(5));
    assert!(!works(&admins, text(&body["data"]["secret"])).await);
    assert!(works(&admins, &forever).await && works(&admins, FIRST).await);
}

async fn what_is_no_secret_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let place = format!("{path}/secrets");
    let rows = admins.count("client.secret.generated").await;
    for (field, body) in [
        ("label", json!({ "label": "x".repeat(256) })),
        ("label", json!({ "label": "a\u{202e}b" })),
        ("label", json!({ "label": 1 })),
        ("expiresAt", json!({ "expiresAt": admins.app.now().rfc3339() })),
        ("expiresAt", json!({ "expiresAt": "1999-12-31" })),
        ("expiresAt", json!({ "expiresAt": 0 })),
        ("expiresAt", json!({ "expiresAt": "never" })),
        ("expiresAt", json!({ "expiresAt": true })),
    ] {
        let answer = refused(&root.post(&place, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(answer["details"][0]["path"], json!([field]), "{body}: {answer}");
    }
    let spa = path_of(&admins, "spa").await;
    let answer = root.post(&format!("{spa}/secrets"), &json!({})).await;
    refused(&answer, StatusCode::BAD_REQUEST, "Public clients cannot have secrets");
    assert_eq!(expect(&root.get(&format!("{spa}/secrets")).await, StatusCode::OK)["data"], json!([]));
    assert_eq!(admins.count("client.secret.generated").await, rows);
}

async fn both_ways_to_revoke_do_the_same(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let place = format!("{path}/secrets");
    for (method, action) in [(Method::POST, "/revoke"), (Method::DELETE, "")] {
        let made = expect(&root.post(&place, &json!({})).await, StatusCode::CREATED)["data"].clone();
        let one = format!("{place}/{}{action}", text(&made["id"]));
        expect(&root.send(method.clone(), &one, None).await, StatusCode::NO_CONTENT);
        assert!(!works(&admins, text(&made["secret"])).await);
        let rows = admins.count("client.secret.revoked").await;
        let again = root.send(method, &one, None).await;
        refused(&again, StatusCode::BAD_REQUEST, "Secret is already revoked");
        assert_eq!(admins.count("client.secret.revoked").await, rows);
    }
}

/// Neither another client's nor another organization's.
async fn a_secret_belongs_to_its_client(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let web = path_of(&admins, "web").await;
    let list = expect(&root.get(&format!("{web}/secrets")).await, StatusCode::OK)["data"].clone();
    let id = text(&list[0]["id"]);
    for other in ["billing", "partner"] {
        let path = path_of(&admins, other).await;
        let answer = root.delete(&format!("{path}/secrets/{id}")).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Secret not found: {id}"));
        let answer = root.post(&format!("{path}/secrets/{id}/revoke"), &json!({})).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Secret not found: {id}"));
    }
    for unknown in ["x", "00000000-0000-0000-0000-000000000000"] {
        let answer = root.delete(&format!("{web}/secrets/{unknown}")).await;
        refused(&answer, StatusCode::NOT_FOUND, &format!("Secret not found: {unknown}"));
    }
    assert!(works(&admins, FIRST).await);
    assert_eq!(admins.count("client.secret.revoked").await, 0);
}
