//! The life cycle of an application.

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::json;

use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    every_transition_that_exists_works_and_no_other,
    the_application_of_administration_stays,
    one_of_many_status_changes_wins,
);

/// Action, the statuses it begins at, the one it leads to, and its audit event.
const ACTIONS: [(&str, &[&str], &str, &str); 4] = [
    ("deactivate", &["active"], "inactive", "app.deactivated"),
    ("activate", &["inactive"], "active", "app.activated"),
    ("archive", &["active", "inactive"], "archived", "app.archived"),
    ("restore", &["archived"], "active", "app.restored"),
];

const PLANNER: &str = "/applications/planner";

async fn every_transition_that_exists_works_and_no_other(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    for (into, status, back) in [
        (None, "active", None),
        (Some("deactivate"), "inactive", Some("activate")),
        (Some("archive"), "archived", Some("restore")),
    ] {
        if let Some(action) = into {
            expect(&apps.post(&format!("{PLANNER}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
        }
        for (action, from, _, event) in ACTIONS {
            if from.contains(&status) {
                continue;
            }
            let rows = admins.count(event).await;
            let text = if (action, status) == ("archive", "archived") {
                "Application is already archived".to_owned()
            } else {
                format!("Cannot {action} application from status: {status}")
            };
            let answer = apps.post(&format!("{PLANNER}/{action}"), &json!({})).await;
            refused(&answer, StatusCode::BAD_REQUEST, &text);
            assert_eq!(admins.count(event).await, rows, "{action}");
        }
        assert_eq!(expect(&apps.get(PLANNER).await, StatusCode::OK)["data"]["status"], status);
        if let Some(action) = back {
            expect(&apps.post(&format!("{PLANNER}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
        }
    }
    // Archived from both statuses.
    for action in ["deactivate", "archive", "restore"] {
        expect(&apps.post(&format!("{PLANNER}/{action}"), &json!({})).await, StatusCode::NO_CONTENT);
    }
    let data = expect(&apps.get(PLANNER).await, StatusCode::OK)["data"].clone();
    assert_eq!(data["status"], "active");
    for (_, _, _, event) in ACTIONS {
        let row = admins.newest(event).await;
        let labels = (row.actor_label.as_deref(), row.organization_label.as_deref());
        assert_eq!(labels, (Some(APPS.0), Some("acme")), "{event}");
        assert_eq!(row.metadata["applicationId"], data["id"]);
    }
    let archived = admins.newest("app.archived").await.metadata["previousStatus"].clone();
    assert!(archived == "active" || archived == "inactive", "{archived}");
}

async fn the_application_of_administration_stays(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for action in ["deactivate", "archive"] {
        let answer = root.post(&format!("/applications/porta-admin/{action}"), &json!({})).await;
        let body = refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        assert_eq!(body["message"], "application `porta-admin` cannot be deactivated or archived");
    }
    expect(&root.get("/applications").await, StatusCode::OK);
}

async fn one_of_many_status_changes_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let archive = |_| (Method::POST, format!("{PLANNER}/archive"), json!({}), None);
    let statuses = at_once(&admins, 16, archive).await;
    assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 1, "{statuses:?}");
    let losers = count(&statuses, StatusCode::CONFLICT) + count(&statuses, StatusCode::BAD_REQUEST);
    assert_eq!(losers, 15, "{statuses:?}");
    assert_eq!(admins.count("app.archived").await, 1);
}
