//! The outbox: claimed by one worker, finished once, visible to its organization.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use porta_core::outbox::{
    OutboxClaim, OutboxCounts, OutboxItem, OutboxKind, OutboxPayload, OutboxRow, OutboxState,
};
use porta_core::seal::Sealed;
use porta_core::{OrganizationId, OutboxId, Timestamp};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants};
use crate::{Store, StoreError};

const WORKERS: usize = 8;
const MESSAGES: usize = 200;

fn item(w: &TwoTenants, owner: Option<OrganizationId>, key: &str) -> OutboxItem {
    OutboxItem {
        id: OutboxId::new(NOW, &w.entropy),
        organization_id: owner,
        kind: OutboxKind::Mail,
        payload: OutboxPayload {
            about: json!({"template": "welcome"}),
            sealed: Some(Sealed { key_id: "0a1b2c3d".to_owned(), bytes: vec![0, 1, 254, 255] }),
        },
        idempotency_key: key.to_owned(),
        created_at: NOW,
    }
}

async fn enqueue(w: &TwoTenants, key: &str) -> OutboxItem {
    let item = item(w, Some(w.acme.organization.id), key);
    assert!(w.repositories().outbox().enqueue(&item).await.unwrap());
    item
}

async fn claim(w: &TwoTenants, now: Timestamp, limit: u32) -> Vec<OutboxClaim> {
    w.repositories().outbox().claim(OutboxKind::ALL, now, now + MINUTE, limit).await.unwrap()
}

async fn only_row(w: &TwoTenants) -> OutboxRow {
    let mut page = w.repositories().outbox().page_for(w.acme.organization.id, None, 10).await.unwrap();
    assert_eq!(page.items.len(), 1);
    page.items.remove(0)
}

pub async fn a_known_key_adds_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let mut all = w.repositories();
    let first = item(&w, Some(acme), "token-1");
    assert!(all.outbox().enqueue(&first).await.unwrap());
    let again = OutboxItem {
        payload: OutboxPayload { about: json!({"template": "other"}), sealed: None },
        ..item(&w, Some(acme), "token-1")
    };
    assert!(!all.outbox().enqueue(&again).await.unwrap());
    // The same idempotency key of another tenant, or of the platform, is another item.
    assert!(all.outbox().enqueue(&item(&w, Some(other), "token-1")).await.unwrap());
    assert!(all.outbox().enqueue(&item(&w, None, "token-1")).await.unwrap());
    assert!(!all.outbox().enqueue(&item(&w, None, "token-1")).await.unwrap());
    let claims = claim(&w, NOW, 10).await;
    assert_eq!(claims.len(), 3);
    let mine = claims.iter().find(|c| c.organization_id == Some(acme)).unwrap();
    let expected = OutboxClaim {
        id: first.id,
        organization_id: Some(acme),
        kind: OutboxKind::Mail,
        payload: first.payload.clone(),
        attempt: 1,
        created_at: NOW,
        queued_at: NOW,
    };
    assert_eq!(*mine, expected);
    // A finished item keeps its idempotency key.
    assert!(all.outbox().deliver(first.id, NOW).await.unwrap());
    assert!(!all.outbox().enqueue(&again).await.unwrap());
    let nobody = item(&w, Some(OrganizationId::new(NOW, &w.entropy)), "token-1");
    assert!(matches!(all.outbox().enqueue(&nobody).await, Err(StoreError::MissingReference(_))));
}

pub async fn a_claim_is_exclusive_until_it_ends(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let first = enqueue(&w, "1").await;
    let second = item(&w, Some(w.acme.organization.id), "2");
    let second = OutboxItem { created_at: NOW + MINUTE, ..second };
    assert!(w.repositories().outbox().enqueue(&second).await.unwrap());
    let just_before = NOW - Duration::from_micros(1);
    assert!(claim(&w, just_before, 10).await.is_empty(), "nothing is due before its time");
    // Longest due first.
    let claims = claim(&w, NOW + MINUTE, 1).await;
    assert_eq!(claims.iter().map(|c| c.id).collect::<Vec<_>>(), [first.id]);
    let claims = claim(&w, NOW + MINUTE, 10).await;
    assert_eq!(claims.iter().map(|c| c.id).collect::<Vec<_>>(), [second.id]);
    let until = NOW + 2 * MINUTE;
    assert!(claim(&w, until - Duration::from_micros(1), 10).await.is_empty());
    // The worker died: its items are due again and count as another attempt.
    let again = claim(&w, until, 10).await;
    assert_eq!(again.iter().map(|c| c.attempt).collect::<Vec<_>>(), [2, 2]);
}

/// Others stay due: for another worker, or for when their kind can be executed.
pub async fn only_the_kinds_asked_for_are_claimed(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mail = enqueue(&w, "1").await;
    let request = OutboxItem { kind: OutboxKind::LinkRequest, ..item(&w, Some(w.acme.organization.id), "2") };
    assert!(all.outbox().enqueue(&request).await.unwrap());
    assert!(all.outbox().claim(&[], NOW, NOW + MINUTE, 10).await.unwrap().is_empty());
    for (kind, expected) in [(OutboxKind::LinkRequest, request.id), (OutboxKind::Mail, mail.id)] {
        let claims = all.outbox().claim(&[kind], NOW, NOW + MINUTE, 10).await.unwrap();
        let found: Vec<_> = claims.iter().map(|claim| (claim.kind, claim.id, claim.attempt)).collect();
        assert_eq!(found, [(kind, expected, 1)]);
    }
}

pub async fn outcomes(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    enqueue(&w, "1").await;
    let first = claim(&w, NOW, 1).await.remove(0);
    assert!(all.outbox().postpone(&first, NOW + HOUR, "421 4.3.2", NOW).await.unwrap());
    let row = only_row(&w).await;
    assert_eq!((row.state, row.attempts, row.next_attempt_at), (OutboxState::Pending, 1, NOW + HOUR));
    assert_eq!(
        (row.last_error.as_deref(), row.about.clone()),
        (Some("421 4.3.2"), first.payload.about.clone())
    );
    let second = claim(&w, NOW + HOUR, 1).await.remove(0);
    assert_eq!(second.payload, first.payload, "a pending item keeps what it carries");
    // The first claim has expired and cannot change the item.
    assert!(!all.outbox().postpone(&first, NOW, "late", NOW + HOUR).await.unwrap());
    assert!(!all.outbox().give_up(&first, "late", None, NOW + HOUR).await.unwrap());
    assert_eq!(only_row(&w).await.next_attempt_at, NOW + HOUR + MINUTE);
    assert!(all.outbox().give_up(&second, "550 5.1.1", None, NOW + HOUR).await.unwrap());
    let row = only_row(&w).await;
    assert_eq!((row.state, row.last_error.as_deref()), (OutboxState::GivenUp, Some("550 5.1.1")));
    assert_eq!((row.created_at, row.updated_at), (NOW, NOW + HOUR));
    // A finished item does not change.
    assert!(!all.outbox().give_up(&second, "again", None, NOW + HOUR).await.unwrap());
    assert!(!all.outbox().postpone(&second, NOW, "again", NOW + HOUR).await.unwrap());
    assert!(!all.outbox().deliver(second.id, NOW + HOUR).await.unwrap());
    assert!(claim(&w, NOW + 100 * HOUR, 10).await.is_empty());
}

pub async fn what_came_to_nothing_is_gone(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let item = enqueue(&w, "1").await;
    let kept = enqueue(&w, "2").await;
    assert_eq!(claim(&w, NOW, 10).await.len(), 2);
    assert!(all.outbox().remove(item.id).await.unwrap());
    assert!(!all.outbox().remove(item.id).await.unwrap(), "it is not there");
    assert_eq!(only_row(&w).await.id, kept.id);
    assert!(!all.outbox().deliver(item.id, NOW).await.unwrap(), "nobody finishes it any more");
    assert!(all.outbox().enqueue(&item).await.unwrap(), "and nothing knows its name");
}

/// A worker whose claim expired still delivered the message: that counts, and nobody sends it again.
pub async fn a_late_delivery_counts(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    enqueue(&w, "1").await;
    let slow = claim(&w, NOW, 1).await.remove(0);
    let fast = claim(&w, NOW + MINUTE, 1).await.remove(0);
    assert!(all.outbox().deliver(slow.id, NOW + MINUTE).await.unwrap());
    assert!(!all.outbox().deliver(fast.id, NOW + MINUTE).await.unwrap());
    assert!(!all.outbox().give_up(&fast, "refused", None, NOW + MINUTE).await.unwrap());
    let row = only_row(&w).await;
    assert_eq!((row.state, row.attempts, row.last_error), (OutboxState::Delivered, 2, None));
    let missing = OutboxId::new(NOW, &w.entropy);
    assert!(!all.outbox().deliver(missing, NOW).await.unwrap());
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let mut all = w.repositories();
    let mut expected = Vec::new();
    for n in 0..7 {
        // All at the same time: only the id breaks the tie.
        expected.push(enqueue(&w, &n.to_string()).await.id);
    }
    assert!(all.outbox().enqueue(&item(&w, None, "platform")).await.unwrap());
    expected.sort();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = all.outbox().page_for(acme, after, 3).await.unwrap();
        assert!(page.items.len() <= 3);
        seen.extend(page.items.into_iter().map(|row| row.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert!(all.outbox().page_for(other, None, 10).await.unwrap().items.is_empty());
    let claims = claim(&w, NOW, 3).await;
    assert!(all.outbox().deliver(claims[0].id, NOW).await.unwrap());
    assert!(all.outbox().give_up(&claims[1], "no", None, NOW).await.unwrap());
    let counts = all.outbox().counts(Some(acme)).await.unwrap();
    let whole = all.outbox().counts(None).await.unwrap();
    assert_eq!(whole, OutboxCounts { pending: 6, delivered: 1, given_up: 1 });
    assert_eq!(counts.pending + counts.delivered + counts.given_up, 7);
    assert_eq!(all.outbox().counts(Some(other)).await.unwrap(), OutboxCounts::default());
}

/// A rollback also drops the item; a commit wakes the worker.
pub async fn units_decide(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = Some(w.acme.organization.id);
    let mut unit = w.store.begin().await.unwrap();
    assert!(unit.outbox().enqueue(&item(&w, acme, "1")).await.unwrap());
    drop(unit);
    assert!(claim(&w, NOW, 10).await.is_empty());
    assert!(!rings(&w).await, "nothing was committed");
    let mut unit = w.store.begin().await.unwrap();
    assert!(unit.outbox().enqueue(&item(&w, acme, "1")).await.unwrap());
    // A duplicate idempotency key does not fail the unit.
    assert!(!unit.outbox().enqueue(&item(&w, acme, "1")).await.unwrap());
    assert!(!rings(&w).await);
    unit.commit().await.unwrap();
    assert!(rings(&w).await);
    assert!(!rings(&w).await, "once");
    assert_eq!(claim(&w, NOW, 10).await.len(), 1);
    enqueue(&w, "2").await;
    assert!(rings(&w).await);
}

/// Whether the waiter was notified; this happens before the commit returns.
async fn rings(w: &TwoTenants) -> bool {
    tokio::time::timeout(Duration::from_millis(1), w.store.wait_for_outbox_item()).await.is_ok()
}

pub async fn finished_rows_are_swept(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    for key in ["1", "2", "3"] {
        enqueue(&w, key).await;
    }
    let claims = claim(&w, NOW, 2).await;
    assert!(all.outbox().deliver(claims[0].id, NOW).await.unwrap());
    assert!(all.outbox().give_up(&claims[1], "no", None, NOW + MINUTE).await.unwrap());
    w.store.sweep(NOW, NOW, 100).await.unwrap();
    assert_eq!(
        all.outbox().counts(None).await.unwrap(),
        OutboxCounts { pending: 1, delivered: 1, given_up: 1 }
    );
    w.store.sweep(NOW, NOW + MINUTE, 100).await.unwrap();
    assert_eq!(
        all.outbox().counts(None).await.unwrap(),
        OutboxCounts { pending: 1, delivered: 0, given_up: 1 }
    );
    w.store.sweep(NOW, NOW + 1000 * HOUR, 100).await.unwrap();
    assert_eq!(
        all.outbox().counts(None).await.unwrap(),
        OutboxCounts { pending: 1, ..OutboxCounts::default() }
    );
}

/// Eight workers: each message is claimed once. Half of them are not delivered, and these are claimed again later.
pub async fn racing_workers(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    for n in 0..MESSAGES {
        enqueue(&w, &n.to_string()).await;
    }
    let claims = race(&w, NOW).await;
    assert_eq!(claims.len(), MESSAGES, "each message was claimed");
    assert!(claims.values().all(|times| *times == 1), "and by one worker");
    let mut all = w.repositories();
    for id in claims.keys().take(MESSAGES / 2) {
        assert!(all.outbox().deliver(*id, NOW).await.unwrap());
    }
    assert!(race(&w, NOW + Duration::from_secs(59)).await.is_empty());
    let again = race(&w, NOW + MINUTE).await;
    assert_eq!(again.len(), MESSAGES - MESSAGES / 2);
    assert!(again.iter().all(|(id, times)| *times == 1 && claims.contains_key(id)));
}

/// All workers claim at `now` until nothing is left; returns how often each item was claimed.
async fn race(w: &TwoTenants, now: Timestamp) -> BTreeMap<OutboxId, usize> {
    let start = Arc::new(Barrier::new(WORKERS));
    let mut tasks = JoinSet::new();
    for _ in 0..WORKERS {
        let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            let mut taken = Vec::new();
            let mut misses = 0;
            // A claim skips rows that another worker has locked, so an empty answer does not mean that nothing is left.
            while misses < 3 {
                let mut all = store.repositories();
                let claims = all.outbox().claim(OutboxKind::ALL, now, now + MINUTE, 7).await.unwrap();
                assert!(claims.len() <= 7);
                misses = if claims.is_empty() { misses + 1 } else { 0 };
                taken.extend(claims.into_iter().map(|claim| claim.id));
            }
            taken
        });
    }
    let mut times = BTreeMap::new();
    for id in tasks.join_all().await.into_iter().flatten() {
        *times.entry(id).or_default() += 1;
    }
    times
}
