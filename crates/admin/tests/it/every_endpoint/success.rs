//! What a valid request does for whoever may send it, and that nobody else may.

use axum::http::{Method, StatusCode};
use porta_core::audit::AuditEvent;
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use super::case::{AGENT, Case, cases};
use super::colleague::Colleague;
use super::differences::{Differences, parsed};
use super::row::Rule;
use super::specification::{Access, ROLES};
use super::world::{Run, World};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_super_admin_may_do_everything,
    each_built_in_role_may_do_what_the_specification_says,
    a_read_answers_head_too,
);

async fn a_super_admin_may_do_everything(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let mut differences = Differences::default();
    for case in cases() {
        world.rest();
        let mut prepared = world.prepared(&case.row, root.role).await;
        let mut request = case.request(&prepared.run);
        ignored(&case, &mut request.path, request.body.as_mut());
        let sender = prepared.sender(&mut root);
        let answer = request.send(&mut sender.admin, &[]).await;
        check(&world, &case, (sender, &answer), &mut differences).await;
    }
    differences.none();
}

/// Adds a parameter and fields that no operation has.
fn ignored(case: &Case, path: &mut String, body: Option<&mut Value>) {
    if case.row.exception(Rule::UnknownParameter, "query").is_none() {
        path.push_str(if path.contains('?') { "&" } else { "?" });
        path.push_str("unknown=1");
    }
    if let Some(body) = body
        && case.row.exception(Rule::UnknownField, "body").is_none()
    {
        body["unknown"] = json!(true);
        body["isSuperAdmin"] = json!(true);
    }
}

/// Expects success, and one audit row for each event.
async fn check(
    world: &World,
    case: &Case,
    (who, answer): (&Colleague, &Answer),
    differences: &mut Differences,
) {
    let (row, about) = (&case.row, format!("{} as {}: {}", case.id(), who.role, answer.body));
    differences.equal(&about, &answer.status.as_u16(), &row.status);
    differences.equal(&about, &answer.body.is_empty(), &(row.status == 204));
    let recorded = world.recorded(answer).await;
    let mut events: Vec<&str> = recorded.iter().map(|row| row.event_type.as_str()).collect();
    events.sort_unstable();
    differences.equal(&about, events.as_slice(), row.records);
    for event in &recorded {
        let by = (event.actor_id, event.actor_label.as_deref());
        differences.equal(&about, &by, &(Some(who.id), Some(who.email.as_str())));
        if row.own_account.is_some() {
            differences.equal(&about, &event.user_id, &Some(who.id));
        }
        let origin = (event.ip_address.as_deref(), event.user_agent.as_deref());
        differences.equal(&about, &origin, &(Some("127.0.0.1"), Some(AGENT)));
    }
}

async fn each_built_in_role_may_do_what_the_specification_says(app: TestApp) {
    let mut world = World::of(app).await;
    let mut roles = Vec::new();
    for (person, held) in ROLES {
        roles.push((world.colleague(person).await, held));
    }
    let mut helper = world.colleague(HELPER).await;
    let mut differences = Differences::default();
    for case in cases() {
        for (who, held) in &mut roles {
            world.rest();
            if case.endpoint.access.admits(held) {
                let mut prepared = world.prepared(&case.row, who.role).await;
                let request = case.request(&prepared.run);
                let sender = prepared.sender(who);
                let answer = request.send(&mut sender.admin, &[]).await;
                check(&world, &case, (sender, &answer), &mut differences).await;
            } else {
                let required = case.endpoint.access.required();
                let message = format!("Insufficient permissions. Required: {required}");
                let run = world.run();
                forbidden(&world, (&case, &run), (who, &message), &mut differences).await;
            }
        }
        if case.endpoint.access != Access::Public {
            let run = world.run();
            let no = (&mut helper, "Admin role required");
            forbidden(&world, (&case, &run), no, &mut differences).await;
        }
    }
    differences.none();
}

/// Expects a refusal that at most one audit row tells of: whoever is refused often gets so many rows a minute.
async fn forbidden(
    world: &World,
    (case, run): (&Case, &Run),
    (who, message): (&mut Colleague, &str),
    differences: &mut Differences,
) {
    let answer = case.request(run).send(&mut who.admin, &[]).await;
    let about = format!("{} as {}: {}", case.id(), who.role, answer.body);
    differences.equal(&about, &answer.status, &StatusCode::FORBIDDEN);
    let body = parsed(&answer);
    differences.equal(&about, &body["error"], "Forbidden");
    differences.equal(&about, &body["message"], message);
    let recorded = world.recorded(&answer).await;
    let tells = |row: &AuditEvent| row.event_type == "admin.access_denied" && row.actor_id == Some(who.id);
    differences.holds(&format!("{about}: {recorded:?}"), recorded.len() <= 1 && recorded.iter().all(tells));
}

async fn a_read_answers_head_too(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let mut differences = Differences::default();
    for case in cases().into_iter().filter(|case| !case.operation.changes()) {
        world.rest();
        let run = world.run();
        let mut request = case.request(&run);
        request.method = Method::HEAD;
        let answer = request.send(&mut root.admin, &[]).await;
        let about = format!("{}: {}", case.id(), answer.body);
        differences.equal(&about, &answer.status.as_u16(), &case.row.status);
        differences.holds(&about, answer.body.is_empty());
    }
    differences.none();
}
