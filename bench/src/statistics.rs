//! Rank tests whether two sets of latencies come from the same distribution. Ranks are robust against outliers of a
//! noisy machine: an outlier moves no rank by more than one place.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Significance level: a false positive in one run of twenty.
pub(crate) const SIGNIFICANCE: f64 = 0.05;
/// Power: probability of detecting a difference of the reported size.
pub(crate) const POWER: f64 = 0.9;

/// The 25 %, 50 % and 75 % quantiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Quartiles {
    pub(crate) first: Duration,
    pub(crate) median: Duration,
    pub(crate) third: Duration,
}

impl Quartiles {
    /// Interpolates linearly between neighbours; `None` without samples.
    pub(crate) fn of(samples: &[Duration]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        let at = |quarters: usize| {
            let (below, rest) = (last * quarters / 4, last * quarters % 4);
            let step = sorted[(below + 1).min(last)].saturating_sub(sorted[below]);
            sorted[below] + step * u32::try_from(rest).unwrap_or(0) / 4
        };
        Some(Self { first: at(1), median: at(2), third: at(3) })
    }
}

/// Comparison of two sample sets (Mann and Whitney 1947).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ranked {
    /// Probability that a sample is slower than a baseline sample, ties counted half: U divided by both sizes, the area
    /// under the ROC curve. 0.5 means no difference.
    pub(crate) superiority: f64,
    /// Two-sided p-value by the normal approximation, corrected for ties and continuity: good from about 20 samples.
    pub(crate) p: f64,
}

impl Ranked {
    /// `None` when one set is empty.
    pub(crate) fn of(samples: &[Duration], baseline: &[Duration]) -> Option<Self> {
        if samples.is_empty() || baseline.is_empty() {
            return None;
        }
        let (n, m) = (float(samples.len()), float(baseline.len()));
        let (rank_sum, ties) = rank_sum(samples, baseline);
        let u = rank_sum - n * (n + 1.0) / 2.0;
        let all = n + m;
        let variance = n * m / 12.0 * (all + 1.0 - ties / (all * (all - 1.0)));
        let distance = (u - n * m / 2.0).abs() - 0.5;
        let p = if variance > 0.0 && distance > 0.0 { two_sided(distance / variance.sqrt()) } else { 1.0 };
        Some(Self { superiority: u / (n * m), p })
    }
}

/// The rank sum of the samples among all (tied values get their mean rank), and Σ(t³ - t) over the sizes of ties.
fn rank_sum(samples: &[Duration], baseline: &[Duration]) -> (f64, f64) {
    let mut all: Vec<(Duration, bool)> = samples.iter().map(|sample| (*sample, true)).collect();
    all.extend(baseline.iter().map(|sample| (*sample, false)));
    all.sort_unstable();
    let (mut below, mut sum, mut ties) = (0.0, 0.0, 0.0);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let size = float(tied.len());
        let own = float(tied.iter().filter(|(_, is_sample)| *is_sample).count());
        sum += own * (below + f64::midpoint(size, 1.0));
        ties += size.powi(3) - size;
        below += size;
    }
    (sum, ties)
}

/// Corrects p-values for multiple comparisons (Holm 1979): each is multiplied by the number of p-values that are not
/// smaller, and raised to at least the corrected value of any smaller one.
pub(crate) fn holm(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut corrected = vec![1.0; values.len()];
    let mut largest: f64 = 0.0;
    for (place, index) in order.iter().enumerate() {
        largest = largest.max(values[*index] * float(values.len() - place));
        corrected[*index] = largest.min(1.0);
    }
    corrected
}

/// The smallest delay of all samples, to the microsecond, that the test detects with probability [`POWER`] at the
/// level [`SIGNIFICANCE`] shared among `comparisons`; baseline and others have `size` samples each, distributed like
/// `pooled`.
pub(crate) fn smallest_delay(pooled: &[Duration], size: usize, comparisons: usize) -> Duration {
    let size = float(size);
    let deviation = ((2.0 * size + 1.0) / (12.0 * size * size)).sqrt();
    let needed = quantile(SIGNIFICANCE / float(comparisons) / 2.0) + quantile(1.0 - POWER);
    let wanted = 0.5 + needed * deviation;
    let is_enough = |delay: Duration| {
        let delayed: Vec<_> = pooled.iter().map(|sample| *sample + delay).collect();
        // With too few samples no delay is detectable: the search ends at its upper bound.
        Ranked::of(&delayed, pooled).is_none_or(|ranked| ranked.superiority >= wanted)
    };
    let (mut low, mut high) = (Duration::ZERO, pooled.iter().max().copied().unwrap_or_default());
    while high.saturating_sub(low) > Duration::from_micros(1) {
        let middle = low + high.saturating_sub(low) / 2;
        if is_enough(middle) { high = middle } else { low = middle }
    }
    high
}

/// Probability that a standard normal variable lies beyond ±`z`.
fn two_sided(z: f64) -> f64 {
    libm::erfc(z / std::f64::consts::SQRT_2)
}

/// The standard normal value exceeded with probability `tail` (below 0.5).
fn quantile(tail: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if two_sided(middle) / 2.0 > tail { low = middle } else { high = middle }
    }
    high
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[track_caller]
    fn close(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 5e-5, "{found} instead of {wanted}");
    }

    #[test]
    fn the_example_of_the_tortoises_has_its_known_u() {
        // Tortoises and hares finish in the order T H H H H H T T T T T H: U is 11 of 36 for the tortoises.
        let (tortoises, hares) = (ms(&[1, 7, 8, 9, 10, 11]), ms(&[2, 3, 4, 5, 6, 12]));
        close(Ranked::of(&tortoises, &hares).unwrap().superiority, 25.0 / 36.0);
        close(Ranked::of(&hares, &tortoises).unwrap().superiority, 11.0 / 36.0);
    }

    #[test]
    fn ranks_give_the_p_values_of_other_programs() {
        // scipy.stats.mannwhitneyu([19,22,16,29,24], [20,11,17,12], method="asymptotic"): 17.0, 0.11134688653314041
        let ranked = Ranked::of(&ms(&[19, 22, 16, 29, 24]), &ms(&[20, 11, 17, 12])).unwrap();
        close(ranked.superiority, 17.0 / 20.0);
        close(ranked.p, 0.111_347);
    }

    #[test]
    fn ties_share_their_rank_and_shrink_the_variance() {
        // Ranks 1, 3, 3, 3, 5.5, 5.5 and two groups of ties: U = 5.5, variance 9/12 · (7 - (24 + 6) / 30).
        let ranked = Ranked::of(&ms(&[2, 2, 3]), &ms(&[1, 2, 3])).unwrap();
        close(ranked.superiority, 5.5 / 9.0);
        close(ranked.p, two_sided(0.5 / (0.75_f64 * 6.0).sqrt()));
    }

    #[test]
    fn nothing_is_told_apart_where_nothing_differs() {
        let same = Ranked::of(&ms(&[5; 40]), &ms(&[5; 40])).unwrap();
        assert_eq!(same, Ranked { superiority: 0.5, p: 1.0 });
        assert_eq!(Ranked::of(&[], &ms(&[1])), None);
        assert_eq!(Ranked::of(&ms(&[1]), &[]), None);
    }

    #[test]
    fn sets_apart_are_told_apart() {
        let (low, high): (Vec<_>, Vec<_>) = ((0..50).collect(), (50..100).collect());
        let ranked = Ranked::of(&ms(&high), &ms(&low)).unwrap();
        close(ranked.superiority, 1.0);
        assert!(ranked.p < 1e-16, "{}", ranked.p);
        assert!((Ranked::of(&ms(&low), &ms(&high)).unwrap().p - ranked.p).abs() < 1e-20, "either way");
    }

    #[test]
    fn holm_multiplies_by_what_is_left_and_never_falls() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm"): 0.03 0.06 0.06 0.02
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, wanted) in corrected.into_iter().zip([0.03, 0.06, 0.06, 0.02]) {
            close(found, wanted);
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn normal_tails_are_those_of_the_tables() {
        close(two_sided(1.959_964), 0.05);
        close(two_sided(0.0), 1.0);
        close(quantile(0.025), 1.959_964);
        close(quantile(0.1), 1.281_552);
        close(quantile(0.05 / 36.0), 2.991_316);
    }

    #[test]
    fn quartiles_lie_between_neighbours() {
        let quartiles = Quartiles::of(&ms(&[4, 1, 3, 2])).unwrap();
        assert_eq!(quartiles.first, Duration::from_micros(1750));
        assert_eq!(quartiles.median, Duration::from_micros(2500));
        assert_eq!(quartiles.third, Duration::from_micros(3250));
        let one = Duration::from_millis(7);
        assert_eq!(Quartiles::of(&[one]), Some(Quartiles { first: one, median: one, third: one }));
        assert_eq!(Quartiles::of(&[]), None);
    }

    #[test]
    fn a_delay_is_smallest_where_the_test_begins_to_find_it() {
        // For a uniform distribution over 1 ms, a sample delayed by d ms is slower with probability 0.5 + d - d²/2.
        let even: Vec<_> = (0..1000).map(Duration::from_micros).collect();
        let found = smallest_delay(&even, 200, 1).as_secs_f64() * 1e3;
        let wanted = (1.959_964 + 1.281_552) * (401.0_f64 / (12.0 * 40_000.0)).sqrt();
        assert!((found - (1.0 - (1.0 - 2.0 * wanted).sqrt())).abs() < 0.002, "{found}");
        assert!(smallest_delay(&even, 200, 18) > smallest_delay(&even, 200, 1), "many comparisons hide more");
        assert!(smallest_delay(&even, 50, 1) > smallest_delay(&even, 200, 1), "few samples hide more");
        assert_eq!(smallest_delay(&[], 200, 1), Duration::ZERO);
    }
}
