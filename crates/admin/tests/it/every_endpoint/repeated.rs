//! What a request does that is sent again.

use axum::http::{HeaderName, Method};
use porta_testkit::TestApp;

use super::case::cases;
use super::world::World;
use crate::support::*;

porta_testkit::on_both_stores!(
    a_request_with_a_key_is_carried_out_once,
    a_change_that_is_made_already_is_not_made_again,
);

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

async fn a_request_with_a_key_is_carried_out_once(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    for case in cases().into_iter().filter(|case| case.operation.method == Method::POST) {
        world.rest();
        let run = world.prepared(&case.row).await;
        let request = case.request(&run);
        let first = request.send(&mut root.admin, &[(KEY, case.id())]).await;
        assert_eq!(first.status.as_u16(), case.row.status, "{}: {}", case.id(), first.body);
        let second = request.send(&mut root.admin, &[(KEY, case.id())]).await;
        assert_eq!((second.status, &second.body), (first.status, &first.body), "{}", case.id());
        assert!(world.recorded(&second).await.is_empty(), "{}", case.id());
    }
}

/// Creations tell that the name is taken, changes of status that they are made; others may be sent as often as one likes.
async fn a_change_that_is_made_already_is_not_made_again(app: TestApp) {
    let mut world = World::of(app).await;
    let mut root = world.colleague(ROOT).await;
    for case in cases() {
        let Some(again) = case.row.again else { continue };
        world.rest();
        let run = world.prepared(&case.row).await;
        let request = case.request(&run);
        let first = request.send(&mut root.admin, &[]).await;
        assert_eq!(first.status.as_u16(), case.row.status, "{}: {}", case.id(), first.body);
        let second = request.send(&mut root.admin, &[]).await;
        assert_eq!(second.status.as_u16(), again, "{}: {}", case.id(), second.body);
        if again >= 400 {
            assert!(world.recorded(&second).await.is_empty(), "{}", case.id());
        }
    }
}
