//! Exports are written while they are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt as _;
use porta_directory::{Actor, NewUser};
use porta_testkit::{Operation, TestApp};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::*;

porta_testkit::on_both_stores!(
    a_long_export_is_sent_page_by_page,
    an_export_that_fails_in_the_middle_ends_abnormally,
    an_export_that_fails_at_the_beginning_is_an_error,
);

/// People in each page.
const PAGE: usize = 500;
const USERS_PAGE: Operation = Operation::Statement("porta_store_sql::users::PAGE");

/// An organization with so many people besides the three of the fixture.
async fn with_people(app: TestApp, number: usize) -> Admins {
    let admins = Admins::of(app).await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let acme = unit.organization("acme").await.unwrap();
    for n in 0..number {
        let new = NewUser { email: format!("p{n:04}@acme.test"), ..NewUser::default() };
        unit.users().create(&acme, new).await.unwrap();
    }
    unit.commit().await.unwrap();
    admins
}

async fn send(router: &Router, token: &str, path: &str) -> axum::http::Response<Body> {
    let request = Request::builder()
        .uri(format!("/api/admin/export/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header("x-forwarded-for", "127.0.0.1")
        .body(Body::empty())
        .unwrap();
    router.clone().oneshot(request).await.unwrap()
}

async fn a_long_export_is_sent_page_by_page(app: TestApp) {
    let admins = with_people(app, 2 * PAGE).await;
    let root = admins.sign_in(ROOT).await;
    let people = 2 * PAGE + 3;
    for path in ["users?organizationId=acme&format=csv", "users?organizationId=acme"] {
        let response = send(&admins.app.router, &root.token, path).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers().get(header::CONTENT_LENGTH), None, "{path}: its length is not known");
        let mut chunks = response.into_body().into_data_stream();
        let (mut text, mut number) = (String::new(), 0);
        let mut before = admins.app.store.round_trips();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            let piece = std::str::from_utf8(&chunk).unwrap();
            assert!(piece.matches("@acme.test").count() <= PAGE, "{path}");
            text.push_str(piece);
            number += 1;
            let after = admins.app.store.round_trips();
            // The first page was read before the answer began, to see whether there is one.
            assert_eq!(after - before, u64::from(number > 1), "{path}: a page is read when it is asked for");
            before = after;
        }
        assert_eq!((number, text.matches("@acme.test").count()), (3, people), "{path}");
        if !path.contains("csv") {
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(body["total"], people);
        }
    }
    // A manifest goes through everybody three times.
    let response = send(&admins.app.router, &root.token, "manifest?organizationId=acme").await;
    let mut chunks = response.into_body().into_data_stream();
    let mut text = String::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.unwrap();
        assert!(!chunk.is_empty());
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    let body: Value = serde_json::from_str(&text).unwrap();
    let count = |name: &str| body[name].as_array().unwrap().len();
    assert_eq!([count("users"), count("user_role_assignments"), count("user_claim_values")], [people, 3, 2]);
}

async fn an_export_that_fails_in_the_middle_ends_abnormally(app: TestApp) {
    let admins = with_people(app, PAGE).await;
    let root = admins.sign_in(ROOT).await;
    for path in
        ["users?organizationId=acme", "users?organizationId=acme&format=csv", "manifest?organizationId=acme"]
    {
        let pages = Arc::new(AtomicUsize::new(0));
        let store = admins.app.store_with_faults(move |operation| {
            operation == USERS_PAGE && pages.fetch_add(1, Ordering::SeqCst) == 1
        });
        let failing = admins.app.sibling_with(|instance| instance.store = store);
        let response = send(&failing.router, &root.token, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        let mut chunks = response.into_body().into_data_stream();
        let mut text = String::new();
        let error = loop {
            match chunks.next().await {
                Some(Ok(chunk)) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
                Some(Err(error)) => break error.to_string(),
                None => unreachable!("{path}: the client could not see that something is missing"),
            }
        };
        assert_eq!(error, "the export cannot be continued");
        assert!(text.matches("@acme.test").count() >= PAGE, "{path}");
        assert!(serde_json::from_str::<Value>(&text).is_err(), "{path}");
        assert!(chunks.next().await.is_none(), "{path}");
    }
}

async fn an_export_that_fails_at_the_beginning_is_an_error(app: TestApp) {
    let admins = Admins::of(app).await;
    let root = admins.sign_in(ROOT).await;
    let before = admins.count("data.exported").await;
    let store = admins.app.store_with_faults(|operation| operation == USERS_PAGE);
    let failing = admins.app.sibling_with(|instance| instance.store = store);
    let response = send(&failing.router, &root.token, "users?organizationId=acme").await;
    assert!(response.status().is_server_error(), "{}", response.status());
    // Without its audit row nothing leaves either.
    let store = admins.app.store_with_faults(|operation| {
        operation == Operation::StatementOfUnit("porta_store_sql::audit::INSERT")
    });
    let failing = admins.app.sibling_with(|instance| instance.store = store);
    for path in ["users?organizationId=acme", "roles?applicationId=planner", "manifest?organizationId=acme"] {
        let response = send(&failing.router, &root.token, path).await;
        assert!(response.status().is_server_error(), "{path} {}", response.status());
    }
    assert_eq!(admins.count("data.exported").await, before);
}
