//! Whoever has shell access: named by the process itself, never by a request (decision 0050).

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use porta_admin::Shell;
use porta_testkit::TestApp;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::*;

porta_testkit::on_both_stores!(shell_access_may_everything_but_have_an_account, no_request_names_the_shell);

async fn ask(app: &TestApp, method: Method, path: &str, shell: Option<Shell>) -> (StatusCode, Value) {
    let mut request = Request::builder().method(method).uri(format!("/api/admin{path}"));
    if let Some(shell) = shell {
        request = request.extension(shell);
    }
    let request = request.header("content-type", "application/json").body(Body::from("{}")).unwrap();
    let reply = app.router.clone().oneshot(request).await.unwrap();
    let (status, body) = (reply.status(), to_bytes(reply.into_body(), 1 << 20).await.unwrap());
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn shell() -> Shell {
    Shell { os_user: Some("tester".to_owned()), name: None }
}

async fn shell_access_may_everything_but_have_an_account(app: TestApp) {
    let admins = Admins::of(app).await;
    let app = &admins.app;
    let (status, list) = ask(app, Method::GET, "/organizations", Some(shell())).await;
    assert_eq!((status, list["data"].is_array()), (StatusCode::OK, true));
    let (status, _) = ask(app, Method::POST, "/organizations/acme/suspend", Some(shell())).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let mut root = admins.sign_in(ROOT).await;
    let rows = expect(&root.get("/audit?event=org.suspended&limit=1").await, StatusCode::OK)["data"].clone();
    assert_eq!((&rows[0]["actorLabel"], &rows[0]["actorId"]), (&"cli:tester".into(), &Value::Null));
    let (status, refusal) = ask(app, Method::POST, "/organizations/porta-admin/suspend", Some(shell())).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refusal}");
    for (method, path) in
        [(Method::GET, "/me"), (Method::GET, "/me/sessions"), (Method::POST, "/me/password")]
    {
        let (status, refusal) = ask(app, method, path, Some(shell())).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path} {refusal}");
    }
}

async fn no_request_names_the_shell(app: TestApp) {
    let admins = Admins::of(app).await;
    let (status, _) = ask(&admins.app, Method::GET, "/organizations", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    for token in ["shell", "none", "cli:tester"] {
        let refused = admins.bearer(token).get("/organizations").await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{token}");
    }
}
