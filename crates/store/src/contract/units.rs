//! Units of work.

use std::sync::Arc;

use super::fixture::{TwoTenants, organization};
use crate::{Store, StoreError};

pub async fn commit_and_drop(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (kept, lost) = (organization("kept", &w.entropy), organization("lost", &w.entropy));
    let mut unit = w.store.begin().await.unwrap();
    unit.organizations().insert(&kept).await.unwrap();
    assert!(unit.organizations().by_id(kept.id).await.unwrap().is_some(), "a unit sees its own changes");
    unit.commit().await.unwrap();
    let mut unit = w.store.begin().await.unwrap();
    unit.organizations().insert(&lost).await.unwrap();
    drop(unit);
    let mut all = w.repositories();
    assert!(all.organizations().by_id(kept.id).await.unwrap().is_some());
    assert!(all.organizations().by_id(lost.id).await.unwrap().is_none());
    // The connection of a dropped transaction can be used again.
    for _ in 0..20 {
        let unit = w.store.begin().await.unwrap();
        unit.commit().await.unwrap();
    }
}

pub async fn savepoints(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let made: Vec<_> = ["one-x", "two-x", "three-x"].map(|n| organization(n, &w.entropy)).into();
    let mut unit = w.store.begin().await.unwrap();
    assert!(unit.rollback_to_savepoint().await.is_err(), "there is nothing to go back to");
    unit.organizations().insert(&made[0]).await.unwrap();
    unit.savepoint().await.unwrap();
    unit.organizations().insert(&made[1]).await.unwrap();
    // After a failed statement only a rollback to the savepoint helps.
    assert!(matches!(unit.organizations().insert(&made[1]).await, Err(StoreError::Conflict(_))));
    unit.rollback_to_savepoint().await.unwrap();
    assert!(unit.organizations().by_id(made[1].id).await.unwrap().is_none());
    // The later savepoint replaces the earlier one, and can be rolled back to twice.
    unit.organizations().insert(&made[1]).await.unwrap();
    unit.savepoint().await.unwrap();
    for _ in 0..2 {
        unit.organizations().insert(&made[2]).await.unwrap();
        unit.rollback_to_savepoint().await.unwrap();
    }
    unit.commit().await.unwrap();
    let mut all = w.repositories();
    let mut there = Vec::new();
    for organization in &made {
        there.push(all.organizations().by_id(organization.id).await.unwrap().is_some());
    }
    assert_eq!(there, [true, true, false]);
}

/// PostgreSQL itself would report success for the commit of a failed transaction, and keep nothing.
pub async fn a_failed_unit_keeps_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let fresh = organization("fresh", &w.entropy);
    let mut unit = w.store.begin().await.unwrap();
    unit.organizations().insert(&fresh).await.unwrap();
    assert!(unit.organizations().insert(&fresh).await.is_err());
    assert!(unit.commit().await.is_err());
    assert!(w.repositories().organizations().by_id(fresh.id).await.unwrap().is_none());
}
