//! Load shedding: holds back the refusals of a server that has too much to do.

use std::time::Duration;

use tokio::sync::Semaphore;

/// `Retry-After` of a refusal, and how long its response is held back.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Most refusals held back at once; each is a sleeping request. Beyond that refusals are sent immediately.
const MAX_DELAYED: usize = 1_024;

/// Permits for refusals that are held back.
pub struct LoadShedder(Semaphore);

impl Default for LoadShedder {
    fn default() -> Self {
        Self(Semaphore::new(MAX_DELAYED))
    }
}

impl LoadShedder {
    /// Holds a refusal back for as long as it asks to wait: a client that ignores `Retry-After` and retries at once would
    /// otherwise take the time of thousands of refusals a second from everybody else.
    pub async fn hold(&self) {
        if let Ok(_permit) = self.0.try_acquire() {
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }
}
