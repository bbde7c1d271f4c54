//! `admin.access_denied`, `admin.login` and `admin.logout`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use porta_testkit::{Authorize, Browser, Operation, SwitchedKv, TestApp};
use serde_json::json;

use super::*;

porta_testkit::on_both_stores!(
    a_row_tells_who_wanted_what,
    a_known_caller_writes_so_many_rows_a_minute,
    strangers_write_no_rows,
    what_exists_elsewhere_looks_like_nothing,
    a_refusal_stands_when_it_cannot_be_recorded,
    a_refusal_given_again_is_recorded_again,
    what_is_not_refused_costs_no_more,
    an_administrators_sign_in_has_a_row,
    an_administrators_sign_out_has_a_row,
);

const CREATE: &str = "Insufficient permissions. Required: admin:user:create";

async fn denied(admins: &Admins) -> usize {
    admins.count(DENIED).await
}

async fn a_row_tells_who_wanted_what(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let agent = [(header::USER_AGENT, "console/1")];
    let body = json!({ "email": "new@acme.test", "password": PASSWORD });
    let path = format!("{LIST}?password={PASSWORD}");
    let answer = auditor.send_with(Method::POST, &path, Some(&body), &agent).await;
    refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
    let row = admins.newest(DENIED).await;
    let organization = admins.organization("porta-admin").await;
    let person = admins.user("porta-admin", AUDITOR.0).await.id;
    assert_eq!((row.actor_id, row.actor_label.as_deref()), (Some(person), Some(AUDITOR.0)));
    assert_eq!(
        (row.organization_id, row.organization_label.as_deref()),
        (Some(organization.id), Some("porta-admin"))
    );
    assert_eq!((row.user_id, &row.entity_type, row.entity_id), (None, &None, None));
    assert_eq!(
        (row.ip_address.as_deref(), row.user_agent.as_deref()),
        (Some("127.0.0.1"), Some("console/1"))
    );
    assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"));
    let expected = json!({
        "operation": "POST /organizations/{orgId}/users", "path": LIST, "status": 403, "reason": CREATE,
    });
    assert_eq!(row.metadata, expected);
    let shown = expect(&root.get(&format!("/audit?event={DENIED}&limit=1")).await, StatusCode::OK);
    let shown = &shown["data"][0];
    assert_eq!((&shown["actorEmail"], &shown["eventCategory"]), (&json!(AUDITOR.0), &json!("security")));
    assert_eq!(shown["metadata"], expected);
    // A path is kept, but not at any length.
    let long = format!("/users/{}/suspend", "x".repeat(1_000));
    refused(&auditor.post(&long, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    let row = admins.newest(DENIED).await;
    assert_eq!(row.metadata["path"].as_str().unwrap().len(), 300);
}

async fn a_known_caller_writes_so_many_rows_a_minute(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    for _ in 0..35 {
        refused(&auditor.post(LIST, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    }
    assert_eq!(denied(&admins).await, 30);
    // The rows of one do not hide those of another.
    let mut apps = admins.sign_in(APPS).await;
    refused(&apps.post(LIST, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(admins.newest(DENIED).await.actor_label.as_deref(), Some(APPS.0));
    assert_eq!(denied(&admins).await, 31);
}

/// Redis does not use the clock of tests.
#[tokio::test]
async fn the_next_minute_has_rows_of_its_own() {
    let admins = Admins::of(TestApp::embedded_with_fixture().await).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    for _ in 0..31 {
        refused(&auditor.post(LIST, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    }
    admins.app.advance(Duration::from_secs(61));
    refused(&auditor.post(LIST, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(denied(&admins).await, 31);
}

async fn strangers_write_no_rows(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let unknown = format!("porta_at_{}", "x".repeat(43));
    for token in ["x", "porta_at_", "porta_ct_x", unknown.as_str()] {
        let mut stranger = admins.bearer(token);
        refused(&stranger.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");
        refused(&stranger.post(LIST, &json!({})).await, StatusCode::UNAUTHORIZED, "Invalid token");
    }
    let url = format!("/api/admin{LIST}");
    let answer = admins.app.browser().send(Method::POST, &url, &[], Body::empty()).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Authentication required");
    // What is wrong with a request is no attempt, and neither is a token that only grew old.
    refused(&root.get("/organizations/none").await, StatusCode::NOT_FOUND, "Organization not found: none");
    refused(&root.post(LIST, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    admins.app.advance(Duration::from_mins(61));
    refused(&root.get(LIST).await, StatusCode::UNAUTHORIZED, "Invalid token");
    assert_eq!(denied(&admins).await, 0);
}

/// But for the row, an id of something elsewhere and one of nothing have the same answer, and take the same steps.
async fn what_exists_elsewhere_looks_like_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let bob = admins.user("acme", "bob@acme.test").await.id.to_string();
    let list = format!("/organizations/{}/users", admins.organization("beta").await.id);
    let mut answers = Vec::new();
    for id in [bob.as_str(), NOBODY] {
        let before = admins.app.store.round_trips();
        let answer = users.get(&format!("{list}/{id}")).await;
        let cost = admins.app.store.round_trips() - before;
        assert_eq!(denied(&admins).await, 1, "{id}");
        answers.push((answer.status, answer.body.replace(id, "…"), cost));
    }
    let [elsewhere, nothing] = answers.as_slice() else { unreachable!("{answers:?}") };
    assert_eq!((elsewhere.0, &elsewhere.1), (StatusCode::NOT_FOUND, &nothing.1));
    assert_eq!(nothing.0, StatusCode::NOT_FOUND);
    assert_eq!(elsewhere.2, nothing.2 + 2, "the row, with its organization");
    // The limit is that of all refusals.
    for _ in 0..40 {
        let text = format!("User not found: {bob}");
        refused(&users.get(&format!("{list}/{bob}")).await, StatusCode::NOT_FOUND, &text);
    }
    assert_eq!(denied(&admins).await, 30);
    // A stranger learns nothing, and writes nothing.
    let answer = admins.bearer("x").get(&format!("{list}/{bob}")).await;
    refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    assert_eq!(denied(&admins).await, 30);
}

async fn a_refusal_stands_when_it_cannot_be_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(AUDITOR).await.token;
    let insert = Operation::Statement("porta_store_sql::audit::INSERT");
    let store = admins.app.store_with_faults(move |operation| operation == insert);
    let without_audit = admins.app.sibling_with(|instance| instance.store = store);
    let kv = Arc::new(SwitchedKv::over(Arc::clone(&admins.app.kv)));
    let without_counters = admins.app.sibling_with(|instance| instance.kv = kv.clone());
    kv.switch_off(true);
    for app in [without_audit, without_counters] {
        let elsewhere = Admins { app, command_line: admins.command_line.clone() };
        let answer = elsewhere.bearer(&token).post(LIST, &json!({ "email": "new@acme.test" })).await;
        assert_eq!(refused(&answer, StatusCode::FORBIDDEN, "Forbidden")["message"], CREATE);
    }
    let rows = admins.audit().await;
    assert!(rows.iter().all(|row| row.actor_label.as_deref() != Some(AUDITOR.0)), "nothing was done either");
}

async fn a_refusal_given_again_is_recorded_again(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let key = [(HeaderName::from_static("idempotency-key"), "k1")];
    for times in 1..=2 {
        let answer = auditor.send_with(Method::POST, LIST, Some(&json!({})), &key).await;
        refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        assert_eq!(denied(&admins).await, times);
        assert_eq!(admins.newest(DENIED).await.request_id.as_deref(), answer.header("x-request-id"));
    }
}

async fn what_is_not_refused_costs_no_more(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let page = format!("{LIST}?limit=20");
    let cost = || (admins.app.store.round_trips(), admins.app.kv.commands());
    let before = cost();
    expect(&root.get(&page).await, StatusCode::OK);
    let (sql, kv) = cost();
    assert_eq!((sql - before.0, kv - before.1), (3, 0), "who, which organization, which users");
    let before = cost();
    refused(&root.post(LIST, &json!({})).await, StatusCode::BAD_REQUEST, "Validation failed");
    let (sql, kv) = cost();
    assert_eq!((sql - before.0, kv - before.1), (1, 1), "who, and the limit of changes");
    let before = cost();
    refused(&auditor.post(LIST, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    let (sql, kv) = cost();
    assert_eq!((sql - before.0, kv - before.1), (3, 1), "who, the row with its organization, and its limit");
}

/// A browser in which somebody signed in through a client of the admin organization.
async fn signed_in(admins: &Admins, person: Person, client: &str) -> Browser {
    let mut browser = admins.app.browser();
    let request = Authorize::new("porta-admin", client, REDIRECT_URI);
    let answer = browser.sign_in(&request, person.0, person.1).await;
    assert!(answer.query("code").is_some(), "{} {}", answer.status, answer.body);
    browser
}

async fn an_administrators_sign_in_has_a_row(app: TestApp) {
    let admins = Admins::of(app).await;
    signed_in(&admins, ROOT, "wiki").await;
    token(&admins.app, "acme", ("ana@acme.test", "lantern-Quay-41"), ("cli", "http://127.0.0.1/cb")).await;
    assert_eq!(admins.count("admin.login").await, 0, "other applications");
    let command_line = admins.command_line.clone();
    signed_in(&admins, ROOT, &command_line).await;
    let row = admins.newest("admin.login").await;
    let person = admins.user("porta-admin", ROOT.0).await.id;
    assert_eq!((row.actor_id, row.user_id), (Some(person), Some(person)));
    assert_eq!((row.category.as_str(), row.ip_address.as_deref()), ("admin", Some("127.0.0.1")));
    assert_eq!(row.organization_label.as_deref(), Some("porta-admin"));
    assert_eq!(row.metadata["clientId"], command_line);
    assert_eq!(admins.count("admin.login").await, 1);
    // A wrong password is none.
    let mut browser = admins.app.browser();
    let request = Authorize::new("porta-admin", &command_line, REDIRECT_URI);
    browser.submit_login(&request, ROOT.0, "lantern-Quay-99").await;
    assert_eq!(admins.count("admin.login").await, 1);
}

async fn an_administrators_sign_out_has_a_row(app: TestApp) {
    let admins = Admins::of(app).await;
    let command_line = admins.command_line.clone();
    let end = "/porta-admin/session/end";
    for (query, rows) in
        [(String::new(), 0), ("?client_id=wiki".to_owned(), 0), (format!("?client_id={command_line}"), 1)]
    {
        let mut browser = signed_in(&admins, ROOT, &command_line).await;
        let xsrf = browser.get(&format!("{end}{query}")).await.field("xsrf");
        assert_eq!(admins.count("admin.logout").await, 0, "{query}: asked, not confirmed");
        let answer = browser.post(&format!("{end}/confirm"), &[("xsrf", &xsrf), ("logout", "yes")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(admins.count("admin.logout").await, rows, "{query}");
        // The same form again signs nobody out.
        browser.post(&format!("{end}/confirm"), &[("xsrf", &xsrf), ("logout", "yes")]).await;
        assert_eq!(admins.count("admin.logout").await, rows, "{query}");
    }
    let row = admins.newest("admin.logout").await;
    let person = admins.user("porta-admin", ROOT.0).await.id;
    assert_eq!((row.actor_id, row.ip_address.as_deref()), (Some(person), Some("127.0.0.1")));
    assert_eq!((&row.metadata["clientId"], admins.count("user.logout").await), (&json!(command_line), 3));
}
