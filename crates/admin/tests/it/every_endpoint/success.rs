//! What a valid request does for whoever may send it, and that nobody else may.

use axum::http::{Method, StatusCode};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use super::case::{AGENT, Case, cases};
use super::row::Rule;
use super::specification::{Access, ROLES};
use super::world::{Colleague, Run, World};
use crate::support::*;

porta_testkit::on_both_stores!(
    a_super_admin_may_do_everything,
    each_built_in_role_may_do_what_the_specification_says,
    a_read_answers_head_too,
);

async fn a_super_admin_may_do_everything(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    for case in cases() {
        world.rest();
        let run = world.prepared(&case.row).await;
        let mut request = case.request(&run);
        ignored(&case, &mut request.path, request.body.as_mut());
        let answer = request.send(&mut root.admin, &[]).await;
        check(&world, &case, &root, &answer).await;
    }
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
async fn check(world: &World, case: &Case, who: &Colleague, answer: &Answer) {
    let (id, row, by) = (case.id(), &case.row, who.email);
    assert_eq!(answer.status.as_u16(), row.status, "{id} by {by}: {}", answer.body);
    assert_eq!(answer.body.is_empty(), row.status == 204, "{id} by {by}: {}", answer.body);
    let recorded = world.recorded(answer).await;
    let mut events: Vec<&str> = recorded.iter().map(|row| row.event_type.as_str()).collect();
    events.sort_unstable();
    assert_eq!(events, row.records, "{id} by {by}");
    for row in &recorded {
        assert_eq!((row.actor_id, row.actor_label.as_deref()), (Some(who.id), Some(by)), "{id}");
        let origin = (row.ip_address.as_deref(), row.user_agent.as_deref());
        assert_eq!(origin, (Some("127.0.0.1"), Some(AGENT)), "{id} by {by}");
    }
}

async fn each_built_in_role_may_do_what_the_specification_says(app: TestApp) {
    let mut world = World::of(app).await;
    let mut roles = Vec::new();
    for (person, held) in ROLES {
        roles.push((world.colleague(person).await, held));
    }
    let mut helper = world.colleague(HELPER).await;
    for case in cases() {
        for (who, held) in &mut roles {
            world.rest();
            if case.endpoint.access.admits(held) {
                let run = world.prepared(&case.row).await;
                let answer = case.request(&run).send(&mut who.admin, &[]).await;
                check(&world, &case, who, &answer).await;
            } else {
                let required = case.endpoint.access.required();
                let message = format!("Insufficient permissions. Required: {required}");
                let run = world.run();
                forbidden(&world, (&case, &run), who, &message).await;
            }
        }
        if case.endpoint.access != Access::Public {
            let run = world.run();
            forbidden(&world, (&case, &run), &mut helper, "Admin role required").await;
        }
    }
}

async fn forbidden(world: &World, (case, run): (&Case, &Run), who: &mut Colleague, message: &str) {
    let answer = case.request(run).send(&mut who.admin, &[]).await;
    let about = format!("{} by {}: {}", case.id(), who.email, answer.body);
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{about}");
    let body = answer.json();
    assert_eq!((&body["error"], &body["message"]), (&json!("Forbidden"), &json!(message)), "{about}");
    assert!(world.recorded(&answer).await.is_empty(), "{about}");
}

async fn a_read_answers_head_too(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    for case in cases().into_iter().filter(|case| !case.operation.changes()) {
        world.rest();
        let run = world.run();
        let mut request = case.request(&run);
        request.method = Method::HEAD;
        let answer = request.send(&mut root.admin, &[]).await;
        assert_eq!(answer.status.as_u16(), case.row.status, "{}", case.id());
        assert!(answer.body.is_empty(), "{}: {}", case.id(), answer.body);
    }
}
