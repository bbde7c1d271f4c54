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
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((owner, secret), at);
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
    /// Writes the collected uses; called every few seconds and once more at a graceful stop.
    pub async fn flush_secret_use(&self) -> Result<(), EngineError> {
        for (owner, used) in self.secret_use.drain() {
            self.store.repositories().clients(owner).touch_secrets(&used).await?;
        }
        Ok(())
    }
}
