//! Requests about one client at the same time.

use axum::http::{Method, StatusCode};
use porta_testkit::TestApp;
use serde_json::json;

use super::path_of;
use crate::concurrency::{at_once, count};
use crate::support::*;

porta_testkit::on_both_stores!(
    one_of_many_changes_of_one_version_wins,
    one_of_many_revocations_wins,
    one_of_many_restorations_wins,
    one_of_many_revocations_of_a_secret_wins,
);

async fn one_of_many_changes_of_one_version_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let etag = root.get(&path).await.header("etag").unwrap().to_owned();
    let change = |n| (Method::PUT, path.clone(), json!({ "name": format!("N{n}") }), Some(etag.clone()));
    let statuses = at_once(&admins, 16, change).await;
    assert_eq!(count(&statuses, StatusCode::OK), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
    assert_eq!(admins.count("client.updated").await, 1);
}

/// Sends the same action sixteen times at once: one wins, and the others are told why not.
async fn one_wins(admins: &Admins, place: &str, event: &str) {
    let rows = admins.count(event).await;
    let statuses = at_once(admins, 16, |_| (Method::POST, place.to_owned(), json!({}), None)).await;
    assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 1, "{statuses:?}");
    let losers = count(&statuses, StatusCode::CONFLICT) + count(&statuses, StatusCode::BAD_REQUEST);
    assert_eq!(losers, 15, "{statuses:?}");
    assert_eq!(admins.count(event).await, rows + 1);
}

async fn one_of_many_revocations_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let path = path_of(&admins, "web").await;
    one_wins(&admins, &format!("{path}/revoke"), "client.revoked").await;
}

async fn one_of_many_restorations_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    expect(&root.post(&format!("{path}/revoke"), &json!({})).await, StatusCode::NO_CONTENT);
    one_wins(&admins, &format!("{path}/restore"), "client.restored").await;
}

async fn one_of_many_revocations_of_a_secret_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, path) = (admins.sign_in(ROOT).await, path_of(&admins, "web").await);
    let list = expect(&root.get(&format!("{path}/secrets")).await, StatusCode::OK)["data"].clone();
    let id = list[0]["id"].as_str().unwrap();
    one_wins(&admins, &format!("{path}/secrets/{id}/revoke"), "client.secret.revoked").await;
}
