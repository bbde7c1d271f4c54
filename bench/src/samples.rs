//! Latency samples. All are kept: a few hundred thousand need no histogram and lose no precision.

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Clone)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Throughput and percentiles over `elapsed`; `None` without samples.
    pub(crate) fn summary(mut self, elapsed: Duration) -> Option<Summary> {
        self.0.sort_unstable();
        Some(Summary {
            count: self.len(),
            per_second: per_second(self.len(), elapsed),
            p50: self.percentile(50)?,
            p99: self.percentile(99)?,
        })
    }

    /// Nearest-rank percentile: the smallest sample that at least `percent` of all do not exceed. Needs sorted samples.
    fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) count: usize,
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn per_second(count: usize, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// The median of some durations.
pub(crate) fn median(mut durations: Vec<Duration>) -> Option<Duration> {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(milliseconds: impl IntoIterator<Item = u64>) -> Samples {
        Samples(milliseconds.into_iter().map(Duration::from_millis).collect())
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let summary = of((1..=200).rev()).summary(Duration::from_secs(4)).unwrap();
        assert_eq!(summary.p50, Duration::from_millis(100));
        assert_eq!(summary.p99, Duration::from_millis(198));
        assert!((summary.per_second - 50.0).abs() < 1e-9);
    }

    #[test]
    fn one_sample_is_every_percentile_and_none_is_no_summary() {
        let summary = of([7]).summary(Duration::from_secs(1)).unwrap();
        assert_eq!((summary.p50, summary.p99), (Duration::from_millis(7), Duration::from_millis(7)));
        assert_eq!(of([]).summary(Duration::from_secs(1)), None);
    }

    #[test]
    fn samples_of_several_connections_count_together() {
        let mut all = of([5, 1]);
        all.append(of([3]));
        assert_eq!(all.summary(Duration::from_secs(1)).unwrap().p50, Duration::from_millis(3));
    }

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median([9, 1, 5].map(Duration::from_millis).to_vec()), Some(Duration::from_millis(5)));
        assert_eq!(median(Vec::new()), None);
    }
}
