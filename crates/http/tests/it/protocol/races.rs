//! The second, simultaneous, identical request (W13, issue 2 "must hold" 5, oidc-and-login §16.4 and §16.8).

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use porta_testkit::{Answer, Browser, TestApp};
use tokio::sync::Barrier;

use super::support::*;

const PARALLEL: usize = 8;

/// How many codes and tokens a run tries: SQLite runs writers one by one, so there is less to find.
const EMBEDDED: usize = 20;
const POSTGRES: usize = 200;

macro_rules! races {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$name(porta_testkit::TestApp::embedded_with_fixture().await, super::EMBEDDED).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres_redis() {
                let app = porta_testkit::TestApp::postgres_redis_with_fixture().await;
                super::$name(app, super::POSTGRES).await;
            }
        }
    )+ };
}

races!(a_code_has_one_winner, a_refresh_token_has_one_successor, a_sign_in_is_resumed_once);

/// The routers of two instances, in turn.
fn instances(app: &TestApp) -> (TestApp, Vec<Router>) {
    let sibling = app.sibling();
    let routers =
        (0..PARALLEL).map(|i| if i % 2 == 0 { &app.router } else { &sibling.router }).cloned().collect();
    (sibling, routers)
}

/// The same request from several places at once.
async fn at_once<F>(routers: &[Router], request: impl Fn(Browser) -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let start = Arc::new(Barrier::new(routers.len()));
    let mut running = tokio::task::JoinSet::new();
    for router in routers {
        let (start, request) = (Arc::clone(&start), request(Browser::new(router.clone())));
        running.spawn(async move {
            start.wait().await;
            request.await
        });
    }
    running.join_all().await
}

/// One redeemer gets tokens. The others used the code twice, so what it granted is over (RFC 6749 §4.1.2).
async fn a_code_has_one_winner(app: TestApp, codes: usize) {
    let (_sibling, routers) = instances(&app);
    let mut browser = ana_signed_in(&app).await;
    for _ in 0..codes {
        let code = code(&mut browser, &web()).await;
        let answers = at_once(&routers, |mut b| {
            let code = code.clone();
            async move { b.redeem("acme", WEB, WEB_URI, &code).await }
        })
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a.status == StatusCode::OK);
        assert_eq!(won.len(), 1);
        for answer in lost {
            assert_eq!(refusal(answer), invalid_grant());
        }
        for answer in won {
            assert_dead(&app, &Tokens::of(answer)).await;
        }
        assert_eq!(refusal(&browser.redeem("acme", WEB, WEB_URI, &code).await), invalid_grant());
    }
}

/// Decision D8: everybody who asked in time holds the same successor, and it works.
async fn a_refresh_token_has_one_successor(app: TestApp, count: usize) {
    let (_sibling, routers) = instances(&app);
    let mut browser = ana_signed_in(&app).await;
    for _ in 0..count {
        let first = tokens(&mut browser, &web(), WEB).await;
        let answers = at_once(&routers, |mut b| {
            let token = first.refresh().to_owned();
            async move { refresh(&mut b, WEB, &token).await }
        })
        .await;
        let successors: Vec<Tokens> = answers.iter().map(Tokens::of).collect();
        let values: HashSet<&str> = successors.iter().map(Tokens::refresh).collect();
        assert_eq!(values.len(), 1, "one live successor");
        for successor in &successors {
            assert_eq!(userinfo(&app, "acme", &successor.access).await.status, StatusCode::OK);
        }
        assert!(!is_active(&app, first.refresh()).await, "the old one is used up");
        assert!(is_active(&app, successors[0].refresh()).await);
    }
}

/// oidc-and-login §3.4: single use.
async fn a_sign_in_is_resumed_once(app: TestApp, count: usize) {
    let (_sibling, routers) = instances(&app);
    let mut browser = ana_signed_in(&app).await;
    for _ in 0..count.min(50) {
        let answer = browser.submit_login(&web().with("prompt", "login"), ANA.0, ANA.1).await;
        let back = answer.location().to_owned();
        let answers = at_once(&routers, |b| {
            // The same browser, several times over: a double click.
            let (mut tab, back) = (browser.clone().through(b.router()), back.clone());
            async move { tab.get(&back).await }
        })
        .await;
        let codes = answers.iter().filter(|a| a.header("location").is_some()).count();
        assert_eq!(codes, 1);
        assert!(
            answers.iter().all(|a| a.status == StatusCode::SEE_OTHER || a.status == StatusCode::BAD_REQUEST)
        );
    }
}
