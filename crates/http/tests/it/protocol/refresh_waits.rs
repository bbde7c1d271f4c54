//! Rotations that wait for a row lock, and clients that time out meanwhile (decision D8). PostgreSQL only: SQLite
//! queues its writers, and one that leaves the queue has changed nothing.

use std::time::Duration;

use porta_core::settings::REFRESH_REPLAY_WINDOW;
use porta_testkit::TestApp;
use tokio::task::JoinSet;

use super::support::*;

/// How long the row is locked: as long as in a real incident, and half of the statement timeout.
const HELD: Duration = Duration::from_secs(5);

/// Time after the commit, and whether the retry comes from the same place as the first use.
const RETRIES: [(Duration, bool); 4] = [
    (Duration::from_millis(700), true),
    (Duration::from_millis(5_600), true),
    (Duration::from_millis(8_900), true),
    (Duration::from_secs(15), false),
];

/// The window has its old, short length, so that wait and retry together exceed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_counts_from_the_end_of_a_rotation_that_waited_on_postgres() {
    let app = TestApp::postgres_redis_with_fixture().await;
    set(&app, REFRESH_REPLAY_WINDOW, 10).await;
    let mut signed_in = ana_signed_in(&app).await;
    let mut chains = Vec::new();
    for _ in RETRIES {
        chains.push(tokens(&mut signed_in, &spa_offline(), SPA).await);
    }
    let shown: Vec<&str> = chains.iter().map(Tokens::refresh).collect();
    let mut held = app.lock_refresh_tokens(&shown).await;
    let mut asking = JoinSet::new();
    for token in &shown {
        let (mut browser, token) = (app.browser(), (*token).to_owned());
        asking.spawn(async move { refresh(&mut browser, SPA, &token).await });
    }
    held.until_waited_for(4).await;
    tokio::time::sleep(HELD).await;
    app.advance(HELD);
    asking.shutdown().await;
    held.release().await;
    for token in &shown {
        // The rotation completes although its caller hung up.
        soon(async || !is_active(&app, token).await).await;
    }
    let mut passed = Duration::ZERO;
    for (token, (later, is_honest)) in shown.iter().zip(RETRIES) {
        app.advance(later.saturating_sub(passed));
        passed = later;
        let answer = refresh(&mut app.browser(), SPA, token).await;
        if is_honest {
            let again = Tokens::of(&answer);
            assert!(
                is_active(&app, &again.access).await && is_active(&app, again.refresh()).await,
                "{later:?}"
            );
        } else {
            assert_eq!(refusal(&answer), invalid_grant(), "{later:?}");
        }
    }
    assert_eq!(audited(&app, "security.refresh_token.replayed").await, 1, "the one that came too late");
}

/// A retry from elsewhere is never honest, however long the owner waited.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thief_gains_nothing_by_a_rotation_that_waited_on_postgres() {
    let app = TestApp::postgres_redis_with_fixture().await;
    let mut signed_in = ana_signed_in(&app).await;
    let stolen = tokens(&mut signed_in, &spa_offline(), SPA).await;
    let mut held = app.lock_refresh_tokens(&[stolen.refresh()]).await;
    let (mut owner, token) = (app.browser(), stolen.refresh().to_owned());
    let mut asking = JoinSet::new();
    asking.spawn(async move { refresh(&mut owner, SPA, &token).await });
    held.until_waited_for(1).await;
    asking.shutdown().await;
    held.release().await;
    soon(async || !is_active(&app, stolen.refresh()).await).await;
    let mut thief = app.browser().with("user-agent", "Thief/1.0");
    assert_eq!(refusal(&refresh(&mut thief, SPA, stolen.refresh()).await), invalid_grant());
    assert_eq!(refusal(&refresh(&mut app.browser(), SPA, stolen.refresh()).await), invalid_grant());
    assert_dead(&app, &stolen).await;
}
