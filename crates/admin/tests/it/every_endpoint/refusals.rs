//! Who is refused whatever the request says: strangers, whoever changes too much, and whoever uses another method.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use porta_testkit::{Answer, TestApp};

use super::case::{Case, cases};
use super::colleague::{OwnAccount, SUPER_ADMIN};
use super::differences::{Differences, parsed};
use super::specification::Access;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_stranger_is_refused,
    whoever_changes_too_much_has_to_wait,
    whoever_reads_too_much_has_to_wait,
    a_path_has_no_other_methods,
);

async fn a_stranger_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut browser = world.admins.app.browser();
    let mut impostor = world.admins.bearer("none");
    let before = world.newest_row().await;
    let mut differences = Differences::default();
    for case in cases().into_iter().filter(|case| case.endpoint.access != Access::Public) {
        let request = case.request(&world.run());
        let path = format!("/api/admin{}", request.path);
        let json_type = [(header::CONTENT_TYPE, "application/json")];
        let body = request.body.as_ref().map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let without = browser.send(request.method.clone(), &path, &json_type, body).await;
        let with = request.send(&mut impostor, &[]).await;
        for (answer, error) in [(without, "Authentication required"), (with, "Invalid token")] {
            let about = format!("{}: {}", case.id(), answer.body);
            differences.equal(&about, &answer.status, &StatusCode::UNAUTHORIZED);
            differences.equal(&about, &parsed(&answer)["error"], error);
            differences.equal(&about, &answer.header("www-authenticate"), &Some("Bearer"));
        }
    }
    differences.none();
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

async fn whoever_changes_too_much_has_to_wait(app: TestApp) {
    let mut world = World::of(app).await;
    let mut differences = Differences::default();
    // Somebody who has changed nothing yet: the clock of tests does not end the minute of Redis.
    let mut run = world.run();
    let mut busy = world.newcomer(OwnAccount::Plain, &mut run, SUPER_ADMIN).await.admin;
    for _ in 0..600 {
        let headers = [(header::CONTENT_TYPE, "application/json")];
        let answer = busy.send_body(Method::POST, "/audit/cleanup", Body::from("{"), &headers).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    }
    let before = world.newest_row().await;
    let (changes, reads): (Vec<Case>, Vec<Case>) =
        cases().into_iter().partition(|case| case.operation.changes());
    for case in changes {
        let answer = case.request(&world.run()).send(&mut busy, &[]).await;
        must_wait(&case, &answer, &mut differences);
    }
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
    // Reads are counted apart.
    for case in reads {
        let answer = case.request(&world.run()).send(&mut busy, &[]).await;
        let about = format!("{}: {}", case.id(), answer.body);
        differences.equal(&about, &answer.status.as_u16(), &case.row.status);
    }
    differences.none();
}

fn must_wait(case: &Case, answer: &Answer, differences: &mut Differences) {
    let about = format!("{}: {}", case.id(), answer.body);
    differences.equal(&about, &answer.status, &StatusCode::TOO_MANY_REQUESTS);
    differences.equal(&about, &parsed(answer)["error"], "Too Many Requests");
    let seconds = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
    let is_soon = seconds.is_some_and(|seconds| (1..=60).contains(&seconds));
    differences.holds(&format!("{about}: {seconds:?}"), is_soon);
    differences.equal(&about, &answer.header("x-ratelimit-remaining"), &Some("0"));
}

/// W-20: reads of the reference are not counted at all.
async fn whoever_reads_too_much_has_to_wait(app: TestApp) {
    let mut world = World::of(app).await;
    let token = world.admins.sign_in(ROOT).await.token;
    let app = world.admins.app.sibling_with(|instance| instance.admin_reads_per_minute = Some(1));
    let elsewhere = Admins { app, command_line: world.admins.command_line.clone() };
    let mut busy = elsewhere.bearer(&token);
    expect(&busy.get("/me").await, StatusCode::OK);
    let before = world.newest_row().await;
    let mut differences = Differences::default();
    let (mut reads, run) = (0, world.run());
    for case in cases() {
        if !case.operation.changes() && case.endpoint.access != Access::Public {
            must_wait(&case, &case.request(&run).send(&mut busy, &[]).await, &mut differences);
            reads += 1;
        }
    }
    differences.none();
    assert!(reads > 50, "{reads}");
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

async fn a_path_has_no_other_methods(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await.admin;
    let before = world.newest_row().await;
    let mut differences = Differences::default();
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
            let (about, body) = (format!("{method} {path}: {}", answer.body), parsed(&answer));
            differences.equal(&about, &answer.status, &StatusCode::METHOD_NOT_ALLOWED);
            differences.equal(&about, &body["error"], "Method not allowed");
            differences.equal(&about, &body["status"], &405_i32);
        }
    }
    differences.none();
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}
