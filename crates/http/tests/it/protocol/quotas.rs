//! Quotas for authenticated callers, and the limit of unredeemed codes.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::Slug;
use porta_core::audit::AuditEvent;
use porta_core::client::GrantType;
use porta_core::settings::{QUOTA_CLIENT_MAX, QUOTA_ORGANIZATION_MAX, QUOTA_PERSON_MAX};
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    a_client_that_asks_without_end_must_wait,
    the_wait_of_a_client_ends,
    a_refused_request_for_a_token_costs_nothing,
    a_browser_that_asks_silently_without_end_must_wait,
    a_person_has_one_quota_in_all_browsers,
    signing_in_works_whatever_was_used_up,
    refreshing_counts_and_a_refusal_uses_no_token_up,
    an_application_uses_up_nothing_of_a_persons_other_ones,
    an_organization_has_a_quota_for_all_together,
    another_organization_is_not_concerned,
    what_was_used_up_is_audited_once,
    of_the_codes_that_wait_the_oldest_go,
    codes_that_were_redeemed_leave_their_place,
    codes_of_another_client_or_session_stay,
);

async fn audited(app: &TestApp, event_type: &str) -> Vec<AuditEvent> {
    let mut repositories = app.store.repositories();
    let acme = repositories.organizations().by_slug(&Slug::parse("acme").unwrap()).await.unwrap().unwrap().id;
    let rows = repositories.audit().recent(Some(acme), 1_000).await.unwrap();
    rows.into_iter().filter(|row| row.event_type == event_type).collect()
}

async fn machine(app: &TestApp, client: Client) -> Answer {
    app.browser().token("acme", client, &[("grant_type", "client_credentials")]).await
}

async fn let_ask(app: &TestApp, client: Client) {
    change_client(app, client.0, |c| c.grant_types.push(GrantType::ClientCredentials)).await;
}

#[track_caller]
fn assert_limited(answer: &Answer, maximum: &str) -> u64 {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.body);
    assert_eq!(answer.json()["error"], "rate_limit_exceeded");
    assert_eq!(answer.header("x-ratelimit-limit"), Some(maximum));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.header("retry-after").unwrap().parse().unwrap()
}

async fn a_client_that_asks_without_end_must_wait(app: TestApp) {
    let_ask(&app, BILLING).await;
    set(&app, QUOTA_CLIENT_MAX, 5).await;
    for n in 0..5 {
        assert_eq!(machine(&app, WEB).await.status, StatusCode::OK, "{n}");
    }
    assert_eq!(assert_limited(&machine(&app, WEB).await, "5"), 12, "five come back in a minute");
    assert_eq!(machine(&app, BILLING).await.status, StatusCode::OK, "another client has its own");
}

async fn the_wait_of_a_client_ends(app: TestApp) {
    set(&app, QUOTA_CLIENT_MAX, 5).await;
    for _ in 0..5 {
        machine(&app, WEB).await;
    }
    let wait = assert_limited(&machine(&app, WEB).await, "5");
    app.clock.advance(Duration::from_secs(wait));
    assert_eq!(machine(&app, WEB).await.status, StatusCode::OK);
    assert_limited(&machine(&app, WEB).await, "5");
}

async fn a_refused_request_for_a_token_costs_nothing(app: TestApp) {
    set(&app, QUOTA_CLIENT_MAX, 1).await;
    machine(&app, WEB).await;
    assert_limited(&machine(&app, WEB).await, "1");
    let before = (app.store.round_trips(), app.kv.commands());
    for _ in 0..20 {
        assert_limited(&machine(&app, WEB).await, "1");
    }
    assert_eq!((app.store.round_trips(), app.kv.commands()), before);
}

async fn silently(browser: &mut Browser) -> Answer {
    browser.get(&web().with("prompt", "none").url()).await
}

async fn a_browser_that_asks_silently_without_end_must_wait(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    set(&app, QUOTA_PERSON_MAX, 5).await;
    for n in 0..5 {
        assert!(silently(&mut browser).await.query("code").is_some(), "{n}");
    }
    assert_limited(&silently(&mut browser).await, "5");
    let before = app.kv.commands();
    silently(&mut browser).await;
    assert_eq!(app.kv.commands() - before, 1, "nothing is stored: the session is read");
    app.clock.advance(Duration::from_secs(12));
    assert!(silently(&mut browser).await.query("code").is_some());
}

async fn a_person_has_one_quota_in_all_browsers(app: TestApp) {
    let (mut one, mut other) = (ana_signed_in(&app).await, ana_signed_in(&app).await);
    let mut bob = signed_in(&app, BOB).await;
    set(&app, QUOTA_PERSON_MAX, 2).await;
    assert!(silently(&mut one).await.query("code").is_some());
    assert!(silently(&mut other).await.query("code").is_some());
    for browser in [&mut one, &mut other] {
        assert_limited(&silently(browser).await, "2");
    }
    assert!(silently(&mut bob).await.query("code").is_some(), "another person has their own");
}

/// Sign-ins are not under these quotas: the form and its password hash have limits of their own.
async fn signing_in_works_whatever_was_used_up(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    set(&app, QUOTA_PERSON_MAX, 1).await;
    set(&app, QUOTA_ORGANIZATION_MAX, 1).await;
    silently(&mut browser).await;
    assert_limited(&silently(&mut browser).await, "1");
    for person in [ANA, BOB] {
        signed_in(&app, person).await;
    }
}

async fn refreshing_counts_and_a_refusal_uses_no_token_up(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let mut token = tokens(&mut browser, &web(), WEB).await.refresh.unwrap();
    set(&app, QUOTA_PERSON_MAX, 2).await;
    // The remaining quota came from a larger limit, of which one was taken.
    app.clock.advance(Duration::from_mins(1));
    for _ in 0..2 {
        token = Tokens::of(&refresh(&mut browser, WEB, &token).await).refresh.unwrap();
    }
    for _ in 0..3 {
        assert_limited(&refresh(&mut browser, WEB, &token).await, "2");
    }
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(refresh(&mut browser, WEB, &token).await.status, StatusCode::OK);
}

/// A person's quota at one application does not affect their other applications.
async fn an_application_uses_up_nothing_of_a_persons_other_ones(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let mut token = tokens(&mut browser, &web(), WEB).await.refresh.unwrap();
    set(&app, QUOTA_PERSON_MAX, 2).await;
    app.clock.advance(Duration::from_mins(1));
    for _ in 0..2 {
        token = Tokens::of(&refresh(&mut browser, WEB, &token).await).refresh.unwrap();
    }
    assert_limited(&refresh(&mut browser, WEB, &token).await, "2");
    assert!(browser.get(&spa().url()).await.query("code").is_some());

    set(&app, QUOTA_CLIENT_MAX, 1).await;
    app.clock.advance(Duration::from_mins(1));
    assert!(silently(&mut browser).await.query("code").is_some());
    assert_limited(&silently(&mut browser).await, "1");
    assert!(browser.get(&spa().url()).await.query("code").is_some(), "through another client");
}

async fn an_organization_has_a_quota_for_all_together(app: TestApp) {
    let (mut ana, mut bob) = (ana_signed_in(&app).await, signed_in(&app, BOB).await);
    let_ask(&app, BILLING).await;
    set(&app, QUOTA_ORGANIZATION_MAX, 4).await;
    for client in [WEB, BILLING] {
        assert_eq!(machine(&app, client).await.status, StatusCode::OK);
    }
    for browser in [&mut ana, &mut bob] {
        assert!(silently(browser).await.query("code").is_some());
    }
    assert_limited(&machine(&app, WEB).await, "4");
    assert_limited(&silently(&mut ana).await, "4");
    assert_limited(&silently(&mut bob).await, "4");
}

async fn another_organization_is_not_concerned(app: TestApp) {
    let_ask(&app, PARTNER).await;
    set(&app, QUOTA_CLIENT_MAX, 1).await;
    set(&app, QUOTA_ORGANIZATION_MAX, 1).await;
    machine(&app, PARTNER).await;
    assert_limited(&machine(&app, PARTNER).await, "1");
    let form = [("grant_type", "client_credentials")];
    for _ in 0..5 {
        assert_eq!(app.browser().token("beta", PARTNER, &form).await.status, StatusCode::OK);
    }
}

async fn what_was_used_up_is_audited_once(app: TestApp) {
    set(&app, QUOTA_CLIENT_MAX, 1).await;
    for _ in 0..10 {
        machine(&app, WEB).await;
    }
    let rows = audited(&app, "rate_limit.quota").await;
    assert_eq!((rows.len(), &rows[0].metadata["quota"]), (1, &"client".into()));
}

const AT_ONCE: usize = 10;

async fn redeem(browser: &mut Browser, code: &str) -> StatusCode {
    browser.redeem("acme", WEB, WEB_URI, code).await.status
}

async fn codes(browser: &mut Browser, count: usize) -> Vec<String> {
    let mut codes = Vec::with_capacity(count);
    for _ in 0..count {
        codes.push(code(browser, &web()).await);
    }
    codes
}

/// 16 browsers that never redeemed their codes could fill the store of all organizations within a minute.
async fn of_the_codes_that_wait_the_oldest_go(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let codes = codes(&mut browser, AT_ONCE + 3).await;
    for (n, code) in codes.iter().enumerate() {
        let expected = if n < 3 { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        assert_eq!(redeem(&mut browser, code).await, expected, "{n}");
    }
    let replays = audited(&app, "security.code.replayed").await.len();
    assert_eq!(replays, 0, "a code that went is none that was used");
}

async fn codes_that_were_redeemed_leave_their_place(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let kept = code(&mut browser, &web()).await;
    for _ in 0..AT_ONCE * 2 {
        let used = code(&mut browser, &web()).await;
        assert_eq!(redeem(&mut browser, &used).await, StatusCode::OK);
    }
    assert_eq!(redeem(&mut browser, &kept).await, StatusCode::OK);
    assert_eq!(redeem(&mut browser, &kept).await, StatusCode::BAD_REQUEST);
    let replays = audited(&app, "security.code.replayed").await.len();
    assert_eq!(replays, 1, "a used code stays known");
}

async fn codes_of_another_client_or_session_stay(app: TestApp) {
    let (mut one, mut other) = (ana_signed_in(&app).await, ana_signed_in(&app).await);
    let of_other_session = code(&mut other, &web()).await;
    let of_other_client = code(&mut one, &billing()).await;
    codes(&mut one, AT_ONCE * 2).await;
    assert_eq!(redeem(&mut other, &of_other_session).await, StatusCode::OK);
    assert_eq!(one.redeem("acme", BILLING, BILLING_URI, &of_other_client).await.status, StatusCode::OK);
}
