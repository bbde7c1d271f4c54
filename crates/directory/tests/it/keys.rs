//! Signing-key lifecycle: creation, publication, signing, retirement, revocation, and concurrent operators.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{START, World, actor, refused};
use porta_core::organization::Organization;
use porta_core::signing_key::{KNOWN_AFTER, SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{Clock as _, Timestamp};
use porta_directory::{DirectoryError, KeySummary, Rotation, Urgency};
use serde_json::json;

both_stores!(
    keys_are_made_once,
    rotation_moves_every_key_one_place,
    rotation_of_all_algorithms_that_are_in_use,
    a_key_waits_until_every_verifier_knows_it,
    an_emergency_does_not_wait,
    one_key_that_has_to_wait_holds_the_others_back,
    a_new_algorithms_next_key_waits_too,
    a_missing_next_key_is_published_although_the_rotation_waits,
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
    assert!(!work.signing_keys().ensure(&harbor, ES256).await.unwrap());
    assert!(work.signing_keys().ensure(&harbor, SigningAlgorithm::EdDsa).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(keys(&world, &harbor).await.len(), before.len() + 2);
}

async fn rotation_moves_every_key_one_place(world: World) {
    let harbor = world.organization("harbor").await;
    let active = kid(&world, &harbor, SigningKeyStatus::Active).await;
    let next = kid(&world, &harbor, SigningKeyStatus::Next).await;
    world.clock.advance(Duration::from_secs(5));
    let mut work = world.work().await;
    let rotation = work.signing_keys().rotate(&harbor, ES256, Urgency::Planned).await.unwrap();
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
    work.signing_keys().ensure(&harbor, SigningAlgorithm::EdDsa).await.unwrap();
    let rotations = work.signing_keys().rotate_each(&harbor, None, Urgency::Planned).await.unwrap();
    let algorithms: Vec<_> = rotations.iter().map(|r| r.algorithm).collect();
    assert_eq!(algorithms, [ES256, SigningAlgorithm::EdDsa]);
    let one = work.signing_keys().rotate_each(&harbor, Some(ES256), Urgency::Emergency).await.unwrap();
    assert_eq!(one.len(), 1);
    work.commit().await.unwrap();
}

async fn rotate(world: &World, harbor: &Organization, urgency: Urgency) -> Result<Rotation, DirectoryError> {
    let mut work = world.work().await;
    let rotation = work.signing_keys().rotate(harbor, ES256, urgency).await;
    work.commit().await.unwrap();
    rotation
}

fn waits_until(refused: Result<Rotation, DirectoryError>) -> Timestamp {
    match refused {
        Err(error @ DirectoryError::TooSoon { known_from, .. }) => {
            assert!(error.is_about_the_request() && error.to_string().contains(&known_from.rfc3339()));
            known_from
        }
        other => unreachable!("{other:?}"),
    }
}

/// Decision D4: a key must not sign while a verifier may still cache a JWKS from before its publication.
async fn a_key_waits_until_every_verifier_knows_it(world: World) {
    let harbor = world.organization("harbor").await;
    let moment = Duration::from_micros(1);
    for _ in 0..2 {
        rotate(&world, &harbor, Urgency::Planned).await.unwrap();
        let before = keys(&world, &harbor).await;
        let published = world.clock.now();
        for early in [Duration::ZERO, KNOWN_AFTER.saturating_sub(moment)] {
            world.clock.advance(early);
            let refused = rotate(&world, &harbor, Urgency::Planned).await;
            assert_eq!(waits_until(refused), published + KNOWN_AFTER);
        }
        assert_eq!(keys(&world, &harbor).await, before, "nothing moved");
        world.clock.advance(moment);
    }
    let events = world.audit().await;
    let rotations: Vec<_> = events.iter().filter(|e| e.event_type == "key.rotated").collect();
    assert_eq!(rotations.len(), 2);
    assert!(rotations.iter().all(|e| e.metadata["emergency"] == false));
}

async fn an_emergency_does_not_wait(world: World) {
    let harbor = world.organization("harbor").await;
    let first = rotate(&world, &harbor, Urgency::Emergency).await.unwrap();
    let second = rotate(&world, &harbor, Urgency::Emergency).await.unwrap();
    assert_eq!((second.retired, second.active), (Some(first.active), first.next));
    waits_until(rotate(&world, &harbor, Urgency::Planned).await);
    let events = world.audit().await;
    let rotations: Vec<_> = events.iter().filter(|e| e.event_type == "key.rotated").collect();
    assert!(rotations.len() == 2 && rotations.iter().all(|e| e.metadata["emergency"] == true));
}

async fn one_key_that_has_to_wait_holds_the_others_back(world: World) {
    let harbor = world.organization("harbor").await;
    let mut work = world.work().await;
    work.signing_keys().ensure(&harbor, SigningAlgorithm::EdDsa).await.unwrap();
    work.signing_keys().rotate(&harbor, SigningAlgorithm::EdDsa, Urgency::Planned).await.unwrap();
    work.commit().await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let before = keys(&world, &harbor).await;
    let mut work = world.work().await;
    let refused =
        work.signing_keys().rotate_each(&harbor, None, Urgency::Planned).await.map(|mut all| all.remove(0));
    work.commit().await.unwrap();
    assert_eq!(waits_until(refused), START + KNOWN_AFTER);
    assert_eq!(keys(&world, &harbor).await, before);
}

async fn a_new_algorithms_next_key_waits_too(world: World) {
    let harbor = world.organization("harbor").await;
    world.clock.advance(Duration::from_hours(1));
    let mut work = world.work().await;
    work.signing_keys().ensure(&harbor, SigningAlgorithm::EdDsa).await.unwrap();
    let refused = work.signing_keys().rotate(&harbor, SigningAlgorithm::EdDsa, Urgency::Planned).await;
    assert_eq!(waits_until(refused), world.clock.now() + KNOWN_AFTER, "a JWKS without it is in use");
}

async fn a_missing_next_key_is_published_although_the_rotation_waits(world: World) {
    let harbor = world.organization("harbor").await;
    world.clock.advance(Duration::from_hours(1));
    let rows = world.store.repositories().signing_keys(harbor.id).all().await.unwrap();
    let next = rows.iter().find(|k| k.status == SigningKeyStatus::Next).unwrap().id;
    assert!(
        world.store.repositories().signing_keys(harbor.id).revoke(next, world.clock.now()).await.unwrap()
    );
    let known_from = waits_until(rotate(&world, &harbor, Urgency::Planned).await);
    let published = kid(&world, &harbor, SigningKeyStatus::Next).await;
    world.clock.advance(KNOWN_AFTER);
    assert_eq!(world.clock.now(), known_from);
    assert_eq!(rotate(&world, &harbor, Urgency::Planned).await.unwrap().active, published);
}

async fn a_retired_key_verifies_as_long_as_the_last_token(world: World) {
    let harbor = world.organization("harbor").await;
    let mut work = world.work().await;
    work.settings().set(Some(&harbor), "id_token_ttl", &json!("2h")).await.unwrap();
    work.signing_keys().rotate(&harbor, ES256, Urgency::Planned).await.unwrap();
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
    work.signing_keys().revoke(&harbor, &active).await.unwrap();
    assert!(refused(work.signing_keys().revoke(&harbor, &active).await).contains("already revoked"));
    assert!(refused(work.signing_keys().revoke(&harbor, "nobody").await).contains("was not found"));
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
    work.signing_keys().revoke(&harbor, &next).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(kid(&world, &harbor, SigningKeyStatus::Active).await, active);
    assert_ne!(kid(&world, &harbor, SigningKeyStatus::Next).await, next);
}

async fn private_halves_open_for_their_own_row_only(world: World) {
    let harbor = world.organization("harbor").await;
    let mut work = world.work().await;
    work.signing_keys().rotate(&harbor, ES256, Urgency::Planned).await.unwrap();
    work.commit().await.unwrap();
    let ring = porta_core::seal::Keyring::new(&[[9; 32]], "signing-keys");
    let rows = world.store.repositories().signing_keys(harbor.id).all().await.unwrap();
    assert!(rows.len() > 2, "those of the beginning, and the one that the rotation made");
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
                let rotation = work.signing_keys().rotate(&harbor, ES256, Urgency::Planned).await?;
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
                work.signing_keys().ensure(&harbor, SigningAlgorithm::EdDsa).await?;
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
    work.signing_keys().rotate(&harbor, ES256, Urgency::Planned).await.unwrap();
    assert!(refused(work.signing_keys().revoke(&harbor, &foreign).await).contains("was not found"));
    work.commit().await.unwrap();
    assert_eq!(keys(&world, &other).await, before);
}
