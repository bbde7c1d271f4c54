//! Signing keys: at most one `next` and one `active`.

use std::sync::Arc;

use porta_core::seal::Sealed;
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{Entropy, OrganizationId, SigningKeyId, Timestamp};
use serde_json::json;
use tokio::task::JoinSet;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants};
use crate::{Store, StoreError};

const ES256: SigningAlgorithm = SigningAlgorithm::Es256;

pub fn key(w: &TwoTenants, owner: OrganizationId, status: SigningKeyStatus) -> SigningKey {
    let entropy: &dyn Entropy = &w.entropy;
    let id = SigningKeyId::new(NOW, entropy);
    SigningKey {
        id,
        organization_id: owner,
        kid: format!("kid-{id}"),
        algorithm: ES256,
        public_jwk: json!({"kty": "EC"}),
        private_key: Sealed { key_id: "k1".to_owned(), bytes: entropy.bytes::<40>().to_vec() },
        status,
        activated_at: (status == SigningKeyStatus::Active).then_some(NOW),
        retired_at: None,
        expires_at: None,
        created_at: NOW,
    }
}

pub async fn one_place_each(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut all = w.repositories();
    let mut keys = all.signing_keys(owner);
    let active = key(&w, owner, SigningKeyStatus::Active);
    let next = key(&w, owner, SigningKeyStatus::Next);
    assert!(keys.insert_if_absent(&active).await.unwrap());
    assert!(keys.insert_if_absent(&next).await.unwrap());
    assert!(!keys.insert_if_absent(&key(&w, owner, SigningKeyStatus::Active)).await.unwrap());
    assert!(!keys.insert_if_absent(&key(&w, owner, SigningKeyStatus::Next)).await.unwrap());
    let rsa = SigningKey { algorithm: SigningAlgorithm::Rs256, ..key(&w, owner, SigningKeyStatus::Active) };
    let rsa = SigningKey { activated_at: Some(NOW + MINUTE), ..rsa };
    assert!(keys.insert_if_absent(&rsa).await.unwrap(), "each algorithm has its own places");
    assert_eq!(keys.all().await.unwrap(), [rsa.clone(), active, next], "newest activation first");
    let same_kid =
        SigningKey { algorithm: SigningAlgorithm::EdDsa, id: SigningKeyId::new(NOW, &w.entropy), ..rsa };
    let refused = keys.insert_if_absent(&same_kid).await;
    assert!(matches!(&refused, Err(StoreError::Conflict(rule)) if rule == "signing_keys_kid"), "{refused:?}");
}

/// Across all organizations: what the readiness check needs.
pub async fn of_the_installation(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    assert!(w.store.newest_signing_key().await.unwrap().is_none());
    assert!(w.store.oldest_signing_key_activation().await.unwrap().is_none());
    let mut all = w.repositories();
    let (owner, other) = (w.acme.organization.id, w.other.organization.id);
    let older = key(&w, owner, SigningKeyStatus::Active);
    let newer = SigningKey {
        created_at: NOW + MINUTE,
        activated_at: Some(NOW + MINUTE),
        ..key(&w, other, SigningKeyStatus::Active)
    };
    let waiting = SigningKey { created_at: NOW + HOUR, ..key(&w, owner, SigningKeyStatus::Next) };
    for k in [&older, &newer, &waiting] {
        assert!(all.signing_keys(k.organization_id).insert_if_absent(k).await.unwrap());
    }
    assert_eq!(w.store.newest_signing_key().await.unwrap(), Some(newer), "only keys that sign");
    assert_eq!(w.store.oldest_signing_key_activation().await.unwrap(), Some(NOW));
}

pub async fn promotion(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut all = w.repositories();
    let mut keys = all.signing_keys(owner);
    let (until, now) = (NOW + HOUR, NOW + MINUTE);
    let mut first = key(&w, owner, SigningKeyStatus::Next);
    assert!(!keys.promote(ES256, None, until, now).await.unwrap(), "there is no next key");
    assert!(keys.insert_if_absent(&first).await.unwrap());
    let stranger = key(&w, owner, SigningKeyStatus::Active).id;
    assert!(
        !keys.promote(ES256, Some(stranger), until, now).await.unwrap(),
        "another one was expected to retire"
    );
    assert!(keys.promote(ES256, None, until, NOW).await.unwrap());
    assert!(!keys.promote(ES256, Some(first.id), until, now).await.unwrap(), "no next key; nothing retires");
    first.status = SigningKeyStatus::Active;
    first.activated_at = Some(NOW);
    assert_eq!(keys.all().await.unwrap(), std::slice::from_ref(&first));
    let mut second = key(&w, owner, SigningKeyStatus::Next);
    assert!(keys.insert_if_absent(&second).await.unwrap());
    assert!(!keys.promote(ES256, None, until, now).await.unwrap(), "there is an active one");
    assert!(keys.promote(ES256, Some(first.id), until, now).await.unwrap());
    first.status = SigningKeyStatus::Retired;
    first.retired_at = Some(now);
    first.expires_at = Some(until);
    second.status = SigningKeyStatus::Active;
    second.activated_at = Some(now);
    assert_eq!(keys.all().await.unwrap(), [second.clone(), first.clone()]);
    let third = key(&w, owner, SigningKeyStatus::Next);
    assert!(keys.insert_if_absent(&third).await.unwrap());
    for late in [first.id, stranger] {
        assert!(!keys.promote(ES256, Some(late), until, now).await.unwrap(), "another one is active by now");
    }
    assert_eq!(keys.all().await.unwrap(), [second.clone(), first.clone(), third]);
    assert!(keys.revoke(second.id, now).await.unwrap());
    assert!(!keys.revoke(second.id, now).await.unwrap());
    assert!(keys.all().await.unwrap().iter().all(|k| k.status != SigningKeyStatus::Active));
    assert!(keys.insert_if_absent(&key(&w, owner, SigningKeyStatus::Active)).await.unwrap(), "vacant again");
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut all = w.repositories();
    let (active, next) = (key(&w, owner, SigningKeyStatus::Active), key(&w, owner, SigningKeyStatus::Next));
    for k in [&active, &next] {
        assert!(all.signing_keys(owner).insert_if_absent(k).await.unwrap());
    }
    let mut other = all.signing_keys(w.other.organization.id);
    assert!(other.all().await.unwrap().is_empty());
    assert!(!other.revoke(active.id, NOW).await.unwrap());
    assert!(!other.promote(ES256, Some(active.id), NOW + HOUR, NOW).await.unwrap());
    assert!(!other.promote(ES256, None, NOW + HOUR, NOW).await.unwrap());
    let foreign = key(&w, owner, SigningKeyStatus::Retired);
    assert!(matches!(other.insert_if_absent(&foreign).await, Err(StoreError::MissingReference(_))));
    drop(other);
    assert_eq!(all.signing_keys(owner).all().await.unwrap(), [active, next]);
}

pub async fn racing_for_the_first_key(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, key) = (Arc::clone(&w.store), key(&w, owner, SigningKeyStatus::Active));
        tasks.spawn(async move {
            store.repositories().signing_keys(key.organization_id).insert_if_absent(&key).await.unwrap()
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(w.repositories().signing_keys(owner).all().await.unwrap().len(), 1);
}

pub async fn racing_to_promote(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut expected: Option<SigningKeyId> = None;
    // The first round has no key to retire.
    for round in 0..20_i64 {
        let next = key(&w, owner, SigningKeyStatus::Next);
        assert!(w.repositories().signing_keys(owner).insert_if_absent(&next).await.unwrap());
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let store = Arc::clone(&w.store);
            let now = Timestamp::from_seconds(NOW.seconds() + round);
            tasks.spawn(async move {
                store
                    .repositories()
                    .signing_keys(owner)
                    .promote(ES256, expected, now + HOUR, now)
                    .await
                    .unwrap()
            });
        }
        assert_eq!(tasks.join_all().await.into_iter().filter(|won| *won).count(), 1);
        let keys = w.repositories().signing_keys(owner).all().await.unwrap();
        let active: Vec<_> = keys.iter().filter(|k| k.status == SigningKeyStatus::Active).collect();
        assert_eq!(active.iter().map(|k| k.id).collect::<Vec<_>>(), [next.id]);
        expected = Some(next.id);
    }
}
