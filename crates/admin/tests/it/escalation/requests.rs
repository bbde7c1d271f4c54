//! Requests that say they are others, or come from elsewhere.

use axum::body::Body;
use axum::http::header;
use porta_core::user::UserStatus;
use porta_testkit::TestApp;
use porta_web::client_address::TrustedProxies;
use serde_json::json;

use super::Refusal::Lacks;
use super::*;

porta_testkit::on_both_stores!(
    headers_that_name_another_request_change_nothing,
    a_method_is_that_of_the_request,
    an_address_is_that_of_the_connection,
);

async fn headers_that_name_another_request_change_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut auditor = Culprit::person(&admins, AUDITOR).await;
    let before = State::of(&admins, &mut root).await;
    let user = json!({ "email": "new@acme.test" });
    let create = || post("a user", LIST, user.clone(), Lacks("admin:user:create"));
    let attempts = [
        ("x-http-method-override", "GET"),
        ("x-http-method", "GET"),
        ("x-method-override", "GET"),
        ("x-original-url", "/api/admin/me"),
        ("x-rewrite-url", "/api/admin/me"),
        ("x-forwarded-uri", "/api/admin/me"),
        ("x-forwarded-prefix", "/api/admin/metadata"),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-user", "root@porta.test"),
        ("x-remote-user", "root@porta.test"),
        ("x-user-roles", "porta-super-admin"),
        ("x-real-ip", "10.0.0.1"),
        ("host", "localhost"),
    ];
    let attempts = attempts.map(|(header, value)| create().with(header, value));
    auditor.all_are_refused(&admins, attempts.into()).await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

/// A read stays one.
async fn a_method_is_that_of_the_request(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let bob = admins.user("acme", "bob@acme.test").await;
    let path = format!("/users/{}", bob.id);
    let before = admins.audit().await;
    for header in ["x-http-method-override", "x-http-method", "x-method-override"] {
        for method in ["DELETE", "PUT", "POST"] {
            let headers = [(HeaderName::from_static(header), method)];
            let query = format!("{path}?_method={method}");
            let answer = users.send_with(Method::GET, &query, None, &headers).await;
            expect(&answer, StatusCode::OK);
        }
    }
    let after = admins.user("acme", "bob@acme.test").await;
    assert_eq!((after.status, after.version), (UserStatus::Active, bob.version));
    assert_eq!(admins.audit().await, before);
}

/// Whoever is no proxy does not choose what the audit log says.
async fn an_address_is_that_of_the_connection(app: TestApp) {
    let admins = Admins::of(app).await;
    let auditor = admins.sign_in(AUDITOR).await;
    let direct = admins.app.sibling_with(|instance| instance.trusted_proxies = TrustedProxies::Never);
    let authorization = format!("Bearer {}", auditor.token);
    let headers = [
        (header::AUTHORIZATION, authorization.as_str()),
        (header::USER_AGENT, "curl/8"),
        (HeaderName::from_static("x-forwarded-for"), "10.0.0.1, 10.0.0.2"),
        (header::FORWARDED, "for=10.0.0.3"),
        (HeaderName::from_static("x-request-id"), "chosen-by-the-caller"),
    ];
    let url = format!("/api/admin{LIST}");
    let answer = direct.browser().send(Method::POST, &url, &headers, Body::empty()).await;
    refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
    let row = admins.newest(DENIED).await;
    assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"));
    assert!(row.user_agent.as_deref().unwrap().contains("curl/8"));
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    assert_ne!(row.request_id.as_deref(), Some("chosen-by-the-caller"));
}
