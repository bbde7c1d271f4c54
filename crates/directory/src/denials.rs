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

impl Directory {
    /// Records a refused request. In no unit of work: that of the request was rolled back.
    pub async fn record_access_denied(&self, caller: &RefusedCaller, metadata: Value) -> Result<()> {
        let mut repositories = self.deps.store.repositories();
        let organization = repositories.organizations().by_id(caller.organization).await?;
        let origin = caller.origin.clone();
        let event = AuditEvent {
            organization_id: Some(caller.organization),
            organization_label: organization.map(|organization| organization.slug.to_string()),
            actor_id: caller.user,
            actor_label: Some(caller.label.clone()),
            metadata,
            ip_address: origin.ip_address,
            user_agent: origin.user_agent,
            request_id: origin.request_id,
            ..AuditEvent::new(AuditEventKind::AdminAccessDenied, self.deps.clock.now(), &*self.deps.entropy)
        };
        Ok(repositories.audit().record(&event).await?)
    }
}
