//! Malformed requests to every route: no 5xx, no panic, no redirect to an unregistered address, and no secret of a
//! request in the log.
//!
//! Sends 10,000 requests, or `PORTA_FUZZ_REQUESTS` (the drills: 100,000). `FUZZ_SEED` repeats a run.

mod draft;
mod mutate;
mod nasty;
mod planted;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use porta_core::settings;
use porta_testkit::{ISSUER_BASE, TestApp, on_both_stores};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tower::ServiceExt as _;
use tracing::instrument::WithSubscriber as _;

use draft::Draft;
use planted::Planted;

use super::log::Log;
use super::support::set;

on_both_stores!(malformed_requests_break_nothing_and_leak_nothing);

const REQUESTS: u64 = 10_000;
/// Fewer would not produce every kind of answer.
const REQUESTS_MIN: u64 = 5_000;
const TASKS: u64 = 4;
const BREATHS: &[Duration] = &[Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(20)];

/// Allowed redirect targets: our own address, and those registered by clients of the fixture.
const KNOWN: &[&str] = &[
    ISSUER_BASE,
    "https://web.test/",
    "https://spa.test/",
    "https://legacy.test/cb",
    "https://billing.test/cb",
    "https://partner.test/cb",
    "http://127.0.0.1",
    "com.example.planner:/cb",
];

async fn malformed_requests_break_nothing_and_leak_nothing(app: TestApp) {
    let seed = number("FUZZ_SEED").unwrap_or(20_260_701);
    let requests = number("PORTA_FUZZ_REQUESTS").unwrap_or(REQUESTS);
    assert!(requests >= REQUESTS_MIN, "PORTA_FUZZ_REQUESTS is {requests}: at least {REQUESTS_MIN}");
    let requests = requests - requests % TASKS;
    super::magic_link::offer_links(&app).await;
    // All requests come from one address; its rate limits would answer most of them.
    for limit in [settings::RATE_LIMIT_LINK_ADDRESS_MAX, settings::RATE_LIMIT_MAGIC_LINK_MAX] {
        set(&app, "acme", limit, limit.maximum).await;
    }
    let planted = Arc::new(Planted::gather(&app).await);
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (router, planted) = (app.router.clone(), Arc::clone(&planted));
            tokio::spawn(run(router, planted, seed + task, requests / TASKS))
        })
        .collect();
    let mut statuses = std::collections::BTreeMap::new();
    for task in tasks {
        for (status, count) in task.await.unwrap() {
            *statuses.entry(status).or_insert(0_u64) += count;
        }
    }
    assert_eq!(statuses.values().sum::<u64>(), requests);
    // The run is useful only if requests got past the first check.
    for status in [200, 303, 400, 401, 404, 405, 413] {
        assert!(statuses.contains_key(&status), "nothing was answered {status}: {statuses:?}");
    }
    assert_eq!(app.browser().get("/acme/jwks").await.status, 200, "still serving");
}

/// A number from an environment variable, if set.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text}: a number is needed")))
}

async fn run(
    router: Router,
    planted: Arc<Planted>,
    seed: u64,
    requests: u64,
) -> std::collections::BTreeMap<u16, u64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let log = Log::default();
    let dispatch = log.dispatch();
    let mut statuses = std::collections::BTreeMap::new();
    let mut sent = 0;
    while sent < requests {
        let draft = Draft::random(&mut rng, &planted);
        // Skip what no HTTP parser would accept.
        let Some(request) = draft.request() else { continue };
        sent += 1;
        let blame = || format!("FUZZ_SEED={seed}, request {sent}: {draft:?}");
        let mut status = send(&router, request, &blame).with_subscriber(dispatch.clone()).await;
        // On a busy machine a store may time out. The request is not to blame if the same request succeeds a moment
        // later.
        for wait in BREATHS {
            if status != 503 {
                break;
            }
            tokio::time::sleep(*wait).await;
            let again = draft.request().expect("it was one before");
            status = send(&router, again, &blame).with_subscriber(dispatch.clone()).await;
        }
        assert!(status < 500, "{status}: {}", blame());
        *statuses.entry(status).or_insert(0) += 1;
        let lines = log.take();
        assert!(lines.contains("porta::access"), "no line in the log: {lines:?}, {}", blame());
        if let Some(secret) = planted.found_in(&lines) {
            panic!("{secret} in the log: {lines}\n{}", blame());
        }
    }
    statuses
}

async fn send(router: &Router, request: Request<Body>, blame: &impl Fn() -> String) -> u16 {
    let answer = router.clone().oneshot(request).await.unwrap();
    if let Some(location) = answer.headers().get(header::LOCATION) {
        let location =
            location.to_str().unwrap_or_else(|_| panic!("a redirect that is not ASCII: {}", blame()));
        assert!(KNOWN.iter().any(|known| location.starts_with(known)), "to {location}: {}", blame());
    }
    let status = answer.status().as_u16();
    axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    status
}
