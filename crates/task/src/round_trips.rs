//! Counts the round trips of one request to database and short-lived store, across threads, for its access-log line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::futures::TaskLocalFuture;

/// Round trips of a request so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoundTrips {
    pub sql: u32,
    pub kv: u32,
}

#[derive(Debug, Default)]
struct Counts {
    sql: AtomicU32,
    kv: AtomicU32,
}

/// Counter of one future. Tasks that the future spawns are not counted.
#[derive(Debug, Clone, Default)]
pub struct RoundTripCounter(Arc<Counts>);

tokio::task_local! {
    static CURRENT: RoundTripCounter;
}

fn count(which: impl FnOnce(&Counts) -> &AtomicU32) {
    // Outside a counted future there is nothing to count.
    let _ = CURRENT.try_with(|counter| which(&counter.0).fetch_add(1, Ordering::Relaxed));
}

/// Counts one statement sent to the database.
pub fn sql() {
    count(|counts| &counts.sql);
}

/// Counts one command sent to the short-lived store.
pub fn kv() {
    count(|counts| &counts.kv);
}

impl RoundTripCounter {
    pub fn round_trips(&self) -> RoundTrips {
        RoundTrips { sql: self.0.sql.load(Ordering::Relaxed), kv: self.0.kv.load(Ordering::Relaxed) }
    }

    /// Counts what `future` does, and nothing outside it.
    pub fn count<F: Future>(&self, future: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self.clone(), future)
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn each_future_counts_its_own_however_their_polls_mix() {
        async fn twice() {
            sql();
            yield_now().await;
            sql();
        }
        let [first, second, inner] = std::array::from_fn(|_| RoundTripCounter::default());
        let one = first.count(twice());
        let two = second.count(async {
            kv();
            inner.count(twice()).await;
            kv();
        });
        let uncounted = async {
            sql();
            yield_now().await;
            kv();
        };
        tokio::join!(one, two, uncounted);
        assert_eq!(first.round_trips(), RoundTrips { sql: 2, kv: 0 });
        assert_eq!(second.round_trips(), RoundTrips { sql: 0, kv: 2 });
        assert_eq!(inner.round_trips(), RoundTrips { sql: 2, kv: 0 });
    }
}
