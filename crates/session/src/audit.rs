//! Audit rows of what happens at a tenant's endpoints.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::metrics;
use porta_kv::{KeyName, KvKey};

use crate::backend::Backend;
use crate::context::OperationContext;
use crate::error::BackendError;

pub struct AuditLog {
    backend: Arc<Backend>,
    repeat_counts: RepeatCounts,
}

impl AuditLog {
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        Self { backend, repeat_counts: RepeatCounts::default() }
    }

    /// Builds an audit row about something that happens now; whoever asks for it adds the person and details. Reads the clock,
    /// so that several rows of one request keep their order.
    pub fn event(&self, context: OperationContext<'_>, kind: AuditEventKind) -> AuditEvent {
        let OperationContext { tenant, caller, .. } = context;
        AuditEvent {
            organization_id: Some(tenant.organization.id),
            organization_label: Some(tenant.organization.slug.to_string()),
            actor_id: caller.actor.as_ref().map(|actor| actor.user),
            actor_label: caller.actor.as_ref().map(|actor| actor.label.clone()),
            metadata: serde_json::json!({}),
            ip_address: caller.address_text(),
            user_agent: caller.user_agent.clone(),
            request_id: caller.request_id.clone(),
            ..AuditEvent::new(kind, self.backend.now(), &*self.backend.entropy)
        }
    }

    /// Records an event that belongs to no other change.
    pub async fn record(&self, event: &AuditEvent) -> Result<(), BackendError> {
        Ok(self.backend.store.repositories().audit().record(event).await?)
    }

    /// Records an event that anybody can cause without end once per network and window, and counts the rest. The row of
    /// the next window says how often this process saw it again.
    pub async fn record_once(
        &self,
        context: OperationContext<'_>,
        mut event: AuditEvent,
        window: Duration,
    ) -> Result<(), BackendError> {
        let network = context.caller.network();
        let organization = context.tenant.organization.id;
        let key = KvKey::new(KeyName::Noted, organization).with(event.event_type.as_str()).with(network);
        if !self.backend.kv.put_if_absent(&key, bytes::Bytes::from_static(b"1"), window).await? {
            ::metrics::counter!(metrics::AUDIT_REPEATED, "event" => event.event_type).increment(1);
            self.repeat_counts.count(key);
            return Ok(());
        }
        if let (Some(times), Some(metadata)) = (self.repeat_counts.take(&key), event.metadata.as_object_mut())
        {
            metadata.insert("repeated".to_owned(), times.into());
        }
        self.record(&event).await
    }
}

/// How often an event occurred again after the row of its window.
#[derive(Debug, Default)]
struct RepeatCounts(Mutex<HashMap<KvKey, u64>>);

/// Maximum entries; beyond it only the metric counts.
const CAPACITY: usize = 10_000;

impl RepeatCounts {
    fn count(&self, key: KvKey) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < CAPACITY || seen.contains_key(&key) {
            *seen.entry(key).or_default() += 1;
        }
    }

    fn take(&self, key: &KvKey) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key)
    }
}
