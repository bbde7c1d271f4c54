//! What a request does that is sent again.

use axum::http::{HeaderName, Method, StatusCode};
use porta_core::audit::AuditEvent;
use porta_testkit::TestApp;

use super::case::cases;
use super::differences::Differences;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_request_with_a_key_is_carried_out_once,
    a_change_that_is_made_already_is_not_made_again,
);

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Tells of a token that the first request ended.
fn is_denial(row: &AuditEvent) -> bool {
    row.event_type == "admin.access_denied"
}

async fn a_request_with_a_key_is_carried_out_once(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let mut differences = Differences::default();
    for case in cases().into_iter().filter(|case| case.operation.method == Method::POST) {
        world.rest();
        let mut prepared = world.prepared(&case.row, root.role).await;
        let request = case.request(&prepared.run);
        let sender = prepared.sender(&mut root);
        let first = request.send(&mut sender.admin, &[(KEY, case.id())]).await;
        let about = format!("{}: {}", case.id(), first.body);
        differences.equal(&about, &first.status.as_u16(), &case.row.status);
        let second = request.send(&mut sender.admin, &[(KEY, case.id())]).await;
        if case.row.ends_its_token() {
            differences.equal(&about, &second.status, &StatusCode::UNAUTHORIZED);
        } else {
            differences.equal(&about, &(second.status, &second.body), &(first.status, &first.body));
        }
        let recorded = world.recorded(&second).await;
        differences.holds(&format!("{about}: {recorded:?}"), recorded.iter().all(is_denial));
    }
    differences.none();
}

/// Creations tell that the name is taken, changes of status that they are made; others may be sent as often as one likes.
async fn a_change_that_is_made_already_is_not_made_again(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    let mut differences = Differences::default();
    for case in cases() {
        let Some(again) = case.row.again else { continue };
        world.rest();
        let mut prepared = world.prepared(&case.row, root.role).await;
        let request = case.request(&prepared.run);
        let sender = prepared.sender(&mut root);
        let first = request.send(&mut sender.admin, &[]).await;
        let about = format!("{}: {}", case.id(), first.body);
        differences.equal(&about, &first.status.as_u16(), &case.row.status);
        let second = request.send(&mut sender.admin, &[]).await;
        let about = format!("{} again: {}", case.id(), second.body);
        differences.equal(&about, &second.status.as_u16(), &again);
        if again >= 400 {
            let recorded = world.recorded(&second).await;
            differences.holds(&format!("{about}: {recorded:?}"), recorded.iter().all(is_denial));
        }
    }
    differences.none();
}
