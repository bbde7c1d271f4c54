//! Which entity an operator's change is about. The metadata of its audit row name the entity already, so operations need
//! not say it again.

use porta_core::audit::{AuditEventKind, EntityKind};
use porta_core::organization::Organization;
use porta_core::{EntityId as _, OrganizationId};
use serde_json::Value;
use uuid::Uuid;

/// How the events of a kind of entity begin, and the metadata that hold its id: the first that is there counts. Modules
/// are part of their application, secrets of their client.
const KINDS: [(&str, EntityKind, &[&str]); 8] = [
    ("app.", EntityKind::Application, &["applicationId"]),
    ("client.", EntityKind::Client, &["clientDbId", "clientId"]),
    ("role.", EntityKind::Role, &["roleId"]),
    ("permission.", EntityKind::Permission, &["permissionId"]),
    ("claim.", EntityKind::Claim, &["definitionId"]),
    ("session.", EntityKind::Session, &["sessionId", "session"]),
    ("key.", EntityKind::SigningKey, &["keyId"]),
    ("config.", EntityKind::Setting, &[]),
];

/// `None`: the event is about a user, or about no single entity.
pub(crate) fn target_of(
    kind: AuditEventKind,
    organization: Option<&Organization>,
    metadata: &Value,
) -> Option<(EntityKind, Option<Uuid>)> {
    let event = kind.as_str();
    if event.starts_with("org.") {
        let id = organization.map(|organization| organization.id).map(OrganizationId::uuid);
        return id.map(|id| (EntityKind::Organization, Some(id)));
    }
    let (_, kind, names) = KINDS.into_iter().find(|(prefix, ..)| event.starts_with(*prefix))?;
    let id =
        names.iter().find_map(|name| metadata.get(name)?.as_str().and_then(|id| Uuid::try_parse(id).ok()));
    (id.is_some() || kind == EntityKind::Setting).then_some((kind, id))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "0197b1a0-0000-7000-8000-000000000001";

    fn target(kind: AuditEventKind, metadata: &Value) -> Option<(EntityKind, Option<Uuid>)> {
        target_of(kind, None, metadata)
    }

    #[test]
    fn the_metadata_name_the_entity() {
        let id = Uuid::try_parse(ID).ok();
        for (event, metadata, kind) in [
            (AuditEventKind::AppUpdated, json!({ "applicationId": ID }), EntityKind::Application),
            (
                AuditEventKind::AppModuleCreated,
                json!({ "applicationId": ID, "moduleId": "x" }),
                EntityKind::Application,
            ),
            (
                AuditEventKind::ClientUpdated,
                json!({ "clientDbId": ID, "clientId": "web" }),
                EntityKind::Client,
            ),
            (
                AuditEventKind::ClientSecretRevoked,
                json!({ "clientId": ID, "secretId": "x" }),
                EntityKind::Client,
            ),
            (AuditEventKind::RoleCreated, json!({ "roleId": ID, "applicationId": "x" }), EntityKind::Role),
            (AuditEventKind::PermissionUpdated, json!({ "permissionId": ID }), EntityKind::Permission),
            (AuditEventKind::ClaimDefined, json!({ "definitionId": ID }), EntityKind::Claim),
            (AuditEventKind::KeyGenerated, json!({ "keyId": ID }), EntityKind::SigningKey),
        ] {
            assert_eq!(target(event, &metadata), Some((kind, id)), "{event}");
        }
    }

    #[test]
    fn a_setting_has_no_id_and_some_events_have_no_entity() {
        let setting = target(AuditEventKind::ConfigUpdated, &json!({ "key": "session_ttl" }));
        assert_eq!(setting, Some((EntityKind::Setting, None)));
        for event in [
            AuditEventKind::AdminImport,
            AuditEventKind::UserUpdated,
            AuditEventKind::KeyResealed,
            AuditEventKind::OrgUpdated,
            AuditEventKind::AppCreated,
        ] {
            assert_eq!(target(event, &json!({ "userId": ID })), None, "{event}");
        }
    }
}
