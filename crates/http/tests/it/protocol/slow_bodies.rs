//! Request bodies that never end.

use axum::body::{Body, Bytes};
use axum::http::{Method, header};
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use porta_testkit::{Answer, TestApp};
use serde_json::json;

async fn begin(app: &TestApp, path: &str) -> Answer {
    let begun = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from_static(b"a=1"))]);
    let headers =
        [(header::CONTENT_TYPE, "application/x-www-form-urlencoded"), (header::CONTENT_LENGTH, "9")];
    let body = Body::from_stream(begun.chain(stream::pending()));
    app.browser().send(Method::POST, path, &headers, body).await
}

/// On one store only, since the stores are not used. All at once, since each takes the full body timeout.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_end_is_refused_in_the_form_of_its_endpoint() {
    let app = TestApp::embedded_with_fixture().await;
    let protocol = ["/acme/token", "/acme/me", "/acme/token/introspection", "/acme/token/revocation"];
    let pages = ["/acme/auth", "/acme/session/end", "/acme/session/end/confirm", "/acme/interaction/x/login"];
    let answers = join_all(protocol.iter().chain(&pages).map(|path| begin(&app, path))).await;
    let (protocol, pages) = answers.split_at(protocol.len());
    for answer in protocol {
        assert_eq!(answer.status, 408, "{}", answer.body);
        let error =
            json!({ "error": "invalid_request", "error_description": "the request body took too long" });
        assert_eq!(answer.json(), error);
    }
    for answer in pages {
        assert_eq!(answer.status, 408, "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    }
}
