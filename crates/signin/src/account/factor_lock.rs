//! One change of a person's second factor at a time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use porta_core::user::User;
use porta_kv::{KeyName, KvKey};
use porta_session::{BackendError, Tenant};

use crate::sign_in_core::SignInCore;

/// Lifetime of the lock for one change: if a process dies, the next change waits no longer than this.
const LONGEST_CHANGE: Duration = Duration::from_secs(10);

pub(crate) struct FactorLock {
    core: Arc<SignInCore>,
}

impl FactorLock {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core }
    }

    /// Locks a person's factors, so that the codes shown are the codes stored. `false`: another change is in progress.
    pub(super) async fn lock(&self, tenant: &Tenant, user: &User) -> Result<bool, BackendError> {
        let key = lock_key(tenant, user);
        Ok(self.core.shared.kv().put_if_absent(&key, Bytes::from_static(b"1"), LONGEST_CHANGE).await?)
    }

    /// Whether a change is in progress.
    pub(super) async fn is_locked(&self, tenant: &Tenant, user: &User) -> Result<bool, BackendError> {
        Ok(self.core.shared.kv().get(&lock_key(tenant, user)).await?.is_some())
    }

    pub(super) async fn unlock(&self, tenant: &Tenant, user: &User) -> Result<(), BackendError> {
        self.core.shared.kv().take(&lock_key(tenant, user)).await?;
        Ok(())
    }
}

fn lock_key(tenant: &Tenant, user: &User) -> KvKey {
    KvKey::new(KeyName::AccountLock, tenant.organization.id).with(user.id)
}
