//! Simultaneous identical requests: only one may win.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use porta_core::settings::QUOTA_PERSON_MAX;
use porta_testkit::{Answer, Browser, TestApp};
use tokio::sync::Barrier;

use super::support::*;
use super::switched_on_again::toggle_client;

const PARALLEL: usize = 8;

/// Rounds of a race: codes and tokens.
const ROUNDS: usize = 200;
/// SQLite runs writers one by one, so fewer are enough there, except for the promises of `docs/security.md`.
const FEW: usize = 20;

/// Runs races on both stores. The first argument is the number of rounds on SQLite.
macro_rules! races {
    ($embedded:ident: $($name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$name(porta_testkit::TestApp::embedded_with_fixture().await, super::$embedded).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres_redis() {
                let app = porta_testkit::TestApp::postgres_redis_with_fixture().await;
                super::$name(app, super::ROUNDS).await;
            }
        }
    )+ };
}

races!(FEW: a_code_has_one_winner, a_refresh_token_has_one_successor, a_sign_in_is_resumed_once);
races!(
    ROUNDS: strangers_with_a_code_end_nothing,
    eight_tabs_have_one_chain,
    two_callers_with_one_token_end_the_family,
    tokens_of_a_client_that_is_switched_off_do_not_live,
);

/// The routers of two instances, alternating.
fn instances(app: &TestApp) -> (TestApp, Vec<Router>) {
    let sibling = app.sibling();
    let routers =
        (0..PARALLEL).map(|i| if i % 2 == 0 { &app.router } else { &sibling.router }).cloned().collect();
    (sibling, routers)
}

/// Sends the same request through all routers at once.
async fn at_once<F>(routers: &[Router], mut request: impl FnMut(Browser) -> F) -> Vec<Answer>
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

/// One request gets tokens. The others replay the code, so its tokens are revoked (RFC 6749 §4.1.2).
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

/// Decision D8: all requests within the replay window get the same successor, and it works.
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

/// Somebody without the verifier replays a leaked code together with its owner or afterwards: the owner's tokens, if
/// any, stay valid.
async fn strangers_with_a_code_end_nothing(app: TestApp, codes: usize) {
    let (_sibling, routers) = instances(&app);
    let mut browser = ana_signed_in(&app).await;
    let mut won = 0;
    for n in 0..codes {
        let code = code(&mut browser, &spa()).await;
        let mut owner = browser.clone();
        let mut redeemed = None;
        if n.is_multiple_of(2) {
            redeemed = Some(owner.redeem("acme", SPA, SPA_URI, &code).await);
        }
        let strangers = at_once(&routers[1..], |mut b| {
            let code = code.clone();
            async move {
                let form = [("grant_type", "authorization_code"), ("code", code.as_str())];
                b.token("acme", SPA, &form).await
            }
        });
        let (strangers, redeemed) = if let Some(redeemed) = redeemed {
            (strangers.await, redeemed)
        } else {
            tokio::join!(strangers, owner.redeem("acme", SPA, SPA_URI, &code))
        };
        assert!(strangers.iter().all(|answer| refusal(answer) == invalid_grant()));
        if redeemed.status == StatusCode::OK {
            won += 1;
            let access = Tokens::of(&redeemed).access;
            assert_eq!(userinfo(&app, "acme", &access).await.status, StatusCode::OK, "round {n}");
        }
    }
    assert!(won >= codes / 2);
    assert_eq!(audited(&app, "security.code.replayed").await, codes - won, "by an owner who came second");
}

/// A public client in many tabs, over many rotations: nobody is signed out, and there is one chain.
async fn eight_tabs_have_one_chain(app: TestApp, rotations: usize) {
    set(&app, QUOTA_PERSON_MAX, 100_000).await;
    let (_sibling, routers) = instances(&app);
    let mut browser = ana_signed_in(&app).await;
    let mut current = tokens(&mut browser, &spa_offline(), SPA).await;
    for _ in 0..rotations {
        let answers = at_once(&routers, |mut b| {
            let token = current.refresh().to_owned();
            async move { refresh(&mut b, SPA, &token).await }
        })
        .await;
        let tabs: Vec<Tokens> = answers.iter().map(Tokens::of).collect();
        let values: HashSet<&str> = tabs.iter().map(Tokens::refresh).collect();
        assert_eq!(values.len(), 1, "one live successor");
        assert!(!is_active(&app, current.refresh()).await && is_active(&app, tabs[0].refresh()).await);
        current = tabs[0].clone();
    }
    assert_eq!(audited(&app, "security.refresh_token.replayed").await, 0);
    assert_eq!(audited(&app, "security.refresh_token.shared").await, 0);
}

/// Two different callers with one token: one is a thief, unknown which, so the family ends (RFC 9700 §4.14.2).
async fn two_callers_with_one_token_end_the_family(app: TestApp, count: usize) {
    let (_sibling, routers) = instances(&app);
    let mut browser = ana_signed_in(&app).await;
    for _ in 0..count {
        let first = tokens(&mut browser, &spa_offline(), SPA).await;
        let mut caller = 0;
        let answers = at_once(&routers[..4], |b| {
            caller += 1;
            let mut b = b.with("user-agent", if caller % 2 == 0 { "Owner/1.0" } else { "Thief/1.0" });
            let token = first.refresh().to_owned();
            async move { refresh(&mut b, SPA, &token).await }
        })
        .await;
        let won: Vec<Tokens> =
            answers.iter().filter(|a| a.status == StatusCode::OK).map(Tokens::of).collect();
        assert!((1..=2).contains(&won.len()), "those who look like the first");
        for tokens in &won {
            assert_dead(&app, tokens).await;
        }
    }
    assert!(audited(&app, "security.refresh_token.replayed").await >= count);
}

async fn a_sign_in_is_resumed_once(app: TestApp, count: usize) {
    let (_sibling, routers) = instances(&app);
    let mut browser = ana_signed_in(&app).await;
    for round in 0..count.min(50) {
        let answer = browser.submit_login(&web().with("prompt", "login"), ANA.0, ANA.1).await;
        let back = answer.location().to_owned();
        // The same browser several times: a double click, which gets one answer, or requests that differ.
        let is_double_click = round.is_multiple_of(2);
        let mut tabs = 0;
        let answers = at_once(&routers, |b| {
            tabs += 1;
            let back = if is_double_click { back.clone() } else { format!("{back}?n={tabs}") };
            let mut tab = browser.clone().through(b.router());
            async move { tab.get(&back).await }
        })
        .await;
        let answered: Vec<&str> = answers.iter().filter_map(|a| a.header("location")).collect();
        assert_eq!(answered.len(), if is_double_click { PARALLEL } else { 1 });
        assert_eq!(answered.iter().collect::<HashSet<_>>().len(), 1, "one code");
        assert!(
            answers.iter().all(|a| a.status == StatusCode::SEE_OTHER || a.status == StatusCode::BAD_REQUEST)
        );
    }
}

/// A code is redeemed while its client is switched off and on again: in either order, no token lives. The change begins
/// at another moment in each round.
async fn tokens_of_a_client_that_is_switched_off_do_not_live(app: TestApp, codes: usize) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let mut won = 0;
    for round in 0..codes {
        let code = code(&mut browser, &web()).await;
        // Another address each time: a client that is switched off counts as a failed authentication.
        let address = format!("198.51.100.{round}");
        let mut other = browser.clone().through(sibling.router.clone()).with("x-forwarded-for", &address);
        let redeeming = tokio::spawn(async move { other.redeem("acme", WEB, WEB_URI, &code).await });
        tokio::time::sleep(Duration::from_millis(round as u64 % 8)).await;
        toggle_client(&app, "web").await;
        app.wait_for_notices().await;
        let answer = redeeming.await.unwrap();
        if answer.status == StatusCode::OK {
            won += 1;
            let tokens = Tokens::of(&answer);
            for token in [&tokens.access, tokens.refresh()] {
                assert_eq!(introspect(&app, token).await["active"], false, "round {round}");
            }
        } else {
            let refused = [invalid_grant(), (401, "invalid_client".to_owned())];
            assert!(refused.contains(&refusal(&answer)), "round {round}: {} {}", answer.status, answer.body);
        }
    }
    assert!(won > 0, "in no round was the code first");
}
