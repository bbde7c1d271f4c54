//! Client secrets. Several may be active at once, so that a client can rotate without downtime.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::client::{Client, ClientSecret, SecretStatus};
use porta_core::line::check_line;
use porta_core::organization::Organization;
use porta_core::{ClientSecretId, Invalid, Timestamp, TokenDigest};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::ClientOperations;
use crate::error::refuse;
use crate::{DirectoryError, Result};

/// Minimum length of a given secret: shorter ones can be guessed from their stored SHA-256.
const MINIMUM_GIVEN: usize = 16;

/// A secret to create.
#[derive(Debug, Default)]
pub struct NewSecret {
    pub label: Option<String>,
    /// `None`: does not expire.
    pub expires_at: Option<Timestamp>,
    /// Value given by the operator; 384 random bits if absent.
    pub value: Option<SecretString>,
}

/// A created secret; its value is available only now.
#[derive(Debug)]
pub struct IssuedSecret {
    pub stored: ClientSecret,
    /// `None` if the operator supplied the value.
    pub generated: Option<SecretString>,
}

pub(super) fn check(client: &Client, new: &NewSecret, now: Timestamp) -> Vec<Invalid> {
    let mut problems = Vec::new();
    let asks_for_one = new.label.is_some() || new.expires_at.is_some() || new.value.is_some();
    if !client.is_confidential() && asks_for_one {
        problems.push(Invalid::new("secret", "public clients cannot have secrets"));
    }
    if let Some(label) = &new.label {
        problems.extend(check_line("secret.label", label, 255).err());
    }
    if new.expires_at.is_some_and(|t| t <= now) {
        problems.push(Invalid::new("secret.expires_at", "must be in the future"));
    }
    if let Some(value) = &new.value {
        // RFC 6749 §A.2: visible ASCII and space.
        let text = value.expose_secret();
        let is_printable = text.bytes().all(|b| (0x20..=0x7E).contains(&b));
        if !(MINIMUM_GIVEN..=255).contains(&text.len()) || !is_printable {
            problems.push(Invalid::new("secret.value", "use 16 to 255 printable ASCII characters"));
        }
    }
    problems
}

impl ClientOperations<'_> {
    /// Adds a secret; existing ones stay valid.
    pub async fn create_secret(
        &mut self,
        organization: &Organization,
        client: &Client,
        new: NewSecret,
    ) -> Result<IssuedSecret> {
        self.check_may_touch(organization, client.application_id).await?;
        if !client.is_confidential() {
            return Err(DirectoryError::invalid("secret", "public clients cannot have secrets"));
        }
        refuse(check(client, &new, self.work.now))?;
        let (value, was_given) = match new.value {
            Some(value) => (value, true),
            None => (URL_SAFE_NO_PAD.encode(self.work.deps.entropy.bytes::<48>()).into(), false),
        };
        let stored = ClientSecret {
            id: ClientSecretId::new(self.work.now, &*self.work.deps.entropy),
            client: client.id,
            digest: TokenDigest::of(value.expose_secret()),
            label: new.label,
            expires_at: new.expires_at,
            status: SecretStatus::Active,
            last_used_at: None,
            created_at: self.work.now,
        };
        self.work.unit.clients(organization.id).insert_secret(&stored).await?;
        let metadata = json!({
            "clientId": client.id, "secretId": stored.id, "label": stored.label,
            "expiresAt": stored.expires_at.map(Timestamp::rfc3339), "given": was_given,
        });
        self.work.audit(AuditEventKind::ClientSecretGenerated, Some(organization), None, metadata).await?;
        self.work.announce(Change::Client(client.client_id.clone()));
        Ok(IssuedSecret { stored, generated: (!was_given).then_some(value) })
    }

    /// Whether this secret is already stored for the client and still valid.
    pub(crate) async fn has_secret(
        &mut self,
        organization: &Organization,
        client: &Client,
        value: &SecretString,
    ) -> Result<bool> {
        let digest = TokenDigest::of(value.expose_secret());
        let now = self.work.now;
        let secrets = self.work.unit.clients(organization.id).secrets(client.id).await?;
        Ok(secrets.iter().any(|s| s.is_usable(now) && s.digest.same_as(&digest)))
    }

    /// One secret of a client.
    pub async fn secret(
        &mut self,
        organization: &Organization,
        client: &Client,
        secret: ClientSecretId,
    ) -> Result<ClientSecret> {
        let known = self.work.unit.clients(organization.id).secrets(client.id).await?;
        let found = known.into_iter().find(|known| known.id == secret);
        found.ok_or_else(|| DirectoryError::not_found("secret", secret))
    }

    /// Revokes one secret of a client at once.
    pub async fn revoke_secret(
        &mut self,
        organization: &Organization,
        client: &Client,
        secret: ClientSecretId,
    ) -> Result<()> {
        self.check_may_touch(organization, client.application_id).await?;
        let known = self.secret(organization, client, secret).await?;
        if !self.work.unit.clients(organization.id).revoke_secret(client.id, secret).await? {
            return Err(DirectoryError::Conflict("the secret is already revoked".to_owned()));
        }
        let metadata = json!({ "clientId": client.id, "secretId": secret, "label": known.label });
        self.work.audit(AuditEventKind::ClientSecretRevoked, Some(organization), None, metadata).await?;
        self.work.announce(Change::Client(client.client_id.clone()));
        Ok(())
    }
}
