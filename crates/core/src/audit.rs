//! Audit events: who did what to whom, written in the transaction of the change itself.

use crate::{AuditId, OrganizationId, Timestamp, UserId, word_enum};

word_enum! {
    /// `auth` of the reference is folded into `authentication`.
    pub enum AuditCategory {
        Admin = "admin",
        Authentication = "authentication",
        Security = "security",
        Gdpr = "gdpr",
    }
}

/// One row. Labels are copied in, so that removing a person or tenant does not erase who acted.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    pub id: AuditId,
    pub organization_id: Option<OrganizationId>,
    pub organization_label: Option<String>,
    /// The person it happened to.
    pub user_id: Option<UserId>,
    /// Who did it; `None` for the system or an anonymous caller.
    pub actor_id: Option<UserId>,
    /// Who did it, in words: an address, `cli`, `system`.
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
