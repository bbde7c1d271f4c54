//! The state of the installation.

use std::time::Duration;

use axum::http::StatusCode;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(the_state_is_told, only_who_may_read_settings_sees_it);

const PATH: &str = "/system/info";

async fn the_state_is_told(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let first = expect(&auditor.get(PATH).await, StatusCode::OK)["data"].clone();
    for (field, value) in [
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("issuerBase", json!("https://id.test")),
        ("migrations", json!({ "upToDate": true, "pending": [] })),
    ] {
        assert_eq!(first[field], value, "{field}");
    }
    assert_eq!((&first["mail"]["configured"], &first["mail"]["reachable"]), (&json!(true), &json!(true)));
    for service in ["database", "redis"] {
        assert_eq!(first[service]["healthy"], true, "{service}");
        assert!(first[service]["latencyMilliseconds"].is_u64(), "{service}");
    }
    admins.app.advance(Duration::from_mins(1));
    let second = expect(&auditor.get(PATH).await, StatusCode::OK)["data"].clone();
    let grown = |path: &str| {
        let number = |body: &Value| body.pointer(path).and_then(Value::as_u64).unwrap();
        number(&second) - number(&first)
    };
    for path in ["/uptimeSeconds", "/signingKeys/oldestAgeSeconds"] {
        // Both are rounded down.
        assert!((60..=61).contains(&grown(path)), "{path}");
    }
    assert_eq!(second["startedAt"], first["startedAt"]);
    assert_ne!(second["time"], first["time"]);
    assert!(second["signingKeys"]["oldestActiveSince"].is_string());
}

async fn only_who_may_read_settings_sees_it(app: TestApp) {
    let admins = Admins::of(app).await;
    expect(&admins.sign_in(ROOT).await.get(PATH).await, StatusCode::OK);
    for person in [ORGS, USERS, APPS, HELPER] {
        refused(&admins.sign_in(person).await.get(PATH).await, StatusCode::FORBIDDEN, "Forbidden");
    }
    refused(&admins.bearer("none").get(PATH).await, StatusCode::UNAUTHORIZED, "Invalid token");
}
