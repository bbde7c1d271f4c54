//! The life cycle of a client.

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::json;

use super::path_of;
use crate::support::*;

porta_testkit::on_both_stores!(
    every_transition_that_exists_works_and_no_other,
    a_restoration_does_not_bring_tokens_back,
    a_revoked_client_has_no_way_in,
);

/// Action, the statuses it begins at, the status it leads to, and its audit event.
const ACTIONS: [(&str, &[&str], &str, &str); 4] = [
    ("activate", &["inactive"], "active", "client.activated"),
    ("deactivate", &["active"], "inactive", "client.deactivated"),
    ("revoke", &["active", "inactive"], "revoked", "client.revoked"),
    ("restore", &["inactive", "revoked"], "active", "client.restored"),
];

fn refusal(action: &str, status: &str) -> String {
    match action {
        "revoke" => "Client is already revoked".to_owned(),
        _ => format!("Cannot {action} client from status: {status}"),
    }
}

async fn every_transition_that_exists_works_and_no_other(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    for (into, status) in [(None, "active"), (Some("deactivate"), "inactive"), (Some("revoke"), "revoked")] {
        for (action, from, to, event) in ACTIONS {
            if let Some(into) = into {
                expect(&root.post(&format!("{path}/{into}"), &json!({})).await, StatusCode::NO_CONTENT);
            }
            let rows = admins.count(event).await;
            let answer = root.post(&format!("{path}/{action}"), &json!({})).await;
            let now = expect(&root.get(&path).await, StatusCode::OK)["data"]["status"].clone();
            if from.contains(&status) {
                expect(&answer, StatusCode::NO_CONTENT);
                assert_eq!((now.as_str(), admins.count(event).await), (Some(to), rows + 1), "{action}");
                let row = admins.newest(event).await;
                assert_eq!(row.metadata["previousStatus"], status);
                assert_eq!(row.metadata["clientId"], "web");
                assert_eq!(
                    (row.actor_label.as_deref(), row.organization_label.as_deref()),
                    (Some(ROOT.0), Some("acme"))
                );
            } else {
                refused(&answer, StatusCode::BAD_REQUEST, &refusal(action, status));
                assert_eq!((now.as_str(), admins.count(event).await), (Some(status), rows), "{action}");
            }
            if now != "active" {
                expect(&root.post(&format!("{path}/restore"), &json!({})).await, StatusCode::NO_CONTENT);
            }
        }
    }
}

/// Whether somebody's access token still opens UserInfo.
async fn is_alive(admins: &Admins, token: &str) -> bool {
    let authorization = format!("Bearer {token}");
    let headers = [(header::AUTHORIZATION, authorization.as_str())];
    admins.app.browser().send(Method::GET, "/acme/me", &headers, "".into()).await.status == StatusCode::OK
}

async fn a_restoration_does_not_bring_tokens_back(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "cli").await);
    let bob = ("bob@acme.test", "lantern-Quay-42");
    for (stop, start) in [("deactivate", "activate"), ("revoke", "restore"), ("deactivate", "restore")] {
        // What is issued in the moment of a change of status ends with it.
        admins.app.advance(std::time::Duration::from_secs(1));
        let token = token(&admins.app, "acme", bob, ("cli", "http://127.0.0.1/cb")).await;
        assert!(is_alive(&admins, &token).await);
        for action in [stop, start] {
            admins.app.advance(std::time::Duration::from_secs(1));
            expect(&root.post(&format!("{path}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
            admins.app.wait_for_notices().await;
            assert!(!is_alive(&admins, &token).await, "{action}");
        }
    }
}

async fn a_revoked_client_has_no_way_in(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "web"),
        ("client_secret", "web-secret-0123456789abcdef"),
    ];
    for (action, status) in [("revoke", StatusCode::UNAUTHORIZED), ("restore", StatusCode::OK)] {
        expect(&root.post(&format!("{path}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
        admins.app.wait_for_notices().await;
        let answer = admins.app.browser().post("/acme/token", &form).await;
        assert_eq!(answer.status, status, "{action}: {}", answer.body);
    }
}
