//! Changes that are based on an older version, and reads of what the caller has already.

use axum::http::{Method, StatusCode, header};
use porta_testkit::TestApp;
use serde_json::json;

use super::case::cases;
use super::differences::{Differences, parsed};
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_change_of_an_older_version_is_refused,
    what_the_caller_has_is_not_sent_again,
    a_read_tells_what_changes_without_a_version,
);

async fn a_change_of_an_older_version_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let mut differences = Differences::default();
    for case in cases().into_iter().filter(|case| case.row.is_editable) {
        world.rest();
        let mut prepared = world.prepared(&case.row, root.role).await;
        let request = case.request(&prepared.run);
        let sender = prepared.sender(&mut root);
        let stale = request.send(&mut sender.admin, &[(header::IF_MATCH, "W/\"older-0\"")]).await;
        let about = format!("{}: {}", case.id(), stale.body);
        differences.equal(&about, &stale.status, &StatusCode::CONFLICT);
        differences.holds(&about, world.recorded(&stale).await.is_empty());
        let body = parsed(&stale);
        differences.holds(&about, body["error"] == "Conflict" && body["currentEntity"].is_object());
        // What the refusal tells is the version to base a change on.
        let current = body["currentETag"].as_str().unwrap_or_default();
        let answer = request.send(&mut sender.admin, &[(header::IF_MATCH, current)]).await;
        let about = format!("{} of {current}: {}", case.id(), answer.body);
        differences.equal(&about, &answer.status.as_u16(), &case.row.status);
    }
    differences.none();
}

/// W-24. Lists have no tag: they are never the same for long.
async fn what_the_caller_has_is_not_sent_again(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let run = world.run();
    let mut differences = Differences::default();
    let mut tagged = Vec::new();
    for case in cases().into_iter().filter(|case| !case.operation.changes()) {
        world.rest();
        let request = case.request(&run);
        let any = request.send(&mut root.admin, &[(header::IF_NONE_MATCH, "*")]).await;
        let about = format!("{}: {}", case.id(), any.body);
        let Some(tag) = any.header("etag") else {
            differences.equal(&about, &any.status.as_u16(), &case.row.status);
            differences.holds(&about, !case.operation.has_if_none_match);
            continue;
        };
        differences.holds(&about, case.operation.has_if_none_match);
        tagged.push(case.id().to_owned());
        differences.equal(&about, &any.status, &StatusCode::NOT_MODIFIED);
        let one_of_two = format!("\"x\", {tag}");
        for (given, is_known) in [(tag, true), (one_of_two.as_str(), true), ("W/\"x-1.0\"", false)] {
            let answer = request.send(&mut root.admin, &[(header::IF_NONE_MATCH, given)]).await;
            let about = format!("{} of {given}: {}", case.id(), answer.body);
            let status = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
            differences.equal(&about, &answer.status, &status);
            differences.equal(&about, &answer.body.is_empty(), &is_known);
            differences.equal(&about, &answer.header("content-type").is_none(), &is_known);
            differences.equal(&about, &answer.header("etag"), &Some(tag));
            differences.equal(&about, &answer.header("cache-control"), &Some("no-store"));
        }
    }
    differences.none();
    for id in ["get_user", "get_user_by_id", "get_organization", "get_application", "get_client", "get_role"]
    {
        assert!(tagged.iter().any(|known| known == id), "{id}");
    }
}

async fn a_read_tells_what_changes_without_a_version(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = format!("/users/{}", admins.user("acme", "bob@acme.test").await.id);
    let [user, client] = [bob.as_str(), "/clients/web"];
    let mut before = Vec::new();
    for path in [user, client] {
        before.push(root.get(path).await.header("etag").unwrap().to_owned());
    }
    token(&admins.app, "acme", ("bob@acme.test", "lantern-Quay-42"), ("cli", "http://127.0.0.1/cb")).await;
    expect(&root.put("/organizations/acme", &json!({ "name": "Acme Works" })).await, StatusCode::OK);
    for (path, tag) in [user, client].into_iter().zip(&before) {
        let answer = root.send_with(Method::GET, path, None, &[(header::IF_NONE_MATCH, tag.as_str())]).await;
        expect(&answer, StatusCode::OK);
        assert_ne!(answer.header("etag"), Some(tag.as_str()), "{path}");
        // Neither is a reason to refuse a change.
        let change = json!({ "nickname": "B", "name": "Web" });
        let headers = [(header::IF_MATCH, tag.as_str())];
        expect(&root.send_with(Method::PUT, path, Some(&change), &headers).await, StatusCode::OK);
    }
}
