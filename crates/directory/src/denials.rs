//! Audit rows about requests that were refused.

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::{OrganizationId, UserId};
use serde_json::Value;

use crate::{Directory, RequestOrigin, Result};

/// Who was refused: somebody whom a stored token names, whether or not it still counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCaller {
    /// The organization of the token.
    pub organization: OrganizationId,
    /// `None`: a service account.
    pub user: Option<UserId>,
    /// As [`Actor::label`](crate::Actor::label).
    pub label: String,
    pub origin: RequestOrigin,
}

impl RefusedCaller {
    /// Records that a request was refused. In no unit of work: that of the request was rolled back.
    pub async fn record_denial(&self, directory: &Directory, metadata: Value) -> Result<()> {
        let deps = &directory.deps;
        let mut repositories = deps.store.repositories();
        let organization = repositories.organizations().by_id(self.organization).await?;
        let origin = self.origin.clone();
        let event = AuditEvent {
            organization_id: Some(self.organization),
            organization_label: organization.map(|organization| organization.slug.to_string()),
            actor_id: self.user,
            actor_label: Some(self.label.clone()),
            metadata,
            ip_address: origin.ip_address,
            user_agent: origin.user_agent,
            request_id: origin.request_id,
            ..AuditEvent::new(AuditEventKind::AdminAccessDenied, deps.clock.now(), &*deps.entropy)
        };
        Ok(repositories.audit().record(&event).await?)
    }
}
