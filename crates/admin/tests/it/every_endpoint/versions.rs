//! Changes that are based on an older version.

use axum::http::{StatusCode, header};
use porta_testkit::TestApp;

use super::case::cases;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(a_change_of_an_older_version_is_refused);

async fn a_change_of_an_older_version_is_refused(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    for case in cases().into_iter().filter(|case| case.row.is_editable) {
        world.rest();
        let run = world.prepared(&case.row).await;
        let request = case.request(&run);
        let stale = request.send(&mut root.admin, &[(header::IF_MATCH, "W/\"older-0\"")]).await;
        let about = format!("{}: {}", case.id(), stale.body);
        assert_eq!(stale.status, StatusCode::CONFLICT, "{about}");
        assert!(world.recorded(&stale).await.is_empty(), "{about}");
        let body = stale.json();
        assert!(body["error"] == "Conflict" && body["currentEntity"].is_object(), "{about}");
        // What the refusal tells is the version to base a change on.
        let current = body["currentETag"].as_str().unwrap();
        let answer = request.send(&mut root.admin, &[(header::IF_MATCH, current)]).await;
        assert_eq!(answer.status.as_u16(), case.row.status, "{}: {}", case.id(), answer.body);
    }
}
