//! Who is refused whatever the request says: strangers, whoever changes too much, and whoever uses another method.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;

use super::case::{Case, cases};
use super::specification::Access;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_stranger_is_refused,
    whoever_changes_too_much_has_to_wait,
    a_path_has_no_other_methods,
);

async fn a_stranger_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut browser = world.admins.app.browser();
    let mut impostor = world.admins.bearer("none");
    let before = world.newest_row().await;
    for case in cases().into_iter().filter(|case| case.endpoint.access != Access::Public) {
        let request = case.request(&world.run());
        let path = format!("/api/admin{}", request.path);
        let json_type = [(header::CONTENT_TYPE, "application/json")];
        let body = request.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let without = browser.send(request.method.clone(), &path, &json_type, body).await;
        let with = request.send(&mut impostor, &[]).await;
        for (answer, error) in [(without, "Authentication required"), (with, "Invalid token")] {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}: {}", case.id(), answer.body);
            assert_eq!(answer.json()["error"], error, "{}", case.id());
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{}", case.id());
        }
    }
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

async fn whoever_changes_too_much_has_to_wait(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    world.admins.app.advance(Duration::from_secs(61));
    for _ in 0..600 {
        let headers = [(header::CONTENT_TYPE, "application/json")];
        let answer = root.send_body(Method::POST, "/audit/cleanup", Body::from("{"), &headers).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    }
    let before = world.newest_row().await;
    let (changes, reads): (Vec<Case>, Vec<Case>) =
        cases().into_iter().partition(|case| case.operation.changes());
    for case in changes {
        let answer = case.request(&world.run()).send(&mut root, &[]).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}: {}", case.id(), answer.body);
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds), "{}: {seconds}", case.id());
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"), "{}", case.id());
    }
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
    // Reads are not counted.
    for case in reads {
        let answer = case.request(&world.run()).send(&mut root, &[]).await;
        assert_eq!(answer.status.as_u16(), case.row.status, "{}: {}", case.id(), answer.body);
    }
}

async fn a_path_has_no_other_methods(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    let before = world.newest_row().await;
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases() {
        let methods = paths.entry(case.operation.path).or_default();
        methods.insert(case.operation.method.to_string());
    }
    let run = world.run();
    for (path, methods) in paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if methods.contains(method.as_str()) {
                continue;
            }
            let answer = root.send(method.clone(), &run.fill(&path), None).await;
            let error = refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
            assert_eq!(error["status"], 405, "{method} {path}");
        }
    }
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}
