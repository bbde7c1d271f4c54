//! Audit rows and outbox entries caused by anonymous callers: one per address and window, with a count of repetitions.

use std::time::Duration;

use porta_core::outbox::OutboxCounts;
use porta_core::settings::{RATE_LIMIT_INTERACTION_WINDOW, RATE_LIMIT_MAGIC_CODE_MAX};
use porta_testkit::{TestApp, on_both_stores};

use super::magic_link::offer_links;
use super::support::*;

on_both_stores!(
    cancelling_again_and_again_leaves_one_row,
    the_next_row_says_how_often_it_happened_again,
    who_proved_something_has_a_row_each_time,
    wishes_for_nobody_leave_nothing_in_the_outbox,
    wrong_codes_of_a_link_leave_one_row,
);

const CANCELLED: &str = "auth.login.cancelled";

async fn cancel(app: &TestApp, address: &str) {
    let mut browser = app.browser().with("x-forwarded-for", address);
    let form = open(&mut browser, &web()).await;
    let back = form.abort(&mut browser).await;
    assert_eq!(back.query("error").as_deref(), Some("access_denied"), "everybody is answered");
}

async fn cancelling_again_and_again_leaves_one_row(app: TestApp) {
    for _ in 0..20 {
        cancel(&app, "198.51.100.7").await;
    }
    assert_eq!(audited(&app, CANCELLED).await, 1);
    cancel(&app, "198.51.100.8").await;
    assert_eq!(audited(&app, CANCELLED).await, 2, "another address, another row");
    let mut browser = app.browser().with("x-forwarded-for", "198.51.100.9");
    for _ in 0..3 {
        let account = browser.get("/acme/account").await;
        let form = Form::at(&mut browser, account).await;
        let away = form.abort(&mut browser).await;
        assert_eq!(away.location(), "https://id.test/acme/session/end/success");
    }
    assert_eq!(audited(&app, CANCELLED).await, 3);
}

/// The Redis counter uses real time, so the test waits, for the shortest window allowed.
async fn the_next_row_says_how_often_it_happened_again(app: TestApp) {
    cancel(&app, "198.51.100.6").await;
    set(&app, "acme", RATE_LIMIT_INTERACTION_WINDOW, 3).await;
    for _ in 0..5 {
        cancel(&app, "198.51.100.7").await;
    }
    app.advance(Duration::from_secs(3));
    tokio::time::sleep(Duration::from_millis(3_050)).await;
    cancel(&app, "198.51.100.7").await;
    let rows = audit(&app, 1_000).await;
    let mut rows = rows
        .iter()
        .filter(|row| row.event_type == CANCELLED && row.ip_address.as_deref() == Some("198.51.100.7"));
    assert_eq!(rows.next().unwrap().metadata["repeated"], 4);
    assert!(rows.next().unwrap().metadata.get("repeated").is_none());
    assert!(rows.next().is_none());
}

async fn who_proved_something_has_a_row_each_time(app: TestApp) {
    for _ in 0..3 {
        let mut browser = app.browser();
        let login = browser.submit_login(&partner(), BOB.0, BOB.1).await;
        let resumed = browser.get(login.location()).await;
        let consent = Form::at(&mut browser, resumed).await;
        let denied = consent.decide(&mut browser, "deny").await;
        assert_eq!(browser.follow(denied).await.query("error").as_deref(), Some("access_denied"));
    }
    assert_eq!(audited(&app, "user.consent.denied").await, 3);
}

async fn wishes_for_nobody_leave_nothing_in_the_outbox(app: TestApp) {
    offer_links(&app).await;
    let organization = app.tenant("acme").await.organization.id;
    for n in 0..5 {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        let address = format!("nobody-{n}@acme.test");
        let fields = [("_csrf", form.csrf.as_str()), ("email", &address)];
        let sent = form.submit(&mut browser, "magic-link", &fields).await;
        assert_eq!(browser.follow(sent).await.status, 200);
    }
    let counts = async || app.store.repositories().outbox().counts(Some(organization)).await.unwrap();
    assert_eq!(counts().await.pending, 5, "asked for in the dark");
    assert!(app.emails().await.is_empty());
    assert_eq!(counts().await, OutboxCounts::default());
}

async fn wrong_codes_of_a_link_leave_one_row(app: TestApp) {
    offer_links(&app).await;
    set(&app, "acme", RATE_LIMIT_MAGIC_CODE_MAX, 3).await;
    for _ in 0..3 {
        let mut browser = app.browser();
        let form = open(&mut browser, &web()).await;
        form.submit(&mut browser, "magic-link", &[("_csrf", &form.csrf), ("email", NOBODY)]).await;
        for n in 0..3 {
            let fields = [("_csrf", form.csrf.as_str()), ("code", "ABCD-EFGH")];
            let answer = form.anew(n).submit(&mut browser, "magic-link/code", &fields).await;
            assert!(answer.status == 200 && answer.body.contains("role=\"alert\""), "{}", answer.body);
        }
        let fields = [("_csrf", form.csrf.as_str()), ("code", "ABCD-EFGH")];
        let over = form.anew(3).submit(&mut browser, "magic-link/code", &fields).await;
        assert_eq!(over.status, 429, "each of them counted");
    }
    assert_eq!(audited(&app, "user.magic_link.failed").await, 1);
}
