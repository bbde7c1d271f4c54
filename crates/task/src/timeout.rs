//! A timeout that tolerates suspension: the process may have been frozen, suspended, or without a processor.
//!
//! When such a process resumes, the answer may have arrived long ago, but the timer has also fired, and the runtime often
//! polls the timer first. A plain timeout would then blame the other side.

use std::pin::pin;
use std::time::Duration;

use tokio::time;

/// Most of the limit that one suspension of the process can consume.
const SLICE: Duration = Duration::from_millis(250);

/// Resolution of the runtime's timer.
const SHORTEST: Duration = Duration::from_millis(1);

/// The limit passed while the process was running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

/// Waits at most `limit` for `future`. One suspension of the process consumes at most 250 ms of the limit and at most
/// half of it; the rest is time in which the process runs.
///
/// # Errors
///
/// Returns [`Elapsed`] when the limit has passed; the future is dropped.
pub async fn timeout<T>(limit: Duration, future: impl Future<Output = T>) -> Result<T, Elapsed> {
    let mut future = pin!(future);
    let slice = SLICE.min(limit / 2).max(SHORTEST);
    let mut left = limit;
    loop {
        let part = slice.min(left);
        if let Ok(output) = time::timeout(part, &mut future).await {
            return Ok(output);
        }
        left -= part;
        if left.is_zero() {
            return Err(Elapsed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::thread;
    use std::time::Instant;

    use tokio::task::yield_now;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(400);

    /// Sleeps through the limit, as a suspended process does, and is done a few polls later.
    async fn stopped() -> &'static str {
        thread::sleep(LIMIT * 2);
        for _ in 0..3 {
            yield_now().await;
        }
        "done"
    }

    #[tokio::test]
    async fn a_process_that_was_stopped_still_takes_its_answers() {
        assert!(
            time::timeout(LIMIT, stopped()).await.is_err(),
            "a plain limit gives up, so the check below can fail"
        );
        assert_eq!(timeout(LIMIT, stopped()).await, Ok("done"));
    }

    #[tokio::test]
    async fn what_never_comes_is_given_up_after_the_limit() {
        for limit in [0, 1, 300_000_000, 700_000_000].map(Duration::from_nanos) {
            let begun = Instant::now();
            assert_eq!(timeout(limit, pending::<()>()).await, Err(Elapsed));
            assert!(begun.elapsed() >= limit);
        }
    }
}
