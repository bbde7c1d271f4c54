//! What a path names must exist, in the tenant that it names.

use axum::http::StatusCode;
use porta_testkit::{Answer, TestApp};
use serde_json::json;

use super::case::{Case, cases};
use super::differences::{Differences, parsed};
use super::row::Rule;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(what_the_path_names_must_exist, what_another_tenant_has_is_not_found,);

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
/// Neither an id nor the slug of anything.
const NOTHING: &str = "no-such-thing";
/// A byte that is no text.
const NO_TEXT: &str = "%FF";
/// Names that are not those of a tenant's entity.
const OF_NO_TENANT: [&str; 3] = ["auditId", "key", "type"];

async fn what_the_path_names_must_exist(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let mut differences = Differences::default();
    for case in cases() {
        for name in case.operation.path_names() {
            world.rest();
            let mut prepared = world.unchanged(&case.row, root.role).await;
            let before = world.newest_row().await;
            let run = prepared.run.clone();
            let sender = prepared.sender(&mut root);
            for (rule, value) in [(Rule::Unknown, NOBODY), (Rule::Malformed, NOTHING)] {
                let answer = case.request(&run.with(name, value)).send(&mut sender.admin, &[]).await;
                check(&case, (rule, name), &answer, &mut differences);
            }
            let answer = case.request(&run.with(name, NO_TEXT)).send(&mut sender.admin, &[]).await;
            let about = format!("{} with {name} {NO_TEXT}: {}", case.id(), answer.body);
            not_found(&about, &answer, &mut differences);
            differences.equal(&format!("{about}: recorded"), &world.newest_row().await, &before);
        }
    }
    differences.none();
}

async fn what_another_tenant_has_is_not_found(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let (mut twins, mut differences) = (0, Differences::default());
    for case in cases() {
        for name in names_with_twins(&case) {
            world.rest();
            let run = world.run();
            let twin = run.with(name, world.twin(name).unwrap());
            let answer = case.request(&twin).send(&mut root.admin, &[]).await;
            check(&case, (Rule::Twin, name), &answer, &mut differences);
            // The request reached for what exists elsewhere; of many such requests only some have a row.
            let recorded = world.recorded(&answer).await;
            let is_told = recorded.iter().all(|row| row.event_type == "admin.access_denied");
            differences.holds(&format!("{}: {recorded:?}", case.id()), recorded.len() <= 1 && is_told);
            twins += 1;
        }
    }
    differences.none();
    assert!(twins > 100, "{twins}");
}

/// The names in the path that must belong together. A name that stands alone may be of any tenant: administrators manage
/// all of them. The query names the organization of a key.
pub(super) fn names_with_twins(case: &Case) -> Vec<&str> {
    let mut names = case.operation.path_names();
    names.retain(|name| !OF_NO_TENANT.contains(name));
    if names.len() > 1 || names == ["keyId"] { names } else { Vec::new() }
}

fn check(case: &Case, (rule, name): (Rule, &str), answer: &Answer, differences: &mut Differences) {
    let about = format!("{} with {name} {rule:?}: {}", case.id(), answer.body);
    let Some(exception) = case.row.exception(rule, name) else {
        return not_found(&about, answer, differences);
    };
    differences.equal(&about, &answer.status.as_u16(), &exception.status);
    if exception.status == 200 {
        differences.equal(&about, &parsed(answer)["data"], &json!([]));
    }
}

fn not_found(about: &str, answer: &Answer, differences: &mut Differences) {
    differences.equal(about, &answer.status, &StatusCode::NOT_FOUND);
    let body = parsed(answer);
    differences.holds(about, body["error"].is_string() && body["status"] == 404);
}
