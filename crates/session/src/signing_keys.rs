//! Signing keys of a tenant: read and created when first needed (decision D4).

use std::sync::Arc;

use porta_core::seal::Keyring;
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{Change, OrganizationId, SigningKeyId};
use porta_jose::{GeneratedKey, Signer};

use crate::backend::Backend;
use crate::caches::Caches;
use crate::error::BackendError;
use crate::tenant::Tenant;
use crate::tenant_keys::TenantKeys;

pub struct SigningKeys {
    backend: Arc<Backend>,
    caches: Arc<Caches>,
    /// Decrypts them.
    keyring: Arc<Keyring>,
}

impl SigningKeys {
    pub(crate) fn new(backend: Arc<Backend>, caches: Arc<Caches>, keyring: Arc<Keyring>) -> Self {
        Self { backend, caches, keyring }
    }

    /// Reads an organization's keys; creates the first ES256 pair if there is none.
    pub(crate) async fn load(&self, organization: OrganizationId) -> Result<TenantKeys, BackendError> {
        let mut rows = self.backend.store.repositories().signing_keys(organization).all().await?;
        let is_active = |k: &SigningKey, a| k.algorithm == a && k.status == SigningKeyStatus::Active;
        if !rows.iter().any(|k| is_active(k, SigningAlgorithm::Es256)) {
            self.create(organization, SigningAlgorithm::Es256).await?;
            rows = self.backend.store.repositories().signing_keys(organization).all().await?;
        }
        TenantKeys::open(&rows, &self.keyring, self.backend.now())
    }

    /// Whether this process can decrypt the newest signing key of the installation; `None`: there is no key yet.
    pub async fn can_decrypt(&self) -> Result<Option<bool>, BackendError> {
        let Some(key) = self.backend.store.newest_signing_key().await? else { return Ok(None) };
        let identity = SigningKey::seal_identity(key.organization_id, &key.kid);
        match self.keyring.open(&key.private_key, &identity) {
            Ok(private) => {
                drop(zeroize::Zeroizing::new(private));
                Ok(Some(true))
            }
            Err(error) => {
                tracing::error!(event = "keys.sealed", %error, kid = key.kid, "SIGNING_KEY_ENCRYPTION_KEY opens no signing key");
                Ok(Some(false))
            }
        }
    }

    /// Creates the next and then the active key of an algorithm: a reader that sees the active one sees both, so no
    /// JWKS is ever without the next. Several instances may try at once: one row wins each place.
    async fn create(
        &self,
        organization: OrganizationId,
        algorithm: SigningAlgorithm,
    ) -> Result<(), BackendError> {
        let now = self.backend.now();
        for status in [SigningKeyStatus::Next, SigningKeyStatus::Active] {
            // RSA generation takes long enough to starve other requests.
            let generated = tokio::task::spawn_blocking(move || GeneratedKey::generate(algorithm))
                .await
                .map_err(|e| BackendError::Signing(e.to_string()))?
                .map_err(|e| BackendError::Signing(e.to_string()))?;
            let identity = SigningKey::seal_identity(organization, &generated.kid);
            let key = SigningKey {
                id: SigningKeyId::new(now, &*self.backend.entropy),
                organization_id: organization,
                private_key: self.keyring.seal(&generated.pkcs8, &identity, &*self.backend.entropy),
                kid: generated.kid,
                algorithm,
                public_jwk: generated.public_jwk,
                status,
                activated_at: (status == SigningKeyStatus::Active).then_some(now),
                retired_at: None,
                expires_at: None,
                created_at: now,
            };
            self.backend.store.repositories().signing_keys(organization).insert_if_absent(&key).await?;
        }
        Ok(())
    }

    /// Returns the signer of an algorithm; creates its keys at the first use.
    pub async fn signer(
        &self,
        tenant: &Tenant,
        algorithm: SigningAlgorithm,
    ) -> Result<Arc<Signer>, BackendError> {
        if let Some(signer) = tenant.keys.signer(algorithm) {
            return Ok(Arc::clone(signer));
        }
        let organization = tenant.organization.id;
        self.create(organization, algorithm).await?;
        let rows = self.backend.store.repositories().signing_keys(organization).all().await?;
        let keys = TenantKeys::open(&rows, &self.keyring, self.backend.now())?;
        self.announce(&Change::SigningKeys(organization)).await;
        keys.signer(algorithm).cloned().ok_or_else(|| {
            BackendError::Signing(format!("no active {algorithm} key in organization {organization}"))
        })
    }

    /// Notifies every instance, this one included; if the notice is lost, the cache lifetime bounds how long values are
    /// stale.
    async fn announce(&self, change: &Change) {
        self.caches.apply_change(change);
        let (topic, key) = change.to_topic_and_key();
        let notice = porta_kv::Notice { topic: topic.to_owned(), key };
        if let Err(error) = self.backend.kv.publish(&notice).await {
            tracing::warn!(%error, topic, "change notice was not sent");
        }
    }
}
