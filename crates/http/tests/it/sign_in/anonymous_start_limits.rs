//! Limits per network for sign-ins that are stored: one that asks a signed-in person for consent is kept until it ends.
//! Sign-ins of anonymous callers are not stored (`unproven.rs`).

use std::time::Duration;

use porta_core::audit::AuditCategory;
use porta_core::settings::{RATE_LIMIT_INTERACTION_MAX, RATE_LIMIT_INTERACTION_WINDOW};
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    a_network_may_begin_so_many_sign_ins,
    a_browser_gets_a_page_that_explains,
    other_networks_and_organizations_go_on,
    a_slash_64_is_one_network,
    what_is_not_stored_is_not_counted_and_goes_on,
    what_was_begun_may_be_finished,
    what_is_left_unanswered_and_begun_again_counts,
    beginning_costs_one_command,
    a_limit_leaves_one_row_per_window,
    beginnings_in_parallel_are_counted_exactly,
    the_window_ends,
    a_sign_out_carries_no_endless_state,
);

const LIMIT: u64 = 3;

fn from(app: &TestApp, address: &str) -> Browser {
    app.browser().with("x-forwarded-for", address)
}

/// A signed-in browser at a consent page, which is stored.
async fn asked(app: &TestApp, address: &str) -> Browser {
    let mut browser = from(app, address);
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    browser
}

/// Begins as many as the limit allows, by GET and by POST.
async fn fill(app: &TestApp, address: &str) -> Browser {
    set(app, "acme", RATE_LIMIT_INTERACTION_MAX, LIMIT).await;
    let mut browser = asked(app, address).await;
    for n in 0..LIMIT {
        let answer = if n % 2 == 0 { by_get(&mut browser).await } else { by_post(&mut browser).await };
        assert_eq!(answer.status, 303, "{n}: {}", answer.body);
        assert!(answer.location().contains("/interaction/"), "{}", answer.location());
    }
    browser
}

async fn by_get(browser: &mut Browser) -> Answer {
    browser.get(&partner().url()).await
}

async fn by_post(browser: &mut Browser) -> Answer {
    let posted = browser.cross_site_post("/acme/auth", &partner().pairs()).await;
    browser.get(posted.location()).await
}

fn assert_limited(answer: &Answer) {
    assert_eq!(answer.status, 429, "{:?} {}", answer.headers, answer.body);
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    assert!(answer.header("location").is_none() && answer.header("set-cookie").is_none());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

async fn a_network_may_begin_so_many_sign_ins(app: TestApp) {
    let mut browser = fill(&app, "192.0.2.66").await;
    for answer in [by_get(&mut browser).await, by_post(&mut browser).await] {
        assert_limited(&answer);
        let body = answer.json();
        assert_eq!(body["error"], "rate_limit_exceeded");
        assert_eq!(body["retry_after"].to_string(), answer.header("retry-after").unwrap());
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    }
}

/// Without the limit one signed-in browser could fill the shared store.
async fn what_is_left_unanswered_and_begun_again_counts(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_INTERACTION_MAX, LIMIT).await;
    let mut browser = asked(&app, "192.0.2.66").await;
    let mut answer = by_get(&mut browser).await;
    for n in 1..LIMIT {
        let resume = answer.location().replacen("/interaction/", "/auth/", 1);
        answer = browser.get(&resume).await;
        assert!(answer.location().contains("/interaction/"), "{n}: {}", answer.location());
    }
    let resume = answer.location().replacen("/interaction/", "/auth/", 1);
    assert_limited(&browser.get(&resume).await);
}

async fn a_browser_gets_a_page_that_explains(app: TestApp) {
    let mut browser = fill(&app, "192.0.2.66").await.with("accept", "text/html,application/xhtml+xml");
    for answer in [by_get(&mut browser).await, by_post(&mut browser).await] {
        assert_limited(&answer);
        assert!(answer.body.contains("Too many attempts"), "{}", answer.body);
        assert!(answer.body.contains("Please try again in about 10 minutes."), "{}", answer.body);
        assert!(!answer.body.contains("state-1"), "nothing of the request");
    }
}

async fn other_networks_and_organizations_go_on(app: TestApp) {
    let mut browser = fill(&app, "192.0.2.66").await;
    assert_limited(&by_get(&mut browser).await);
    assert_eq!(browser.get(&beta().url()).await.status, 303, "another organization");
    let mut other = asked(&app, "192.0.2.67").await;
    assert_eq!(by_get(&mut other).await.status, 303, "another network");
}

async fn a_slash_64_is_one_network(app: TestApp) {
    fill(&app, "2001:db8:1:2::1").await;
    assert_limited(&by_get(&mut asked(&app, "2001:db8:1:2:ffff::9").await).await);
    assert_eq!(by_get(&mut asked(&app, "2001:db8:1:3::1").await).await.status, 303);
}

async fn what_is_not_stored_is_not_counted_and_goes_on(app: TestApp) {
    let mut signed_in = fill(&app, "192.0.2.66").await;
    let silent = web().with("prompt", "none");
    let wrong = web().with("redirect_uri", "https://evil.test/cb");
    for _ in 0..2 * LIMIT {
        code(&signed_in.get(&web().url()).await);
        let mut nobody = from(&app, "192.0.2.66");
        assert_eq!(nobody.get(&silent.url()).await.query("error").as_deref(), Some("login_required"));
        assert_eq!(nobody.get(&wrong.url()).await.status, 400);
        assert_eq!(nobody.post("/acme/auth", &partner().pairs()).await.status, 303);
        assert_eq!(nobody.post("/acme/session/end", &[("state", "x")]).await.status, 303);
        assert_eq!(signed_in.get("/acme/session/end").await.status, 200);
    }
    let mut nobody = from(&app, "192.0.2.66");
    assert!(is_signed_in(&nobody.submit_login(&web(), ANA.0, ANA.1).await), "strangers are not locked out");
    assert_limited(&by_get(&mut signed_in).await);
}

/// A sign-in with a consent page consists of several interactions in sequence.
async fn what_was_begun_may_be_finished(app: TestApp) {
    fill(&app, "192.0.2.66").await;
    let mut browser = from(&app, "192.0.2.66");
    let form = open(&mut browser, &partner()).await;
    let again = browser.get(&form.resume_url()).await;
    let form = Form::at(&mut browser, again).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    let consent = Form::at(&mut browser, resumed).await;
    let decided = consent.decide(&mut browser, "approve").await;
    code(&browser.follow(decided).await);
}

async fn beginning_costs_one_command(app: TestApp) {
    from(&app, "192.0.2.1").get(&web().url()).await;
    let mut browser = fill(&app, "192.0.2.66").await;
    let spent = || (app.store.round_trips(), app.kv.commands());
    let mut stranger = from(&app, "192.0.2.67");
    let before = spent();
    stranger.get(&web().url()).await;
    stranger.post("/acme/auth", &web().pairs()).await;
    assert_eq!(spent(), before, "and for strangers none");
    let mut other = asked(&app, "192.0.2.67").await;
    let before = spent();
    by_get(&mut other).await;
    // One more command for the session, and one statement for its facts.
    assert_eq!(spent(), (before.0 + 1, before.1 + 2));
    // A refusal also checks whether it was audited already.
    by_get(&mut browser).await;
    let before = spent();
    by_get(&mut browser).await;
    assert_eq!(spent(), (before.0 + 1, before.1 + 3));
}

async fn a_limit_leaves_one_row_per_window(app: TestApp) {
    let mut browser = fill(&app, "198.51.100.7").await.with("user-agent", "Flood/1.0");
    for _ in 0..5 {
        assert_limited(&by_get(&mut browser).await);
        assert_limited(&by_post(&mut browser).await);
    }
    let rows = audit(&app, 1_000).await;
    let limited: Vec<_> = rows.iter().filter(|e| e.event_type == "rate_limit.interaction").collect();
    assert_eq!(limited.len(), 1, "whoever floods the sign-in does not flood the log");
    assert_eq!((limited[0].category, limited[0].user_id), (AuditCategory::Security, None));
    assert_eq!(limited[0].ip_address.as_deref(), Some("198.51.100.7"));
    assert_eq!(limited[0].user_agent.as_deref(), Some("Flood/1.0"));
    by_get(&mut fill(&app, "198.51.100.8").await).await;
    assert_eq!(audited(&app, "rate_limit.interaction").await, 2, "another address, another row");
}

async fn beginnings_in_parallel_are_counted_exactly(app: TestApp) {
    const MAXIMUM: usize = 10;
    set(&app, "acme", RATE_LIMIT_INTERACTION_MAX, MAXIMUM).await;
    let signed_in = asked(&app, "192.0.2.66").await;
    let sibling = app.sibling();
    let beginnings = (0..40).map(|n| {
        let router = if n % 2 == 0 { app.router.clone() } else { sibling.router.clone() };
        let mut browser = signed_in.clone().through(router);
        tokio::spawn(async move { by_get(&mut browser).await.status.as_u16() })
    });
    let answers = futures_util::future::join_all(beginnings).await;
    let begun = answers.iter().filter(|status| *status.as_ref().unwrap() == 303).count();
    assert_eq!(begun, MAXIMUM);
}

/// The Redis counter uses real time, so the test waits, for the shortest window allowed.
async fn the_window_ends(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_INTERACTION_WINDOW, 1).await;
    let mut browser = fill(&app, "192.0.2.66").await;
    let limited = by_get(&mut browser).await;
    if limited.status == 429 {
        assert_eq!(limited.header("retry-after"), Some("1"));
    }
    app.advance(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(by_get(&mut browser).await.status, 303, "who follows the advice gets in");
}

/// The state travels in a URL, so its length is limited; nothing is stored.
async fn a_sign_out_carries_no_endless_state(app: TestApp) {
    let mut browser = app.browser();
    for (length, by_get, by_post) in [(2_000, 303, 303), (4_096, 303, 400), (4_097, 400, 400)] {
        let state = "x".repeat(length);
        let params =
            [("client_id", "web"), ("post_logout_redirect_uri", "https://web.test/bye"), ("state", &*state)];
        let answer = browser.post("/acme/session/end", &params).await;
        assert_eq!(answer.status, by_post, "{length}");
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        assert_eq!(browser.get(&format!("/acme/session/end?{query}")).await.status, by_get, "{length}");
    }
}
