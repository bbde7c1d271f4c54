//! Signing keys of an organization (decision D4).
//!
//! ```text
//! ensure: (nothing) ─► active + next            rotate: active ─► retired until the last token it signed expired
//! revoke: any ─► revoked, and an active one              next ─► active, once every verifier knows it
//!         is replaced at once                           (new) ─► next, published long before it signs
//! retire: the rotation that retires one key     generate: (new) ─► next, in place of the one that waits
//! ```
//!
//! At most one active and one next key per organization and algorithm: guarded statements of the store decide between
//! concurrent instances.

use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::Organization;
use porta_core::settings::{ACCESS_TOKEN_TTL, CLIENT_CREDENTIALS_TTL, ID_TOKEN_TTL};
use porta_core::signing_key::{SigningAlgorithm, SigningKey, SigningKeyStatus};
use porta_core::{SigningKeyId, Timestamp};
use porta_jose::GeneratedKey;
use porta_protocol::metadata::path;
use serde_json::json;

use crate::{Directory, DirectoryError, Result, Transaction};

/// A key as operators see it, without the private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySummary {
    pub id: SigningKeyId,
    pub kid: String,
    pub algorithm: SigningAlgorithm,
    pub status: SigningKeyStatus,
    pub created_at: Timestamp,
    pub activated_at: Option<Timestamp>,
    pub retired_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
}

impl From<SigningKey> for KeySummary {
    fn from(key: SigningKey) -> Self {
        Self {
            id: key.id,
            kid: key.kid,
            algorithm: key.algorithm,
            status: key.status,
            created_at: key.created_at,
            activated_at: key.activated_at,
            retired_at: key.retired_at,
            expires_at: key.expires_at,
        }
    }
}

/// Result of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    pub algorithm: SigningAlgorithm,
    /// Key id that signs from now on.
    pub active: String,
    /// Key id that signed until now; it verifies until `retired_until`.
    pub retired: Option<String>,
    pub retired_until: Timestamp,
    /// Newly published key id; it signs after the next rotation.
    pub next: String,
}

/// Whether a rotation waits until verifiers know the next key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Refused while a verifier may have cached a JWKS without the next key.
    Planned,
    /// Does not wait: the active key leaked, and some verifiers refusing new tokens for minutes is the smaller harm.
    Emergency,
}

fn find_key(
    keys: &[SigningKey],
    algorithm: SigningAlgorithm,
    status: SigningKeyStatus,
) -> Option<&SigningKey> {
    keys.iter().find(|k| k.algorithm == algorithm && k.status == status)
}

impl Directory {
    pub async fn signing_keys(&self, organization: &Organization) -> Result<Vec<KeySummary>> {
        let keys = self.deps.store.repositories().signing_keys(organization.id).all().await?;
        Ok(keys.into_iter().map(KeySummary::from).collect())
    }
}

/// Where verifiers find the keys of an organization.
pub fn jwks_uri(issuer_base: &str, organization: &Organization) -> String {
    format!("{}/{}{}", issuer_base.trim_end_matches('/'), organization.slug, path::JWKS)
}

/// Operations on signing keys.
pub struct SigningKeyOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn signing_keys(&mut self) -> SigningKeyOperations<'_> {
        SigningKeyOperations { work: self }
    }
}

impl SigningKeyOperations<'_> {
    /// Ensures that an active and a next key exist; `true` if a key was created or promoted.
    pub async fn ensure(&mut self, organization: &Organization, algorithm: SigningAlgorithm) -> Result<bool> {
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let mut made = false;
        if find_key(&keys, algorithm, SigningKeyStatus::Active).is_none() {
            // Verifiers know a published next key, so promote it in preference to creating a key.
            let now = self.work.now;
            let promoted = find_key(&keys, algorithm, SigningKeyStatus::Next).is_some()
                && self.work.unit.signing_keys(organization.id).promote(algorithm, None, now, now).await?;
            made |= promoted;
            if !promoted {
                made |= self.add_key(organization, algorithm, SigningKeyStatus::Active).await?.is_some();
            }
        }
        // Read again: the promotion above may have used up the next key.
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        if find_key(&keys, algorithm, SigningKeyStatus::Next).is_none() {
            made |= self.add_key(organization, algorithm, SigningKeyStatus::Next).await?.is_some();
        }
        Ok(made)
    }

    /// Finds a key of an organization by id or `kid`.
    pub async fn find(&mut self, organization: &Organization, id_or_kid: &str) -> Result<KeySummary> {
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let id = SigningKeyId::parse(id_or_kid);
        let found = keys.into_iter().find(|key| Some(key.id) == id || key.kid == id_or_kid);
        found.map(KeySummary::from).ok_or_else(|| DirectoryError::not_found("signing key", id_or_kid))
    }

    /// Publishes a new next key. The one that waited is revoked: it never signed anything. Where no key signs yet, the
    /// new one does at once.
    pub async fn generate(
        &mut self,
        organization: &Organization,
        algorithm: SigningAlgorithm,
    ) -> Result<KeySummary> {
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let is_first = find_key(&keys, algorithm, SigningKeyStatus::Active).is_none();
        match find_key(&keys, algorithm, SigningKeyStatus::Next) {
            Some(waiting) if !is_first => self.revoke(organization, &waiting.kid).await?,
            Some(_) | None => {
                self.ensure(organization, algorithm).await?;
            }
        }
        let status = if is_first { SigningKeyStatus::Active } else { SigningKeyStatus::Next };
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let made = find_key(&keys, algorithm, status).cloned().map(KeySummary::from);
        made.ok_or_else(concurrent_rotation)
    }

    /// Retires an active key by a rotation of its algorithm.
    pub async fn retire(
        &mut self,
        organization: &Organization,
        key: &KeySummary,
        urgency: Urgency,
    ) -> Result<Rotation> {
        let rotation = self.rotate(organization, key.algorithm, urgency).await?;
        // Somebody else retired it since it was found.
        if rotation.retired.as_ref() != Some(&key.kid) {
            return Err(concurrent_rotation());
        }
        Ok(rotation)
    }

    /// Promotes the next key, retires the active one and publishes a new next key. If two operators do this at once,
    /// one gets a conflict error.
    pub async fn rotate(
        &mut self,
        organization: &Organization,
        algorithm: SigningAlgorithm,
        urgency: Urgency,
    ) -> Result<Rotation> {
        self.require_known(organization, algorithm, urgency).await?;
        self.promote_next(organization, algorithm, urgency).await
    }

    async fn promote_next(
        &mut self,
        organization: &Organization,
        algorithm: SigningAlgorithm,
        urgency: Urgency,
    ) -> Result<Rotation> {
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let active = find_key(&keys, algorithm, SigningKeyStatus::Active);
        let next = find_key(&keys, algorithm, SigningKeyStatus::Next);
        let Some(next) = next else { return Err(concurrent_rotation()) };
        // Judged again: a rotation that was committed since the first look left a next key that nobody knows yet.
        self.check_known(algorithm, next, &keys, urgency)?;
        let retired_until = self.work.now + self.longest_token_lifetime(organization).await?;
        let expected = active.map(|k| k.id);
        let mut repository = self.work.unit.signing_keys(organization.id);
        if !repository.promote(algorithm, expected, retired_until, self.work.now).await? {
            return Err(concurrent_rotation());
        }
        let keys_now = repository.all().await?;
        drop(repository);
        // The next key was replaced meanwhile: dropping the work rolls back.
        if find_key(&keys_now, algorithm, SigningKeyStatus::Active).map(|k| k.id) != Some(next.id) {
            return Err(concurrent_rotation());
        }
        let Some(fresh) = self.add_key(organization, algorithm, SigningKeyStatus::Next).await? else {
            return Err(concurrent_rotation());
        };
        let rotation = Rotation {
            algorithm,
            active: next.kid.clone(),
            retired: active.map(|k| k.kid.clone()),
            retired_until,
            next: fresh,
        };
        let metadata = json!({
            "keyId": next.id, "kid": rotation.active, "algorithm": algorithm, "retiredKid": rotation.retired,
            "retiredUntil": retired_until.rfc3339(), "nextKid": rotation.next,
            "emergency": urgency == Urgency::Emergency,
        });
        self.work.audit(AuditEventKind::KeyRotated, Some(organization), None, metadata).await?;
        self.work.announce(Change::SigningKeys(organization.id));
        Ok(rotation)
    }

    /// Rotates one algorithm, or all for which the organization has an active key: all or none. After a refusal the
    /// work may still be committed: it publishes a missing next key, whose waiting time then starts.
    pub async fn rotate_each(
        &mut self,
        organization: &Organization,
        algorithm: Option<SigningAlgorithm>,
        urgency: Urgency,
    ) -> Result<Vec<Rotation>> {
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let is_wanted = |a: &SigningAlgorithm| match algorithm {
            Some(wanted) => wanted == *a,
            None => find_key(&keys, *a, SigningKeyStatus::Active).is_some(),
        };
        let algorithms: Vec<_> = SigningAlgorithm::ALL.iter().copied().filter(is_wanted).collect();
        for algorithm in &algorithms {
            self.require_known(organization, *algorithm, urgency).await?;
        }
        let mut rotations = Vec::with_capacity(algorithms.len());
        for algorithm in algorithms {
            rotations.push(self.promote_next(organization, algorithm, urgency).await?);
        }
        Ok(rotations)
    }

    /// Ensures that a next key exists and, unless in an emergency, that every verifier knows it (decision D4).
    async fn require_known(
        &mut self,
        organization: &Organization,
        algorithm: SigningAlgorithm,
        urgency: Urgency,
    ) -> Result<()> {
        self.ensure(organization, algorithm).await?;
        if urgency == Urgency::Emergency {
            return Ok(());
        }
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let Some(next) = find_key(&keys, algorithm, SigningKeyStatus::Next) else {
            return Err(concurrent_rotation());
        };
        self.check_known(algorithm, next, &keys, urgency)
    }

    /// Refuses a next key that not every verifier knows yet, unless in an emergency.
    fn check_known(
        &self,
        algorithm: SigningAlgorithm,
        next: &SigningKey,
        keys: &[SigningKey],
        urgency: Urgency,
    ) -> Result<()> {
        let known_from = next.known_from(keys);
        if urgency == Urgency::Emergency || self.work.now >= known_from {
            return Ok(());
        }
        Err(DirectoryError::TooSoon { algorithm, kid: next.kid.clone(), known_from })
    }

    /// Removes a key from the JWKS at once: tokens it signed no longer verify. A revoked active or next key is replaced
    /// in the same transaction, so that the organization can go on signing.
    pub async fn revoke(&mut self, organization: &Organization, kid: &str) -> Result<()> {
        let keys = self.work.unit.signing_keys(organization.id).all().await?;
        let Some(key) = keys.into_iter().find(|k| k.kid == kid) else {
            return Err(DirectoryError::not_found("signing key", kid));
        };
        if key.status == SigningKeyStatus::Revoked {
            return Err(DirectoryError::Conflict("the signing key is already revoked".to_owned()));
        }
        if !self.work.unit.signing_keys(organization.id).revoke(key.id, self.work.now).await? {
            return Err(crate::error::changed_concurrently("signing key"));
        }
        let metadata = json!({
            "keyId": key.id, "kid": kid, "algorithm": key.algorithm, "previousStatus": key.status,
        });
        self.work.audit(AuditEventKind::KeyRevoked, Some(organization), None, metadata).await?;
        self.work.announce(Change::SigningKeys(organization.id));
        if matches!(key.status, SigningKeyStatus::Active | SigningKeyStatus::Next) {
            self.ensure(organization, key.algorithm).await?;
        }
        Ok(())
    }

    /// Longest lifetime of a token that a key may have signed.
    async fn longest_token_lifetime(&mut self, organization: &Organization) -> Result<Duration> {
        let settings = self.work.settings().in_force(organization).await?;
        let lifetimes = [ACCESS_TOKEN_TTL, ID_TOKEN_TTL, CLIENT_CREDENTIALS_TTL];
        Ok(lifetimes.into_iter().map(|d| settings.duration(d)).max().unwrap_or_default())
    }

    /// Creates a key for a vacant status and returns its `kid`; `None` if another instance was faster.
    async fn add_key(
        &mut self,
        organization: &Organization,
        algorithm: SigningAlgorithm,
        status: SigningKeyStatus,
    ) -> Result<Option<String>> {
        // On a blocking thread: generating an RSA key takes long enough to delay other requests.
        let generated = tokio::task::spawn_blocking(move || GeneratedKey::generate(algorithm))
            .await
            .map_err(|e| DirectoryError::KeyGeneration(e.to_string()))?
            .map_err(|e| DirectoryError::KeyGeneration(e.to_string()))?;
        let identity = SigningKey::seal_identity(organization.id, &generated.kid);
        let key = SigningKey {
            id: SigningKeyId::new(self.work.now, &*self.work.deps.entropy),
            organization_id: organization.id,
            private_key: self.work.deps.keyring.seal(&generated.pkcs8, &identity, &*self.work.deps.entropy),
            kid: generated.kid,
            algorithm,
            public_jwk: generated.public_jwk,
            status,
            activated_at: (status == SigningKeyStatus::Active).then_some(self.work.now),
            retired_at: None,
            expires_at: None,
            created_at: self.work.now,
        };
        if !self.work.unit.signing_keys(organization.id).insert_if_absent(&key).await? {
            return Ok(None);
        }
        let metadata = json!({ "keyId": key.id, "kid": key.kid, "algorithm": algorithm, "status": status });
        self.work.audit(AuditEventKind::KeyGenerated, Some(organization), None, metadata).await?;
        self.work.announce(Change::SigningKeys(organization.id));
        Ok(Some(key.kid))
    }
}

fn concurrent_rotation() -> DirectoryError {
    DirectoryError::Conflict(
        "the keys were rotated at the same moment; look at them before repeating".to_owned(),
    )
}
