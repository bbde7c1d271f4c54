//! What a query may say.

use axum::http::StatusCode;
use porta_testkit::TestApp;

use super::case::cases;
use super::differences::{Differences, parsed};
use super::row::Rule;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_parameter_that_makes_no_sense_is_refused,
    a_parameter_may_be_given_once,
    an_unknown_parameter_of_a_deletion_is_refused,
);

/// Stands for a text of 256 characters.
const LONG: &str = "long";

/// For each parameter a value that makes no sense, and the status that tells so.
const UNFIT: &[(&str, &str, u16)] = &[
    ("page", "0", 400),
    ("pageSize", "x", 400),
    ("limit", "x", 400),
    ("cursor", "x", 400),
    ("after", "x", 400),
    ("sortBy", "x", 400),
    ("sortOrder", "up", 400),
    ("search", LONG, 400),
    ("q", LONG, 400),
    ("ids", "x", 400),
    ("status", "", 400),
    ("state", "gone", 400),
    ("kind", "x", 400),
    ("twoFactor", "maybe", 400),
    ("neverSignedIn", "maybe", 400),
    ("activeOnly", "maybe", 400),
    ("clientType", "x", 400),
    ("secretExpiresBefore", "x", 400),
    ("moduleId", "x", 400),
    ("userId", "x", 400),
    ("slug", "", 400),
    ("force", "maybe", 400),
    ("dry-run", "maybe", 400),
    ("dryRun", "maybe", 400),
    ("format", "xml", 400),
    ("users", "maybe", 400),
    ("event", "!", 400),
    ("event_type", "!", 400),
    ("category", "x", 400),
    ("org", "no-such-thing", 400),
    ("user", "x", 400),
    ("actor", "x", 400),
    ("entityType", "x", 400),
    ("entityId", "x", 400),
    ("ip", "x", 400),
    ("since", "x", 400),
    ("until", "x", 400),
    ("startDate", "x", 400),
    ("endDate", "x", 400),
    ("from", "x", 400),
    ("to", "x", 400),
    ("bucket", "x", 400),
    ("include", "x", 400),
    ("types", "x", 400),
    // A character that no scope has.
    ("scope", "%22", 400),
    // What names an entity names none.
    ("orgId", "no-such-thing", 404),
    ("organizationId", "no-such-thing", 404),
    ("applicationId", "no-such-thing", 404),
    ("clientId", "no-such-thing", 404),
];

/// The query with another value of a parameter.
fn with_parameter(query: &str, name: &str, value: &str) -> String {
    let kept = query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name));
    let mut pairs: Vec<String> = kept.map(str::to_owned).collect();
    pairs.push(format!("{name}={value}"));
    pairs.join("&")
}

async fn a_parameter_that_makes_no_sense_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let before = world.newest_row().await;
    let long = "x".repeat(256);
    let mut differences = Differences::default();
    for case in cases() {
        world.rest();
        let run = world.run();
        let query = run.fill(case.row.query);
        for name in &case.operation.query {
            let about = format!("{} with {name}", case.id());
            let unfit = UNFIT.iter().find(|(known, _, _)| known == name);
            let Some((_, value, status)) = unfit else {
                differences.add(format!("{about}: which value is unfit?"));
                continue;
            };
            let value = if *value == LONG { long.as_str() } else { *value };
            let request = case.request_with_query(&run, &with_parameter(&query, name, value));
            let answer = request.send(&mut root.admin, &[]).await;
            let about = format!("{about}: {}", answer.body);
            differences.equal(&about, &answer.status.as_u16(), status);
            let body = parsed(&answer);
            differences.holds(&about, body["error"].is_string());
        }
    }
    differences.none();
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

async fn a_parameter_may_be_given_once(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let before = world.newest_row().await;
    let mut differences = Differences::default();
    for case in cases().into_iter().filter(|case| !case.operation.query.is_empty()) {
        world.rest();
        let run = world.run();
        let query = run.fill(case.row.query);
        for name in &case.operation.query {
            let twice = format!("{query}&{name}=1&{name}=1");
            let answer = case.request_with_query(&run, &twice).send(&mut root.admin, &[]).await;
            let about = format!("{} {name}: {}", case.id(), answer.body);
            differences.equal(&about, &answer.status, &StatusCode::BAD_REQUEST);
        }
    }
    differences.none();
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}

async fn an_unknown_parameter_of_a_deletion_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let before = world.newest_row().await;
    let mut deletions = 0;
    for case in cases() {
        let Some(exception) = case.row.exception(Rule::UnknownParameter, "query") else { continue };
        let run = world.run();
        let answer = case.request_with_query(&run, "unknown=1").send(&mut root.admin, &[]).await;
        assert_eq!(answer.status.as_u16(), exception.status, "{}: {}", case.id(), answer.body);
        deletions += 1;
    }
    assert!(deletions > 0);
    assert_eq!(world.newest_row().await, before, "a refused request was recorded");
}
