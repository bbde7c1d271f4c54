//! Exports of rows.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use porta_directory::{Actor, NewUser};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    every_kind_has_its_columns_in_both_formats,
    a_file_has_a_name_and_is_not_cached,
    rows_are_those_of_the_organization_or_application,
    a_text_is_no_formula,
    an_export_is_recorded_before_it_is_sent,
    who_may_export,
    what_is_no_export_is_refused,
    the_audit_log_is_exported_by_time_and_filter,
);

/// Path, and the columns.
const KINDS: [(&str, &str); 8] = [
    ("organizations?", "id,name,slug,status,is_super_admin,default_locale,created_at,updated_at"),
    (
        "users?organizationId=acme",
        "id,email,status,given_name,family_name,nickname,locale,email_verified,phone_number,created_at,updated_at,last_login_at,login_count",
    ),
    (
        "clients?organizationId=acme",
        "id,client_id,client_name,client_type,status,application_type,grant_types,redirect_uris,created_at,updated_at",
    ),
    ("roles?applicationId=planner", "id,name,slug,description,created_at"),
    ("audit?organizationId=acme", "id,event_type,event_category,actor_id,metadata,ip_address,created_at"),
    ("applications?", "id,name,slug,description,status,created_at,updated_at"),
    ("permissions?applicationId=planner", "id,name,slug,description,module_id,created_at"),
    (
        "claims?applicationId=planner",
        "id,name,claim_name,claim_type,description,include_in_id_token,include_in_access_token,include_in_userinfo,created_at,updated_at",
    ),
];

async fn export(admin: &mut Admin, path: &str) -> Answer {
    admin.get(&format!("/export/{path}")).await
}

/// The values of a column.
fn column(body: &Value, name: &str) -> Vec<Value> {
    body["data"].as_array().unwrap().iter().map(|row| row[name].clone()).collect()
}

async fn every_kind_has_its_columns_in_both_formats(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (path, columns) in KINDS {
        let answer = export(&mut root, path).await;
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"), "{path}");
        let body = expect(&answer, StatusCode::OK);
        let rows = body["data"].as_array().unwrap();
        assert_eq!((&body["total"], body.get("truncated")), (&json!(rows.len()), None), "{path}");
        assert!(body["exportedAt"].as_str().unwrap().ends_with('Z'), "{path}");
        assert!(!rows.is_empty(), "{path}");
        let mut names: Vec<&str> = columns.split(',').collect();
        names.sort_unstable();
        let mut fields: Vec<&str> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, names, "{path}");
        // In their order, and indented by two spaces.
        let places =
            columns.split(',').map(|name| answer.body.find(&format!("\n      \"{name}\": ")).unwrap());
        assert!(places.is_sorted(), "{path}");

        let answer = export(&mut root, &format!("{path}&format=csv")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"), "{path}");
        assert_eq!(answer.body.lines().next(), Some(columns), "{path}");
        assert!(!answer.body.ends_with('\n'), "{path}");
        let first = rows[0]["id"].as_str().unwrap();
        // The export before is the newest row of the log.
        if !path.starts_with("audit") {
            assert!(answer.body.lines().nth(1).unwrap().starts_with(&format!("{first},")), "{path}");
            assert_eq!(answer.body.lines().count(), rows.len() + 1, "{path}");
        }
        assert!(!answer.body.contains("argon2"), "{path}");
    }
}

async fn a_file_has_a_name_and_is_not_cached(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let now = admins.app.now().rfc3339();
    let moment = now[..19].replace(':', "-");
    for (format, end) in [("json", "json"), ("csv", "csv")] {
        let answer = export(&mut root, &format!("users?organizationId=acme&format={format}")).await;
        let expected = format!("attachment; filename=\"users-export-{moment}.{end}\"");
        assert_eq!(answer.header("content-disposition"), Some(expected.as_str()));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-truncated"), None);
    }
}

async fn rows_are_those_of_the_organization_or_application(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let body = expect(&export(&mut root, "users?organizationId=acme").await, StatusCode::OK);
    let mut emails = column(&body, "email");
    emails.sort_by_key(Value::to_string);
    assert_eq!(emails, ["ana@acme.test", "bob@acme.test", "inactive@acme.test"]);
    // By id as well, and of another organization its own.
    let beta = admins.organization("beta").await.id;
    let body = expect(&export(&mut root, &format!("users?organizationId={beta}")).await, StatusCode::OK);
    assert_eq!(column(&body, "email"), ["ana@acme.test"]);
    let body = expect(&export(&mut root, "clients?organizationId=beta").await, StatusCode::OK);
    assert_eq!(column(&body, "client_id"), ["partner"]);
    assert_eq!(column(&body, "grant_types"), [json!(["authorization_code", "refresh_token"])]);
    let body = expect(&export(&mut root, "applications?organizationId=beta").await, StatusCode::OK);
    assert_eq!(column(&body, "slug"), ["partner"]);
    let body = expect(&export(&mut root, "roles?applicationId=billing").await, StatusCode::OK);
    assert_eq!(column(&body, "slug"), ["accountant"]);
    let body = expect(&export(&mut root, "permissions?applicationId=planner").await, StatusCode::OK);
    assert_eq!(column(&body, "slug"), ["dock:berths:read", "dock:berths:write"], "by slug");
    let body = expect(&export(&mut root, "claims?applicationId=planner").await, StatusCode::OK);
    assert_eq!(column(&body, "claim_name"), ["badge", "terminal_code"]);
    let empty = expect(&export(&mut root, "permissions?applicationId=billing").await, StatusCode::OK);
    assert_eq!((&empty["data"], &empty["total"]), (&json!([]), &json!(0)));
}

/// OWASP, "CSV Injection".
async fn a_text_is_no_formula(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (email, name) in [
        ("f1@beta.test", "=HYPERLINK(\"https://evil.test\",\"x\")"),
        ("f2@beta.test", "+1"),
        ("f3@beta.test", "-1"),
        ("f4@beta.test", "@SUM(A1)"),
        ("f5@beta.test", "a,\"b\""),
    ] {
        let new = json!({ "email": email, "givenName": name });
        expect(&root.post("/organizations/beta/users", &new).await, StatusCode::CREATED);
    }
    let csv = export(&mut root, "users?organizationId=beta&format=csv").await.body;
    for expected in [
        ",f1@beta.test,active,\"'=HYPERLINK(\"\"https://evil.test\"\",\"\"x\"\")\",,",
        ",f2@beta.test,active,'+1,",
        ",f3@beta.test,active,'-1,",
        ",f4@beta.test,active,'@SUM(A1),",
        ",f5@beta.test,active,\"a,\"\"b\"\"\",",
    ] {
        assert!(csv.contains(expected), "{expected}\n{csv}");
    }
    // JSON has the texts as they are.
    let body = expect(&export(&mut root, "users?organizationId=beta").await, StatusCode::OK);
    assert!(column(&body, "given_name").contains(&json!("@SUM(A1)")));
}

async fn an_export_is_recorded_before_it_is_sent(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    for (path, metadata, organization) in [
        (
            "users?organizationId=acme&format=csv",
            json!({ "entityType": "users", "format": "csv", "rows": 3 }),
            Some("acme"),
        ),
        ("organizations?", json!({ "entityType": "organizations", "format": "json", "rows": 3 }), None),
    ] {
        admins.app.advance(Duration::from_secs(1));
        assert_eq!(export(&mut auditor, path).await.status, StatusCode::OK);
        let row = admins.newest("data.exported").await;
        assert_eq!((&row.metadata, row.organization_label.as_deref()), (&metadata, organization));
        assert_eq!(row.actor_label.as_deref(), Some(AUDITOR.0));
        assert!(row.ip_address.is_some() && row.request_id.is_some());
    }
    // Headers alone are no export.
    let before = admins.count("data.exported").await;
    let answer = auditor.send(Method::HEAD, "/export/users?organizationId=acme", None).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
    assert!(answer.header("content-disposition").is_some());
    // Neither is what was refused.
    refused(
        &export(&mut auditor, "users?organizationId=none").await,
        StatusCode::NOT_FOUND,
        "Organization not found: none",
    );
    assert_eq!(admins.count("data.exported").await, before);
}

async fn who_may_export(app: TestApp) {
    let admins = Admins::of(app).await;
    let permissions = ["org", "user", "client", "role", "audit", "app", "permission", "claim"]
        .map(|of| format!("admin:{of}:read"));
    for person in [ORGS, USERS, APPS] {
        let mut admin = admins.sign_in(person).await;
        for ((path, _), permission) in KINDS.into_iter().zip(&permissions) {
            let body = refused(&export(&mut admin, path).await, StatusCode::FORBIDDEN, "Forbidden");
            let text = format!("Insufficient permissions. Required: admin:export:read, {permission}");
            assert_eq!(body["message"], text, "{} {path}", person.0);
        }
        refused(
            &export(&mut admin, "manifest?organizationId=acme").await,
            StatusCode::FORBIDDEN,
            "Forbidden",
        );
        refused(&export(&mut admin, "nothing").await, StatusCode::FORBIDDEN, "Forbidden");
    }
    for person in [ROOT, AUDITOR] {
        let mut admin = admins.sign_in(person).await;
        for (path, _) in KINDS {
            assert_eq!(export(&mut admin, path).await.status, StatusCode::OK, "{} {path}", person.0);
        }
    }
    for (path, _) in KINDS {
        let answer = export(&mut admins.bearer("none"), path).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}

async fn what_is_no_export_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (path, text) in [
        ("sessions", "Unsupported entity type: sessions"),
        ("Users?organizationId=acme", "Unsupported entity type: Users"),
        ("users", "Organization ID required for users export"),
        ("users?organizationId=", "Organization ID required for users export"),
        ("users?applicationId=planner", "Organization ID required for users export"),
        ("clients", "Organization ID required for clients export"),
        ("audit", "Organization ID required for audit export"),
        ("manifest", "Organization ID required for manifest export"),
        ("roles", "Application ID required for roles export"),
        ("permissions", "Application ID required for permissions export"),
        ("claims", "Application ID required for claims export"),
    ] {
        refused(&export(&mut root, path).await, StatusCode::BAD_REQUEST, text);
    }
    for (path, field) in [
        ("organizations?format=xml", "format"),
        ("organizations?format=", "format"),
        ("organizations?format=CSV", "format"),
        ("organizations?format=csv&format=json", "format"),
        ("audit?organizationId=acme&startDate=yesterday", "startDate"),
        ("audit?organizationId=acme&startDate=2026-01-15", "startDate"),
        ("audit?organizationId=acme&endDate=2026-01-15T10:30:00%2B02:00", "endDate"),
        ("audit?organizationId=acme&endDate=2026-02-30T10:30:00Z", "endDate"),
        ("audit?organizationId=acme&category=none", "category"),
        ("manifest?organizationId=acme&format=csv", "format"),
        ("manifest?organizationId=acme&users=no", "users"),
    ] {
        let body = refused(&export(&mut root, path).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{path}");
    }
    for (path, text) in [
        ("users?organizationId=none", "Organization not found: none"),
        ("applications?organizationId=none", "Organization not found: none"),
        ("audit?organizationId=%00", "Organization not found: \0"),
        ("roles?applicationId=none", "Application not found: none"),
        (
            "claims?applicationId=00000000-0000-0000-0000-000000000000",
            "Application not found: 00000000-0000-0000-0000-000000000000",
        ),
    ] {
        refused(&export(&mut root, path).await, StatusCode::NOT_FOUND, text);
    }
    refused(
        &root.post("/export/users", &json!({})).await,
        StatusCode::METHOD_NOT_ALLOWED,
        "Method not allowed",
    );
    assert_eq!(admins.count("data.exported").await, 0);
}

async fn the_audit_log_is_exported_by_time_and_filter(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut times = Vec::new();
    for email in ["t1@acme.test", "t2@acme.test", "t3@acme.test"] {
        admins.app.advance(Duration::from_mins(1));
        times.push(admins.app.now().rfc3339());
        let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
        let acme = unit.organization("acme").await.unwrap();
        unit.users().create(&acme, NewUser { email: email.to_owned(), ..NewUser::default() }).await.unwrap();
        unit.commit().await.unwrap();
    }
    let mut emails = async |query: &str| {
        let path = format!("audit?organizationId=acme&event=user.created{query}");
        let body = expect(&export(&mut root, &path).await, StatusCode::OK);
        column(&body, "metadata").iter().map(|row| row["email"].clone()).collect::<Vec<_>>()
    };
    let all = emails("").await;
    assert_eq!(all[..3], ["t3@acme.test", "t2@acme.test", "t1@acme.test"], "newest first");
    // Both ends belong to it.
    let within = emails(&format!("&startDate={}&endDate={}", times[1], times[2])).await;
    assert_eq!(within, ["t3@acme.test", "t2@acme.test"]);
    let until = emails(&format!("&startDate={}&endDate={}", times[0], times[0])).await;
    assert_eq!(until, ["t1@acme.test"]);
    assert_eq!(emails("&startDate=2099-01-01T00:00Z").await, Vec::<Value>::new());
    assert_eq!(emails("&org=beta&endDate=1999-01-01T00:00:00.000Z").await, Vec::<Value>::new());
}
