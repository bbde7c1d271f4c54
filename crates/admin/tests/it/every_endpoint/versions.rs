//! Changes that are based on an older version.

use axum::http::{StatusCode, header};
use porta_testkit::TestApp;

use super::case::cases;
use super::differences::{Differences, parsed};
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(a_change_of_an_older_version_is_refused);

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
