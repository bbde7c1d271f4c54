//! Lists.

use std::pin::pin;

use futures_util::StreamExt as _;
use porta_client::queries::{ListAuditQuery, ListUsersQuery, UserHistoryQuery};
use serde_json::{Value, json};

use crate::server::{Reply, Server, json as answered, reply};

fn user(number: usize) -> Value {
    let id = format!("0198c0de-0000-7000-8000-{number:012}");
    json!({
        "id": id, "organizationId": id, "email": format!("{number}@acme.test"), "emailVerified": true,
        "hasPassword": false, "passwordChangeRequired": false, "phoneNumberVerified": false, "twoFactorEnabled": false, "status": "active",
        "loginCount": 0, "failedLoginCount": 0, "createdAt": "x", "updatedAt": "x",
    })
}

fn page(users: std::ops::Range<usize>, next: Option<&str>) -> Reply {
    let data: Vec<Value> = users.map(user).collect();
    answered(
        &json!({ "data": data, "hasMore": next.is_some(), "nextCursor": next, "cursor": next }).to_string(),
    )
}

#[tokio::test]
async fn all_rows_are_read_page_by_page() {
    // A page in the middle may be empty.
    let server = Server::with(vec![page(0..2, Some("c+1")), page(0..0, Some("c2")), page(2..3, None)]).await;
    let query = ListUsersQuery { search: Some("a&b".to_owned()), page: Some(4), ..Default::default() };
    let mut users = server.client().users.list_users("acme", &query).items();
    let mut emails = Vec::new();
    while let Some(user) = users.next().await.unwrap() {
        emails.push(user.email);
    }
    assert_eq!(emails, ["0@acme.test", "1@acme.test", "2@acme.test"]);
    assert!(users.next().await.unwrap().is_none());
    let asked: Vec<_> =
        server.received().iter().map(|r| r.target.split_once('?').unwrap().1.to_owned()).collect();
    let expected =
        ["search=a%26b&limit=100", "search=a%26b&limit=100&cursor=c%2B1", "search=a%26b&limit=100&cursor=c2"];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_stream_ends_with_the_error() {
    let refused = reply("403 Forbidden", &[], r#"{"error":"Forbidden"}"#);
    let server = Server::with(vec![page(0..1, Some("c")), refused]).await;
    let mut users =
        pin!(server.client().users.list_users("acme", &ListUsersQuery::default()).items().into_stream());
    assert_eq!(users.next().await.unwrap().unwrap().email, "0@acme.test");
    assert!(users.next().await.unwrap().is_err());
    assert!(users.next().await.is_none());
}

#[tokio::test]
async fn after_an_error_the_same_page_is_asked_for_again() {
    let refused = reply("500 Internal Server Error", &[], "{}");
    let server = Server::with(vec![page(0..1, Some("c")), refused, page(1..2, None)]).await;
    let mut users = server.client().users.list_users("acme", &ListUsersQuery::default()).items();
    users.next().await.unwrap();
    users.next().await.unwrap_err();
    assert_eq!(users.next().await.unwrap().unwrap().email, "1@acme.test");
    assert!(users.next().await.unwrap().is_none());
}

#[tokio::test]
async fn each_list_names_its_cursor() {
    let none = || answered(r#"{"data":[],"hasMore":true,"nextCursor":"c"}"#);
    let last = || answered(r#"{"data":[],"hasMore":false,"nextCursor":null}"#);
    let server = Server::with(vec![none(), last(), none(), last()]).await;
    let client = server.client();
    let limited = UserHistoryQuery { limit: Some(5), ..Default::default() };
    client.users.user_history("acme", "ana", &limited).items().next().await.unwrap();
    client.audit.list_audit(&ListAuditQuery::default()).items().next().await.unwrap();
    let targets: Vec<_> = server.received().into_iter().map(|request| request.target).collect();
    assert!(targets[1].ends_with("?limit=5&after=c"), "{targets:?}");
    assert!(targets[3].ends_with("?limit=100&cursor=c"), "{targets:?}");
}
