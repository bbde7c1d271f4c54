//! The signing keys of one organization as this process holds them: decrypted once, published as a prepared JWKS.

use std::collections::HashMap;
use std::sync::Arc;

use porta_core::Timestamp;
use porta_core::seal::Keyring;
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_jose::{KeySet, Signer, jwks_document};

use crate::document::DocumentWithEtag;
use crate::error::BackendError;

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

    pub(crate) fn open(rows: &[SigningKey], keyring: &Keyring, now: Timestamp) -> Result<Self, BackendError> {
        let published: Vec<&SigningKey> = rows.iter().filter(|k| k.is_published(now)).collect();
        let mut signers = HashMap::new();
        for key in published.iter().filter(|k| k.status == SigningKeyStatus::Active) {
            let identity = SigningKey::seal_identity(key.organization_id, &key.kid);
            let private = keyring
                .open(&key.private_key, &identity)
                .map_err(|e| BackendError::Signing(format!("key {}: {e}", key.kid)))?;
            let private = zeroize::Zeroizing::new(private);
            let signer = Signer::from_pkcs8(key.algorithm, &key.kid, &private)
                .map_err(|e| BackendError::Signing(format!("key {}: {e}", key.kid)))?;
            signers.insert(key.algorithm, Arc::new(signer));
        }
        let jwks: Vec<&serde_json::Value> = published.iter().map(|k| &k.public_jwk).collect();
        // An `id_token_hint` is valid at any age (RP-Initiated Logout §2), so keys that left the JWKS still verify it.
        let trusted = rows.iter().filter(|k| k.status != SigningKeyStatus::Revoked).map(|k| &k.public_jwk);
        let verifier = KeySet::from_jwks(trusted).map_err(|e| BackendError::Signing(e.to_string()))?;
        Ok(Self { signers, jwks: DocumentWithEtag::new(jwks_document(jwks.iter().copied())), verifier })
    }
}
