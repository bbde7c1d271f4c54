//! Requests whose callers hang up before the answer: they are logged too, with status 499.

use std::time::Duration;

use porta_testkit::{TestApp, on_both_stores};
use tracing::dispatcher;
use tracing::instrument::WithSubscriber as _;

use super::failing::with_paused_writes;
use super::log::Log;
use super::support::*;

on_both_stores!(
    who_hangs_up_leaves_a_line,
    who_hangs_up_at_once_leaves_a_line,
    what_was_answered_leaves_one_line,
    a_refusal_leaves_one_line,
);

const LINE: &str = "porta::access";

/// The form of a client credentials request.
const MACHINE: [(&str, &str); 1] = [("grant_type", "client_credentials")];

#[track_caller]
fn assert_line(log: &Log, words: &[&str]) {
    let lines = log.take();
    assert_eq!(lines.matches(LINE).count(), 1, "{lines}");
    for word in words {
        assert!(lines.contains(word), "no {word}: {lines}");
    }
    assert!(!lines.contains("web-secret"), "{lines}");
}

/// The caller hangs up while the token is being stored.
async fn who_hangs_up_leaves_a_line(app: TestApp) {
    let (slow, barrier) = with_paused_writes(&app);
    barrier.close();
    let log = Log::default();
    let mut caller = slow.browser();
    let mut asking = Box::pin(caller.token("acme", WEB, &MACHINE));
    tokio::select! {
        answer = &mut asking => panic!("answered: {}", answer.status),
        () = barrier.arrival() => {}
        () = tokio::time::sleep(Duration::from_secs(20)) => panic!("nothing is stored"),
    }
    dispatcher::with_default(&log.dispatch(), || drop(asking));
    assert_line(
        &log,
        &["method=POST", "route=\"/{org}/token\"", "status=499", "tenant=\"acme\"", "client=\"\""],
    );
    barrier.open();
    // Other requests are not affected.
    assert_eq!(slow.browser().token("acme", WEB, &MACHINE).await.status, 200);
}

/// The caller hangs up during the first look-up. A store may have answered already, so the barrier keeps the request
/// open.
async fn who_hangs_up_at_once_leaves_a_line(app: TestApp) {
    let (slow, barrier) = with_paused_writes(&app);
    barrier.close();
    let log = Log::default();
    let dispatch = log.dispatch();
    let mut caller = slow.browser();
    let mut asking = Box::pin(caller.token("acme", WEB, &MACHINE).with_subscriber(dispatch.clone()));
    tokio::select! {
        biased;
        answer = &mut asking => panic!("answered: {}", answer.status),
        () = std::future::ready(()) => {}
    }
    // Drop it under the same subscriber: a closing span releases its parent at the default subscriber of that moment.
    dispatcher::with_default(&dispatch, || drop(asking));
    assert_line(&log, &["method=POST", "route=\"/{org}/token\"", "status=499"]);
}

async fn what_was_answered_leaves_one_line(app: TestApp) {
    let log = Log::default();
    let mut caller = app.browser();
    let answer = caller.token("acme", WEB, &MACHINE).with_subscriber(log.dispatch()).await;
    assert_eq!(answer.status, 200);
    assert_line(&log, &["route=\"/{org}/token\"", "status=200", "tenant=\"acme\"", "client=\"web\""]);
}

async fn a_refusal_leaves_one_line(app: TestApp) {
    let log = Log::default();
    let mut caller = app.browser();
    let wrong = ("web", Some("not-the-secret-of-this-client"));
    let answer = caller.token("acme", wrong, &MACHINE).with_subscriber(log.dispatch()).await;
    assert_eq!(answer.status, 401);
    assert_line(&log, &["route=\"/{org}/token\"", "status=401", "tenant=\"acme\""]);
}
