//! Backoff between attempts to connect.

use std::time::Duration;

use crate::Entropy;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_millis(500);

/// Doubles from 50 ms to half a second, with jitter: each wait is drawn from the upper half, so that instances do not
/// retry in step. The maximum is short since requests wait for it and a refused connection is cheap.
pub struct Backoff<'a> {
    next: Duration,
    entropy: &'a dyn Entropy,
}

impl<'a> Backoff<'a> {
    pub fn new(entropy: &'a dyn Entropy) -> Self {
        Self { next: FIRST, entropy }
    }

    /// Returns the wait after one more failure.
    pub fn wait(&mut self) -> Duration {
        let half = self.next / 2;
        self.next = (self.next * 2).min(LONGEST);
        half + half * u32::from(self.entropy.bytes::<1>()[0]) / 255
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;

    #[test]
    fn waits_grow_to_a_bound_and_differ() {
        let entropy = SeededEntropy::new(3);
        let mut backoff = Backoff::new(&entropy);
        let waits: Vec<_> = (0..20).map(|_| backoff.wait()).collect();
        assert!(waits[0] >= FIRST / 2 && waits[0] <= FIRST);
        assert!(waits.iter().all(|wait| *wait <= LONGEST));
        assert!(waits[10..].iter().all(|wait| *wait >= LONGEST / 2));
        assert!(waits[10..].windows(2).any(|pair| pair[0] != pair[1]));
    }
}
