//! When a failed item is attempted again.

use std::time::Duration;

use porta_core::outbox::OutboxClaim;
use porta_core::{Entropy, Timestamp};

/// Interval of probes for an unavailable service. An item that found it unavailable is due after one interval: its kind
/// is not claimed until the service is back.
pub const PROBE_EVERY: Duration = Duration::from_millis(1_500);

/// How long, and how often, items of a kind are retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Waits after the first failure, the second, and so on; the last one repeats.
    pub waits: &'static [Duration],
    /// Items that wait longer are given up.
    pub give_up_after: Duration,
}

impl RetryPolicy {
    /// When the item is given up.
    pub fn deadline(&self, claim: &OutboxClaim) -> Timestamp {
        claim.queued_at + self.give_up_after
    }

    /// Returns the wait after `attempt` (from one): the planned one with 20 percent jitter either way, so that what
    /// failed together is not retried together.
    pub(crate) fn delay(&self, attempt: i64, entropy: &dyn Entropy) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(0);
        let planned = self.waits.get(index).or(self.waits.last()).copied().unwrap_or(self.give_up_after);
        let [chance] = entropy.bytes::<1>();
        planned.mul_f64(0.8 + 0.4 * f64::from(chance) / 255.0)
    }
}

#[cfg(test)]
mod tests {
    use porta_core::SeededEntropy;

    #[test]
    fn waits_grow_vary_and_stay_within_a_fifth_of_the_plan() {
        let entropy = SeededEntropy::new(1);
        for (attempt, planned) in
            [(0, 5), (1, 5), (2, 30), (3, 120), (4, 600), (5, 3600), (6, 3600), (i64::MAX, 3600)]
        {
            let waits: Vec<f64> =
                (0..50).map(|_| crate::email::RETRY.delay(attempt, &entropy).as_secs_f64()).collect();
            let planned = f64::from(planned);
            assert!(
                waits.iter().all(|w| (planned * 0.8..=planned * 1.2).contains(w)),
                "{attempt}: {waits:?}"
            );
            assert!(waits.iter().any(|w| w.total_cmp(&waits[0]).is_ne()), "they vary");
        }
    }
}
