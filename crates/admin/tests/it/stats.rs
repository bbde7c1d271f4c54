//! Statistics.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use porta_directory::{Actor, NewUser};
use porta_testkit::{Authorize, SwitchedKv, TestApp};
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    the_platform_is_counted,
    an_organization_is_counted_by_itself,
    numbers_are_kept_for_a_minute,
    the_health_of_redis_is_checked_each_time,
    sign_ins_are_counted_over_time,
    what_is_no_series_is_refused,
    each_role_reads_what_it_may,
    kept_numbers_cost_few_round_trips,
);

const BOB: Person = ("bob@acme.test", "lantern-Quay-42");

async fn read(admin: &mut Admin, path: &str) -> Value {
    let answer = admin.get(path).await;
    assert_eq!(answer.header("cache-control"), Some("private, max-age=60"), "{}", answer.body);
    expect(&answer, StatusCode::OK)["data"].clone()
}

async fn fail_to_sign_in(app: &TestApp) {
    let mut browser = app.browser();
    let request = Authorize::new("acme", "cli", "http://127.0.0.1/cb");
    let answer = browser.submit_login(&request, BOB.0, "not-the-password").await;
    assert!(!answer.status.is_redirection(), "{}", answer.body);
}

async fn the_platform_is_counted(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    token(&admins.app, "acme", BOB, ("cli", "http://127.0.0.1/cb")).await;
    fail_to_sign_in(&admins.app).await;
    let bob = admins.user("acme", BOB.0).await.id;
    expect(&root.post(&format!("/users/{bob}/lock"), &json!({})).await, StatusCode::NO_CONTENT);
    let numbers = read(&mut root, "/stats/overview").await;
    let logins = json!({ "successful": 2, "failed": 1 });
    let expected = json!({
        "organizations": { "total": 3, "active": 3 },
        "applications": { "total": 5, "active": 5 },
        "clients": { "total": 11, "active": 11 },
        "users": {
            "total": 11, "active": 9, "inactive": 1, "locked": 1,
            "newLast7d": 11, "newLast30d": 11, "activeLast30d": 2,
        },
        "loginActivity": { "last24h": logins, "last7d": logins, "last30d": logins },
        // Locking ended that of bob.
        "activeSessions": 1, "lockedUsers": 1, "expiringSecrets": 0, "pendingInvitations": 0,
        "systemHealth": { "database": true, "redis": true },
        "generatedAt": numbers["generatedAt"],
    });
    assert_eq!(numbers, expected);
}

async fn an_organization_is_counted_by_itself(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    token(&admins.app, "acme", BOB, ("cli", "http://127.0.0.1/cb")).await;
    let acme = admins.organization("acme").await.id;
    let numbers = read(&mut root, "/stats/organization/acme").await;
    let (logins, none) = (json!({ "successful": 1, "failed": 0 }), json!({ "successful": 0, "failed": 0 }));
    let expected = json!({
        "organizationId": acme,
        "users": {
            "total": 3, "active": 2, "inactive": 1, "newLast7d": 3, "newLast30d": 3, "activeLast30d": 1,
        },
        "clients": { "total": 5, "active": 5 },
        "loginActivity": { "last24h": logins, "last7d": logins, "last30d": logins },
        "generatedAt": numbers["generatedAt"],
    });
    assert_eq!(numbers, expected);
    assert_eq!(read(&mut root, &format!("/stats/organization/{acme}")).await, expected);
    let beta = read(&mut root, "/stats/organization/beta").await;
    assert_eq!((&beta["users"]["total"], &beta["clients"]["total"]), (&json!(1), &json!(1)));
    assert_eq!(beta["loginActivity"]["last30d"], none);
    for name in ["none", "00000000-0000-0000-0000-000000000000"] {
        let text = format!("Organization not found: {name}");
        refused(&root.get(&format!("/stats/organization/{name}")).await, StatusCode::NOT_FOUND, &text);
    }
}

async fn numbers_are_kept_for_a_minute(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let (all, one) = ("/stats/overview", "/stats/organization/beta");
    let before = (read(&mut root, all).await, read(&mut root, one).await);
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let beta = unit.organization("beta").await.unwrap();
    let new = NewUser { email: "new@beta.test".to_owned(), ..NewUser::default() };
    unit.users().create(&beta, new).await.unwrap();
    unit.commit().await.unwrap();
    admins.app.advance(Duration::from_secs(59));
    assert_eq!((read(&mut root, all).await, read(&mut root, one).await), before);
    admins.app.advance(Duration::from_secs(1));
    let after = (read(&mut root, all).await, read(&mut root, one).await);
    assert_eq!((&after.0["users"]["total"], &after.1["users"]["total"]), (&json!(12), &json!(2)));
    assert_ne!(after.0["generatedAt"], before.0["generatedAt"]);
}

async fn the_health_of_redis_is_checked_each_time(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(ROOT).await.token;
    let kv = Arc::new(SwitchedKv::over(Arc::clone(&admins.app.kv)));
    let app = admins.app.sibling_with(|instance| instance.kv = kv.clone());
    let elsewhere = Admins { app, command_line: admins.command_line.clone() };
    let mut root = elsewhere.bearer(&token);
    for is_off in [false, true, false] {
        kv.switch_off(is_off);
        let numbers = read(&mut root, "/stats/overview").await;
        assert_eq!(numbers["systemHealth"], json!({ "database": true, "redis": !is_off }));
        assert_eq!(numbers["organizations"]["total"], 3);
    }
}

async fn sign_ins_are_counted_over_time(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    token(&admins.app, "acme", BOB, ("cli", "http://127.0.0.1/cb")).await;
    fail_to_sign_in(&admins.app).await;
    for (query, points, successful) in [
        ("", 30, 2),
        ("?bucket=day", 30, 2),
        ("?bucket=hour", 24, 2),
        ("?organizationId=acme", 30, 1),
        ("?organizationId=beta", 30, 0),
        ("?from=2020-01-01T00:00:00Z&to=2020-01-01T23:59:59Z&bucket=hour", 24, 0),
        ("?from=2020-01-01T12:00:00Z&to=2020-01-03T00:00:00Z", 3, 0),
    ] {
        let series = read(&mut root, &format!("/stats/logins{query}")).await;
        let all = series["points"].as_array().unwrap();
        assert_eq!(all.len(), points, "{query}");
        let sum = |field: &str| all.iter().map(|point| point[field].as_u64().unwrap()).sum::<u64>();
        assert_eq!(
            (sum("successful"), sum("password"), sum("magicLink")),
            (successful, successful, 0),
            "{query}"
        );
        assert_eq!(sum("failed"), u64::from(successful == 2 || query.ends_with("acme")), "{query}");
        assert_eq!(series["from"], all[0]["at"]);
        if successful > 0 {
            assert_eq!(all.last().unwrap()["password"], successful, "{query}: the last point is now");
        }
    }
}

async fn what_is_no_series_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (field, query) in [
        ("bucket", "bucket=week"),
        ("bucket", "bucket="),
        ("from", "from=yesterday"),
        ("to", "to="),
        ("from", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"),
        ("from", "from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"),
        ("from", "from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&bucket=hour"),
        ("to", "to=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"),
    ] {
        let answer = root.get(&format!("/stats/logins?{query}")).await;
        let body = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(body["details"][0]["path"], json!([field]), "{query}");
    }
    let answer = root.get("/stats/logins?organizationId=none").await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
}

async fn each_role_reads_what_it_may(app: TestApp) {
    let admins = Admins::of(app).await;
    let paths = ["/stats/overview", "/stats/organization/acme", "/stats/logins"];
    for (person, may) in [(ORGS, true), (USERS, false), (APPS, false), (AUDITOR, true)] {
        let mut admin = admins.sign_in(person).await;
        let status = if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
        for path in paths {
            assert_eq!(admin.get(path).await.status, status, "{} {path}", person.0);
        }
    }
    for path in paths {
        refused(&admins.bearer("x").get(path).await, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}

async fn kept_numbers_cost_few_round_trips(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (path, first, kept, kv) in
        [("/stats/overview", 5, 1, 1), ("/stats/organization/acme", 5, 2, 0), ("/stats/logins", 2, 2, 0)]
    {
        for sql in [first, kept] {
            let before = (admins.app.store.round_trips(), admins.app.kv.commands());
            read(&mut root, path).await;
            let after = (admins.app.store.round_trips(), admins.app.kv.commands());
            assert_eq!((after.0 - before.0, after.1 - before.1), (sql, kv), "{path}");
        }
    }
}
