//! Tests against a real SMTP server; skip them with `--skip smtp::`.

use std::time::{Duration, Instant};

use porta_core::Clock as _;
use porta_core::mail::Mail;
use porta_core::outbox::{OutboxCounts, OutboxState};
use porta_mail::{Security, SmtpOptions};
use porta_store::contract::fixture::{HOUR, MINUTE, NOW};
use porta_testkit::relay::{CertificateAuthority, Relay};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::support::{ADDRESS, World, credentials, eventually, magic_link, options, transport};

/// Attempts everything due once; returns the last error of the first row.
async fn attempt(w: &World, options: SmtpOptions) -> Option<String> {
    w.worker(transport(options)).attempt_due().await.unwrap();
    w.rows().await[0].last_error.clone()
}

#[tokio::test]
async fn an_email_arrives_as_it_was_written() {
    let w = World::sqlite().await;
    let mut relay = Relay::start(json!({})).await;
    let id = w.enqueue("1", magic_link(NOW + HOUR)).await;
    assert_eq!(attempt(&w, options(relay.port, Security::Opportunistic)).await, None);
    let message = relay.event("message").await;
    assert_eq!(message["sender"], "no-reply@mail.example.com");
    assert_eq!(message["recipients"], json!([ADDRESS]));
    assert_eq!((&message["hello"], &message["tls"]), (&json!("id.example.com"), &json!(false)));
    let data = message["data"].as_str().unwrap();
    for line in [
        "From: \"Acme Ltd\" <no-reply@mail.example.com>".to_owned(),
        format!("To: {ADDRESS}"),
        "Subject: Your sign-in link for Acme Ltd".to_owned(),
        "Date: Sun, 15 Jun 2025 15:06:40 +0000".to_owned(),
        format!("Message-ID: <{id}@mail.example.com>"),
        "Auto-Submitted: auto-generated".to_owned(),
        "https://id.example.com/acme/auth/magic/secret-token".to_owned(),
    ] {
        assert!(data.contains(&format!("{line}\r\n")), "{line}\n{data}");
    }
}

#[tokio::test]
async fn a_connection_is_used_again_and_replaced_when_the_relay_closed_it() {
    let w = World::sqlite().await;
    let relay = Relay::start(json!({})).await;
    let port = relay.port;
    let worker = w.worker(transport(options(port, Security::Plain)));
    for n in 0..3 {
        w.enqueue(&n.to_string(), Mail::Welcome).await;
    }
    assert_eq!(worker.attempt_due().await.unwrap(), 3);
    assert_eq!(relay.stop().await.len(), 3);
    let relay = Relay::start(json!({"port": port})).await;
    w.enqueue("4", Mail::Welcome).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(w.counts().await.delivered, 4);
    assert_eq!(relay.stop().await.len(), 1);
}

#[tokio::test]
async fn starttls_is_used_when_offered_and_its_certificate_is_verified() {
    let w = World::sqlite().await;
    let authority = CertificateAuthority::make();
    for (n, security) in [Security::Opportunistic, Security::StartTls].into_iter().enumerate() {
        let mut relay = Relay::start(authority.relay("starttls")).await;
        w.enqueue(&n.to_string(), Mail::Welcome).await;
        let unknown = options(relay.port, security);
        w.worker(transport(unknown.clone())).attempt_due().await.unwrap();
        let error = w.rows().await[n].last_error.clone().unwrap();
        assert!(error.starts_with("STARTTLS: ") && error.contains("certificate"), "{error}");
        // The host name must match the certificate, too.
        let known = SmtpOptions { roots: authority.roots(), ..unknown };
        w.clock.advance(MINUTE);
        let elsewhere = SmtpOptions { host: "127.0.0.1".to_owned(), ..known.clone() };
        w.worker(transport(elsewhere)).attempt_due().await.unwrap();
        assert!(w.rows().await[n].last_error.as_ref().is_some_and(|e| e.contains("certificate")));
        w.clock.advance(HOUR);
        w.worker(transport(known)).attempt_due().await.unwrap();
        assert_eq!(relay.event("message").await["tls"], true, "nothing went over the wire before");
        assert_eq!(w.rows().await[n].state, OutboxState::Delivered);
    }
}

#[tokio::test]
async fn a_relay_without_starttls_gets_nothing_when_it_is_required() {
    let w = World::sqlite().await;
    let relay = Relay::start(json!({})).await;
    w.enqueue("1", Mail::Welcome).await;
    let error = attempt(&w, options(relay.port, Security::StartTls)).await.unwrap();
    assert!(error.contains("STARTTLS is not supported"), "{error}");
    assert_eq!(w.rows().await[0].state, OutboxState::Pending, "an operator can mend that");
    assert!(relay.stop().await.is_empty());
}

#[tokio::test]
async fn implicit_tls_encrypts_from_the_first_byte() {
    let w = World::sqlite().await;
    let authority = CertificateAuthority::make();
    let mut relay = Relay::start(authority.relay("implicit")).await;
    w.enqueue("1", Mail::Welcome).await;
    let unknown = options(relay.port, Security::Implicit);
    let error = attempt(&w, unknown.clone()).await.unwrap();
    assert!(error.starts_with("connecting: ") && error.contains("certificate"), "{error}");
    w.clock.advance(MINUTE);
    attempt(&w, SmtpOptions { roots: authority.roots(), ..unknown }).await;
    assert_eq!(relay.event("message").await["tls"], true);
    assert_eq!(w.rows().await[0].state, OutboxState::Delivered);
}

#[tokio::test]
async fn a_wrong_password_is_mended_without_losing_mail() {
    let w = World::sqlite().await;
    let authority = CertificateAuthority::make();
    let mut wanted = authority.relay("starttls");
    wanted["login"] = json!(["porta", "right"]);
    let mut relay = Relay::start(wanted).await;
    w.enqueue("1", Mail::Welcome).await;
    let known = SmtpOptions { roots: authority.roots(), ..options(relay.port, Security::StartTls) };
    // Without credentials the relay answers 530, which is not the message's fault either.
    let error = attempt(&w, known.clone()).await.unwrap();
    assert!(error.contains("530"), "{error}");
    w.clock.advance(MINUTE);
    let error =
        attempt(&w, SmtpOptions { credentials: Some(credentials("wrong")), ..known.clone() }).await.unwrap();
    assert_eq!(error, "AUTH: the relay answered 535 5.7.8");
    let login = relay.event("login").await;
    assert_eq!((&login["good"], &login["tls"]), (&json!(false), &json!(true)));
    assert_eq!(w.rows().await[0].state, OutboxState::Pending);
    w.clock.advance(HOUR);
    attempt(&w, SmtpOptions { credentials: Some(credentials("right")), ..known }).await;
    assert_eq!(relay.event("login").await["good"], true);
    assert_eq!(relay.event("message").await["login"], "porta");
    assert_eq!(w.rows().await[0].state, OutboxState::Delivered);
}

#[tokio::test]
async fn a_busy_relay_is_asked_again_and_a_refusal_is_final() {
    let w = World::sqlite().await;
    let script = ["451 4.3.0 busy with ana@example.org", "RCPT 452 4.2.2 full", "250 2.0.0 taken"];
    let relay = Relay::start(json!({"script": script})).await;
    let worker = w.worker(transport(options(relay.port, Security::Plain)));
    w.enqueue("1", Mail::Welcome).await;
    for expected in ["sending: the relay answered 451 4.3.0", "sending: the relay answered 452 4.2.2"] {
        assert_eq!(worker.attempt_due().await.unwrap(), 1);
        assert_eq!(w.rows().await[0].last_error.as_deref(), Some(expected));
        w.clock.advance(MINUTE);
    }
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    assert_eq!(w.rows().await[0].state, OutboxState::Delivered);
    let messages = relay.stop().await.into_iter().filter(|e| e["event"] == "message").count();
    assert_eq!(messages, 1);

    let script =
        ["RCPT 550 5.1.1 <ana@example.org>: no such user", "554 blocked: https://id.example.com/secret"];
    let relay = Relay::start(json!({"script": script})).await;
    let worker = w.worker(transport(options(relay.port, Security::Plain)));
    for (n, expected) in
        [(1, "sending: the relay answered 550 5.1.1"), (2, "sending: the relay answered 554")]
    {
        let id = w.enqueue(&format!("refused {n}"), Mail::Welcome).await;
        assert_eq!(worker.attempt_due().await.unwrap(), 1);
        let row = w.rows().await.into_iter().find(|row| row.id == id).unwrap();
        // The relay's reply is not stored: it quotes addresses and links.
        assert_eq!((row.state, row.last_error.as_deref()), (OutboxState::GivenUp, Some(expected)));
    }
    w.clock.advance(HOUR);
    assert_eq!(worker.attempt_due().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_was_away_gets_everything_once() {
    const EMAILS: usize = 20;
    let w = World::sqlite().await;
    let relay = Relay::start(json!({})).await;
    let port = relay.port;
    assert!(relay.stop().await.is_empty());
    let worker = w.worker(transport(options(port, Security::Opportunistic)));
    let stop = CancellationToken::new();
    let running = tokio::spawn(worker.run(stop.clone()));
    for n in 0..EMAILS {
        let start = Instant::now();
        w.enqueue(&n.to_string(), Mail::Welcome).await;
        assert!(start.elapsed() < Duration::from_secs(2), "who enqueues does not wait for the relay");
    }
    eventually(async || w.rows().await.iter().any(|row| row.last_error.is_some())).await;
    // All messages are due again, but none is claimed while the relay is unreachable.
    w.clock.advance(MINUTE);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let rows = w.rows().await;
    let failed: Vec<&str> = rows.iter().filter_map(|row| row.last_error.as_deref()).collect();
    assert!(failed.iter().all(|error| error.contains("refused")), "{failed:?}");
    let attempts: i64 = rows.iter().map(|row| row.attempts).sum();
    assert!(attempts <= 16, "{attempts} attempts while nobody was there");

    let mut relay = Relay::start(json!({"port": port})).await;
    let back = Instant::now();
    // Including those whose first attempt failed.
    for _ in 0..EMAILS {
        relay.event("message").await;
    }
    assert!(back.elapsed() < Duration::from_secs(8), "{:?}", back.elapsed());
    eventually(async || w.counts().await.pending == 0).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(w.counts().await, OutboxCounts { delivered: EMAILS as u64, ..OutboxCounts::default() });
    assert!(relay.stop().await.is_empty(), "nothing twice");
}

#[tokio::test]
async fn a_relay_that_says_nothing_costs_no_more_than_the_time_it_has() {
    let w = World::sqlite().await;
    let mut relay = Relay::start(json!({"silent": true})).await;
    w.enqueue("1", Mail::Welcome).await;
    let hasty =
        SmtpOptions { timeout: Duration::from_secs(1), ..options(relay.port, Security::Opportunistic) };
    let start = Instant::now();
    assert_eq!(attempt(&w, hasty).await.as_deref(), Some("connecting: the relay did not greet within 0.5 s"));
    assert!(start.elapsed() < Duration::from_secs(5));
    relay.event("connected").await;
    assert_eq!(w.rows().await[0].state, OutboxState::Pending);
}

/// The late reply to a timed-out message must not be read as the reply to the next one.
#[tokio::test]
async fn a_connection_that_hung_in_the_middle_is_not_used_again() {
    let w = World::sqlite().await;
    let mut relay = Relay::start(json!({"script": ["250 2.0.0 taken", "hang", "550 5.7.1 no"]})).await;
    let hasty = SmtpOptions { timeout: Duration::from_secs(2), ..options(relay.port, Security::Plain) };
    let worker = w.worker(transport(hasty));
    let (first, second) = (w.enqueue("1", Mail::Welcome).await, w.enqueue("2", Mail::Welcome).await);
    assert_eq!(worker.attempt_due().await.unwrap(), 2);
    let third = w.enqueue("3", Mail::Welcome).await;
    assert_eq!(worker.attempt_due().await.unwrap(), 1);
    let rows = w.rows().await;
    let state = |id| rows.iter().find(|row| row.id == id).map(|row| row.state);
    assert_eq!(state(first), Some(OutboxState::Delivered));
    assert_eq!(state(second), Some(OutboxState::Pending));
    assert_eq!(state(third), Some(OutboxState::GivenUp), "its own answer");
    // The relay is up and may have accepted the message: unlike with an unreachable relay, the retry waits.
    let waits = rows.iter().find(|row| row.id == second).map(|row| row.next_attempt_at.since(NOW));
    assert!(waits > Some(Duration::from_secs(3)), "{waits:?}");
    for (event, id) in [("message", first), ("answered", second), ("answered", third)] {
        let data = relay.event(event).await;
        assert!(data["data"].as_str().unwrap().contains(&format!("Message-ID: <{id}@")), "{data}");
    }
    assert!(w.clock.now() == NOW);
}
