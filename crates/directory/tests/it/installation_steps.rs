//! An installation is there as a whole or not at all, wherever it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use porta_core::OrganizationId;
use porta_testkit::Operation;
use porta_testkit::database::TestDatabase;

use crate::installation::{ana, install, installation, wanted};
use crate::support::World;

/// Of some hundred statements each of these is tried.
const STRIDE: usize = 11;

async fn a_failure_at_any_step_leaves_nothing(test: TestDatabase) {
    let world = World::over(test.database.clone());
    let administrator = ana(&world).await;
    for failing in (0..).step_by(STRIDE) {
        let count = AtomicUsize::new(0);
        let fails = move |operation: Operation| {
            matches!(operation, Operation::StatementOfUnit(_))
                && count.fetch_add(1, Ordering::Relaxed) == failing
        };
        let broken = World::over(Arc::new(test.database.with_faults(Arc::new(fails))));
        if install(&broken.directory, wanted(administrator.clone(), false)).await.is_ok() {
            assert!(failing > 10 * STRIDE, "only {failing} statements");
            break;
        }
        let found = installation(&world).await;
        assert!(found.application.is_none() && found.administrator.is_none(), "{failing}");
        assert!(world.audit().await.is_empty() && broken.heard().is_empty(), "{failing}");
    }
    let found = installation(&world).await;
    assert!(found.application.is_some() && found.administrator.is_some());
}

#[tokio::test]
async fn a_failure_at_any_step_leaves_nothing_on_sqlite() {
    a_failure_at_any_step_leaves_nothing(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn a_failure_at_any_step_leaves_nothing_on_postgres() {
    a_failure_at_any_step_leaves_nothing(TestDatabase::postgres().await).await;
}

both_stores!(migrations_make_the_organization_of_the_administrators);

async fn migrations_make_the_organization_of_the_administrators(world: World) {
    assert_eq!(installation(&world).await.organization.id, OrganizationId::ADMIN);
    let mut work = world.work().await;
    assert!(!work.installation().seed().await.unwrap(), "nothing is missing");
    work.commit().await.unwrap();
    assert!(world.audit().await.is_empty() && world.heard().is_empty());
}
