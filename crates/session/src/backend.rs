//! What every service works on.

use std::sync::Arc;

use porta_core::{Clock, Entropy, Slug, Timestamp};
use porta_kv::Kv;
use porta_store::Store;

/// The stores, the clock, the randomness, and where the server is reached.
pub struct Backend {
    pub store: Arc<dyn Store>,
    pub kv: Arc<dyn Kv>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// `ISSUER_BASE_URL` without a trailing slash.
    pub issuer_base: String,
}

impl Backend {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The issuer of an organization: configuration and slug, never taken from a request (decision D10).
    pub fn issuer(&self, organization: &Slug) -> String {
        format!("{}/{organization}", self.issuer_base)
    }
}
