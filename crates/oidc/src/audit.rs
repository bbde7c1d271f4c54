//! Audit rows of what happens at a tenant's endpoints.

use std::time::Duration;

use porta_core::AuditId;
use porta_core::audit::{AuditCategory, AuditEvent};

use crate::{Caller, Engine, EngineError, Tenant};

impl Engine {
    /// A row about something that happens now; who it is about and what else there is to say is for the caller to add.
    pub fn event(&self, tenant: &Tenant, what: &str, category: AuditCategory, caller: &Caller) -> AuditEvent {
        let now = self.now();
        AuditEvent {
            id: AuditId::new(now, &*self.entropy),
            organization_id: Some(tenant.organization.id),
            organization_label: Some(tenant.organization.slug.to_string()),
            user_id: None,
            actor_id: None,
            actor_label: None,
            event_type: what.to_owned(),
            category,
            description: None,
            metadata: serde_json::json!({}),
            ip_address: caller.address_text(),
            user_agent: caller.user_agent.clone(),
            created_at: now,
        }
    }

    /// Records what anybody can cause without end once per address and window (repairs W26).
    pub async fn note_once(
        &self,
        tenant: &Tenant,
        event: AuditEvent,
        caller: &Caller,
        window: Duration,
    ) -> Result<(), EngineError> {
        let key = format!("{}:noted:{}:{}", tenant.organization.id, event.event_type, caller.network());
        if self.kv.put_if_absent(&key, bytes::Bytes::from_static(b"1"), window).await? {
            self.store.repositories().audit().record(&event).await?;
        }
        Ok(())
    }
}
