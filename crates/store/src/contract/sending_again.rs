//! What operators do with the outbox: they read items of all organizations, send given-up ones again, and withdraw others.

use std::sync::Arc;
use std::time::Duration;

use porta_core::outbox::{OutboxClaim, OutboxItem, OutboxKind, OutboxPayload, OutboxRow, OutboxState};
use porta_core::seal::Sealed;
use porta_core::{OrganizationId, OutboxId, Timestamp};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, one_round_trip};
use crate::{
    ALL_ROWS, Direction, OutboxEntry, OutboxFilter, OutboxSort, PageRequest, PageStart, SealedKind, Store,
};

const RACERS: usize = 8;
const MOMENT: Duration = Duration::from_micros(1);

fn seal() -> Sealed {
    Sealed { key_id: "0a1b2c3d".to_owned(), bytes: vec![0, 1, 254, 255] }
}

async fn enqueue(w: &TwoTenants, owner: Option<OrganizationId>, kind: OutboxKind, at: Timestamp) -> OutboxId {
    let id = OutboxId::new(at, &w.entropy);
    let item = OutboxItem {
        id,
        organization_id: owner,
        kind,
        payload: OutboxPayload { about: json!({"template": "welcome"}), sealed: Some(seal()) },
        idempotency_key: id.to_string(),
        created_at: at,
    };
    assert!(w.repositories().outbox().enqueue(&item).await.unwrap());
    id
}

async fn email(w: &TwoTenants) -> OutboxId {
    enqueue(w, Some(w.acme.organization.id), OutboxKind::Mail, NOW).await
}

async fn claim(w: &TwoTenants, now: Timestamp) -> Vec<OutboxClaim> {
    w.repositories().outbox().claim(OutboxKind::ALL, now, now + MINUTE, 100).await.unwrap()
}

/// Gives up an email that can be sent again until then.
async fn given_up(w: &TwoTenants, until: Option<Timestamp>) -> OutboxId {
    let id = email(w).await;
    let claim = claim(w, NOW).await.into_iter().find(|claim| claim.id == id).unwrap();
    assert!(w.repositories().outbox().give_up(&claim, "550 5.1.1", until, NOW).await.unwrap());
    id
}

async fn row(w: &TwoTenants, id: OutboxId) -> OutboxRow {
    w.repositories().outbox().find(id).await.unwrap().unwrap().item
}

/// Number of items that have a sealed part.
async fn sealed(w: &TwoTenants) -> u64 {
    let by_key = w.repositories().sealed().by_key(SealedKind::OutgoingEmail).await.unwrap();
    by_key.into_iter().map(|(_, count)| count).sum()
}

pub async fn a_given_up_item_is_sent_again(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let id = given_up(&w, Some(NOW + HOUR)).await;
    let before = row(&w, id).await;
    assert_eq!((before.state, before.sendable_until), (OutboxState::GivenUp, Some(NOW + HOUR)));
    assert!(claim(&w, NOW + MINUTE).await.is_empty(), "given up is given up");
    let now = NOW + HOUR - MOMENT;
    let mut all = w.repositories();
    let mut outbox = all.outbox();
    assert!(one_round_trip(&w.store, outbox.requeue(id, now)).await.unwrap());
    let after = row(&w, id).await;
    let expected = OutboxRow {
        state: OutboxState::Pending,
        next_attempt_at: now,
        sendable_until: None,
        updated_at: now,
        ..before
    };
    assert_eq!(after, expected, "it keeps its error and its number of attempts");
    assert!(!outbox.requeue(id, now).await.unwrap(), "it waits already");
    let again = claim(&w, now).await.remove(0);
    assert_eq!((again.id, again.attempt, again.created_at, again.queued_at), (id, 2, NOW, now));
    assert_eq!(again.payload.sealed, Some(seal()), "what it carries");
    assert!(outbox.deliver(id, now).await.unwrap());
    assert!(!outbox.requeue(id, now).await.unwrap(), "delivered is delivered");
    assert_eq!(sealed(&w).await, 0);
}

/// The claim of a worker that slept through all of it.
pub async fn an_old_claim_stays_old(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let id = email(&w).await;
    let slow = claim(&w, NOW).await.remove(0);
    let fast = claim(&w, NOW + MINUTE).await.remove(0);
    let mut all = w.repositories();
    assert!(all.outbox().give_up(&fast, "no", Some(NOW + HOUR), NOW + MINUTE).await.unwrap());
    assert!(all.outbox().requeue(id, NOW + MINUTE).await.unwrap());
    let next = claim(&w, NOW + MINUTE).await.remove(0);
    for old in [&slow, &fast] {
        assert!(!all.outbox().give_up(old, "late", None, NOW + MINUTE).await.unwrap());
        assert!(!all.outbox().postpone(old, NOW, "late", NOW + MINUTE).await.unwrap());
    }
    assert!(all.outbox().give_up(&next, "no", None, NOW + MINUTE).await.unwrap());
}

pub async fn what_cannot_be_sent_again(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let for_good = given_up(&w, None).await;
    let late = given_up(&w, Some(NOW + MINUTE)).await;
    let waiting = email(&w).await;
    let missing = OutboxId::new(NOW, &w.entropy);
    let mut all = w.repositories();
    for (id, why) in [(for_good, "nothing is left"), (late, "its time is over"), (waiting, "it waits")] {
        let before = row(&w, id).await;
        assert!(!all.outbox().requeue(id, NOW + MINUTE).await.unwrap(), "{why}");
        assert_eq!(row(&w, id).await, before, "{why}");
    }
    assert!(!all.outbox().requeue(missing, NOW).await.unwrap());
    assert_eq!(all.outbox().find(missing).await.unwrap(), None);
}

/// The sweeper deletes what nobody can send any more, and only that.
pub async fn what_is_over_is_forgotten(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (over, later) = (given_up(&w, Some(NOW + MINUTE)).await, given_up(&w, Some(NOW + HOUR)).await);
    email(&w).await;
    w.store.sweep(NOW + MINUTE - MOMENT, NOW, 100).await.unwrap();
    assert_eq!(sealed(&w).await, 3, "not before its time");
    w.store.sweep(NOW + MINUTE, NOW, 100).await.unwrap();
    assert_eq!(sealed(&w).await, 2);
    assert_eq!(row(&w, over).await.sendable_until, None);
    assert_eq!(row(&w, later).await.sendable_until, Some(NOW + HOUR));
    let mut all = w.repositories();
    assert!(!all.outbox().requeue(over, NOW).await.unwrap(), "nor by a clock that is behind");
    assert!(all.outbox().requeue(later, NOW + MINUTE).await.unwrap());
}

pub async fn withdrawing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let set_aside = given_up(&w, Some(NOW + HOUR)).await;
    let for_good = given_up(&w, None).await;
    let waiting = email(&w).await;
    let mut all = w.repositories();
    let mut outbox = all.outbox();
    assert!(one_round_trip(&w.store, outbox.withdraw(waiting, "not wanted", NOW + MINUTE)).await.unwrap());
    let after = row(&w, waiting).await;
    assert_eq!((after.state, after.last_error.as_deref()), (OutboxState::GivenUp, Some("not wanted")));
    assert_eq!((after.sendable_until, after.updated_at), (None, NOW + MINUTE));
    assert!(outbox.withdraw(set_aside, "not wanted", NOW).await.unwrap());
    let after = row(&w, set_aside).await;
    assert_eq!((after.last_error.as_deref(), after.sendable_until), (Some("550 5.1.1"), None));
    for id in [waiting, set_aside, for_good, OutboxId::new(NOW, &w.entropy)] {
        assert!(!outbox.withdraw(id, "again", NOW).await.unwrap());
        assert!(!outbox.requeue(id, NOW).await.unwrap());
    }
    assert_eq!(sealed(&w).await, 0);
    assert!(claim(&w, NOW + HOUR).await.is_empty());
    let sent = email(&w).await;
    assert!(outbox.deliver(sent, NOW).await.unwrap());
    assert!(!outbox.withdraw(sent, "too late", NOW).await.unwrap());
    assert_eq!(row(&w, sent).await.state, OutboxState::Delivered);
}

async fn listed(w: &TwoTenants, filter: OutboxFilter) -> Vec<OutboxEntry> {
    let page = PageRequest {
        sort: OutboxSort::CreatedAt,
        direction: Direction::Ascending,
        start: PageStart::First,
        limit: 100,
    };
    let mut all = w.repositories();
    let mut outbox = all.outbox();
    let found = one_round_trip(&w.store, outbox.list(&filter, &page)).await.unwrap().items;
    let counted = outbox.count(&filter, ALL_ROWS).await.unwrap();
    assert_eq!(counted, u64::try_from(found.len()).unwrap(), "{filter:?}");
    found
}

async fn ids(w: &TwoTenants, filter: OutboxFilter) -> Vec<OutboxId> {
    listed(w, filter).await.into_iter().map(|entry| entry.item.id).collect()
}

pub async fn items_of_all_organizations(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let lost = given_up(&w, Some(NOW + HOUR)).await;
    let sent = enqueue(&w, Some(acme), OutboxKind::Mail, NOW + MINUTE).await;
    assert!(w.repositories().outbox().deliver(sent, NOW + MINUTE).await.unwrap());
    let asked = enqueue(&w, Some(other), OutboxKind::LinkRequest, NOW + 2 * MINUTE).await;
    let of_nobody = enqueue(&w, None, OutboxKind::Mail, NOW + 3 * MINUTE).await;
    let all = OutboxFilter::default();
    let names: Vec<_> = listed(&w, all.clone())
        .await
        .into_iter()
        .map(|entry| (entry.item.id, entry.organization_name))
        .collect();
    let name = |name: &str| Some(name.to_owned());
    let expected = [
        (lost, name("acme")),
        (sent, name("acme")),
        (asked, name(&w.other.organization.name)),
        (of_nobody, None),
    ];
    assert_eq!(names, expected);
    for (filter, expected) in [
        (OutboxFilter { organization: Some(acme), ..all.clone() }, vec![lost, sent]),
        (OutboxFilter { organization: Some(other), ..all.clone() }, vec![asked]),
        (OutboxFilter { kind: Some(OutboxKind::LinkRequest), ..all.clone() }, vec![asked]),
        (OutboxFilter { state: Some(OutboxState::Pending), ..all.clone() }, vec![asked, of_nobody]),
        (OutboxFilter { state: Some(OutboxState::Delivered), ..all.clone() }, vec![sent]),
        (OutboxFilter { state: Some(OutboxState::GivenUp), ..all.clone() }, vec![lost]),
        (OutboxFilter { ids: Some(vec![of_nobody, sent]), ..all.clone() }, vec![sent, of_nobody]),
        (OutboxFilter { ids: Some(Vec::new()), ..all.clone() }, vec![]),
        (
            OutboxFilter { organization: Some(other), state: Some(OutboxState::GivenUp), ..all.clone() },
            vec![],
        ),
    ] {
        assert_eq!(ids(&w, filter.clone()).await, expected, "{filter:?}");
    }
}

/// Items of the same time: the id breaks the tie, in both directions.
pub async fn pages(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut expected = Vec::new();
    for n in 0..7 {
        expected.push(enqueue(&w, None, OutboxKind::Mail, NOW + (n / 3) * MINUTE).await);
    }
    expected.sort();
    for direction in [Direction::Descending, Direction::Ascending] {
        expected.reverse();
        let (mut seen, mut start) = (Vec::new(), PageStart::First);
        loop {
            let page = PageRequest { sort: OutboxSort::CreatedAt, direction, start, limit: 3 };
            let mut all = w.repositories();
            let found = all.outbox().list(&OutboxFilter::default(), &page).await.unwrap();
            assert!(found.items.len() <= 3);
            seen.extend(found.items.into_iter().map(|entry| entry.item.id));
            let Some(next) = found.next else { break };
            start = PageStart::After(next);
        }
        assert_eq!(seen, expected, "{direction:?}");
    }
}

/// Many operators send the same item again: one does, and one worker gets it.
pub async fn racing_to_send_again(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    for _ in 0..20 {
        let id = given_up(&w, Some(NOW + HOUR)).await;
        let start = Arc::new(Barrier::new(2 * RACERS));
        let mut tasks = JoinSet::new();
        for n in 0..2 * RACERS {
            let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                let mut outbox = all.outbox();
                if n % 2 == 0 {
                    (usize::from(outbox.requeue(id, NOW).await.unwrap()), 0)
                } else {
                    (0, outbox.claim(OutboxKind::ALL, NOW, NOW + MINUTE, 9).await.unwrap().len())
                }
            });
        }
        let (mut queued, mut claimed) = (0, 0);
        for (requeues, claims) in tasks.join_all().await {
            queued += requeues;
            claimed += claims;
        }
        assert_eq!(queued, 1);
        claimed += claim(&w, NOW).await.len();
        assert_eq!(claimed, 1);
        assert!(w.repositories().outbox().deliver(id, NOW).await.unwrap());
    }
}

/// One sends it again and one withdraws it: either it waits, or nothing of it is left.
pub async fn racing_to_withdraw(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    for _ in 0..20 {
        let id = given_up(&w, Some(NOW + HOUR)).await;
        let start = Arc::new(Barrier::new(2));
        let mut tasks = JoinSet::new();
        for is_sender in [true, false] {
            let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                let mut outbox = all.outbox();
                if is_sender {
                    outbox.requeue(id, NOW).await.unwrap()
                } else {
                    // What waits again is withdrawn as well.
                    assert!(outbox.withdraw(id, "not wanted", NOW).await.unwrap());
                    false
                }
            });
        }
        let was_queued = tasks.join_all().await.into_iter().any(|won| won);
        let after = row(&w, id).await;
        assert_eq!(after.state, OutboxState::GivenUp);
        let error = if was_queued { "not wanted" } else { "550 5.1.1" };
        assert_eq!((after.last_error.as_deref(), sealed(&w).await), (Some(error), 0));
    }
}
