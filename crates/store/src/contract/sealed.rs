//! Sealed values of the whole installation: found by key id, replaced only while unchanged since they were read.

use std::sync::Arc;

use porta_core::outbox::{self, OutboxItem, OutboxKind, OutboxPayload};
use porta_core::seal::Sealed;
use porta_core::second_factor::{RecoveryCode, TotpCredential};
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{EntityId as _, Entropy, OrganizationId, OutboxId, SigningKeyId};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{HOUR, NOW, Tenant, TwoTenants, one_round_trip, totp};
use crate::{SealedKind, SealedRow, Store};

use SealedKind::{Authenticator, OutgoingEmail};

fn seal(w: &TwoTenants, key_id: &str) -> Sealed {
    let entropy: &dyn Entropy = &w.entropy;
    Sealed { key_id: key_id.to_owned(), bytes: entropy.bytes::<40>().to_vec() }
}

async fn signing_key(
    w: &TwoTenants,
    owner: OrganizationId,
    status: SigningKeyStatus,
    key_id: &str,
) -> SigningKey {
    let id = SigningKeyId::new(NOW, &w.entropy);
    let key = SigningKey {
        id,
        organization_id: owner,
        kid: format!("kid-{id}"),
        algorithm: SigningAlgorithm::Es256,
        public_jwk: json!({"kty": "EC"}),
        private_key: seal(w, key_id),
        status,
        activated_at: (status == SigningKeyStatus::Active).then_some(NOW),
        retired_at: None,
        expires_at: None,
        created_at: NOW,
    };
    assert!(w.repositories().signing_keys(owner).insert_if_absent(&key).await.unwrap());
    key
}

async fn outgoing(w: &TwoTenants, owner: Option<OrganizationId>, sealed: Option<Sealed>) -> OutboxItem {
    let id = OutboxId::new(NOW, &w.entropy);
    let item = OutboxItem {
        id,
        organization_id: owner,
        kind: OutboxKind::Mail,
        payload: OutboxPayload { about: json!({"template": "welcome"}), sealed },
        idempotency_key: id.to_string(),
        created_at: NOW,
    };
    assert!(w.repositories().outbox().enqueue(&item).await.unwrap());
    item
}

async fn authenticator(w: &TwoTenants, of: &Tenant, key_id: &str) -> TotpCredential {
    let credential = TotpCredential { secret: seal(w, key_id), ..totp(&of.user, &w.entropy) };
    let mut all = w.repositories();
    assert!(all.second_factors(of.organization.id).enrol_totp(&credential, None).await.unwrap());
    credential
}

async fn found(w: &TwoTenants, kind: SealedKind, current: &str) -> Vec<SealedRow> {
    w.repositories().sealed().under_other_keys(kind, current, Uuid::nil(), 100).await.unwrap()
}

/// The values of both tenants are found complete, and no longer once they are sealed with the current key.
pub async fn found_and_replaced(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let keys = [
        signing_key(&w, acme, SigningKeyStatus::Active, "old").await,
        signing_key(&w, other, SigningKeyStatus::Next, "older").await,
    ];
    let emails = [
        outgoing(&w, Some(acme), Some(seal(&w, "old"))).await,
        outgoing(&w, Some(other), Some(seal(&w, "older"))).await,
    ];
    let factors = [authenticator(&w, &w.acme, "old").await, authenticator(&w, &w.other, "older").await];
    let mut expected: Vec<SealedRow> = Vec::new();
    for key in &keys {
        expected.push(SealedRow {
            id: key.id.uuid(),
            organization: key.organization_id,
            identity: SigningKey::seal_identity(key.organization_id, &key.kid),
            sealed: key.private_key.clone(),
        });
    }
    for item in &emails {
        let organization = item.organization_id.unwrap();
        expected.push(SealedRow {
            id: item.id.uuid(),
            organization,
            identity: outbox::seal_identity(item.id, organization),
            sealed: item.payload.sealed.clone().unwrap(),
        });
    }
    for (credential, organization) in factors.iter().zip([acme, other]) {
        expected.push(SealedRow {
            id: credential.user_id.uuid(),
            organization,
            identity: TotpCredential::seal_identity(organization, credential.user_id),
            sealed: credential.secret.clone(),
        });
    }
    for (kind, mut expected) in
        SealedKind::ALL.iter().copied().zip(expected.chunks(2).map(<[SealedRow]>::to_vec))
    {
        expected.sort_by_key(|row| row.id);
        let mut all = w.repositories();
        let mut sealed = all.sealed();
        let rows =
            one_round_trip(&w.store, sealed.under_other_keys(kind, "new", Uuid::nil(), 100)).await.unwrap();
        assert_eq!(rows, expected, "{kind}");
        let page = sealed.under_other_keys(kind, "new", Uuid::nil(), 1).await.unwrap();
        assert_eq!(page, expected[..1], "{kind}");
        let page = sealed.under_other_keys(kind, "new", page[0].id, 1).await.unwrap();
        assert_eq!(page, expected[1..], "{kind}");
        let mut counts = one_round_trip(&w.store, sealed.by_key(kind)).await.unwrap();
        counts.sort();
        assert_eq!(counts, [("old".to_owned(), 1), ("older".to_owned(), 1)], "{kind}");
        for row in &rows {
            let fresh = seal(&w, "new");
            let replaced = sealed.replace(kind, row, &fresh);
            assert!(one_round_trip(&w.store, replaced).await.unwrap(), "{kind}");
            assert!(
                !sealed.replace(kind, row, &seal(&w, "late")).await.unwrap(),
                "{kind}: it is another by now"
            );
        }
        assert!(found(&w, kind, "new").await.is_empty(), "{kind}");
        assert_eq!(sealed.by_key(kind).await.unwrap(), [("new".to_owned(), 2)], "{kind}");
        let nobody = SealedRow { id: Uuid::from_u128(1), ..rows[0].clone() };
        assert!(!sealed.replace(kind, &nobody, &seal(&w, "new")).await.unwrap(), "{kind}");
    }
    // Nothing else in the rows changed.
    let mut all = w.repositories();
    let stored = all.signing_keys(acme).all().await.unwrap().remove(0);
    assert_eq!(SigningKey { private_key: keys[0].private_key.clone(), ..stored }, keys[0]);
    let stored = all.second_factors(acme).totp(w.acme.user.id).await.unwrap().unwrap();
    assert_eq!(TotpCredential { secret: factors[0].secret.clone(), ..stored }, factors[0]);
    let claims = all.outbox().claim(OutboxKind::ALL, NOW, NOW + HOUR, 10).await.unwrap();
    assert_eq!(claims.len(), 2);
    for claim in claims {
        assert_eq!(claim.payload.about, emails[0].payload.about);
        assert_eq!(claim.payload.sealed.unwrap().key_id, "new");
    }
}

/// A finished mail has no sealed part, and resealing does not bring it back.
pub async fn emails_that_are_over(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = Some(w.acme.organization.id);
    let sent = outgoing(&w, acme, Some(seal(&w, "old"))).await;
    outgoing(&w, acme, None).await;
    outgoing(&w, None, None).await;
    let rows = found(&w, OutgoingEmail, "new").await;
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [sent.id.uuid()]);
    let mut all = w.repositories();
    assert!(all.outbox().deliver(sent.id, NOW).await.unwrap());
    assert!(!all.sealed().replace(OutgoingEmail, &rows[0], &seal(&w, "new")).await.unwrap());
    assert!(found(&w, OutgoingEmail, "new").await.is_empty());
    assert!(all.sealed().by_key(OutgoingEmail).await.unwrap().is_empty());
}

/// A given-up mail that can be sent again is sealed anew like one that waits.
pub async fn emails_that_may_be_sent_again(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let email = outgoing(&w, Some(w.acme.organization.id), Some(seal(&w, "old"))).await;
    let mut all = w.repositories();
    let claim = all.outbox().claim(OutboxKind::ALL, NOW, NOW, 1).await.unwrap().remove(0);
    assert!(all.outbox().give_up(&claim, "no", Some(NOW + HOUR), NOW).await.unwrap());
    let rows = found(&w, OutgoingEmail, "new").await;
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [email.id.uuid()]);
    assert!(all.sealed().replace(OutgoingEmail, &rows[0], &seal(&w, "new")).await.unwrap());
    assert_eq!(all.sealed().by_key(OutgoingEmail).await.unwrap(), [("new".to_owned(), 1)]);
    assert!(all.outbox().withdraw(email.id, "not wanted", NOW).await.unwrap());
    assert!(all.sealed().by_key(OutgoingEmail).await.unwrap().is_empty());
}

/// An authenticator set up in the meantime is not overwritten.
pub async fn a_new_authenticator_wins(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    authenticator(&w, &w.acme, "old").await;
    let rows = found(&w, Authenticator, "new").await;
    let mut all = w.repositories();
    assert!(all.second_factors(acme).disable(w.acme.user.id, NOW).await.unwrap());
    assert!(!all.sealed().replace(Authenticator, &rows[0], &seal(&w, "new")).await.unwrap(), "there is none");
    let another = authenticator(&w, &w.acme, "old").await;
    assert!(!all.sealed().replace(Authenticator, &rows[0], &seal(&w, "new")).await.unwrap(), "it is another");
    assert_eq!(all.second_factors(acme).totp(w.acme.user.id).await.unwrap(), Some(another));
}

/// Resealing races with a user who sets up a new authenticator: in either order, the new one is kept.
pub async fn racing_an_enrolment(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, user) = (w.acme.organization.id, w.acme.user.id);
    for _ in 0..50 {
        authenticator(&w, &w.acme, "old").await;
        let rows = found(&w, Authenticator, "new").await;
        let another = TotpCredential { secret: seal(&w, "old"), ..totp(&w.acme.user, &w.entropy) };
        let start = Arc::new(Barrier::new(3));
        let mut tasks = JoinSet::new();
        for fresh in [seal(&w, "new"), seal(&w, "new")] {
            let (store, start, row) = (Arc::clone(&w.store), Arc::clone(&start), rows[0].clone());
            tasks.spawn(async move {
                start.wait().await;
                store.repositories().sealed().replace(Authenticator, &row, &fresh).await.unwrap()
            });
        }
        let (store, mine) = (Arc::clone(&w.store), another.clone());
        let enrolment = tokio::spawn(async move {
            start.wait().await;
            let mut unit = store.begin().await.unwrap();
            assert!(unit.second_factors(acme).disable(user, NOW).await.unwrap());
            assert!(unit.second_factors(acme).enrol_totp(&mine, None).await.unwrap());
            unit.commit().await.unwrap();
        });
        let replaced = tasks.join_all().await;
        enrolment.await.unwrap();
        assert!(replaced.iter().filter(|replaced| **replaced).count() <= 1, "of two runs one replaces");
        let mut all = w.repositories();
        assert_eq!(all.second_factors(acme).totp(user).await.unwrap(), Some(another));
        assert!(all.second_factors(acme).disable(user, NOW).await.unwrap());
    }
}

/// Used recovery codes are not counted.
pub async fn recovery_codes(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let codes: Vec<RecoveryCode> = w
        .recovery_codes()
        .into_iter()
        .enumerate()
        .map(|(n, code)| RecoveryCode { key_id: if n < 3 { "old" } else { "new" }.to_owned(), ..code })
        .collect();
    let mut all = w.repositories();
    assert!(all.second_factors(acme).replace_recovery_codes(w.acme.user.id, &codes, NOW).await.unwrap());
    // Tried with the MACs of two keys; the second one matches.
    let macs = [w.mac(), codes[0].mac];
    assert_eq!(
        all.second_factors(acme).use_recovery_code(w.acme.user.id, &macs, NOW).await.unwrap(),
        Some(9)
    );
    assert_eq!(all.second_factors(acme).use_recovery_code(w.acme.user.id, &macs, NOW).await.unwrap(), None);
    assert_eq!(all.second_factors(acme).use_recovery_code(w.acme.user.id, &[], NOW).await.unwrap(), None);
    let mut sealed = all.sealed();
    let mut counts = one_round_trip(&w.store, sealed.recovery_codes_by_key()).await.unwrap();
    counts.sort();
    assert_eq!(counts, [(Some("new".to_owned()), 7), (Some("old".to_owned()), 2)]);
}
