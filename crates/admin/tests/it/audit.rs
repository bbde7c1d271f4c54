//! The audit log.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::http::StatusCode;
use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    a_row_tells_who_did_what_to_whom,
    rows_are_found_by_what_they_say,
    pages_by_cursor_follow_each_other_whatever_is_recorded,
    pages_by_number_have_a_total,
    a_change_names_its_entity,
    what_cannot_be_asked_is_refused,
    every_event_has_a_meaning,
    old_rows_are_deleted_and_the_deletion_is_recorded,
    a_cleanup_keeps_what_the_setting_says,
    only_who_may_reads_or_cleans,
    a_page_costs_few_round_trips,
);

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_hours(24);

/// Suspends bob of acme, later than everything else; returns his id and the id of the request.
async fn suspend_bob(admins: &Admins, root: &mut Admin) -> (String, String) {
    let bob = admins.user("acme", "bob@acme.test").await.id.to_string();
    admins.app.advance(SECOND);
    let answer = root.post(&format!("/users/{bob}/suspend"), &json!({ "reason": "left" })).await;
    expect(&answer, StatusCode::NO_CONTENT);
    (bob, answer.header("x-request-id").unwrap().to_owned())
}

async fn a_row_tells_who_did_what_to_whom(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (bob, request) = suspend_bob(&admins, &mut root).await;
    let body = expect(&root.get("/audit?limit=1").await, StatusCode::OK);
    let row = body["data"][0].clone();
    let expected = json!({
        "id": row["id"],
        "eventType": "user.suspended",
        "eventCategory": "admin",
        "description": "an account was suspended",
        "actorId": admins.user("porta-admin", ROOT.0).await.id,
        "actorEmail": ROOT.0,
        "actorLabel": ROOT.0,
        "organizationId": admins.organization("acme").await.id,
        "organizationName": "Acme",
        "userId": bob,
        "entityType": "user",
        "entityId": bob,
        "targetLabel": "bob@acme.test",
        "metadata": { "userId": bob, "reason": "left", "tokenFamiliesEnded": 0 },
        "ipAddress": "127.0.0.1",
        "userAgent": row["userAgent"],
        "requestId": request,
        "createdAt": row["createdAt"],
    });
    assert_eq!(row, expected);
    assert!(row["createdAt"].as_str().unwrap().ends_with('Z'));
    let one = expect(&root.get(&format!("/audit/{}", row["id"].as_str().unwrap())).await, StatusCode::OK);
    assert_eq!(one, json!({ "data": row }));
    for id in ["x", "00000000-0000-0000-0000-000000000000"] {
        let text = format!("Audit event not found: {id}");
        refused(&root.get(&format!("/audit/{id}")).await, StatusCode::NOT_FOUND, &text);
    }
}

async fn rows_are_found_by_what_they_say(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (bob, _) = suspend_bob(&admins, &mut root).await;
    let (acme, beta) = (admins.organization("acme").await.id, admins.organization("beta").await.id);
    let actor = admins.user("porta-admin", ROOT.0).await.id;
    let at = expect(&root.get("/audit?limit=1").await, StatusCode::OK);
    let at = at["data"][0]["createdAt"].as_str().unwrap().to_owned();
    let day = &at[..10];
    for (query, is_found) in [
        ("event=user.suspended".to_owned(), true),
        ("event=user.".to_owned(), true),
        ("event=user.susp".to_owned(), true),
        // The name of an event is no beginning of others.
        ("event=user.login.password".to_owned(), false),
        ("event=org.".to_owned(), false),
        (format!("user={bob}"), true),
        (format!("user={actor}"), false),
        (format!("actor={actor}"), true),
        (format!("actor={bob}"), false),
        (format!("org={acme}"), true),
        ("org=acme".to_owned(), true),
        (format!("org={beta}"), false),
        ("category=admin".to_owned(), true),
        ("category=security".to_owned(), false),
        ("entityType=user".to_owned(), true),
        (format!("entityType=user&entityId={bob}"), true),
        (format!("entityType=user&entityId={actor}"), false),
        ("entityType=client".to_owned(), false),
        ("ip=127.0.0.1".to_owned(), true),
        ("ip=127.0.0.2".to_owned(), false),
        ("q=ROOT%40porta".to_owned(), true),
        ("q=left".to_owned(), true),
        ("q=%25".to_owned(), false),
        (format!("since={at}"), true),
        (format!("until={at}"), true),
        (format!("since={at}&until={at}"), true),
        (format!("since={day}"), true),
        (format!("until={day}"), true),
        ("until=2001-01-01".to_owned(), false),
        ("since=2200-01-01T00:00:00Z".to_owned(), false),
        (format!("org=acme&user={bob}&actor={actor}&category=admin&event=user.suspended&since={at}"), true),
    ] {
        let body = expect(&root.get(&format!("/audit?limit=500&{query}")).await, StatusCode::OK);
        let rows = body["data"].as_array().unwrap();
        let found = rows.iter().any(|row| row["eventType"] == "user.suspended" && row["userId"] == bob);
        assert_eq!(found, is_found, "{query}");
        assert_eq!(body["total"], rows.len(), "{query}");
    }
}

async fn pages_by_cursor_follow_each_other_whatever_is_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let before = expect(&root.get("/audit?pageSize=500&event=org.").await, StatusCode::OK);
    let there: BTreeSet<&str> = before["data"].as_array().unwrap().iter().map(id_of).collect();
    let first = expect(&root.get("/audit?limit=1&event=org.").await, StatusCode::OK);
    let mut seen = vec![id_of(&first["data"][0]).to_owned()];
    let mut cursor = first["nextCursor"].as_str().map(str::to_owned);
    while let Some(from) = cursor {
        admins.app.store.repositories().audit().record(&row(&admins, Duration::ZERO)).await.unwrap();
        let body =
            expect(&root.get(&format!("/audit?limit=1&event=org.&cursor={from}")).await, StatusCode::OK);
        assert_eq!((body.get("total"), body.get("page")), (None, None));
        assert_eq!(body["hasMore"], body["nextCursor"].is_string());
        assert_eq!(body.get("cursor").unwrap_or(&Value::Null), &body["nextCursor"]);
        seen.extend(body["data"].as_array().unwrap().iter().map(|row| id_of(row).to_owned()));
        cursor = body["nextCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(seen.len(), there.len());
    assert_eq!(seen.iter().map(String::as_str).collect::<BTreeSet<_>>(), there);
}

fn id_of(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

/// A row of an organization, of some age.
fn row(admins: &Admins, age: Duration) -> AuditEvent {
    AuditEvent::new(AuditEventKind::OrgUpdated, admins.app.now() - age, admins.app.entropy())
}

async fn pages_by_number_have_a_total(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let all = expect(&root.get("/audit?limit=500&event=key.").await, StatusCode::OK);
    let (total, all) = (all["total"].as_u64().unwrap(), all["data"].as_array().unwrap().clone());
    assert!(total > 2 && total == all.len() as u64, "{total}");
    let body = expect(&root.get("/audit?page=2&pageSize=2&event=key.").await, StatusCode::OK);
    assert_eq!(body["data"], json!(all[2..4.min(all.len())]));
    let expected = json!([total, 2, 2, total.div_ceil(2)]);
    assert_eq!(json!([body["total"], body["page"], body["pageSize"], body["totalPages"]]), expected);
    assert_eq!(body.get("hasMore"), None);
    // A number beyond the bounds counts as the nearest within them.
    for (query, size) in [("limit=0", 1), ("limit=-7", 1), ("limit=9223372036854775807", 500), ("", 50)] {
        let body = expect(&root.get(&format!("/audit?{query}")).await, StatusCode::OK);
        assert_eq!(body["pageSize"], size, "{query}");
    }
    for query in ["limit=9223372036854775808", "limit=%2B5", "limit=", "limit=5.0"] {
        refused(&root.get(&format!("/audit?{query}")).await, StatusCode::BAD_REQUEST, "Validation failed");
    }
}

/// Also of changes that were made before an administrator was there.
async fn a_change_names_its_entity(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (event, kind, label) in [
        ("org.created", "organization", "Beta"),
        ("app.created", "application", "Planner"),
        ("client.created", "client", "Planner CLI"),
        ("client.secret.generated", "client", "Planner Web"),
        ("role.created", "role", "Accountant"),
        ("permission.created", "permission", "dock:berths:read"),
        ("claim.defined", "claim", "badge"),
        ("config.updated", "setting", "super_admin_user_id"),
    ] {
        let query = format!("/audit?limit=500&entityType={kind}&event={event}");
        let body = expect(&root.get(&query).await, StatusCode::OK);
        let rows = body["data"].as_array().unwrap();
        let row = rows.iter().find(|row| row["targetLabel"] == label).unwrap();
        assert_eq!((&row["entityType"], row["entityId"].is_string()), (&json!(kind), kind != "setting"));
        let Some(id) = row["entityId"].as_str() else { continue };
        let body =
            expect(&root.get(&format!("/audit?entityType={kind}&entityId={id}")).await, StatusCode::OK);
        assert!(body["data"].as_array().unwrap().iter().all(|other| other["entityId"] == id), "{event}");
        assert!(body["data"].as_array().unwrap().contains(row), "{event}");
    }
    let keys = expect(&root.get("/audit?entityType=signing_key&event=key.generated").await, StatusCode::OK);
    let key = &keys["data"][0];
    assert_eq!((&key["targetLabel"], &key["entityId"]), (&key["metadata"]["kid"], &key["metadata"]["keyId"]));
}

async fn what_cannot_be_asked_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = admins.organization("acme").await.id;
    for (field, query) in [
        ("limit", "limit=x".to_owned()),
        ("limit", "limit=".to_owned()),
        ("limit", "limit=1.5".to_owned()),
        ("pageSize", "pageSize=-".to_owned()),
        ("pageSize", "limit=1&pageSize=x".to_owned()),
        ("page", "page=0".to_owned()),
        ("cursor", "cursor=".to_owned()),
        ("cursor", "cursor=x".to_owned()),
        ("event", "event=".to_owned()),
        ("event", "event=org%25".to_owned()),
        ("event", "event=%00".to_owned()),
        ("event", format!("event={}", "x".repeat(101))),
        ("category", "category=auth".to_owned()),
        ("org", "org=none".to_owned()),
        ("org", "org=%00".to_owned()),
        ("user", "user=bob".to_owned()),
        ("actor", "actor=".to_owned()),
        ("entityType", "entityType=table".to_owned()),
        ("entityType", format!("entityId={id}")),
        ("entityId", "entityType=client&entityId=web".to_owned()),
        ("ip", "ip=localhost".to_owned()),
        ("q", format!("q={}", "x".repeat(256))),
        ("since", "since=yesterday".to_owned()),
        ("since", "since=".to_owned()),
        ("until", "until=2026-02-30".to_owned()),
        ("org", "org=acme&org=beta".to_owned()),
    ] {
        let answer = root.get(&format!("/audit?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    // No stored text has a zero byte; a well-formed id of nothing finds nothing.
    for query in ["q=%00".to_owned(), "actor=00000000-0000-0000-0000-000000000000".to_owned()] {
        let body = expect(&root.get(&format!("/audit?{query}")).await, StatusCode::OK);
        assert_eq!((&body["data"], &body["total"], &body["totalPages"]), (&json!([]), &json!(0), &json!(0)));
    }
}

async fn every_event_has_a_meaning(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let body = expect(&auditor.get("/audit/event-types").await, StatusCode::OK);
    let types = body["data"].as_array().unwrap();
    assert_eq!(types.len(), AuditEventKind::ALL.len());
    let expected = json!({
        "eventType": "audit.cleanup", "eventCategory": "admin",
        "description": AuditEventKind::AuditCleanup.description(),
    });
    assert!(types.contains(&expected), "{types:?}");
}

async fn total(admin: &mut Admin) -> u64 {
    expect(&admin.get("/audit").await, StatusCode::OK)["total"].as_u64().unwrap()
}

async fn old_rows_are_deleted_and_the_deletion_is_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for days in [9, 10, 11, 12] {
        admins.app.store.repositories().audit().record(&row(&admins, days * DAY + SECOND)).await.unwrap();
    }
    let rows = total(&mut root).await;
    let dry = json!({ "retentionDays": 10, "dryRun": true });
    let body = expect(&root.post("/audit/cleanup", &dry).await, StatusCode::OK);
    assert_eq!(body, json!({ "dryRun": true, "retentionDays": 10, "entriesFound": 3, "deleted": 0 }));
    assert_eq!(total(&mut root).await, rows);
    assert_eq!(admins.count("audit.cleanup").await, 0);
    let body = expect(&root.post("/audit/cleanup", &json!({ "retentionDays": 10 })).await, StatusCode::OK);
    assert_eq!(body, json!({ "dryRun": false, "retentionDays": 10, "entriesFound": 3, "deleted": 3 }));
    assert_eq!(total(&mut root).await, rows - 3 + 1);
    let recorded = admins.newest("audit.cleanup").await;
    assert_eq!(recorded.metadata, json!({ "retentionDays": 10, "deleted": 3 }));
    assert_eq!((recorded.actor_label.as_deref(), recorded.organization_id), (Some(ROOT.0), None));
    for unfit in [json!(0), json!(-1), json!(36_501), json!("10"), json!(1.5)] {
        let answer = root.post("/audit/cleanup", &json!({ "retentionDays": unfit })).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!(["retentionDays"]), "{unfit}");
    }
    refused(
        &root.post("/audit/cleanup", &json!({ "dryRun": "yes" })).await,
        StatusCode::BAD_REQUEST,
        "Validation failed",
    );
    assert_eq!(admins.count("audit.cleanup").await, 1);
}

async fn a_cleanup_keeps_what_the_setting_says(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    admins.app.store.repositories().audit().record(&row(&admins, 90 * DAY + SECOND)).await.unwrap();
    admins.app.store.repositories().audit().record(&row(&admins, 89 * DAY)).await.unwrap();
    let body = expect(&root.post("/audit/cleanup", &json!({})).await, StatusCode::OK);
    assert_eq!(body, json!({ "dryRun": false, "retentionDays": 90, "entriesFound": 1, "deleted": 1 }));
    let mut unit = admins.app.directory.begin(porta_directory::Actor::System).await.unwrap();
    unit.settings().set(None, "audit_retention_days", &json!(30)).await.unwrap();
    unit.commit().await.unwrap();
    let body = expect(&root.post("/audit/cleanup", &json!({})).await, StatusCode::OK);
    assert_eq!((&body["retentionDays"], &body["deleted"]), (&json!(30), &json!(1)));
}

async fn only_who_may_reads_or_cleans(app: TestApp) {
    let admins = Admins::of(app).await;
    for (person, reads, cleans) in [
        (ORGS, false, false),
        (USERS, false, false),
        (APPS, false, false),
        (AUDITOR, true, false),
        (ROOT, true, true),
    ] {
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool| if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
        for path in ["/audit", "/audit/event-types"] {
            expect(&admin.get(path).await, status(reads));
        }
        let found = if reads { StatusCode::NOT_FOUND } else { StatusCode::FORBIDDEN };
        expect(&admin.get("/audit/x").await, found);
        let body = json!({ "retentionDays": 36_500 });
        expect(&admin.post("/audit/cleanup", &body).await, status(cleans));
    }
    let mut nobody = admins.bearer("none");
    for path in ["/audit", "/audit/event-types", "/audit/x"] {
        expect(&nobody.get(path).await, StatusCode::UNAUTHORIZED);
    }
    expect(&nobody.post("/audit/cleanup", &json!({})).await, StatusCode::UNAUTHORIZED);
    let mut auditor = admins.sign_in(AUDITOR).await;
    let body = refused(&auditor.post("/audit/cleanup", &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Insufficient permissions. Required: admin:config:update");
}

async fn a_page_costs_few_round_trips(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let first = expect(&root.get("/audit?limit=1").await, StatusCode::OK);
    let cursor = first["nextCursor"].as_str().unwrap();
    let acme = admins.organization("acme").await.id;
    for (path, sql) in [
        ("/audit".to_owned(), 3),
        (format!("/audit?cursor={cursor}"), 2),
        (format!("/audit?cursor={cursor}&user={acme}&event=user."), 2),
        ("/organizations/acme/history".to_owned(), 3),
        (format!("/users/{acme}/history"), 2),
    ] {
        let before = (admins.app.store.round_trips(), admins.app.kv.commands());
        expect(&root.get(&path).await, StatusCode::OK);
        let after = (admins.app.store.round_trips(), admins.app.kv.commands());
        assert_eq!((after.0 - before.0, after.1 - before.1), (sql, 0), "{path}");
    }
}
