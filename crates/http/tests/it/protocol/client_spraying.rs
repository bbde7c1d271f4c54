//! Password spraying against clients: failures from one network count together, whatever client they name.

use axum::http::StatusCode;
use porta_core::settings::{
    RATE_LIMIT_INTROSPECT_ADDRESS_MAX, RATE_LIMIT_TOKEN_ADDRESS_MAX, SettingDefinition,
};
use porta_directory::Actor;
use porta_testkit::{Answer, Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    many_clients_from_one_network_meet_a_limit_of_its_own,
    once_limited_the_network_is_refused_from_memory,
    another_network_and_another_organization_are_not_concerned,
    one_host_owns_its_whole_64,
    introspection_and_revocation_count_apart_from_the_token_endpoint,
    instances_count_together,
    parallel_sprays_are_counted_exactly,
    a_client_that_is_limited_does_not_limit_its_network,
);

const LIMIT: u16 = 6;

async fn set(app: &TestApp, setting: &SettingDefinition) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    work.settings().set(None, setting.key, &LIMIT.into()).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
}

fn from(app: &TestApp, address: &str) -> Browser {
    app.browser().with("x-forwarded-for", address)
}

async fn guess(browser: &mut Browser, client: &str) -> Answer {
    let form = [("grant_type", "client_credentials")];
    browser.token("acme", (client, Some("wrong-secret-0123456789")), &form).await
}

async fn spray(browser: &mut Browser) {
    for n in 0..LIMIT {
        // Both existing and unknown clients.
        let client = if n == 0 { "web".to_owned() } else { format!("client-{n}") };
        assert_eq!(guess(browser, &client).await.status, StatusCode::UNAUTHORIZED, "guess {n}");
    }
}

async fn right(browser: &mut Browser) -> StatusCode {
    browser.token("acme", WEB, &[("grant_type", "client_credentials")]).await.status
}

fn assert_limited(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.body);
    let body = answer.json();
    assert_eq!(body["error"], "rate_limit_exceeded");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    assert_eq!(body["retry_after"], wait);
    assert_eq!(answer.header("x-ratelimit-limit"), Some(LIMIT.to_string().as_str()));
}

async fn many_clients_from_one_network_meet_a_limit_of_its_own(app: TestApp) {
    set(&app, RATE_LIMIT_TOKEN_ADDRESS_MAX).await;
    let mut browser = from(&app, "192.0.2.1");
    for _ in 0..2 * LIMIT {
        assert_eq!(right(&mut browser).await, StatusCode::OK, "successes do not count");
    }
    spray(&mut browser).await;
    assert_limited(&guess(&mut browser, "yet-another").await);
    assert_eq!(right(&mut browser).await, StatusCode::TOO_MANY_REQUESTS, "a guess that hits waits too");
}

async fn once_limited_the_network_is_refused_from_memory(app: TestApp) {
    set(&app, RATE_LIMIT_TOKEN_ADDRESS_MAX).await;
    let mut browser = from(&app, "192.0.2.1");
    spray(&mut browser).await;
    guess(&mut browser, "one-more").await;
    let before = (app.kv.commands(), app.store.round_trips());
    for n in 0..10 {
        assert_limited(&guess(&mut browser, &format!("further-{n}")).await);
    }
    assert_eq!((app.kv.commands(), app.store.round_trips()), before);
}

async fn another_network_and_another_organization_are_not_concerned(app: TestApp) {
    set(&app, RATE_LIMIT_TOKEN_ADDRESS_MAX).await;
    let mut browser = from(&app, "192.0.2.1");
    spray(&mut browser).await;
    guess(&mut browser, "one-more").await;
    assert_eq!(right(&mut from(&app, "192.0.2.2")).await, StatusCode::OK);
    let elsewhere = browser.token("beta", PARTNER, &[("grant_type", "client_credentials")]).await;
    assert_eq!(refusal(&elsewhere), (400, "unauthorized_client".to_owned()), "it authenticated");
}

async fn one_host_owns_its_whole_64(app: TestApp) {
    set(&app, RATE_LIMIT_TOKEN_ADDRESS_MAX).await;
    for n in 0..LIMIT {
        let mut browser = from(&app, &format!("2001:db8:1:2:{n}::{n}"));
        assert_eq!(guess(&mut browser, &format!("client-{n}")).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_limited(&guess(&mut from(&app, "2001:db8:1:2:ffff::1"), "web").await);
    assert_eq!(right(&mut from(&app, "2001:db8:1:3::1")).await, StatusCode::OK);
}

async fn introspection_and_revocation_count_apart_from_the_token_endpoint(app: TestApp) {
    set(&app, RATE_LIMIT_INTROSPECT_ADDRESS_MAX).await;
    let mut browser = from(&app, "192.0.2.1");
    let mut ask = async |endpoint: &str, client: &str| {
        let client = (client, Some("wrong-secret-0123456789"));
        browser.authenticated(&format!("/acme/token/{endpoint}"), client, &[("token", "x")]).await
    };
    for n in 0..LIMIT {
        let endpoint = if n % 2 == 0 { "introspection" } else { "revocation" };
        assert_eq!(ask(endpoint, &format!("client-{n}")).await.status, StatusCode::UNAUTHORIZED);
    }
    for endpoint in ["introspection", "revocation"] {
        assert_limited(&ask(endpoint, "one-more").await);
    }
    assert_eq!(right(&mut browser).await, StatusCode::OK);
}

async fn instances_count_together(app: TestApp) {
    set(&app, RATE_LIMIT_TOKEN_ADDRESS_MAX).await;
    let sibling = app.sibling();
    let mut here = from(&app, "192.0.2.1");
    let mut there = here.clone().through(sibling.router.clone());
    for n in 0..LIMIT {
        let browser = if n % 2 == 0 { &mut here } else { &mut there };
        assert_eq!(guess(browser, &format!("client-{n}")).await.status, StatusCode::UNAUTHORIZED);
    }
    for browser in [&mut here, &mut there] {
        assert_limited(&guess(browser, "one-more").await);
        assert_eq!(right(browser).await, StatusCode::TOO_MANY_REQUESTS);
    }
}

async fn parallel_sprays_are_counted_exactly(app: TestApp) {
    set(&app, RATE_LIMIT_TOKEN_ADDRESS_MAX).await;
    let sibling = app.sibling();
    let guesses = (0..24).map(|n| {
        let router = if n % 2 == 0 { app.router.clone() } else { sibling.router.clone() };
        let mut browser = Browser::new(router).with("x-forwarded-for", "192.0.2.1");
        tokio::spawn(async move { guess(&mut browser, &format!("client-{n}")).await.status })
    });
    let answers = futures_util::future::join_all(guesses).await;
    let refused = answers.iter().filter(|s| *s.as_ref().unwrap() == StatusCode::UNAUTHORIZED).count();
    assert_eq!(refused, usize::from(LIMIT), "what is counted is exact");
}

/// One misconfigured deployment must not lock out its whole network.
async fn a_client_that_is_limited_does_not_limit_its_network(app: TestApp) {
    let mut browser = from(&app, "192.0.2.1");
    let mut limited = 0;
    for _ in 0..400 {
        limited += usize::from(guess(&mut browser, "billing").await.status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(limited, 370, "thirty are told they are wrong");
    assert_eq!(right(&mut browser).await, StatusCode::OK);
}
