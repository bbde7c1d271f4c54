//! How the worker handles a message.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::link_request::{LinkKind, LinkRequest};
use porta_core::mail::{Mail, MailBody, OutgoingEmail};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::outbox::{OutboxClaim, OutboxCounts, OutboxKind, OutboxState};
use porta_core::{Clock as _, SeededEntropy, Timestamp, TokenDigest};
use porta_mail::{CaptureTransport, MailHandler, Message, NoRelay, RenderError, SendError, Transport};
use porta_outbox::{
    AttemptError, Completion, FailedAttempt, Handler, OutboxDeps, RetryPolicy, Worker, email,
};
use porta_store::contract::fixture::{HOUR, MINUTE, NOW};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{
    ADDRESS, HeldTransport, RecoveringRelay, ScriptedTransport, World, eventually, failed, keyring,
    magic_link, mail, password_changed, refused, renderer,
};

/// Runs an `async fn(World)` on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            use crate::support::World;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(World::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(World::postgres().await).await;
            }
        }
    )+ };
}

on_both!(
    an_email_is_sent_once_and_recorded,
    a_failure_is_tried_again_later,
    a_refusal_ends_it_at_once,
    several_workers_send_each_email_once,
    an_aborted_worker_leaves_its_email_to_another,
);

async fn an_email_is_sent_once_and_recorded(w: World) {
    let transport = ScriptedTransport::answering([]);
    let worker = w.worker(transport.clone());
    let id = w.enqueue("1", magic_link(NOW + HOUR)).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(worker.attempt_due().await.unwrap(), 0);
    let sent = transport.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].id, sent[0].from_name.as_str(), sent[0].to.shown()), (id, "Acme Ltd", ADDRESS));
    assert_eq!(sent[0].body.subject, "Your sign-in link for Acme Ltd");
    for body in [&sent[0].body.text, &sent[0].body.html] {
        for word in ["Ana Li", "/magic/secret-token", "417023", "1 hour"] {
            assert!(body.contains(word), "{word}: {body}");
        }
    }
    let rows = w.rows().await;
    assert_eq!((rows[0].state, rows[0].attempts), (OutboxState::Delivered, 1));
    let events = w.events().await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event.event_type, "email.send.magic_link");
    assert_eq!((event.category, event.user_id), (AuditCategory::Authentication, Some(w.user)));
    assert_eq!(event.organization_label.as_deref(), Some("acme"));
    let everything = format!("{event:?}{rows:?}");
    for secret in [ADDRESS, "secret-token", "417023"] {
        assert!(!everything.contains(secret), "{everything}");
    }
}

async fn a_failure_is_tried_again_later(w: World) {
    let transport = ScriptedTransport::answering([failed(), failed(), failed()]);
    let worker = w.worker(transport.clone());
    w.enqueue("1", magic_link(NOW + HOUR)).await;
    for planned in [5, 30, 120] {
        let before = w.clock.now();
        assert_eq!(worker.attempt_due().await.unwrap(), 1);
        let row = w.rows().await.remove(0);
        assert_eq!(row.state, OutboxState::Pending);
        assert_eq!(row.last_error.as_deref(), Some("sending: the relay answered 451 4.3.0"));
        let wait = row.next_attempt_at.since(before).as_secs_f64();
        assert!((f64::from(planned) * 0.8..=f64::from(planned) * 1.2).contains(&wait), "{wait}");
        let just_before = row.next_attempt_at - Duration::from_micros(1);
        w.clock.advance(just_before.since(before));
        assert_eq!(worker.attempt_due().await.unwrap(), 0, "not before its time");
        w.clock.advance(Duration::from_micros(1));
    }
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(transport.sent().len(), 1);
    let row = w.rows().await.remove(0);
    assert_eq!((row.state, row.attempts, row.last_error), (OutboxState::Delivered, 4, None));
    let events = w.events().await;
    let types: Vec<_> = events.iter().map(|e| e.event_type.as_str()).collect();
    assert_eq!(types, ["email.send.failed", "email.send.magic_link"], "the first failure and the end");
    assert_eq!(events[0].metadata["willRetry"], true);
    assert_eq!(events[0].metadata["template"], "magic_link");
    assert_eq!(events[0].user_id, Some(w.user));
}

async fn a_refusal_ends_it_at_once(w: World) {
    let transport = ScriptedTransport::answering([refused()]);
    let worker = w.worker(transport.clone());
    w.enqueue("1", password_changed()).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    w.clock.advance(100 * HOUR);
    assert_eq!(worker.attempt_due().await.unwrap(), 0);
    assert_eq!(transport.attempts(), 1);
    assert_eq!(w.rows().await[0].state, OutboxState::GivenUp);
    let event = w.events().await.remove(0);
    assert_eq!(event.event_type, "email.send.failed");
    assert_eq!(event.organization_label.as_deref(), Some("acme"));
    assert_eq!(event.metadata["willRetry"], false);
    assert_eq!(event.metadata["error"], "sending: the relay answered 550 5.1.1");
}

async fn several_workers_send_each_email_once(w: World) {
    const EMAILS: usize = 60;
    let gate = HeldTransport::new(EMAILS);
    let mut expected = BTreeSet::new();
    for n in 0..EMAILS {
        expected.insert(w.enqueue(&n.to_string(), Mail::Welcome).await);
    }
    let stop = CancellationToken::new();
    let mut workers = JoinSet::new();
    for _ in 0..3 {
        workers.spawn(w.worker(gate.clone()).run(stop.clone()));
    }
    eventually(async || w.counts().await.delivered == EMAILS as u64).await;
    stop.cancel();
    workers.join_all().await;
    let sent = gate.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), EMAILS, "each once");
    assert_eq!(sent.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(w.events().await.len(), EMAILS);
}

async fn an_aborted_worker_leaves_its_email_to_another(w: World) {
    let stuck = HeldTransport::new(0);
    w.enqueue("1", Mail::Welcome).await;
    let running = tokio::spawn(w.worker(stuck.clone()).run(CancellationToken::new()));
    stuck.until_held(1).await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    let transport = ScriptedTransport::answering([]);
    let worker = w.worker(transport.clone());
    assert_eq!(worker.attempt_due().await.unwrap(), 0, "it is still the other's");
    w.clock.advance(3 * MINUTE);
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(transport.sent().len(), 1);
    assert!(stuck.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn after_a_day_it_is_given_up() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering(std::iter::repeat_with(failed).take(1000));
    let worker = w.worker(transport.clone());
    w.enqueue("1", password_changed()).await;
    while w.counts().await.pending > 0 {
        assert_eq!(worker.attempt_due().await.unwrap(), 1);
        let row = w.rows().await.remove(0);
        w.clock.advance(row.next_attempt_at.since(w.clock.now()));
    }
    let row = w.rows().await.remove(0);
    assert_eq!(row.state, OutboxState::GivenUp);
    let lasted = row.updated_at.since(NOW);
    assert!((Duration::from_hours(22)..=Duration::from_hours(24)).contains(&lasted), "{lasted:?}");
    assert!((24..=35).contains(&transport.attempts()), "{}", transport.attempts());
    let wills: Vec<_> = w.events().await.iter().map(|e| e.metadata["willRetry"].clone()).collect();
    assert_eq!(wills, [true, false], "the first failure and the last");
}

#[tokio::test]
async fn what_nobody_could_use_any_more_is_not_sent() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([failed(), failed()]);
    let worker = w.worker(transport.clone());
    // Expired while no worker ran.
    w.enqueue("1", magic_link(NOW + MINUTE)).await;
    w.clock.advance(MINUTE);
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(transport.attempts(), 0);
    assert_eq!(w.counts().await, OutboxCounts { given_up: 1, ..OutboxCounts::default() });
    // Would expire before the next attempt.
    let soon = w.clock.now() + Duration::from_secs(10);
    w.enqueue("2", magic_link(soon)).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    w.clock.advance(Duration::from_secs(6));
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!((transport.attempts(), w.counts().await.given_up), (2, 2));
}

#[tokio::test]
async fn nothing_is_sent_in_the_name_of_a_suspended_organization() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([]);
    w.enqueue("1", Mail::Welcome).await;
    let (from, to) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    let mut all = w.store.repositories();
    assert!(all.organizations().set_status(w.organization.id, from, to, NOW).await.unwrap());
    assert_eq!(w.worker(transport.clone()).attempt_due().await.unwrap(), 1);
    assert_eq!((transport.attempts(), w.rows().await[0].state), (0, OutboxState::GivenUp));
}

#[tokio::test]
async fn an_email_sealed_with_a_key_of_another_process_waits_for_it() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([]);
    w.enqueue_with("1", Mail::Welcome, &keyring(2)).await;
    assert_eq!(w.worker(transport.clone()).attempt_due().await.unwrap(), 1);
    assert_eq!(w.rows().await[0].state, OutboxState::Pending);
    w.clock.advance(MINUTE);
    let newer = OutboxDeps { keyring: Arc::new(keyring(2)), ..w.deps() };
    let handler = MailHandler { renderer: Arc::new(renderer()), transport: transport.clone() };
    assert_eq!(Worker::new(newer, [mail(handler)]).attempt_due().await.unwrap(), 1);
    assert_eq!(transport.sent().len(), 1);
}

fn wordless(_: &Organization, _: &OutgoingEmail, _: Timestamp) -> Result<MailBody, RenderError> {
    Err(RenderError("a variable is undefined".into()))
}

#[tokio::test]
async fn a_template_that_fails_is_tried_again_by_the_next_version() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([]);
    w.enqueue("1", Mail::Welcome).await;
    let broken = MailHandler { renderer: Arc::new(wordless), transport: transport.clone() };
    assert_eq!(Worker::new(w.deps(), [mail(broken)]).attempt_due().await.unwrap(), 1);
    assert_eq!((transport.attempts(), w.rows().await[0].state), (0, OutboxState::Pending));
    w.clock.advance(MINUTE);
    assert_eq!(w.worker(transport.clone()).attempt_due().await.unwrap(), 1);
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test]
async fn without_a_relay_nothing_waits() {
    let w = World::sqlite().await;
    w.enqueue("1", Mail::Welcome).await;
    assert_eq!(w.worker(Arc::new(NoRelay)).attempt_due().await.unwrap(), 1);
    let row = w.rows().await.remove(0);
    assert_eq!(row.state, OutboxState::GivenUp);
    assert_eq!(row.last_error.as_deref(), Some("no mail relay is configured"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_wakes_the_worker_and_mail_of_other_processes_is_found() {
    let w = World::sqlite().await;
    let capture = Arc::new(CaptureTransport::new(10));
    let stop = CancellationToken::new();
    let running = tokio::spawn(w.worker(capture.clone()).run(stop.clone()));
    for event in ["1", "2", "3"] {
        let id = w.enqueue(event, Mail::Welcome).await;
        // Each arrives sooner than the worker's polling interval.
        let arrived = capture.wait_for(|m| m.id == id);
        tokio::time::timeout(Duration::from_millis(1500), arrived).await.unwrap();
    }
    let elsewhere = w.database.another().await;
    let outgoing = w.outgoing(password_changed());
    let entropy = porta_core::SeededEntropy::new(99);
    let item = outgoing.into_item("4", &keyring(1), NOW, &entropy);
    assert!(porta_store::Store::repositories(&*elsewhere).outbox().enqueue(&item).await.unwrap());
    let arrived = capture.wait_for(|m| m.id == item.id);
    tokio::time::timeout(Duration::from_secs(20), arrived).await.unwrap();
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_worker_finishes_what_is_under_way_and_begins_nothing() {
    let w = World::sqlite().await;
    let gate = HeldTransport::new(0);
    for n in 0..20 {
        w.enqueue(&n.to_string(), Mail::Welcome).await;
    }
    let stop = CancellationToken::new();
    let running = tokio::spawn(w.worker(gate.clone()).run(stop.clone()));
    gate.until_held(8).await;
    stop.cancel();
    assert!(!running.is_finished(), "it waits for what is under way");
    gate.permits.add_permits(20);
    tokio::time::timeout(Duration::from_secs(20), running).await.unwrap().unwrap();
    assert_eq!(gate.sent.lock().unwrap().len(), 8);
    assert_eq!(gate.most_held.load(Ordering::SeqCst), 8, "never more at once");
    assert_eq!(w.counts().await, OutboxCounts { pending: 12, delivered: 8, given_up: 0 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_for_the_relay_that_hangs_does_not_keep_the_next_one_waiting() {
    let w = World::sqlite().await;
    let relay = Arc::new(RecoveringRelay::default());
    let stop = CancellationToken::new();
    w.enqueue("1", Mail::Welcome).await;
    let running = tokio::spawn(w.worker(relay.clone()).run(stop.clone()));
    eventually(async || w.rows().await[0].last_error.is_some()).await;
    w.clock.advance(MINUTE);
    let arrives = eventually(async || w.counts().await.delivered == 1);
    tokio::time::timeout(Duration::from_secs(10), arrives).await.unwrap();
    assert_eq!(relay.attempts.load(Ordering::SeqCst), 2);
    stop.cancel();
    running.await.unwrap();
}

/// Fails once, and is retried sooner than mail; then finishes its items.
#[derive(Default)]
struct OtherKind {
    attempts: AtomicUsize,
}

const OTHER_RETRY: RetryPolicy =
    RetryPolicy { waits: &[Duration::from_secs(1)], give_up_after: Duration::from_secs(10) };

#[async_trait]
impl Handler for OtherKind {
    fn retry_policy(&self) -> RetryPolicy {
        OTHER_RETRY
    }

    async fn attempt(&self, claim: &OutboxClaim, deps: &OutboxDeps) -> Result<Completion, AttemptError> {
        if self.attempts.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(AttemptError::retryable(&"not yet", OTHER_RETRY.deadline(claim)));
        }
        assert!(deps.store.repositories().outbox().remove(claim.id).await.unwrap());
        Ok(Completion::Finished)
    }

    fn report_failure(&self, claim: &OutboxClaim, failure: &FailedAttempt, deps: &OutboxDeps) -> AuditEvent {
        email::report_failure(claim, failure, deps)
    }
}

fn mail_and_other_kind(w: &World, transport: Arc<dyn Transport>, other: &Arc<OtherKind>) -> Worker {
    let handler = MailHandler { renderer: Arc::new(renderer()), transport };
    let other: Arc<dyn Handler> = other.clone();
    Worker::new(w.deps(), [mail(handler), (OutboxKind::LinkRequest, other)])
}

async fn enqueue_other_kind(w: &World) {
    let request = LinkRequest {
        kind: LinkKind::MagicLink,
        address: ADDRESS.to_owned(),
        digest: TokenDigest::of("value"),
        url: "https://id.example.com/acme".to_owned(),
        code: None,
        interaction: None,
        application: None,
        details: None,
        locale: "en".to_owned(),
        only_if_none_live: false,
        expires_at: NOW + HOUR,
        ip_address: None,
        user_agent: None,
    };
    let item = request.into_item(w.organization.id, &keyring(1), w.clock.now(), &SeededEntropy::new(98));
    assert!(w.store.repositories().outbox().enqueue(&item).await.unwrap());
}

#[tokio::test]
async fn each_kind_is_retried_by_its_own_policy() {
    let w = World::sqlite().await;
    let transport = ScriptedTransport::answering([failed()]);
    let other = Arc::new(OtherKind::default());
    let worker = mail_and_other_kind(&w, transport.clone(), &other);
    w.enqueue("1", Mail::Welcome).await;
    enqueue_other_kind(&w).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 2);
    // Longer than the other kind waits, shorter than mail does.
    w.clock.advance(Duration::from_secs(2));
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!((other.attempts.load(Ordering::SeqCst), transport.attempts()), (2, 1));
    let rows = w.rows().await;
    assert_eq!((rows.len(), rows[0].kind, rows[0].attempts), (1, OutboxKind::Mail, 1));
}

#[tokio::test]
async fn a_kind_without_a_handler_is_left_alone() {
    let w = World::sqlite().await;
    enqueue_other_kind(&w).await;
    assert_eq!(w.worker(ScriptedTransport::answering([])).attempt_due().await.unwrap(), 0);
    let row = w.rows().await.remove(0);
    assert_eq!((row.state, row.attempts), (OutboxState::Pending, 0));
}

/// A relay that is unreachable until it is told to be back.
#[derive(Default)]
struct AbsentRelay {
    attempts: AtomicUsize,
    is_back: AtomicBool,
}

#[async_trait]
impl Transport for AbsentRelay {
    async fn send(&self, _: &Message) -> Result<(), SendError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        if self.is_reachable().await {
            return Ok(());
        }
        Err(SendError::Unreachable("connecting: refused".to_owned()))
    }

    async fn is_reachable(&self) -> bool {
        self.is_back.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_away_holds_up_mail_only() {
    let w = World::sqlite().await;
    let relay = Arc::new(AbsentRelay::default());
    let other = Arc::new(OtherKind { attempts: AtomicUsize::new(1) });
    let worker = mail_and_other_kind(&w, relay.clone(), &other);
    w.enqueue("1", Mail::Welcome).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(worker.run(stop.clone()));
    eventually(async || w.rows().await[0].last_error.is_some()).await;
    // The email is due again, but not claimed.
    w.clock.advance(MINUTE);
    enqueue_other_kind(&w).await;
    eventually(async || other.attempts.load(Ordering::SeqCst) == 2).await;
    assert_eq!(relay.attempts.load(Ordering::SeqCst), 1, "mail still waits");
    relay.is_back.store(true, Ordering::SeqCst);
    eventually(async || w.counts().await.delivered == 1).await;
    stop.cancel();
    running.await.unwrap();
}
