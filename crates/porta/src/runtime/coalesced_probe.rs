//! Coalesced probe: concurrent callers share one check, so any number of callers costs as much as one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// How long a result is reused: too short to hide a change from a caller that polls every second.
const FRESH: Duration = Duration::from_millis(250);

type SharedResult<T> = watch::Receiver<Option<(Instant, T)>>;

pub(crate) struct CoalescedProbe<T> {
    last: Mutex<Option<SharedResult<T>>>,
}

impl<T: Copy + Send + Sync + 'static> CoalescedProbe<T> {
    pub(crate) fn new() -> Self {
        Self { last: Mutex::new(None) }
    }

    /// The result of `check`, or of the one that runs or just ran for another caller; `None` when the check panicked.
    pub(crate) async fn ask(&self, check: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let mut result = self.current_or_start(check);
        let answer = result.wait_for(Option::is_some).await.ok()?;
        answer.map(|(_, answer)| answer)
    }

    fn current_or_start(&self, check: impl Future<Output = T> + Send + 'static) -> SharedResult<T> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = last.as_ref().filter(|result| is_usable(result)) {
            return result.clone();
        }
        let (answers, result) = watch::channel(None);
        // In a task of its own: the first caller may disconnect while others wait.
        tokio::spawn(async move { answers.send_replace(Some((Instant::now(), check.await))) });
        last.insert(result).clone()
    }
}

fn is_usable<T>(result: &SharedResult<T>) -> bool {
    match &*result.borrow() {
        Some((at, _)) => at.elapsed() < FRESH,
        None => result.has_changed().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::task::JoinSet;
    use tokio::time::{sleep, timeout};

    use super::*;

    struct Counted {
        probe: CoalescedProbe<u32>,
        checks: Arc<AtomicU32>,
    }

    impl Counted {
        fn new() -> Self {
            Self { probe: CoalescedProbe::new(), checks: Arc::default() }
        }

        /// The number of the check that answered.
        async fn ask(&self) -> Option<u32> {
            let checks = Arc::clone(&self.checks);
            self.probe
                .ask(async move {
                    let number = checks.fetch_add(1, Ordering::SeqCst) + 1;
                    sleep(Duration::from_millis(50)).await;
                    number
                })
                .await
        }
    }

    #[tokio::test]
    async fn hundreds_at_once_share_one_check() {
        let counted = Arc::new(Counted::new());
        let mut asking = JoinSet::new();
        for _ in 0..500 {
            let counted = Arc::clone(&counted);
            asking.spawn(async move { counted.ask().await });
        }
        assert!(asking.join_all().await.into_iter().all(|answer| answer == Some(1)));
    }

    #[tokio::test]
    async fn an_answer_counts_for_a_moment_from_when_it_came() {
        let counted = Counted::new();
        assert_eq!(counted.ask().await, Some(1));
        assert_eq!(counted.ask().await, Some(1));
        sleep(FRESH).await;
        assert_eq!(counted.ask().await, Some(2));
    }

    #[tokio::test]
    async fn who_goes_away_does_not_take_the_check_along() {
        let counted = Counted::new();
        assert!(timeout(Duration::from_millis(1), counted.ask()).await.is_err());
        assert_eq!(counted.ask().await, Some(1));
        sleep(FRESH).await;
        assert!(timeout(Duration::from_millis(1), counted.ask()).await.is_err());
        sleep(FRESH * 2).await;
        assert_eq!(counted.ask().await, Some(3), "what nobody heard is not kept for later");
    }

    #[tokio::test]
    async fn a_check_that_breaks_down_is_not_waited_for() {
        let probe = CoalescedProbe::<u32>::new();
        assert_eq!(probe.ask(async { panic!("as a test may") }).await, None);
        assert_eq!(probe.ask(async { 2 }).await, Some(2));
    }
}
