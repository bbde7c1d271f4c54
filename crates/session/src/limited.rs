//! Refusals by a rate limit.

use std::time::Duration;

/// A rate limit or quota is exceeded; `maximum` is the limit that was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    pub retry_after: Duration,
    pub maximum: u64,
}
