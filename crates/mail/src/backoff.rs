//! Backoff after a failed delivery.

use std::time::Duration;

use porta_core::Entropy;

/// Waits after the first failure, the second, and so on; the last one repeats.
const WAITS: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];

/// Returns the wait after `attempt` (from one): the planned one with 20 percent jitter either way, so that what failed
/// together is not retried together.
pub(crate) fn retry_delay(attempt: i64, entropy: &dyn Entropy) -> Duration {
    let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(WAITS.len() - 1);
    let [chance] = entropy.bytes::<1>();
    WAITS[index].mul_f64(0.8 + 0.4 * f64::from(chance) / 255.0)
}

#[cfg(test)]
mod tests {
    use porta_core::SeededEntropy;

    use super::*;

    #[test]
    fn waits_grow_vary_and_stay_within_a_fifth_of_the_plan() {
        let entropy = SeededEntropy::new(1);
        for (attempt, planned) in
            [(0, 5), (1, 5), (2, 30), (3, 120), (4, 600), (5, 3600), (6, 3600), (i64::MAX, 3600)]
        {
            let waits: Vec<f64> = (0..50).map(|_| retry_delay(attempt, &entropy).as_secs_f64()).collect();
            let planned = f64::from(planned);
            assert!(
                waits.iter().all(|w| (planned * 0.8..=planned * 1.2).contains(w)),
                "{attempt}: {waits:?}"
            );
            assert!(waits.iter().any(|w| w.total_cmp(&waits[0]).is_ne()), "they vary");
        }
    }
}
