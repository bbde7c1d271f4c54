//! Numbers that were counted a moment ago. Counting reads whole tables, so one request counts at a time, and the others
//! are answered with the numbers before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use porta_core::{OrganizationId, Timestamp};
use porta_directory::{Overview, Result};

/// How long numbers are kept.
const KEPT: Duration = Duration::from_mins(1);
/// Organizations whose numbers are kept. Beyond it, all are forgotten: their numbers are cheap.
const CAPACITY: usize = 1_000;

/// Numbers by organization; `None` are those of the platform.
#[derive(Default)]
pub(crate) struct StatisticsCache(Mutex<HashMap<Option<OrganizationId>, Arc<Slot>>>);

#[derive(Default)]
struct Slot {
    counted: Mutex<Option<Arc<Overview>>>,
    /// Held by the request that counts.
    counting: tokio::sync::Mutex<()>,
}

impl Slot {
    fn any(&self) -> Option<Arc<Overview>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fresh(&self, now: Timestamp) -> Option<Arc<Overview>> {
        self.any().filter(|counted| now.since(counted.generated_at) < KEPT)
    }
}

impl StatisticsCache {
    fn slot(&self, organization: Option<OrganizationId>) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= CAPACITY && !slots.contains_key(&organization) {
            slots.retain(|known, _| known.is_none());
        }
        Arc::clone(slots.entry(organization).or_default())
    }

    /// The numbers of an organization or the platform, at most [`KEPT`] old unless they are being counted now.
    pub(crate) async fn get(
        &self,
        organization: Option<OrganizationId>,
        now: Timestamp,
        count: impl Future<Output = Result<Overview>>,
    ) -> Result<Arc<Overview>> {
        let slot = self.slot(organization);
        if let Some(fresh) = slot.fresh(now) {
            return Ok(fresh);
        }
        let counting = match slot.counting.try_lock() {
            Ok(counting) => counting,
            Err(_) => match slot.any() {
                Some(before) => return Ok(before),
                None => slot.counting.lock().await,
            },
        };
        // Somebody else may have counted while this request waited.
        if let Some(fresh) = slot.fresh(now) {
            return Ok(fresh);
        }
        let counted = Arc::new(count.await?);
        *slot.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&counted));
        drop(counting);
        Ok(counted)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use porta_store::{EntityCounts, LoginActivity, UserCounts};
    use tokio::sync::Notify;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);

    fn overview(generated_at: Timestamp) -> Overview {
        Overview {
            entities: EntityCounts::default(),
            users: UserCounts::default(),
            logins: LoginActivity::default(),
            pending: None,
            generated_at,
        }
    }

    #[tokio::test]
    async fn numbers_are_kept_for_a_minute() {
        let (cache, counts) = (StatisticsCache::default(), AtomicU64::new(0));
        let count = async |now: Timestamp| {
            let counted = async {
                counts.fetch_add(1, Ordering::Relaxed);
                Ok(overview(now))
            };
            cache.get(None, now, counted).await.unwrap().generated_at
        };
        let minute = Duration::from_mins(1);
        assert_eq!(count(NOW).await, NOW);
        assert_eq!(count(NOW + minute.checked_sub(Duration::from_secs(1)).unwrap()).await, NOW);
        assert_eq!(count(NOW + minute).await, NOW + minute);
        assert_eq!(counts.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn while_one_request_counts_the_others_get_the_numbers_before() {
        let cache = StatisticsCache::default();
        cache.get(None, NOW, async { Ok(overview(NOW)) }).await.unwrap();
        let later = NOW + KEPT;
        let go_on = Notify::new();
        let counting = cache.get(None, later, async {
            go_on.notified().await;
            Ok(overview(later))
        });
        let others = async {
            tokio::task::yield_now().await;
            for _ in 0..3 {
                let never = async { unreachable!("somebody counts already") };
                assert_eq!(cache.get(None, later, never).await.unwrap().generated_at, NOW);
            }
            go_on.notify_one();
        };
        let (counted, ()) = tokio::join!(counting, others);
        assert_eq!(counted.unwrap().generated_at, later);
    }

    /// The first request of all counts for those that come meanwhile.
    #[tokio::test]
    async fn without_numbers_the_others_wait() {
        let cache = StatisticsCache::default();
        let first = cache.get(None, NOW, async {
            tokio::task::yield_now().await;
            Ok(overview(NOW))
        });
        let second = async {
            tokio::task::yield_now().await;
            cache.get(None, NOW, async { unreachable!("the first one counts") }).await
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap().generated_at, second.unwrap().generated_at);
    }
}
