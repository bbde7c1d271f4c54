//! Load shedding: refuses sign-ins while the queue of password hashes is full.

use std::time::Duration;

use axum::body::Body;
use tokio::sync::Semaphore;

use crate::body;
use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::StateInner;

/// `Retry-After` of a refusal, and how long its response is held back.
const WAIT: Duration = Duration::from_secs(1);
/// Most refusals held back at once; each is a sleeping request. Beyond that refusals are sent immediately.
const MOST_HELD: usize = 1_024;

/// Permits for refusals that are held back.
pub(crate) struct Crowd(Semaphore);

impl Default for Crowd {
    fn default() -> Self {
        Self(Semaphore::new(MOST_HELD))
    }
}

/// Refuses a sign-in before its form is parsed or anything is looked up. The response is held back for as long as it
/// asks to wait: a client that ignores `Retry-After` and retries at once would otherwise take the time of thousands of
/// refusals a second from everybody else.
pub(crate) async fn turn_away(state: &StateInner, tenant: &RequestContext, body: Body) -> Reply {
    if let Err(error) = body::pass_over(body).await {
        return reply::empty(error.status());
    }
    if let Ok(_held) = state.crowd.0.try_acquire() {
        tokio::time::sleep(WAIT).await;
    }
    reply::busy_page(state, tenant, WAIT)
}
