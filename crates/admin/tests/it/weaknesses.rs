//! What the weaknesses of the reference (W-01 to W-30 of the specification) have no test of their own for.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porta_core::mail::Mail;
use porta_testkit::{Answer, Operation, SwitchedKv, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    w_07_every_kind_of_change_tells_who_from_where_and_with_what,
    w_07_without_its_row_nothing_changes,
    w_15_what_a_client_got_wrong_is_no_failure_of_the_server,
    w_20_changes_stop_without_counters_and_reads_go_on,
    w_21_a_client_is_made_with_its_secret_or_not_at_all,
    w_23_every_error_has_the_same_shape,
    w_25_an_invitation_lives_as_long_as_the_setting_says,
);

const AGENT: &str = "console/7";

/// Operations that the reference does not record, or without an actor, and the event of each.
fn recorded(bob: &str, ids: &[String]) -> Vec<(Method, String, Value, &'static str)> {
    let status = |action: &str| json!({ "ids": ids, "action": action, "organizationId": "acme" });
    let organization = format!("/organizations/acme/users/{bob}");
    vec![
        (Method::PUT, "/config/session_ttl".to_owned(), json!({ "value": "2h" }), "config.updated"),
        (
            Method::POST,
            "/keys/generate".to_owned(),
            json!({ "organizationId": "acme", "algorithm": "ES256" }),
            "key.generated",
        ),
        (
            Method::POST,
            "/keys/rotate".to_owned(),
            json!({ "organizationId": "acme", "algorithm": "ES256", "emergency": true }),
            "key.rotated",
        ),
        (Method::DELETE, format!("/users/{bob}/sessions"), Value::Null, "user.sessions.revoked"),
        (Method::POST, "/bulk/users/status".to_owned(), status("suspend"), "user.suspended"),
        (Method::POST, "/bulk/users/status".to_owned(), status("activate"), "user.activated"),
        (Method::GET, "/export/users?organizationId=acme".to_owned(), Value::Null, "data.exported"),
        (Method::GET, format!("{organization}/export"), Value::Null, "user.data.exported"),
        (Method::POST, "/audit/cleanup".to_owned(), json!({ "retentionDays": 3_650 }), "audit.cleanup"),
        (
            Method::POST,
            "/import".to_owned(),
            json!({ "mode": "merge", "manifest": { "version": "1.0" } }),
            "admin.import",
        ),
        (
            Method::PUT,
            "/organizations/acme/branding/logo".to_owned(),
            picture(),
            "org.branding.asset.uploaded",
        ),
        (
            Method::DELETE,
            "/organizations/acme/branding/logo".to_owned(),
            Value::Null,
            "org.branding.asset.deleted",
        ),
        (Method::PUT, format!("/users/{bob}"), json!({ "nickname": "B" }), "user.updated"),
        (Method::POST, "/applications/planner/roles".to_owned(), json!({ "name": "X" }), "role.created"),
    ]
}

/// An SVG drawing.
fn picture() -> Value {
    let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9\"></path></svg>";
    let drawing = STANDARD.encode(drawing);
    json!({ "data": drawing, "contentType": "image/svg+xml" })
}

async fn w_07_every_kind_of_change_tells_who_from_where_and_with_what(app: TestApp) {
    let admins = Admins::of(app).await;
    token(&admins.app, "acme", ("bob@acme.test", "lantern-Quay-42"), ("cli", "http://127.0.0.1/cb")).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id.to_string();
    let person = admins.user("porta-admin", ROOT.0).await.id;
    for (method, path, body, event) in recorded(&bob, std::slice::from_ref(&bob)) {
        let sent = (!body.is_null()).then_some(&body);
        let agent = [(header::USER_AGENT, AGENT)];
        let answer = root.send_with(method.clone(), &path, sent, &agent).await;
        assert!(answer.status.is_success(), "{method} {path}: {} {}", answer.status, answer.body);
        let row = admins.newest(event).await;
        assert_eq!((row.actor_id, row.actor_label.as_deref()), (Some(person), Some(ROOT.0)), "{event}");
        assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"), "{event}");
        assert_eq!(row.user_agent.as_deref(), Some(AGENT), "{event}");
        assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"), "{event}");
    }
}

/// A server over the same stores on which some statements fail.
fn failing(admins: &Admins, fails: impl Fn(Operation) -> bool + Send + Sync + 'static) -> Admins {
    let store = admins.app.store_with_faults(fails);
    let app = admins.app.sibling_with(|instance| instance.store = store);
    Admins { app, command_line: admins.command_line.clone() }
}

/// What the operations of [`recorded`] change.
async fn shown(root: &mut Admin, bob: &str) -> Vec<Value> {
    let user = format!("/users/{bob}");
    let mut all = Vec::new();
    for place in [
        user.as_str(),
        "/config",
        "/keys?organizationId=acme",
        "/sessions?organizationId=acme",
        "/organizations/acme/branding",
        "/applications/planner/roles",
    ] {
        all.push(expect(&root.get(place).await, StatusCode::OK));
    }
    all
}

/// A change and its row are one transaction.
async fn w_07_without_its_row_nothing_changes(app: TestApp) {
    const INSERT: &str = "porta_store_sql::audit::INSERT";
    let admins = Admins::of(app).await;
    token(&admins.app, "acme", ("bob@acme.test", "lantern-Quay-42"), ("cli", "http://127.0.0.1/cb")).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id.to_string();
    let is_row = |operation: Operation| {
        operation == Operation::Statement(INSERT) || operation == Operation::StatementOfUnit(INSERT)
    };
    let elsewhere = failing(&admins, is_row);
    let mut unrecorded = elsewhere.bearer(&root.token);
    let before = (shown(&mut root, &bob).await, admins.audit().await);
    for (method, path, body, event) in recorded(&bob, std::slice::from_ref(&bob)) {
        // They undo what was not done.
        if ["user.activated", "org.branding.asset.deleted"].contains(&event) {
            continue;
        }
        let sent = (!body.is_null()).then_some(&body);
        let answer = unrecorded.send(method.clone(), &path, sent).await;
        assert!(answer.status.is_server_error(), "{event}: {} {}", answer.status, answer.body);
    }
    assert_eq!((shown(&mut root, &bob).await, admins.audit().await), before);
}

async fn w_15_what_a_client_got_wrong_is_no_failure_of_the_server(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let nobody = "00000000-0000-4000-8000-000000000000";
    for (method, path, body) in [
        // Ids that are none, and ids of nothing.
        (Method::GET, "/users/x".to_owned(), Value::Null),
        (Method::GET, "/audit/x".to_owned(), Value::Null),
        (Method::GET, "/sessions/x".to_owned(), Value::Null),
        (Method::GET, "/clients/x".to_owned(), Value::Null),
        (Method::GET, "/organizations/x".to_owned(), Value::Null),
        (Method::GET, "/applications/planner/roles/x".to_owned(), Value::Null),
        (Method::POST, format!("/users/{nobody}/password"), json!({ "password": "harbour-Quay-5311" })),
        (Method::DELETE, format!("/users/{nobody}/password"), Value::Null),
        (Method::POST, format!("/organizations/acme/users/{bob}/roles"), json!({ "roleId": nobody })),
        (Method::GET, "/users/%00".to_owned(), Value::Null),
        // The six groups whose validation failed with 500.
        (Method::POST, "/bulk/users/status".to_owned(), json!({ "ids": "x" })),
        (Method::GET, "/sessions?page=x".to_owned(), Value::Null),
        (Method::GET, "/stats/logins?bucket=week".to_owned(), Value::Null),
        (Method::GET, "/export/users?format=x".to_owned(), Value::Null),
        (Method::POST, "/audit/cleanup".to_owned(), json!({ "retentionDays": "x" })),
        (Method::PUT, "/organizations/acme/two-factor/policy".to_owned(), json!({ "twoFactorPolicy": "x" })),
        // Empty changes.
        (Method::PUT, format!("/users/{bob}"), json!({})),
        (Method::PUT, "/clients/web".to_owned(), json!({})),
        (Method::PUT, "/organizations/acme".to_owned(), json!({})),
        (Method::PUT, "/applications/planner".to_owned(), json!({})),
    ] {
        let sent = (!body.is_null()).then_some(&body);
        let answer = root.send(method.clone(), &path, sent).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {} {}", answer.status, answer.body);
        has_the_shape_of_errors(&answer);
    }
    for list in ["roles", "permissions", "claims"] {
        let list = format!("/applications/planner/{list}");
        let first = expect(&root.get(&list).await, StatusCode::OK)["data"][0]["id"].clone();
        let answer = root.put(&format!("{list}/{}", first.as_str().unwrap()), &json!({})).await;
        refused(&answer, StatusCode::BAD_REQUEST, "No fields to update");
    }
    let modules = "/applications/planner/modules";
    let module = expect(&root.post(modules, &json!({ "name": "Yard" })).await, StatusCode::CREATED);
    let module = format!("{modules}/{}", module["data"]["id"].as_str().unwrap());
    for path in [module.as_str(), "/organizations/acme/branding"] {
        let answer = root.put(path, &json!({})).await;
        refused(&answer, StatusCode::BAD_REQUEST, "No fields to update");
    }
}

/// The reference lets everything through when Redis is away.
async fn w_20_changes_stop_without_counters_and_reads_go_on(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(ROOT).await.token;
    let kv = Arc::new(SwitchedKv::over(Arc::clone(&admins.app.kv)));
    let app = admins.app.sibling_with(|instance| instance.kv = kv.clone());
    let elsewhere = Admins { app, command_line: admins.command_line.clone() };
    let mut root = elsewhere.bearer(&token);
    kv.switch_off(true);
    let user = json!({ "email": "new@acme.test" });
    let answer = root.post("/organizations/acme/users", &user).await;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable");
    assert!(answer.header("retry-after").is_some());
    let list = expect(&root.get("/organizations/acme/users").await, StatusCode::OK);
    assert_eq!(list["total"], 3);
    kv.switch_off(false);
    expect(&root.post("/organizations/acme/users", &user).await, StatusCode::CREATED);
}

async fn w_21_a_client_is_made_with_its_secret_or_not_at_all(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let without_secrets = failing(&admins, |operation| {
        operation == Operation::StatementOfUnit("porta_store_sql::clients::INSERT_SECRET")
    });
    let new = json!({ "applicationId": "planner", "name": "Site", "redirectUris": ["https://site.test/cb"] });
    let before = (expect(&root.get("/clients").await, StatusCode::OK), admins.audit().await);
    let answer = without_secrets.bearer(&root.token).post("/clients", &new).await;
    assert!(answer.status.is_server_error(), "{} {}", answer.status, answer.body);
    assert_eq!((expect(&root.get("/clients").await, StatusCode::OK), admins.audit().await), before);
    expect(&root.post("/clients", &new).await, StatusCode::CREATED);
}

/// `error` says what, `status` repeats the status, and nothing is in it but what the specification names (C-30).
fn has_the_shape_of_errors(answer: &Answer) {
    let body = answer.json();
    let fields = body.as_object().unwrap();
    assert!(fields["error"].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    assert_eq!(fields["status"], answer.status.as_u16(), "{body}");
    let known = ["error", "message", "status", "details"];
    assert!(fields.keys().all(|field| known.contains(&field.as_str())), "{body}");
    assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{body}");
}

async fn w_23_every_error_has_the_same_shape(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let list = "/organizations/acme/users";
    let large = json!({ "email": "x".repeat(200 * 1024) });
    let typed = [(header::CONTENT_TYPE, "application/json")];
    let key = [(HeaderName::from_static("idempotency-key"), "")];
    let answers = [
        root.send_body(Method::POST, list, Body::from("{"), &typed).await,
        root.post(list, &json!({ "email": "x" })).await,
        root.send_with(Method::POST, list, Some(&json!({})), &key).await,
        admins.bearer("x").get(list).await,
        auditor.post(list, &json!({})).await,
        root.get("/nothing").await,
        root.get("/organizations/none").await,
        root.send(Method::PATCH, list, None).await,
        root.post(list, &json!({ "email": "bob@acme.test" })).await,
        root.post(list, &large).await,
        root.post("/organizations/porta-admin/suspend", &json!({})).await,
        root.put("/config/none", &json!({ "value": "1" })).await,
        root.post("/import", &json!({ "manifest": {} })).await,
    ];
    let statuses = answers.each_ref().map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [400, 400, 400, 401, 403, 404, 404, 405, 409, 413, 400, 404, 400]);
    for answer in &answers {
        has_the_shape_of_errors(answer);
    }
}

async fn w_25_an_invitation_lives_as_long_as_the_setting_says(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let lifetime = json!({ "value": "2h", "organizationId": "acme" });
    expect(&root.put("/config/invitation_ttl", &lifetime).await, StatusCode::OK);
    admins.app.wait_for_notices().await;
    let invitee = json!({ "email": "eve@acme.test" });
    expect(&root.post("/organizations/acme/users/invite", &invitee).await, StatusCode::CREATED);
    let emails = admins.app.emails().await;
    let link = emails.iter().find_map(|outgoing| match &outgoing.mail {
        Mail::Invitation { url, .. } => Some(url.clone()),
        _ => None,
    });
    let link = link.unwrap();
    for (minutes, status) in [(119, StatusCode::OK), (2, StatusCode::BAD_REQUEST)] {
        admins.app.advance(Duration::from_mins(minutes));
        assert_eq!(admins.app.browser().get(&link).await.status, status, "after {minutes} more minutes");
    }
}
