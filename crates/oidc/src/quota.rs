//! Quotas for authenticated callers: writes per window for each client, person, token family and organization. They are
//! generous; honest callers do not reach them. Without them one client or one signed-in browser could fill the stores
//! that all organizations share.
//!
//! Each process counts for itself, so a success costs no round trip; `n` processes allow `n` times as much, which is
//! still a bound. Units come back evenly (GCRA, the generic cell rate algorithm): a caller who used everything up may
//! go on at that rate.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use moka::future::Cache;
use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::settings::{self, Settings};
use porta_core::{ClientKey, OrganizationId, Timestamp, TokenFamilyId, UserId};
use porta_session::{Limited, OperationContext, SharedServices};

/// Maximum buckets in memory. An evicted bucket starts full again; the organization's is used by every caller and
/// stays.
const CAPACITY: u64 = 50_000;
/// Idle time after which a bucket is evicted: the longest allowed window, after which the bucket is full again.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(1);

/// Whose quota a write counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum QuotaKey {
    Client(ClientKey),
    /// A person, in all browsers and sessions together. Only what a browser asks for counts, so that no application can
    /// use up a person's quota.
    Person(UserId),
    /// The tokens of one family, that is of one authorization code.
    TokenFamily(TokenFamilyId),
    /// All token families of a person together, so that one person does not use up the client's quota.
    TokenFamiliesOf(UserId),
    Organization,
}

impl QuotaKey {
    fn name(self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Person(_) => "person",
            Self::TokenFamily(_) => "chain",
            Self::TokenFamiliesOf(_) => "chains",
            Self::Organization => "organization",
        }
    }

    fn maximum(self, settings: &Settings) -> u64 {
        match self {
            Self::Client(_) => settings.number(settings::QUOTA_CLIENT_MAX),
            Self::Person(_) | Self::TokenFamily(_) => settings.number(settings::QUOTA_PERSON_MAX),
            Self::TokenFamiliesOf(_) => settings.number(settings::QUOTA_PERSON_MAX) * 2,
            Self::Organization => settings.number(settings::QUOTA_ORGANIZATION_MAX),
        }
    }
}

pub(crate) struct Quotas {
    shared: Arc<SharedServices>,
    buckets: Cache<(OrganizationId, QuotaKey), Arc<Bucket>>,
}

/// How much earlier than the request before it a request may have read the clock, in microseconds: threads that run at
/// the same time take turns in any order.
const REORDERED: i64 = 1_000_000;

/// Two timestamps, in microseconds.
#[derive(Debug, Default)]
struct Bucket {
    /// When the bucket is full again.
    full_at: AtomicI64,
    /// Refusals before this write no audit row.
    audited_until: AtomicI64,
}

/// Refusal: the bucket is empty.
#[derive(Debug, PartialEq, Eq)]
struct QuotaExceeded {
    wait: Duration,
    /// First refusal within a window, so it gets an audit row.
    is_news: bool,
}

/// Microseconds in which one unit comes back.
fn step(maximum: u64, window: Duration) -> i64 {
    let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX / 4);
    (window / i64::try_from(maximum).unwrap_or(i64::MAX)).max(1)
}

impl Bucket {
    /// Takes one unit; `maximum` units come back within `window`.
    fn take(&self, now: Timestamp, maximum: u64, window: Duration) -> Result<(), QuotaExceeded> {
        let now = now.micros();
        let step = step(maximum, window);
        let latest = now.saturating_add(i64::try_from(window.as_micros()).unwrap_or(i64::MAX / 4));
        // The clock was set back: reset the bucket instead of refusing until the clock has caught up.
        let ahead = self.full_at.load(Ordering::Relaxed);
        if ahead.saturating_sub(latest) > REORDERED {
            let _ = self.full_at.compare_exchange(ahead, now, Ordering::Relaxed, Ordering::Relaxed);
        }
        let next = |full_at: i64| full_at.clamp(now, latest) + step;
        let taken = self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            Some(next(full_at)).filter(|next| *next <= latest)
        });
        let Err(full_at) = taken else { return Ok(()) };
        let audited = self.audited_until.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |until| {
            (until <= now || until.saturating_sub(latest) > REORDERED).then_some(latest)
        });
        let micros = u64::try_from(next(full_at) - latest).unwrap_or(0);
        Err(QuotaExceeded { wait: Duration::from_micros(micros), is_news: audited.is_ok() })
    }

    fn give_back(&self, maximum: u64, window: Duration) {
        self.full_at.fetch_sub(step(maximum, window), Ordering::Relaxed);
    }
}

impl Quotas {
    pub(crate) fn new(shared: Arc<SharedServices>) -> Self {
        let buckets = Cache::builder().max_capacity(CAPACITY).time_to_idle(FORGOTTEN_AFTER).build();
        Self { shared, buckets }
    }

    /// Counts one write for each of `quota_keys`, all or none. `Err`: the time to wait.
    pub(crate) async fn consume(
        &self,
        context: OperationContext<'_>,
        quota_keys: &[QuotaKey],
    ) -> Result<(), Limited> {
        let tenant = context.tenant;
        let window = tenant.settings.duration(settings::QUOTA_WINDOW);
        let mut paid: Vec<(Arc<Bucket>, u64)> = Vec::with_capacity(quota_keys.len());
        for quota_key in quota_keys {
            let maximum = quota_key.maximum(&tenant.settings);
            let key = (tenant.organization.id, *quota_key);
            let bucket = match self.buckets.get(&key).await {
                Some(bucket) => bucket,
                None => self.buckets.get_with(key, async { Arc::default() }).await,
            };
            // Not the time of the request: one that waited would look like a clock that was set back.
            if let Err(QuotaExceeded { wait, is_news }) = bucket.take(self.shared.now(), maximum, window) {
                if is_news {
                    self.audit_exceeded(context, *quota_key, window).await;
                }
                for (bucket, maximum) in paid {
                    bucket.give_back(maximum, window);
                }
                return Err(Limited { retry_after: wait, maximum });
            }
            paid.push((bucket, maximum));
        }
        Ok(())
    }

    async fn audit_exceeded(&self, context: OperationContext<'_>, quota_key: QuotaKey, window: Duration) {
        let (id, user_id) = match quota_key {
            QuotaKey::Client(client) => (Some(client.to_string()), None),
            QuotaKey::TokenFamily(family) => (Some(family.to_string()), None),
            QuotaKey::Person(user) | QuotaKey::TokenFamiliesOf(user) => (None, Some(user)),
            QuotaKey::Organization => (None, None),
        };
        tracing::warn!(event = "rate_limit.quota", tenant = %context.tenant.organization.slug, quota = quota_key.name(), id, "quota is used up");
        let event = AuditEvent {
            user_id,
            metadata: serde_json::json!({ "quota": quota_key.name(), "id": id }),
            ..self.shared.audit.event(context, AuditEventKind::RateLimitQuota)
        };
        // Once for all processes that see the same flood. A refusal must not depend on storage, so a failure is only
        // logged.
        if let Err(error) = self.shared.audit.record_once(context, event, window).await {
            tracing::warn!(%error, "a quota that is used up was not recorded");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);
    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn taken(bucket: &Bucket, now: Timestamp, tries: usize) -> usize {
        (0..tries).filter(|_| bucket.take(now, 60, MINUTE).is_ok()).count()
    }

    #[test]
    fn so_many_at_once_and_then_as_they_come_back() {
        let bucket = Bucket::default();
        assert_eq!(taken(&bucket, NOW, 100), 60);
        let empty = bucket.take(NOW, 60, MINUTE).unwrap_err();
        assert_eq!(empty.wait, Duration::from_secs(1));
        assert_eq!(taken(&bucket, NOW + Duration::from_millis(999), 5), 0);
        assert_eq!(taken(&bucket, NOW + Duration::from_secs(1), 5), 1, "waiting as told helps");
        assert_eq!(taken(&bucket, NOW + Duration::from_secs(11), 50), 10);
        assert_eq!(taken(&bucket, NOW + 10 * MINUTE, 100), 60, "no more than a window is saved up");
    }

    #[test]
    fn what_was_given_back_is_there_again() {
        let bucket = Bucket::default();
        taken(&bucket, NOW, 60);
        bucket.give_back(60, MINUTE);
        assert_eq!(taken(&bucket, NOW, 5), 1);
    }

    #[test]
    fn a_refusal_is_news_once_in_a_window() {
        let bucket = Bucket::default();
        taken(&bucket, NOW, 60);
        let is_news = |now| bucket.take(now, 60, MINUTE).unwrap_err().is_news;
        assert_eq!([is_news(NOW), is_news(NOW), is_news(NOW)], [true, false, false]);
        taken(&bucket, NOW + MINUTE, 60);
        assert!(is_news(NOW + MINUTE));
    }

    #[test]
    fn a_clock_that_was_set_back_refuses_nobody() {
        let bucket = Bucket::default();
        taken(&bucket, NOW + 60 * MINUTE, 100);
        assert_eq!(taken(&bucket, NOW, 100), 60);
        assert_eq!(taken(&bucket, NOW + MINUTE, 100), 60);
    }

    #[test]
    fn a_request_that_read_the_clock_a_moment_earlier_refills_nothing() {
        let bucket = Bucket::default();
        taken(&bucket, NOW + Duration::from_millis(5), 100);
        assert_eq!(taken(&bucket, NOW, 100), 0);
        assert_eq!(taken(&bucket, NOW + Duration::from_millis(5), 100), 0);
    }

    #[test]
    fn more_than_one_in_a_microsecond_is_no_quota() {
        let bucket = Bucket::default();
        assert!((0..1_000).all(|_| bucket.take(NOW, u64::MAX, MINUTE).is_ok()));
    }

    #[test]
    fn many_at_once_get_no_more_than_there_is() {
        let bucket = Bucket::default();
        let total: usize = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..8).map(|_| scope.spawn(|| taken(&bucket, NOW, 1_000))).collect();
            tasks.into_iter().map(|task| task.join().unwrap()).sum()
        });
        assert_eq!(total, 60);
    }
}
