//! The life of signing keys: made, published, signing, retired, revoked, and two operators at once.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use porta_core::organization::Organization;
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_directory::{DirectoryError, KeySummary};
use serde_json::json;
use support::{START, World, actor, refused};

both_stores!(
    keys_are_made_once,
    rotation_moves_every_key_one_place,
    rotation_of_all_algorithms_that_are_in_use,
    a_retired_key_verifies_as_long_as_the_last_token,
    a_revoked_active_key_is_replaced_by_the_published_one,
    a_revoked_next_key_is_replaced,
    private_halves_open_for_their_own_row_only,
    two_rotations_at_once_retire_one_key,
    many_instances_make_one_pair,
    another_tenant_is_untouched,
);

const ES256: SigningAlgorithm = SigningAlgorithm::Es256;

async fn keys(world: &World, organization: &Organization) -> Vec<KeySummary> {
    world.directory.signing_keys(organization).await.unwrap()
}

async fn kid(world: &World, organization: &Organization, status: SigningKeyStatus) -> String {
    let all = keys(world, organization).await;
    let found: Vec<_> = all.iter().filter(|k| k.status == status && k.algorithm == ES256).collect();
    assert_eq!(found.len(), 1, "{all:?}");
    found[0].kid.clone()
}

async fn keys_are_made_once(world: World) {
    let harbor = world.organization("harbor").await;
    let before = keys(&world, &harbor).await;
    let mut work = world.work().await;
    assert!(!work.ensure_signing_keys(&harbor, ES256).await.unwrap());
    assert!(work.ensure_signing_keys(&harbor, SigningAlgorithm::EdDsa).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(keys(&world, &harbor).await.len(), before.len() + 2);
}

async fn rotation_moves_every_key_one_place(world: World) {
    let harbor = world.organization("harbor").await;
    let active = kid(&world, &harbor, SigningKeyStatus::Active).await;
    let next = kid(&world, &harbor, SigningKeyStatus::Next).await;
    world.clock.advance(Duration::from_secs(5));
    let mut work = world.work().await;
    let rotation = work.rotate_signing_key(&harbor, ES256).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(rotation.active, next, "the published key signs now");
    assert_eq!(rotation.retired.as_deref(), Some(&*active));
    assert_eq!(kid(&world, &harbor, SigningKeyStatus::Active).await, next);
    assert_eq!(kid(&world, &harbor, SigningKeyStatus::Retired).await, active);
    assert_eq!(kid(&world, &harbor, SigningKeyStatus::Next).await, rotation.next);
    assert!(world.audit_names().await.contains(&"key.rotated".to_owned()));
}

async fn rotation_of_all_algorithms_that_are_in_use(world: World) {
    let harbor = world.organization("harbor").await;
    let mut work = world.work().await;
    work.ensure_signing_keys(&harbor, SigningAlgorithm::EdDsa).await.unwrap();
    let rotations = work.rotate_signing_keys(&harbor, None).await.unwrap();
    let algorithms: Vec<_> = rotations.iter().map(|r| r.algorithm).collect();
    assert_eq!(algorithms, [ES256, SigningAlgorithm::EdDsa]);
    let one = work.rotate_signing_keys(&harbor, Some(ES256)).await.unwrap();
    assert_eq!(one.len(), 1);
    work.commit().await.unwrap();
}

async fn a_retired_key_verifies_as_long_as_the_last_token(world: World) {
    let harbor = world.organization("harbor").await;
    let mut work = world.work().await;
    work.set_setting(Some(&harbor), "id_token_ttl", &json!("2h")).await.unwrap();
    work.rotate_signing_key(&harbor, ES256).await.unwrap();
    work.commit().await.unwrap();
    let all = keys(&world, &harbor).await;
    let retired = all.iter().find(|k| k.status == SigningKeyStatus::Retired).unwrap();
    assert_eq!(retired.expires_at, Some(START + Duration::from_hours(2)));
    assert_eq!(retired.retired_at, Some(START));
}

async fn a_revoked_active_key_is_replaced_by_the_published_one(world: World) {
    let harbor = world.organization("harbor").await;
    let active = kid(&world, &harbor, SigningKeyStatus::Active).await;
    let next = kid(&world, &harbor, SigningKeyStatus::Next).await;
    let mut work = world.work().await;
    work.revoke_signing_key(&harbor, &active).await.unwrap();
    assert!(refused(work.revoke_signing_key(&harbor, &active).await).contains("already revoked"));
    assert!(refused(work.revoke_signing_key(&harbor, "nobody").await).contains("was not found"));
    work.commit().await.unwrap();
    assert_eq!(kid(&world, &harbor, SigningKeyStatus::Revoked).await, active);
    assert_eq!(kid(&world, &harbor, SigningKeyStatus::Active).await, next);
    kid(&world, &harbor, SigningKeyStatus::Next).await;
    assert!(world.audit_names().await.contains(&"key.revoked".to_owned()));
}

async fn a_revoked_next_key_is_replaced(world: World) {
    let harbor = world.organization("harbor").await;
    let active = kid(&world, &harbor, SigningKeyStatus::Active).await;
    let next = kid(&world, &harbor, SigningKeyStatus::Next).await;
    let mut work = world.work().await;
    work.revoke_signing_key(&harbor, &next).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(kid(&world, &harbor, SigningKeyStatus::Active).await, active);
    assert_ne!(kid(&world, &harbor, SigningKeyStatus::Next).await, next);
}

async fn private_halves_open_for_their_own_row_only(world: World) {
    let harbor = world.organization("harbor").await;
    let ring = porta_core::seal::Keyring::new(&[[9; 32]], "signing-keys");
    let rows = world.store.repositories().signing_keys(harbor.id).all().await.unwrap();
    for row in &rows {
        let identity = SigningKey::seal_identity(harbor.id, &row.kid);
        assert!(ring.open(&row.private_key, &identity).is_ok());
        assert!(ring.open(&row.private_key, &SigningKey::seal_identity(harbor.id, "other")).is_err());
    }
}

async fn two_rotations_at_once_retire_one_key(world: World) {
    let harbor = world.organization("harbor").await;
    world.warm().await;
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (directory, harbor) = (world.directory.clone(), harbor.clone());
            tokio::spawn(async move {
                let mut work = directory.begin(actor()).await?;
                let rotation = work.rotate_signing_key(&harbor, ES256).await?;
                work.commit().await?;
                Ok::<_, DirectoryError>(rotation)
            })
        })
        .collect();
    let mut retired = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(rotation) => retired.extend(rotation.retired),
            Err(error) => assert!(error.is_about_the_request(), "{error:?}"),
        }
    }
    assert!(!retired.is_empty());
    let distinct: BTreeSet<_> = retired.iter().collect();
    assert_eq!(distinct.len(), retired.len(), "no key retires twice");
    let all = keys(&world, &harbor).await;
    let count = |status| all.iter().filter(|k| k.status == status).count();
    assert_eq!(count(SigningKeyStatus::Active), 1);
    assert_eq!(count(SigningKeyStatus::Next), 1);
    assert_eq!(count(SigningKeyStatus::Retired), retired.len());
}

async fn many_instances_make_one_pair(world: World) {
    let harbor = world.organization("harbor").await;
    world.warm().await;
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (directory, harbor) = (world.directory.clone(), harbor.clone());
            tokio::spawn(async move {
                let mut work = directory.begin(actor()).await?;
                work.ensure_signing_keys(&harbor, SigningAlgorithm::EdDsa).await?;
                work.commit().await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let all = keys(&world, &harbor).await;
    assert_eq!(all.iter().filter(|k| k.algorithm == SigningAlgorithm::EdDsa).count(), 2);
}

async fn another_tenant_is_untouched(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let before = keys(&world, &other).await;
    let foreign = before[0].kid.clone();
    let mut work = world.work().await;
    work.rotate_signing_key(&harbor, ES256).await.unwrap();
    assert!(refused(work.revoke_signing_key(&harbor, &foreign).await).contains("was not found"));
    work.commit().await.unwrap();
    assert_eq!(keys(&world, &other).await, before);
}
