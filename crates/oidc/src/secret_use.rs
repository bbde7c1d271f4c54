//! When each client secret was last used, recorded without slowing the request that used it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use porta_core::{ClientSecretId, OrganizationId, Timestamp};
use porta_session::{Backend, BackendError};

pub struct SecretUse {
    backend: Arc<Backend>,
    /// Uses since the last flush; bounded by the number of secrets.
    last_used: Mutex<HashMap<(OrganizationId, ClientSecretId), Timestamp>>,
}

impl SecretUse {
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        Self { backend, last_used: Mutex::default() }
    }

    pub(crate) fn record(&self, owner: OrganizationId, secret: ClientSecretId, at: Timestamp) {
        let mut last_used = self.last_used.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last_used.entry((owner, secret)).or_insert(at);
        *last = at.max(*last);
    }

    fn drain(&self) -> HashMap<OrganizationId, Vec<(ClientSecretId, Timestamp)>> {
        let last_used = std::mem::take(&mut *self.last_used.lock().unwrap_or_else(PoisonError::into_inner));
        let mut by_owner: HashMap<_, Vec<_>> = HashMap::new();
        for ((owner, secret), at) in last_used {
            by_owner.entry(owner).or_default().push((secret, at));
        }
        by_owner
    }

    /// Writes the collected uses; called every few seconds and once more at a graceful stop. Failed writes are kept for
    /// the next call.
    pub async fn flush(&self) -> Result<(), BackendError> {
        let mut outcome = Ok(());
        for (owner, used) in self.drain() {
            if let Err(error) = self.backend.store.repositories().clients(owner).touch_secrets(&used).await {
                for (secret, at) in used {
                    self.record(owner, secret, at);
                }
                outcome = Err(error.into());
            }
        }
        outcome
    }
}
