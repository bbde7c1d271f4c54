//! Equal work: the cost of an attempt reveals nothing about the account.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Method, header};
use futures_util::{StreamExt as _, stream};
use porta_core::settings::{MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::user::UserStatus;
use porta_core::{Password, SeededEntropy};
use porta_signin::{HashCost, PasswordHasher, QueuePriority};
use porta_testkit::{ISSUER_BASE, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    w18_every_wrong_attempt_costs_the_same_statements_commands_and_one_hash,
    section_4_a_sign_in_stays_within_its_budget,
    a_full_queue_says_come_back_and_judges_nothing,
    a_queue_that_fills_meanwhile_judges_nobody_it_does_not_hash_for,
    a_flood_of_strangers_delays_neither_known_browsers_nor_others,
    a_full_queue_refuses_before_anything_is_looked_up,
    refusals_of_a_full_queue_are_held_back_together,
);

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Cost {
    statements: u64,
    commands: u64,
    hashes: u64,
}

fn spent(app: &TestApp) -> Cost {
    Cost {
        statements: app.store.round_trips(),
        commands: app.kv.commands(),
        hashes: app.hasher.evaluations(),
    }
}

async fn cost_of(app: &TestApp, email: &str, password: &str) -> Cost {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let before = spent(app);
    form.login(&mut browser, email, password).await;
    let after = spent(app);
    Cost {
        statements: after.statements - before.statements,
        commands: after.commands - before.commands,
        hashes: after.hashes - before.hashes,
    }
}

async fn w18_every_wrong_attempt_costs_the_same_statements_commands_and_one_hash(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 3).await;
    set_user_status(&app, BOB.0, UserStatus::Suspended).await;
    app.provision(
        "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    users:\n      - email: link@acme.test\n",
    )
    .await;
    app.wait_for_notices().await;
    // Hash costs in use are read now and then, in whichever request comes first.
    cost_of(&app, NOBODY, WRONG).await;
    let wrong = cost_of(&app, ANA.0, WRONG).await;
    assert_eq!(wrong.hashes, 1);
    let cases = [
        ("unknown", NOBODY, WRONG),
        ("no address", "x", WRONG),
        ("no password set", "link@acme.test", WRONG),
        ("inactive", INACTIVE.0, WRONG),
        ("suspended", BOB.0, WRONG),
        ("wrong again", ANA.0, WRONG),
        ("the one that locks", ANA.0, WRONG),
        ("locked", ANA.0, WRONG),
        ("locked, with the right password", ANA.0, ANA.1),
    ];
    for (name, email, password) in cases {
        assert_eq!(cost_of(&app, email, password).await, wrong, "{name}");
    }
}

/// Two statements, four commands, one hash.
async fn section_4_a_sign_in_stays_within_its_budget(app: TestApp) {
    cost_of(&app, ANA.0, ANA.1).await;
    let cost = cost_of(&app, ANA.0, ANA.1).await;
    assert_eq!(cost.hashes, 1);
    assert!(cost.statements <= 2 && cost.commands <= 4, "{cost:?}");
}

async fn a_full_queue_says_come_back_and_judges_nothing(app: TestApp) {
    let busy = app.sibling_with(|i| i.hash_queue = 0);
    let mut browser = busy.browser();
    let form = open(&mut browser, &web()).await;
    for password in [ANA.1, WRONG] {
        let answer = form.login(&mut browser, ANA.0, password).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(!answer.body.contains("do not match"), "{}", answer.body);
    }
    assert_eq!(audited(&app, "user.login.password.failed").await, 0, "nothing counts against the person");
    assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
}

/// Gives this person a hash that takes longer than many requests need to arrive, even on a busy machine.
async fn with_dear_password(app: &TestApp, (email, password): (&str, &str)) {
    let dear = HashCost { memory_kib: 65_536, iterations: 12, parallelism: 1 };
    let other = PasswordHasher::start(dear, 1, 1, Arc::new(SeededEntropy::new(7))).unwrap();
    let hash = other.hash(Password::parse(password).unwrap()).await.unwrap();
    let person = user(app, "acme", email).await;
    let mut all = app.store.repositories();
    all.users(person.organization_id).set_password(person.id, Some(&hash), false, app.now()).await.unwrap();
}

/// All requests pass the first check while the queue has room, and most find it full afterwards.
async fn a_queue_that_fills_meanwhile_judges_nobody_it_does_not_hash_for(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 100).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 100).await;
    with_dear_password(&app, ANA).await;
    let busy = app.sibling_with(|i| i.hash_queue = 1);
    let mut crowd = tokio::task::JoinSet::new();
    let mut forms = Vec::new();
    for _ in 0..16 {
        let mut browser = busy.browser();
        let form = open(&mut browser, &web()).await;
        forms.push((browser, form));
    }
    for (mut browser, form) in forms {
        crowd.spawn(async move { form.login(&mut browser, ANA.0, WRONG).await });
    }
    let answers = crowd.join_all().await;
    let judged = answers.iter().filter(|answer| is_refusal(answer)).count();
    assert!((1..16).contains(&judged), "{judged}");
    assert!(answers.iter().all(|answer| is_refusal(answer) || answer.status == 503));
    assert_eq!(busy.hasher.evaluations(), judged as u64);
    assert_eq!(audited(&app, "user.login.password.failed").await, judged);
}

/// A queue of six places, three of them for anonymous callers of one organization, and two busy hashing threads.
async fn a_flood_of_strangers_delays_neither_known_browsers_nor_others(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 100).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 100).await;
    let mut known = app.browser();
    known.sign_in(&web(), ANA.0, ANA.1).await;
    with_dear_password(&app, BOB).await;
    let busy = app.sibling_with(|i| i.hash_queue = 6);
    let mut known = known.through(busy.router.clone());
    let again = open(&mut known, &web().with("prompt", "login")).await;
    let mut other = busy.browser();
    let elsewhere = open(&mut other, &beta()).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let mut browser = busy.browser();
        let form = open(&mut browser, &web()).await;
        crowd.spawn(async move { form.login(&mut browser, BOB.0, WRONG).await });
    }
    let acme = app.tenant("acme").await.organization.id;
    let is_full = || busy.hasher.is_full(QueuePriority { organization: Some(acme), is_known: false });
    for _ in 0..2_000 {
        if is_full() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(is_full());
    let (signed_in, other) =
        tokio::join!(again.login(&mut known, ANA.0, ANA.1), elsewhere.login(&mut other, NOBODY, WRONG));
    assert!(is_signed_in(&signed_in), "{}", signed_in.status);
    assert!(is_refusal(&other), "{}", other.status);
    let answers = crowd.join_all().await;
    assert!(answers.iter().all(|answer| is_refusal(answer) || answer.status == 503));
    // Callers that lost their place in the queue were not judged.
    let judged = answers.iter().filter(|answer| is_refusal(answer)).count();
    assert!(judged < 8);
    assert_eq!(audited(&app, "user.login.password.failed").await, judged);
}

/// The body is consumed, so that the connection stays usable, but not parsed; neither form nor sign-in is looked up.
async fn a_full_queue_refuses_before_anything_is_looked_up(app: TestApp) {
    let busy = app.sibling_with(|i| i.hash_queue = 0);
    let mut browser = busy.browser();
    let form = open(&mut browser, &web()).await;
    let elsewhere = format!("{ISSUER_BASE}/acme/interaction/porta_ix_nobodys/login");
    for url in [format!("{}/login", form.url), elsewhere] {
        let was_read = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&was_read);
        let parts = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from_static(b"no=form&no"))]);
        let body = Body::from_stream(parts.chain(stream::once(async move {
            end.store(true, Ordering::SeqCst);
            Ok(Bytes::from_static(b"=%"))
        })));
        let before = spent(&busy);
        let answer =
            browser.send(Method::POST, &url, &[(header::CONTENT_TYPE, "application/json")], body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("retry-after")),
            (503, Some("1")),
            "{}",
            answer.body
        );
        assert_eq!(spent(&busy), before, "nothing was asked of anybody");
        assert!(was_read.load(Ordering::SeqCst), "the rest of the body would be taken for a request");
    }
    let large = Body::from(vec![b'x'; 100_000]);
    let answer = browser.send(Method::POST, &format!("{}/login", form.url), &[], large).await;
    assert_eq!(answer.status, 413);
}

/// Each refusal is delayed by a second, against immediate retries; the delays run in parallel.
async fn refusals_of_a_full_queue_are_held_back_together(app: TestApp) {
    let busy = app.sibling_with(|i| i.hash_queue = 0);
    let began = Instant::now();
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let mut browser = busy.browser();
        crowd.spawn(async move {
            browser
                .post(&format!("{ISSUER_BASE}/acme/interaction/porta_ix_x/login"), &[("password", "x")])
                .await
                .status
        });
    }
    let answers = crowd.join_all().await;
    let took = began.elapsed();
    assert!(answers.iter().all(|status| *status == 503));
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");
}
