//! Signing keys of a tenant: decrypted once, published as a prepared JWKS, created when first needed (decision D4).

use std::collections::HashMap;
use std::sync::Arc;

use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{OrganizationId, SigningKeyId};
use porta_jose::{GeneratedKey, KeySet, Signer, jwks_document};

use crate::tenant::DocumentWithEtag;
use crate::{Engine, EngineError, Tenant};

/// The keys of one organization as this process holds them.
pub struct TenantKeys {
    signers: HashMap<SigningAlgorithm, Arc<Signer>>,
    pub jwks: DocumentWithEtag,
    /// Verifies what this tenant signed.
    pub verifier: KeySet,
}

impl std::fmt::Debug for TenantKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.signers.keys()).finish()
    }
}

impl TenantKeys {
    pub fn signer(&self, algorithm: SigningAlgorithm) -> Option<&Arc<Signer>> {
        self.signers.get(&algorithm)
    }
}

impl Engine {
    /// Reads an organization's keys; creates the first ES256 pair if there is none.
    pub(crate) async fn load_keys(&self, organization: OrganizationId) -> Result<TenantKeys, EngineError> {
        let mut rows = self.store.repositories().signing_keys(organization).all().await?;
        let is_active = |k: &SigningKey, a| k.algorithm == a && k.status == SigningKeyStatus::Active;
        if !rows.iter().any(|k| is_active(k, SigningAlgorithm::Es256)) {
            self.create_keys(organization, SigningAlgorithm::Es256).await?;
            rows = self.store.repositories().signing_keys(organization).all().await?;
        }
        self.open_keys(&rows)
    }

    /// Whether this process can decrypt the newest signing key of the installation; `None`: there is no key yet.
    pub async fn can_decrypt_signing_keys(&self) -> Result<Option<bool>, EngineError> {
        let Some(key) = self.store.newest_signing_key().await? else { return Ok(None) };
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

    fn open_keys(&self, rows: &[SigningKey]) -> Result<TenantKeys, EngineError> {
        let now = self.now();
        let published: Vec<&SigningKey> = rows.iter().filter(|k| k.is_published(now)).collect();
        let mut signers = HashMap::new();
        for key in published.iter().filter(|k| k.status == SigningKeyStatus::Active) {
            let identity = SigningKey::seal_identity(key.organization_id, &key.kid);
            let private = self
                .keyring
                .open(&key.private_key, &identity)
                .map_err(|e| EngineError::Signing(format!("key {}: {e}", key.kid)))?;
            let private = zeroize::Zeroizing::new(private);
            let signer = Signer::from_pkcs8(key.algorithm, &key.kid, &private)
                .map_err(|e| EngineError::Signing(format!("key {}: {e}", key.kid)))?;
            signers.insert(key.algorithm, Arc::new(signer));
        }
        let jwks: Vec<&serde_json::Value> = published.iter().map(|k| &k.public_jwk).collect();
        // An `id_token_hint` is valid at any age (RP-Initiated Logout §2), so keys that left the JWKS still verify it.
        let trusted = rows.iter().filter(|k| k.status != SigningKeyStatus::Revoked).map(|k| &k.public_jwk);
        let verifier = KeySet::from_jwks(trusted).map_err(|e| EngineError::Signing(e.to_string()))?;
        Ok(TenantKeys { signers, jwks: DocumentWithEtag::new(jwks_document(jwks.iter().copied())), verifier })
    }

    /// Creates the next and then the active key of an algorithm: a reader that sees the active one sees both, so no
    /// JWKS is ever without the next. Several instances may try at once: one row wins each place.
    async fn create_keys(
        &self,
        organization: OrganizationId,
        algorithm: SigningAlgorithm,
    ) -> Result<(), EngineError> {
        let now = self.now();
        for status in [SigningKeyStatus::Next, SigningKeyStatus::Active] {
            // RSA generation takes long enough to starve other requests.
            let generated = tokio::task::spawn_blocking(move || GeneratedKey::generate(algorithm))
                .await
                .map_err(|e| EngineError::Signing(e.to_string()))?
                .map_err(|e| EngineError::Signing(e.to_string()))?;
            let identity = SigningKey::seal_identity(organization, &generated.kid);
            let key = SigningKey {
                id: SigningKeyId::new(now, &*self.entropy),
                organization_id: organization,
                private_key: self.keyring.seal(&generated.pkcs8, &identity, &*self.entropy),
                kid: generated.kid,
                algorithm,
                public_jwk: generated.public_jwk,
                status,
                activated_at: (status == SigningKeyStatus::Active).then_some(now),
                retired_at: None,
                expires_at: None,
                created_at: now,
            };
            self.store.repositories().signing_keys(organization).insert_if_absent(&key).await?;
        }
        Ok(())
    }

    /// Returns the signer of an algorithm; creates its keys at the first use.
    pub(crate) async fn signer(
        &self,
        tenant: &Tenant,
        algorithm: SigningAlgorithm,
    ) -> Result<Arc<Signer>, EngineError> {
        if let Some(signer) = tenant.keys.signer(algorithm) {
            return Ok(Arc::clone(signer));
        }
        let organization = tenant.organization.id;
        self.create_keys(organization, algorithm).await?;
        let rows = self.store.repositories().signing_keys(organization).all().await?;
        let keys = self.open_keys(&rows)?;
        self.announce(&porta_core::Change::SigningKeys(organization)).await;
        keys.signer(algorithm).cloned().ok_or_else(|| {
            EngineError::Signing(format!("no active {algorithm} key in organization {organization}"))
        })
    }

    /// Notifies every instance, this one included; if the notice is lost, the cache lifetime bounds how long values are
    /// stale.
    pub(crate) async fn announce(&self, change: &porta_core::Change) {
        self.apply_change(change);
        let (topic, key) = change.to_words();
        let notice = porta_kv::Notice { topic: topic.to_owned(), key };
        if let Err(error) = self.kv.publish(&notice).await {
            tracing::warn!(%error, topic, "change notice was not sent");
        }
    }
}
