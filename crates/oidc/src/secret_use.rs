//! When each client secret was last used, recorded without slowing the request that used it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use porta_core::{ClientSecretId, OrganizationId, Timestamp};

use crate::{Engine, EngineError};

/// Uses seen since the last flush; bounded by the number of secrets.
#[derive(Debug, Default)]
pub struct SecretUse(Mutex<HashMap<(OrganizationId, ClientSecretId), Timestamp>>);

impl SecretUse {
    pub(crate) fn seen(&self, owner: OrganizationId, secret: ClientSecretId, at: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = seen.entry((owner, secret)).or_insert(at);
        *last = at.max(*last);
    }

    fn drain(&self) -> HashMap<OrganizationId, Vec<(ClientSecretId, Timestamp)>> {
        let seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut by_owner: HashMap<_, Vec<_>> = HashMap::new();
        for ((owner, secret), at) in seen {
            by_owner.entry(owner).or_default().push((secret, at));
        }
        by_owner
    }
}

impl Engine {
    /// Writes the collected uses; called every few seconds and once more at a graceful stop. Failed writes are kept for
    /// the next call.
    pub async fn flush_secret_use(&self) -> Result<(), EngineError> {
        let mut outcome = Ok(());
        for (owner, used) in self.secret_use.drain() {
            if let Err(error) = self.store.repositories().clients(owner).touch_secrets(&used).await {
                for (secret, at) in used {
                    self.secret_use.seen(owner, secret, at);
                }
                outcome = Err(error.into());
            }
        }
        outcome
    }
}
