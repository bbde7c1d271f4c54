//! Audit rows as the API shows them.

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::{EntityId as _, OrganizationId, UserId};
use porta_store::AuditRow;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;

/// The word for users among the kinds of entities.
pub(super) const USER: &str = "user";

/// Metadata that name what an event is about, the plainest first.
const NAMES: [&str; 8] = ["name", "clientName", "claimName", "email", "slug", "label", "kid", "key"];

/// Who did what to whom.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditEntry {
    id: Uuid,
    event_type: String,
    /// `admin`, `authentication`, `security` or `gdpr`.
    event_category: &'static str,
    description: Option<String>,
    /// User who acted; `null` for the command line, the system and strangers.
    actor_id: Option<Uuid>,
    actor_email: Option<String>,
    /// The actor as it was called then: an address, `cli`, `system`.
    actor_label: Option<String>,
    organization_id: Option<Uuid>,
    organization_name: Option<String>,
    /// User who is affected.
    user_id: Option<Uuid>,
    /// What was changed: `user`, `organization`, `application`, `client`, `role`, `permission`, `claim`, `session`,
    /// `signing_key` or `setting`.
    entity_type: Option<String>,
    entity_id: Option<Uuid>,
    /// What it is called now; if it is gone, what it was called then.
    target_label: Option<String>,
    #[schema(value_type = Object)]
    metadata: Value,
    ip_address: Option<String>,
    user_agent: Option<String>,
    /// The `X-Request-Id` of the request.
    request_id: Option<String>,
    created_at: String,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        let target_label = target_label(&row);
        let AuditRow { event, actor_email, organization_name, .. } = row;
        let user_id = event.user_id.map(UserId::uuid);
        let is_about_the_user = event.entity_type.is_none() && user_id.is_some();
        let meaning = || AuditEventKind::parse(&event.event_type).map(|kind| kind.description().to_owned());
        Self {
            id: event.id.uuid(),
            event_category: event.category.as_str(),
            description: event.description.clone().or_else(meaning),
            actor_email: actor_email.or_else(|| event.actor_id.and(event.actor_label.clone())),
            actor_id: event.actor_id.map(UserId::uuid),
            actor_label: event.actor_label,
            organization_id: event.organization_id.map(OrganizationId::uuid),
            organization_name: organization_name.or(event.organization_label),
            entity_type: if is_about_the_user { Some(USER.to_owned()) } else { event.entity_type },
            entity_id: if is_about_the_user { user_id } else { event.entity_id },
            user_id,
            target_label,
            metadata: object(event.metadata),
            ip_address: event.ip_address,
            user_agent: event.user_agent,
            request_id: event.request_id,
            created_at: time(event.created_at),
            event_type: event.event_type,
        }
    }
}

fn target_label(row: &AuditRow) -> Option<String> {
    let present = if row.event.entity_type.is_some() { &row.entity_name } else { &row.user_email };
    let then = || NAMES.iter().find_map(|name| row.event.metadata.get(name)?.as_str());
    present.clone().or_else(|| then().map(str::to_owned))
}

/// Rows without details have an empty object.
fn object(metadata: Value) -> Value {
    if metadata.is_object() { metadata } else { Value::Object(Map::new()) }
}

/// One event in the history of an entity.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HistoryEntry {
    id: Uuid,
    event_type: String,
    /// User who acted.
    actor_id: Option<Uuid>,
    #[schema(value_type = Object)]
    metadata: Value,
    created_at: String,
}

impl From<AuditRow> for HistoryEntry {
    fn from(row: AuditRow) -> Self {
        let AuditEvent { id, event_type, actor_id, metadata, created_at, .. } = row.event;
        Self {
            id: id.uuid(),
            event_type,
            actor_id: actor_id.map(UserId::uuid),
            metadata: object(metadata),
            created_at: time(created_at),
        }
    }
}

/// A kind of events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventType {
    #[serde(rename = "eventType")]
    name: &'static str,
    /// `admin`, `authentication`, `security` or `gdpr`.
    #[serde(rename = "eventCategory")]
    category: &'static str,
    description: &'static str,
}

impl EventType {
    pub(super) fn all() -> Vec<Self> {
        let kinds = AuditEventKind::ALL.iter().map(|kind| Self {
            name: kind.as_str(),
            category: kind.category().as_str(),
            description: kind.description(),
        });
        kinds.collect()
    }
}

#[cfg(test)]
mod tests {
    use porta_core::{SeededEntropy, Timestamp};
    use serde_json::json;

    use super::*;

    fn row(kind: AuditEventKind, metadata: Value) -> AuditRow {
        let now = Timestamp::from_seconds(1_700_000_000);
        let entropy = SeededEntropy::new(1);
        AuditRow {
            event: AuditEvent {
                user_id: Some(UserId::new(now, &entropy)),
                organization_id: Some(OrganizationId::new(now, &entropy)),
                organization_label: Some("acme".to_owned()),
                metadata,
                ..AuditEvent::new(kind, now, &entropy)
            },
            actor_email: None,
            user_email: None,
            organization_name: None,
            entity_name: None,
        }
    }

    #[test]
    fn what_is_gone_has_the_name_of_then() {
        let entry = AuditEntry::from(row(AuditEventKind::UserCreated, json!({ "email": "ana@acme.test" })));
        assert_eq!(entry.target_label.as_deref(), Some("ana@acme.test"));
        assert_eq!((entry.entity_type.as_deref(), entry.entity_id), (Some("user"), entry.user_id));
        assert_eq!(entry.organization_name.as_deref(), Some("acme"));
        let now = AuditRow {
            user_email: Some("new@acme.test".to_owned()),
            ..row(AuditEventKind::UserCreated, Value::Null)
        };
        let entry = AuditEntry::from(now);
        assert_eq!((entry.target_label.as_deref(), entry.metadata), (Some("new@acme.test"), json!({})));
    }

    #[test]
    fn an_event_without_description_has_its_meaning() {
        let entry = AuditEntry::from(row(AuditEventKind::UserCreated, Value::Null));
        assert_eq!(entry.description.as_deref(), Some("an account was created"));
        let mut later = row(AuditEventKind::UserCreated, Value::Null);
        later.event.event_type = "user.of.a.later.version".to_owned();
        assert_eq!(AuditEntry::from(later).description, None);
    }
}
