//! Probes, and the public root, which reveals nothing.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Method;
use porta_testkit::{TestApp, on_both_stores};
use serde_json::json;

on_both_stores!(
    operations_6_health_says_which_service_is_away,
    operations_6_ready_says_which_service_is_away,
    probes_need_no_organization_and_no_store,
    section_10_3_the_root_names_nobody,
    section_1_1_wrong_methods_are_told_the_right_ones,
    paths_that_are_nobodys_are_plain_not_found,
);

async fn operations_6_health_says_which_service_is_away(app: TestApp) {
    let health = app.browser().get("/health").await;
    assert_eq!(health.status, 200);
    assert_eq!(health.body, r#"{"checks":{"database":"ok","redis":"ok"},"status":"healthy"}"#);
    assert_eq!(health.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(health.header("cache-control"), Some("no-store"));
    for (database, redis) in [(true, false), (false, true), (true, true)] {
        app.probes.database_down.store(database, Ordering::SeqCst);
        app.probes.redis_down.store(redis, Ordering::SeqCst);
        let word = |down| if down { "error" } else { "ok" };
        let health = app.browser().get("/health").await;
        assert_eq!(health.status, 503);
        let checks = json!({ "database": word(database), "redis": word(redis) });
        assert_eq!(health.json(), json!({ "status": "unhealthy", "checks": checks }));
    }
    app.probes.database_down.store(false, Ordering::SeqCst);
    app.probes.redis_down.store(false, Ordering::SeqCst);
    assert_eq!(app.browser().get("/health").await.status, 200);
}

async fn operations_6_ready_says_which_service_is_away(app: TestApp) {
    let ready = app.browser().get("/ready").await;
    assert_eq!(ready.status, 200);
    let fine = json!({ "ok": true });
    assert_eq!(ready.json(), json!({ "status": "ready", "checks": { "db": fine, "redis": fine } }));
    let away = json!({ "ok": false, "error": "unreachable" });
    for (database, redis) in [(true, false), (false, true), (true, true)] {
        app.probes.database_down.store(database, Ordering::SeqCst);
        app.probes.redis_down.store(redis, Ordering::SeqCst);
        let ready = app.browser().get("/ready").await;
        assert_eq!(ready.status, 503);
        let check = |down: bool| if down { away.clone() } else { fine.clone() };
        let checks = json!({ "db": check(database), "redis": check(redis) });
        assert_eq!(ready.json(), json!({ "status": "not_ready", "checks": checks }));
    }
}

async fn probes_need_no_organization_and_no_store(app: TestApp) {
    let (statements, commands) = (app.store.round_trips(), app.kv.commands());
    for path in ["/health", "/ready", "/", "/robots.txt", "/favicon.ico"] {
        let answer = app.browser().get(path).await;
        assert!(answer.status.is_success(), "{path}");
        assert!(answer.headers.get("set-cookie").is_none());
    }
    assert_eq!((app.store.round_trips(), app.kv.commands()), (statements, commands));
}

async fn section_10_3_the_root_names_nobody(app: TestApp) {
    let root = app.browser().get("/").await;
    assert_eq!(root.status, 200);
    for name in ["Porta", "porta", "OpenID", "OAuth", "Acme", "acme", "login", "0.1"] {
        assert!(!root.body.contains(name), "{name}: {}", root.body);
    }
    assert!(root.body.contains("<title></title>"), "{}", root.body);
    let robots = app.browser().get("/robots.txt").await;
    assert_eq!(robots.body, "User-agent: *\nDisallow: /\n");
    assert_eq!(robots.header("content-type"), Some("text/plain; charset=utf-8"));
    let icon = app.browser().get("/favicon.ico").await;
    assert_eq!((icon.status.as_u16(), icon.body.as_str()), (204, ""));
    for answer in [root, robots, icon] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-robots-tag"), Some("noindex, nofollow"));
    }
}

async fn section_1_1_wrong_methods_are_told_the_right_ones(app: TestApp) {
    for path in ["/", "/robots.txt", "/favicon.ico", "/health", "/ready", "/acme/session/end/success"] {
        for method in
            [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE, Method::CONNECT]
        {
            let answer = app.browser().send(method.clone(), path, &[], Body::empty()).await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{method} {path}");
        }
    }
    let get = app.browser().get("/acme/token").await;
    assert_eq!(get.status, 405);
    assert_eq!(get.header("allow"), Some("POST,OPTIONS"));
}

async fn paths_that_are_nobodys_are_plain_not_found(app: TestApp) {
    for path in [
        "/acme",
        "/acme/",
        "/acme/nothing",
        "/acme/interaction",
        "/acme/interaction/",
        "/acme/auth/",
        "/acme/session",
        "/metrics",
        "/api/admin/organizations/x/y",
        "/.env",
        "/.git/config",
        "/acme/../etc/passwd",
        "/acme/%2e%2e/%2e%2e/etc/passwd",
        "/acme/reg",
        "/acme/device",
        "/acme/backchannel",
        "/static/app.js",
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.len() < 100, "{path}: {}", answer.body);
    }
}
