//! How much one administrator or service account may do. Changes are counted for all processes together, reads by
//! [`crate::read_limit`].

use std::time::Duration;

use axum::http::Method;
use axum::http::request::Parts;
use porta_kv::{KeyName, KvKey, LimitOutcome, RateLimit};

use crate::error::{AdminError, Result};
use crate::principal::Principal;
use crate::state::AdminState;

/// Changes of one administrator within [`WINDOW`]. Counted for the person, so that colleagues behind one address do not
/// stop each other.
pub(crate) const WRITES: u64 = 600;
const WINDOW: Duration = Duration::from_mins(1);
/// Test mails of one administrator within [`TEST_MAIL_WINDOW`].
const TEST_MAILS: u64 = 10;
const TEST_MAIL_WINDOW: Duration = Duration::from_hours(1);

/// Counts a request, as a read or as a change.
pub(crate) async fn count(parts: &Parts, state: &AdminState, principal: &Principal) -> Result<()> {
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return state.reads.count(principal.id(), state.clock.now());
    }
    let key = KvKey::new(KeyName::LimitAdminWrites, principal.organization()).with(principal.id());
    let limit = RateLimit { key, maximum: WRITES, window: WINDOW };
    match state.kv.hit(&[limit]).await? {
        LimitOutcome::Allowed => Ok(()),
        LimitOutcome::Limited { retry_after } => Err(AdminError::Limited { retry_after, maximum: WRITES }),
    }
}

/// Counts a test mail, so that nobody's mailbox is flooded.
pub(crate) async fn count_test_mail(state: &AdminState, principal: &Principal) -> Result<()> {
    let key = KvKey::new(KeyName::LimitTestMails, principal.organization()).with(principal.id());
    let limit = RateLimit { key, maximum: TEST_MAILS, window: TEST_MAIL_WINDOW };
    match state.kv.hit(&[limit]).await? {
        LimitOutcome::Allowed => Ok(()),
        LimitOutcome::Limited { retry_after } => Err(AdminError::TooManyAttempts { retry_after }),
    }
}
