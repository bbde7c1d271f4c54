//! Emails that were given up and are sent again.

use std::time::Duration;

use porta_core::Clock as _;
use porta_core::mail::Mail;
use porta_core::organization::OrganizationStatus;
use porta_core::outbox::OutboxState;
use porta_store::contract::fixture::{HOUR, MINUTE, NOW};

use crate::support::{ScriptedTransport, World, failed, magic_link, password_changed, refused};

const DAY: Duration = Duration::from_hours(24);

async fn requeue(w: &World) -> bool {
    let id = w.rows().await[0].id;
    w.store.repositories().outbox().requeue(id, w.clock.now()).await.unwrap()
}

#[tokio::test]
async fn a_refused_email_is_sent_again() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([refused()]);
    let worker = w.worker(transport.clone());
    let id = w.enqueue("1", password_changed()).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    let row = w.rows().await.remove(0);
    assert_eq!((row.state, row.sendable_until), (OutboxState::GivenUp, Some(NOW + 3 * DAY)));
    // Longer after it was written than an email is retried.
    w.clock.advance(2 * DAY);
    assert!(requeue(&w).await);
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    let sent = transport.sent();
    assert_eq!(sent.iter().map(|message| message.id).collect::<Vec<_>>(), [id], "as the same message");
    assert_eq!(w.rows().await[0].state, OutboxState::Delivered);
    let events: Vec<_> = w.events().await.into_iter().map(|event| event.event_type).collect();
    assert_eq!(events, ["email.send.failed", "email.send.password_changed"]);
    assert!(!requeue(&w).await, "once");
}

#[tokio::test]
async fn what_fails_again_is_retried_for_another_day() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([refused(), failed()]);
    let worker = w.worker(transport.clone());
    w.enqueue("1", Mail::Welcome).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    w.clock.advance(2 * DAY);
    assert!(requeue(&w).await);
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    let row = w.rows().await.remove(0);
    assert_eq!((row.state, row.sendable_until), (OutboxState::Pending, None));
    w.clock.advance(row.next_attempt_at.since(NOW + 2 * DAY));
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(w.rows().await[0].state, OutboxState::Delivered);
}

#[tokio::test]
async fn no_longer_than_its_link_works() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([refused(), refused()]);
    let worker = w.worker(transport.clone());
    w.enqueue("1", magic_link(NOW + HOUR)).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(w.rows().await[0].sendable_until, Some(NOW + HOUR));
    w.clock.advance(HOUR);
    assert!(!requeue(&w).await);
    // One that is over when it is given up was of no use before.
    w.enqueue("2", magic_link(NOW + HOUR)).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    let row = w.rows().await.remove(1);
    assert_eq!((row.state, row.sendable_until), (OutboxState::GivenUp, None));
    assert_eq!(transport.attempts(), 1);
}

#[tokio::test]
async fn what_a_suspended_organization_did_not_send_is_sent_when_it_is_active() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([]);
    let worker = w.worker(transport.clone());
    w.enqueue("1", Mail::Welcome).await;
    let (active, suspended) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    let mut all = w.store.repositories();
    let mut organizations = all.organizations();
    assert!(organizations.set_status(w.organization.id, active, suspended, NOW).await.unwrap());
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert!(organizations.set_status(w.organization.id, suspended, active, NOW).await.unwrap());
    w.clock.advance(MINUTE);
    assert!(requeue(&w).await);
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(transport.sent().len(), 1);
}
