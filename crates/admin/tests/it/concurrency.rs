//! Versions of entities, and requests at the same time.

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::*;

porta_testkit::on_both_stores!(
    a_change_based_on_an_older_version_is_refused,
    one_of_many_changes_of_one_version_wins,
    one_of_many_creations_of_one_address_wins,
    one_of_many_changes_to_one_address_wins,
    one_of_many_status_changes_wins,
);

async fn a_change_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    let first = root.get(&path).await.header("etag").unwrap().to_owned();
    let mut change = async |nick: &str, etag: &str| {
        let body = json!({ "nickname": nick });
        root.send_with(Method::PUT, &path, Some(&body), &[(header::IF_MATCH, etag)]).await
    };
    let second = change("one", &first).await;
    expect(&second, StatusCode::OK);
    let second = second.header("etag").unwrap().to_owned();
    let body = refused(&change("two", &first).await, StatusCode::CONFLICT, "Conflict");
    assert_eq!((&body["currentETag"], &body["currentEntity"]["nickname"]), (&json!(second), &json!("one")));
    assert!(body["message"].as_str().unwrap().starts_with("Entity has been modified"));
    for accepted in [second.as_str(), "*"] {
        let answer = change(accepted, accepted).await;
        expect(&answer, StatusCode::OK);
        if accepted == "*" {
            break;
        }
    }
    // A sign-in refuses no change of an operator who has read the user before it.
    let before = root.get(&path).await.header("etag").unwrap().to_owned();
    token(&admins.app, "acme", ("bob@acme.test", "lantern-Quay-42"), ("cli", "http://127.0.0.1/cb")).await;
    assert_ne!(root.get(&path).await.header("etag"), Some(before.as_str()), "the last sign-in is shown");
    let body = json!({ "nickname": "three" });
    let answer = root.send_with(Method::PUT, &path, Some(&body), &[(header::IF_MATCH, &before)]).await;
    expect(&answer, StatusCode::OK);
}

/// Sends the same request from many administrators' connections at once, and counts the statuses.
pub(crate) async fn at_once(
    admins: &Admins,
    count: usize,
    request: impl Fn(usize) -> (Method, String, serde_json::Value, Option<String>),
) -> Vec<StatusCode> {
    let token = admins.sign_in(ROOT).await.token;
    let mut all = JoinSet::new();
    for n in 0..count {
        let mut admin = admins.bearer(&token);
        let (method, path, body, etag) = request(n);
        all.spawn(async move {
            let more: Vec<_> = etag.iter().map(|etag| (header::IF_MATCH, etag.as_str())).collect();
            admin.send_with(method, &path, Some(&body), &more).await.status
        });
    }
    all.join_all().await
}

pub(crate) fn count(statuses: &[StatusCode], status: StatusCode) -> usize {
    statuses.iter().filter(|one| **one == status).count()
}

async fn one_of_many_changes_of_one_version_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    for round in 0..5 {
        let etag = root.get(&path).await.header("etag").unwrap().to_owned();
        let change = |n| {
            (Method::PUT, path.clone(), json!({ "nickname": format!("{round}-{n}") }), Some(etag.clone()))
        };
        let statuses = at_once(&admins, 16, change).await;
        assert_eq!(count(&statuses, StatusCode::OK), 1, "{statuses:?}");
        assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
    }
    assert_eq!(admins.count("user.updated").await, 5);
}

async fn one_of_many_creations_of_one_address_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let create =
        |_| (Method::POST, "/organizations/acme/users".to_owned(), json!({ "email": "x@acme.test" }), None);
    let statuses = at_once(&admins, 16, create).await;
    assert_eq!(count(&statuses, StatusCode::CREATED), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 15, "{statuses:?}");
}

/// Each of another user.
async fn one_of_many_changes_to_one_address_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut paths = Vec::new();
    for n in 0..8 {
        let user = json!({ "email": format!("u{n}@acme.test") });
        let user = expect(&root.post("/organizations/acme/users", &user).await, StatusCode::CREATED);
        paths.push(format!("/users/{}", user["data"]["id"].as_str().unwrap()));
    }
    let change = |n: usize| {
        // The same address in any letters.
        let email = if n.is_multiple_of(2) { "one@acme.test" } else { "ONE@acme.test" };
        (Method::PUT, paths[n].clone(), json!({ "email": email }), None)
    };
    let statuses = at_once(&admins, 8, change).await;
    assert_eq!(count(&statuses, StatusCode::OK), 1, "{statuses:?}");
    assert_eq!(count(&statuses, StatusCode::CONFLICT), 7, "{statuses:?}");
    assert_eq!(admins.count("user.updated").await, 1);
}

async fn one_of_many_status_changes_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let path = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    let suspend = |_| (Method::POST, format!("{path}/suspend"), json!({}), None);
    let statuses = at_once(&admins, 16, suspend).await;
    assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 1, "{statuses:?}");
    let losers = count(&statuses, StatusCode::CONFLICT) + count(&statuses, StatusCode::BAD_REQUEST);
    assert_eq!(losers, 15, "{statuses:?}");
    assert_eq!(admins.count("user.suspended").await, 1);
}
