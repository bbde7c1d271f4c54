//! Audit events: who did what to whom, written in the transaction of the change.

use uuid::Uuid;

pub use crate::audit_events::{AuditCategory, AuditEventKind};
use crate::{AuditId, Entropy, OrganizationId, Timestamp, UserId, string_enum};

string_enum! {
    /// What an operator's change can be about. Users are not among them: `user_id` names those.
    pub enum EntityKind {
        Organization = "organization",
        Application = "application",
        Client = "client",
        Role = "role",
        Permission = "permission",
        Claim = "claim",
        Session = "session",
        SigningKey = "signing_key",
        /// Has no id: the metadata name the key.
        Setting = "setting",
    }
}

/// One row. Labels are copied, so that the actor stays known after a person or tenant is deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    pub id: AuditId,
    pub organization_id: Option<OrganizationId>,
    pub organization_label: Option<String>,
    /// The person affected.
    pub user_id: Option<UserId>,
    /// The actor; `None` for the system or an anonymous caller.
    pub actor_id: Option<UserId>,
    /// The actor as text: an address, `cli`, `system`.
    pub actor_label: Option<String>,
    /// Text of an [`AuditEventKind`], or of an event of another version that wrote the row.
    pub event_type: String,
    pub category: AuditCategory,
    pub description: Option<String>,
    pub metadata: serde_json::Value,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
    /// Under which the access log has the request; only of requests of the Admin API.
    pub request_id: Option<String>,
    /// Text of an [`EntityKind`], or of a kind that another version wrote; only of operators' changes.
    pub entity_type: Option<String>,
    pub entity_id: Option<Uuid>,
}

impl AuditEvent {
    /// A row without organization, people, origin and details: the caller adds what is known.
    pub fn new(kind: AuditEventKind, now: Timestamp, entropy: &dyn Entropy) -> Self {
        Self {
            id: AuditId::new(now, entropy),
            organization_id: None,
            organization_label: None,
            user_id: None,
            actor_id: None,
            actor_label: None,
            event_type: kind.as_str().to_owned(),
            category: kind.category(),
            description: None,
            metadata: serde_json::Value::Null,
            ip_address: None,
            user_agent: None,
            created_at: now,
            request_id: None,
            entity_type: None,
            entity_id: None,
        }
    }
}
