//! Quotas and requests that wait.

use std::time::Duration;

use axum::http::StatusCode;
use porta_core::settings::QUOTA_CLIENT_MAX;
use porta_testkit::{TestApp, on_both_stores};

use super::failing::with_paused_sessions;
use super::support::*;

on_both_stores!(a_request_that_waited_refills_no_quota);

/// Its time of arrival lies before the uses that filled the quota meanwhile, as after a clock that was set back.
async fn a_request_that_waited_refills_no_quota(app: TestApp) {
    set(&app, "acme", QUOTA_CLIENT_MAX, 5).await;
    let (slow, barrier) = with_paused_sessions(&app);
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let mut late = browser.clone().through(slow.router.clone());
    let machine =
        async || slow.browser().token("acme", WEB, &[("grant_type", "client_credentials")]).await.status;
    barrier.close();
    let others = async {
        barrier.arrival().await;
        slow.advance(Duration::from_secs(10));
        for n in 0..5 {
            assert_eq!(machine().await, StatusCode::OK, "{n}");
        }
        barrier.open();
    };
    let silent = web().with("prompt", "none").url();
    let (answer, ()) = tokio::join!(late.get(&silent), others);
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{}", answer.body);
    assert_eq!(machine().await, StatusCode::TOO_MANY_REQUESTS);
}
