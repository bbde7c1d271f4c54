//! What becomes of people who come while as many passwords wait to be checked as may.

use std::time::Duration;

use axum::body::Body;
use tokio::sync::Semaphore;

use crate::body;
use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::Shared;

/// How long they are asked to wait.
const WAIT: Duration = Duration::from_secs(1);
/// Refusals held back at once. Each is a request that sleeps; of more, the others are answered right away.
const MOST_HELD: usize = 1_024;

/// Refusals that are held back.
pub(crate) struct Crowd(Semaphore);

impl Default for Crowd {
    fn default() -> Self {
        Self(Semaphore::new(MOST_HELD))
    }
}

/// Refuses a sign-in before its form is read or anything is looked up. The answer is held back for as long as it asks
/// to wait: a browser that does not do as it is told, but comes again at once, would otherwise take from everybody
/// else the time that a refusal costs, thousands of times a second.
pub(crate) async fn turn_away(state: &Shared, tenant: &RequestContext, body: Body) -> Reply {
    if let Err(error) = body::pass_over(body).await {
        return reply::empty(error.status());
    }
    if let Ok(_held) = state.crowd.0.try_acquire() {
        tokio::time::sleep(WAIT).await;
    }
    reply::busy_page(state, tenant, WAIT)
}
