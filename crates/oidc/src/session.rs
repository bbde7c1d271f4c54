//! Browser sessions (decision D6): one per organization; the storage key is the digest of the cookie.

use std::time::Duration;

use porta_core::{BearerKind, OrganizationId, SessionKey, Timestamp, TokenDigest, UserId};
use porta_kv::Write;
use serde::{Deserialize, Serialize};

use crate::{Engine, EngineError, Tenant};

/// What the short-lived store holds about a signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserSession {
    /// Stable across renewals of the cookie; also the `sid` claim.
    pub key: SessionKey,
    pub organization: OrganizationId,
    pub user: UserId,
    pub auth_time: Timestamp,
    pub acr: String,
    pub amr: Vec<String>,
    pub expires_at: Timestamp,
}

/// A live session and the digest of the cookie it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentedSession {
    pub session: BrowserSession,
    pub digest: TokenDigest,
}

/// Key of a session in the short-lived store.
pub fn storage_key(organization: OrganizationId, digest: &TokenDigest) -> String {
    format!("{organization}:session:{}", digest.hex())
}

impl Engine {
    /// Reads the session that a cookie names. `None`: unknown, expired, or of another organization.
    pub async fn session(
        &self,
        tenant: &Tenant,
        cookie: Option<&str>,
    ) -> Result<Option<PresentedSession>, EngineError> {
        let Some(cookie) = cookie.filter(|c| BearerKind::Session.matches(c)) else { return Ok(None) };
        let digest = TokenDigest::of(cookie);
        let Some(bytes) = self.kv.get(&storage_key(tenant.organization.id, &digest)).await? else {
            return Ok(None);
        };
        let session: BrowserSession =
            serde_json::from_slice(&bytes).map_err(|e| EngineError::Unreadable(e.to_string()))?;
        let now = self.now();
        let is_live = session.organization == tenant.organization.id
            && now < session.expires_at
            && now < session.auth_time + tenant.longest_session();
        Ok(is_live.then_some(PresentedSession { session, digest }))
    }

    /// Extends a session once a tenth of its lifetime is used, which saves a write on most requests. It never lasts
    /// longer than the maximum after the last sign-in. `None`: not extended.
    pub(crate) async fn slide_session(
        &self,
        tenant: &Tenant,
        presented: &PresentedSession,
    ) -> Result<Option<Timestamp>, EngineError> {
        let lifetime = tenant.settings.duration(porta_core::settings::SESSION_TTL);
        let (now, longest) = (self.now(), tenant.longest_session());
        let renewed = (now + lifetime).min(presented.session.auth_time + longest);
        if renewed.since(presented.session.expires_at) < lifetime / 10 {
            return Ok(None);
        }
        let extended = self
            .store
            .repositories()
            .sessions(tenant.organization.id)
            .extend(presented.session.key, renewed, longest, now)
            .await?;
        if !extended {
            return Ok(None);
        }
        let session = BrowserSession { expires_at: renewed, ..presented.session.clone() };
        let slid = self.replace_session(tenant, &presented.digest, &session).await?;
        Ok(slid.then_some(renewed))
    }

    /// Writes a changed session. `false`: a sign-in or sign-out invalidated its cookie meanwhile, and nothing was
    /// written.
    pub async fn replace_session(
        &self,
        tenant: &Tenant,
        digest: &TokenDigest,
        session: &BrowserSession,
    ) -> Result<bool, EngineError> {
        let key = storage_key(tenant.organization.id, digest);
        let ttl = remaining(session.expires_at, self.now());
        Ok(self.kv.write(vec![Write::Replace { key, value: to_bytes(session)?, ttl }]).await?)
    }
}

/// JSON for the short-lived store.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<bytes::Bytes, EngineError> {
    serde_json::to_vec(value).map(Into::into).map_err(|e| EngineError::Unreadable(e.to_string()))
}

/// Time left, never zero, because a write needs a positive lifetime.
pub fn remaining(expires_at: Timestamp, now: Timestamp) -> Duration {
    expires_at.since(now).max(Duration::from_millis(1))
}
