//! Browser sessions (decision D6): one per organization; the storage key is the digest of the cookie.

use std::sync::Arc;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::{BearerKind, OrganizationId, SessionKey, Timestamp, TokenDigest, UserId};
use porta_kv::{KeyName, KvKey, Write};
use serde::{Deserialize, Serialize};

use crate::audit::AuditLog;
use crate::backend::Backend;
use crate::context::OperationContext;
use crate::error::BackendError;
use crate::short_lived::{remaining, to_bytes};
use crate::tenant::Tenant;

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
pub fn storage_key(organization: OrganizationId, digest: &TokenDigest) -> KvKey {
    KvKey::new(KeyName::Session, organization).with(digest.hex())
}

pub struct BrowserSessions {
    backend: Arc<Backend>,
    audit: Arc<AuditLog>,
}

impl BrowserSessions {
    pub(crate) fn new(backend: Arc<Backend>, audit: Arc<AuditLog>) -> Self {
        Self { backend, audit }
    }

    /// Reads the session that a cookie names. `None`: unknown, expired, or of another organization.
    pub async fn find(
        &self,
        tenant: &Tenant,
        cookie: Option<&str>,
    ) -> Result<Option<PresentedSession>, BackendError> {
        let Some(cookie) = cookie.filter(|c| BearerKind::Session.matches(c)) else { return Ok(None) };
        let digest = TokenDigest::of(cookie);
        let Some(bytes) = self.backend.kv.get(&storage_key(tenant.organization.id, &digest)).await? else {
            return Ok(None);
        };
        let session: BrowserSession =
            serde_json::from_slice(&bytes).map_err(|e| BackendError::Unreadable(e.to_string()))?;
        let now = self.backend.now();
        let is_live = session.organization == tenant.organization.id
            && now < session.expires_at
            && now < session.auth_time + tenant.longest_session();
        Ok(is_live.then_some(PresentedSession { session, digest }))
    }

    /// Extends a session once a tenth of its lifetime is used, which saves a write on most requests. It never lasts
    /// longer than the maximum after the last sign-in. `None`: not extended.
    pub async fn slide(
        &self,
        tenant: &Tenant,
        presented: &PresentedSession,
    ) -> Result<Option<Timestamp>, BackendError> {
        let lifetime = tenant.settings.duration(porta_core::settings::SESSION_TTL);
        let (now, longest) = (self.backend.now(), tenant.longest_session());
        let renewed = (now + lifetime).min(presented.session.auth_time + longest);
        if renewed.since(presented.session.expires_at) < lifetime / 10 {
            return Ok(None);
        }
        let extended = self
            .backend
            .store
            .repositories()
            .sessions(tenant.organization.id)
            .extend(presented.session.key, renewed, longest, now)
            .await?;
        if !extended {
            return Ok(None);
        }
        let session = BrowserSession { expires_at: renewed, ..presented.session.clone() };
        let slid = self.replace(tenant, &presented.digest, &session).await?;
        Ok(slid.then_some(renewed))
    }

    /// Writes a changed session. `false`: a sign-in or sign-out invalidated its cookie meanwhile, and nothing was
    /// written.
    pub async fn replace(
        &self,
        tenant: &Tenant,
        digest: &TokenDigest,
        session: &BrowserSession,
    ) -> Result<bool, BackendError> {
        let key = storage_key(tenant.organization.id, digest);
        let ttl = remaining(session.expires_at, self.backend.now());
        Ok(self.backend.kv.write(vec![Write::Replace { key, value: to_bytes(session)?, ttl }]).await?)
    }

    /// Ends a session: its row, its token families and its entry in the short-lived store.
    pub async fn end(
        &self,
        context: OperationContext<'_>,
        presented: &PresentedSession,
    ) -> Result<(), BackendError> {
        let organization = context.tenant.organization.id;
        let event = AuditEvent {
            user_id: Some(presented.session.user),
            actor_id: Some(presented.session.user),
            metadata: serde_json::json!({ "session": presented.session.key.to_string() }),
            ..self.audit.event(context, AuditEventKind::UserLogout)
        };
        // Storage first: after a crash in between, the cookie names a session that storage has already ended.
        self.backend
            .store
            .repositories()
            .sessions(organization)
            .end(presented.session.key, context.now, &event)
            .await?;
        self.backend.kv.take(&storage_key(organization, &presented.digest)).await?;
        Ok(())
    }
}
