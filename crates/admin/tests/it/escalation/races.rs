//! Rights that are taken while they are used.

use axum::http::Method;
use porta_testkit::TestApp;
use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::concurrency::count;

porta_testkit::on_both_stores!(
    what_a_demotion_overtakes_is_refused_and_recorded,
    one_of_two_who_end_a_program_wins_and_it_is_out,
);

const ROUNDS: usize = 3;
const REQUESTS: usize = 6;

/// A request is carried out whole or refused; whatever begins after the answer to the demotion is refused.
async fn what_a_demotion_overtakes_is_refused_and_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let held = role(&mut root, "porta-admin", "porta-user-admin").await;
    let own = format!("/organizations/porta-admin/users/{}/roles", id(&admins, USERS).await);
    let mut users = admins.sign_in(USERS).await;
    let before = expect(&root.get(LIST).await, StatusCode::OK)["total"].as_u64().unwrap();
    let (mut done, mut stopped) = (0, 0);
    for round in 0..ROUNDS {
        let mut all = JoinSet::new();
        for n in 0..REQUESTS {
            let mut admin = admins.bearer(&users.token);
            let user = json!({ "email": format!("race-{round}-{n}@acme.test") });
            all.spawn(async move { admin.post(LIST, &user).await.status });
        }
        expect(&root.delete(&format!("{own}/{held}")).await, StatusCode::NO_CONTENT);
        let late = json!({ "email": format!("late-{round}@acme.test") });
        refused(&users.post(LIST, &late).await, StatusCode::FORBIDDEN, "Forbidden");
        let statuses = all.join_all().await;
        done += count(&statuses, StatusCode::CREATED);
        stopped += count(&statuses, StatusCode::FORBIDDEN) + 1;
        assert_eq!(done + stopped, (round + 1) * (REQUESTS + 1), "{statuses:?}");
        expect(&root.post(&own, &json!({ "roleId": held })).await, StatusCode::NO_CONTENT);
    }
    let after = expect(&root.get(LIST).await, StatusCode::OK)["total"].as_u64().unwrap();
    assert_eq!(usize::try_from(after - before).unwrap(), done);
    assert_eq!(admins.count(DENIED).await, stopped);
    let rows = admins.audit().await;
    let made =
        |row: &&AuditEvent| row.event_type == "user.created" && row.actor_label.as_deref() == Some(USERS.0);
    assert_eq!(rows.iter().filter(made).count(), done);
}

async fn one_of_two_who_end_a_program_wins_and_it_is_out(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut robot = crate::services::service(&admins, crate::services::ROBOT, None).await;
    expect(&robot.get(LIST).await, StatusCode::OK);
    let revoke = |_| (Method::POST, "/clients/robot/revoke".to_owned(), json!({}), None);
    let statuses = crate::concurrency::at_once(&admins, 8, revoke).await;
    assert_eq!(count(&statuses, StatusCode::NO_CONTENT), 1, "{statuses:?}");
    let losers = count(&statuses, StatusCode::CONFLICT) + count(&statuses, StatusCode::BAD_REQUEST);
    assert_eq!(losers, 7, "{statuses:?}");
    refused(&robot.get(LIST).await, StatusCode::FORBIDDEN, "Forbidden");
}
