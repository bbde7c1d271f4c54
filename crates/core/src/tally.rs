//! Counts the round trips of one request to database and short-lived store, across threads, for its access-log line.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

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
pub struct Tally(Arc<Counts>);

thread_local! {
    /// The tally of the future that this thread is polling.
    static CURRENT: Cell<Option<Tally>> = const { Cell::new(None) };
}

fn count(which: impl FnOnce(&Counts) -> &AtomicU32) {
    CURRENT.with(|current| {
        let tally = current.take();
        if let Some(tally) = &tally {
            which(&tally.0).fetch_add(1, Ordering::Relaxed);
        }
        current.set(tally);
    });
}

/// Counts one statement sent to the database.
pub fn sql() {
    count(|counts| &counts.sql);
}

/// Counts one command sent to the short-lived store.
pub fn kv() {
    count(|counts| &counts.kv);
}

impl Tally {
    pub fn round_trips(&self) -> RoundTrips {
        RoundTrips { sql: self.0.sql.load(Ordering::Relaxed), kv: self.0.kv.load(Ordering::Relaxed) }
    }

    /// Counts what `future` does, and nothing outside it.
    pub fn count<F: Future>(&self, future: F) -> Counted<F> {
        Counted { tally: self.clone(), future: Box::pin(future) }
    }
}

#[derive(Debug)]
pub struct Counted<F> {
    tally: Tally,
    future: Pin<Box<F>>,
}

/// Restores the previous tally on drop, also when the poll panics.
struct Restore(Option<Tally>);

impl Drop for Restore {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _outer = Restore(CURRENT.replace(Some(self.tally.clone())));
        self.future.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Waker;

    use super::*;

    #[test]
    fn each_future_counts_its_own_however_their_polls_mix() {
        let twice = || {
            let mut polls = 0;
            poll_fn(move |_| {
                polls += 1;
                sql();
                if polls == 2 { Poll::Ready(()) } else { Poll::Pending }
            })
        };
        let (first, second, inner) = (Tally::default(), Tally::default(), Tally::default());
        let mut one = first.count(twice());
        let mut two = second.count(async {
            kv();
            inner.count(twice()).await;
            kv();
        });
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            let _ = Pin::new(&mut one).poll(&mut cx);
            let _ = Pin::new(&mut two).poll(&mut cx);
            sql();
        }
        assert_eq!(first.round_trips(), RoundTrips { sql: 2, kv: 0 });
        assert_eq!(second.round_trips(), RoundTrips { sql: 0, kv: 2 });
        assert_eq!(inner.round_trips(), RoundTrips { sql: 2, kv: 0 });
    }
}
