//! Audit events: who did what to whom, written in the transaction of the change.

use crate::{AuditId, OrganizationId, Timestamp, UserId, string_enum};

string_enum! {
    /// The reference's `auth` is merged into `authentication`.
    pub enum AuditCategory {
        Admin = "admin",
        Authentication = "authentication",
        Security = "security",
        Gdpr = "gdpr",
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
    /// Dotted name, for instance `user.login.password`.
    pub event_type: String,
    pub category: AuditCategory,
    pub description: Option<String>,
    pub metadata: serde_json::Value,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub created_at: Timestamp,
}
