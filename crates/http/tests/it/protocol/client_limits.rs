//! Rate limit for failed client authentication.

use std::time::Duration;

use axum::http::StatusCode;
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    after_thirty_failures_the_address_must_wait,
    even_the_right_secret_waits,
    another_address_is_not_concerned,
    another_client_is_not_concerned,
    another_organization_is_not_concerned,
    the_wait_ends,
    unknown_clients_are_counted_alike,
    successes_are_not_counted,
    introspection_has_its_own_count,
    the_limit_is_shared_by_instances,
    forged_forwarding_does_not_help,
);

const WRONG: Client = ("web", Some("wrong-secret-0123456789"));

fn from(app: &TestApp, address: &str) -> Browser {
    app.browser().with("x-forwarded-for", address)
}

async fn ask(browser: &mut Browser, client: Client) -> Answer {
    browser.token("acme", client, &[("grant_type", "client_credentials")]).await
}

async fn fail(browser: &mut Browser, times: usize) {
    for n in 0..times {
        assert_eq!(ask(browser, WRONG).await.status, StatusCode::UNAUTHORIZED, "failure {n}");
    }
}

async fn after_thirty_failures_the_address_must_wait(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    fail(&mut browser, 30).await;
    let answer = ask(&mut browser, WRONG).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["error"], "rate_limit_exceeded");
    assert!(body["error_description"].is_string());
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    assert_eq!(body["retry_after"], wait);
    assert_eq!(answer.header("x-ratelimit-limit"), Some("30"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// If the right secret passed a reached limit, guessing would not be slowed down.
async fn even_the_right_secret_waits(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    fail(&mut browser, 30).await;
    ask(&mut browser, WRONG).await;
    assert_eq!(ask(&mut browser, WEB).await.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn another_address_is_not_concerned(app: TestApp) {
    let mut attacker = from(&app, "192.0.2.1");
    fail(&mut attacker, 30).await;
    assert_eq!(ask(&mut attacker, WRONG).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&mut from(&app, "192.0.2.2"), WEB).await.status, StatusCode::OK);
    let mut v6 = from(&app, "2001:db8:1:2::1");
    fail(&mut v6, 30).await;
    let neighbour = ask(&mut from(&app, "2001:db8:1:2:ffff::9"), WRONG).await;
    assert_eq!(neighbour.status, StatusCode::TOO_MANY_REQUESTS, "one host owns the whole /64");
    assert_eq!(ask(&mut from(&app, "2001:db8:1:3::1"), WEB).await.status, StatusCode::OK);
}

async fn another_client_is_not_concerned(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    fail(&mut browser, 30).await;
    ask(&mut browser, WRONG).await;
    let answer = ask(&mut browser, BILLING).await;
    assert_eq!(refusal(&answer), (400, "unauthorized_client".to_owned()), "it authenticated");
}

async fn another_organization_is_not_concerned(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    let wrong = ("partner", Some("wrong-secret-0123456789"));
    for _ in 0..31 {
        ask(&mut browser, wrong).await;
    }
    assert_eq!(ask(&mut browser, PARTNER).await.status, StatusCode::TOO_MANY_REQUESTS);
    let elsewhere = browser.token("beta", PARTNER, &[("grant_type", "client_credentials")]).await;
    assert_eq!(refusal(&elsewhere), (400, "unauthorized_client".to_owned()), "it authenticated");
}

async fn the_wait_ends(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    fail(&mut browser, 30).await;
    let wait: u64 = ask(&mut browser, WRONG).await.header("retry-after").unwrap().parse().unwrap();
    app.advance(Duration::from_secs(wait - 2));
    assert_eq!(ask(&mut browser, WEB).await.status, StatusCode::TOO_MANY_REQUESTS);
    app.advance(Duration::from_secs(2));
    assert_eq!(ask(&mut browser, WEB).await.status, StatusCode::OK);
}

/// Otherwise the limit would reveal which client ids exist.
async fn unknown_clients_are_counted_alike(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    let unknown = ("nobody", Some("wrong-secret-0123456789"));
    for n in 0..30 {
        assert_eq!(ask(&mut browser, unknown).await.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    assert_eq!(ask(&mut browser, unknown).await.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn successes_are_not_counted(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    for _ in 0..40 {
        assert_eq!(ask(&mut browser, WEB).await.status, StatusCode::OK);
    }
}

/// At most 100 per minute.
async fn introspection_has_its_own_count(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    fail(&mut browser, 30).await;
    ask(&mut browser, WRONG).await;
    let path = "/acme/token/introspection";
    for n in 0..100 {
        let answer = browser.authenticated(path, WRONG, &[("token", "x")]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{n}");
    }
    let answer = browser.authenticated(path, WRONG, &[("token", "x")]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("x-ratelimit-limit"), Some("100"));
    let revocation = browser.authenticated("/acme/token/revocation", WRONG, &[("token", "x")]).await;
    assert_eq!(revocation.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn the_limit_is_shared_by_instances(app: TestApp) {
    let sibling = app.sibling();
    let mut here = from(&app, "192.0.2.1");
    let mut there = here.clone().through(sibling.router.clone());
    for _ in 0..15 {
        fail(&mut here, 1).await;
        fail(&mut there, 1).await;
    }
    assert_eq!(ask(&mut here, WRONG).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&mut there, WRONG).await.status, StatusCode::TOO_MANY_REQUESTS);
}

/// Entries to the left of our proxy's own in `X-Forwarded-For` come from the caller and are ignored.
async fn forged_forwarding_does_not_help(app: TestApp) {
    for n in 0..31 {
        ask(&mut from(&app, &format!("203.0.113.{n}, 192.0.2.1")), WRONG).await;
    }
    assert_eq!(
        ask(&mut from(&app, "203.0.113.99, 192.0.2.1"), WRONG).await.status,
        StatusCode::TOO_MANY_REQUESTS
    );
}
