//! The typed client against this server, over a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn, map_request};
use axum::response::{IntoResponse as _, Response};
use porta_client::queries::{ExportUsersQuery, ListUsersQuery, UserHistoryQuery};
use porta_client::types::{NewUserBody, Reason, UserChange, UsersBody};
use porta_client::{Builder, Client, Error, ErrorKind, FixedToken, Patch, types};
use porta_core::EntityId as _;
use porta_testkit::TestApp;
use serde_json::json;

use crate::support::*;

porta_testkit::on_both_stores!(
    a_user_is_created_read_and_changed,
    a_change_of_an_older_version_is_told_with_the_newer_one,
    a_creation_whose_answer_is_lost_happens_once,
    all_rows_come_page_by_page,
    a_file_is_streamed,
    refusals_are_told_apart,
    a_bulk_change_tells_of_each,
);

/// A client of `router` with a token.
async fn client(router: Router, token: &str) -> Client {
    // The first one stays.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // As the proxy of the test application does.
    let router = router.layer(map_request(|mut request: Request| async move {
        request.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("127.0.0.1"));
        request
    }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Builder::new(server, FixedToken::new(token)).build().unwrap()
}

async fn client_of(admins: &Admins, person: Person) -> Client {
    let token = admins.sign_in(person).await.token;
    client(admins.app.router.clone(), &token).await
}

fn new_user(email: &str) -> NewUserBody {
    NewUserBody { email: email.to_owned(), given_name: Some("Ana".to_owned()), ..Default::default() }
}

async fn a_user_is_created_read_and_changed(app: TestApp) {
    let admins = Admins::of(app).await;
    let client = client_of(&admins, ROOT).await;
    let created = client.users.create_user("acme", &new_user("x@acme.test")).await.unwrap();
    assert_eq!((created.email.as_str(), created.given_name.as_deref()), ("x@acme.test", Some("Ana")));
    let read = client.users.get_user("acme", created.id).await.unwrap();
    assert_eq!(read, created);
    assert!(read.etag().is_some());
    let change =
        UserChange { given_name: Patch::Clear, locale: "de".to_owned().into(), ..Default::default() };
    let changed = client.users.update_user("acme", created.id, &change, read.etag()).await.unwrap();
    let values = (changed.given_name.as_deref(), changed.locale.as_deref(), changed.email.as_str());
    assert_eq!(values, (None, Some("de"), "x@acme.test"));
    let reason = Reason { reason: Some("left".to_owned()) };
    client.users.suspend_user("acme", created.id, &reason).await.unwrap();
    assert_eq!(client.users_by_id.get_user_by_id(created.id).await.unwrap().status, "suspended");
    let history = client.users.user_history("acme", created.id, &UserHistoryQuery::default()).await.unwrap();
    // All at one moment of the test's clock.
    let mut events: Vec<_> = history.data.iter().map(|entry| entry.event_type.as_str()).collect();
    events.sort_unstable();
    assert_eq!(events, ["user.created", "user.suspended", "user.updated"]);
}

async fn a_change_of_an_older_version_is_told_with_the_newer_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let client = client_of(&admins, ROOT).await;
    let created = client.users.create_user("acme", &new_user("x@acme.test")).await.unwrap();
    let nick = |name: &str| UserChange { nickname: name.to_owned().into(), ..Default::default() };
    let newer = client.users.update_user("acme", created.id, &nick("one"), created.etag()).await.unwrap();
    let error = client.users.update_user("acme", created.id, &nick("two"), created.etag()).await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Modified));
    let (current, version) = error.api().unwrap().current.clone().unwrap();
    assert_eq!((&current["nickname"], Some(&version)), (&json!("one"), newer.etag()));
    client.users.update_user("acme", created.id, &nick("two"), Some(&version)).await.unwrap();
}

async fn a_creation_whose_answer_is_lost_happens_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(ROOT).await.token;
    let is_lost = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_lost);
    let lossy = from_fn(move |request: Request, next: Next| lose_the_first(Arc::clone(&seen), request, next));
    let client = client(admins.app.router.clone().layer(lossy), &token).await;
    let created = client.users.create_user("acme", &new_user("x@acme.test")).await.unwrap();
    assert!(is_lost.load(Ordering::SeqCst));
    assert_eq!(created.id, admins.user("acme", "x@acme.test").await.id.uuid());
    // A new call is a new creation.
    let error = client.users.create_user("acme", &new_user("x@acme.test")).await.unwrap_err();
    assert_eq!(error.kind(), Some(ErrorKind::Conflict));
}

/// Carries out the first POST request, and answers as a proxy whose connection to the server broke.
async fn lose_the_first(is_lost: Arc<AtomicBool>, request: Request, next: Next) -> Response {
    let is_creation = request.method() == Method::POST;
    let answer = next.run(request).await;
    if !is_creation || is_lost.swap(true, Ordering::SeqCst) {
        return answer;
    }
    (StatusCode::BAD_GATEWAY, "the connection broke").into_response()
}

async fn all_rows_come_page_by_page(app: TestApp) {
    let admins = Admins::of(app).await;
    let client = client_of(&admins, ROOT).await;
    for number in 0..7 {
        client.users.create_user("acme", &new_user(&format!("row{number}@acme.test"))).await.unwrap();
    }
    let query = ListUsersQuery { search: Some("row".to_owned()), limit: Some(3), ..Default::default() };
    let mut rows = client.users.list_users("acme", &query).items();
    let mut emails = Vec::new();
    while let Some(user) = rows.next().await.unwrap() {
        emails.push(user.email);
    }
    emails.sort();
    assert_eq!(emails, (0..7).map(|number| format!("row{number}@acme.test")).collect::<Vec<_>>());
    let query = ListUsersQuery { search: Some("row".to_owned()), page_size: Some(3), ..Default::default() };
    let page = client.users.list_users("acme", &query).await.unwrap();
    assert_eq!((page.data.len(), page.total, page.total_pages), (3, Some(7), Some(3)));
}

async fn a_file_is_streamed(app: TestApp) {
    let admins = Admins::of(app).await;
    let client = client_of(&admins, ROOT).await;
    let query = ExportUsersQuery { format: Some("csv".to_owned()) };
    let mut file = client.exports.export_users("acme", &query).await.unwrap();
    assert!(file.content_type().unwrap().starts_with("text/csv"));
    assert!(std::path::Path::new(file.file_name().unwrap()).extension().unwrap() == "csv");
    let mut text = Vec::new();
    while let Some(chunk) = file.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    assert!(String::from_utf8(text).unwrap().contains("bob@acme.test"));
}

async fn refusals_are_told_apart(app: TestApp) {
    let admins = Admins::of(app).await;
    let (root, auditor) = (client_of(&admins, ROOT).await, client_of(&admins, AUDITOR).await);
    let stranger = client(admins.app.router.clone(), "porta_at_nobody").await;
    let kind = |answer: Result<_, Error>| {
        answer.map(|_: porta_client::Versioned<types::User>| ()).unwrap_err().kind()
    };
    let body = new_user("x@acme.test");
    assert_eq!(kind(stranger.users.create_user("acme", &body).await), Some(ErrorKind::Unauthenticated));
    assert_eq!(kind(auditor.users.create_user("acme", &body).await), Some(ErrorKind::Forbidden));
    assert_eq!(kind(root.users.create_user("nowhere", &body).await), Some(ErrorKind::NotFound));
    let error = root.users.create_user("acme", &new_user("no address")).await.unwrap_err();
    let refusal = error.api().unwrap();
    assert_eq!(
        (refusal.kind(), refusal.details[0].path.as_slice()),
        (ErrorKind::Invalid, &["email".to_owned()][..])
    );
    assert!(refusal.request_id.is_some());
    let metadata = stranger.metadata.get_metadata().await.unwrap();
    assert_eq!(metadata.org_slug, "porta-admin");
}

async fn a_bulk_change_tells_of_each(app: TestApp) {
    let admins = Admins::of(app).await;
    let client = client_of(&admins, ROOT).await;
    let created = client.users.create_user("acme", &new_user("x@acme.test")).await.unwrap();
    let body = UsersBody {
        ids: vec![created.id, client.me.get_me().await.unwrap().organization.id],
        action: types::UserAction::Suspend,
        organization_id: "acme".to_owned(),
        reason: None,
    };
    let answer = client.bulk.change_user_statuses(&body).await.unwrap();
    assert_eq!((answer.total, answer.succeeded, answer.failed), (2, 1, 1));
}
