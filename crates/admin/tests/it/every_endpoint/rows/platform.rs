//! Settings, signing keys, the audit log, statistics, imports, searches, and what everybody may ask.

use serde_json::json;

use crate::every_endpoint::row::Row;
use crate::every_endpoint::world::Kind;

const OF_THE_ORGANIZATION: &str = "organizationId={orgId}";

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("get_metadata", 200),
        Row::new("get_me", 200),
        Row::new("get_system_info", 200),
        Row::new("list_settings", 200),
        Row::new("get_setting", 200),
        Row::new("set_setting", 200)
            .makes(Kind::Organization)
            .query(OF_THE_ORGANIZATION)
            .body(|_| json!({ "value": "3600" }))
            .editable()
            .records(&["config.updated"])
            .again(200),
        Row::new("reset_setting", 200)
            .makes(Kind::Organization)
            .after_put("/config/session_ttl?organizationId={orgId}", |_| json!({ "value": "3600" }))
            .query(OF_THE_ORGANIZATION)
            .editable()
            .records(&["config.updated"])
            .again(200),
        Row::new("list_audit", 200),
        Row::new("list_audit_event_types", 200),
        Row::new("get_audit_event", 200),
        Row::new("clean_audit_log", 200)
            .body(|_| json!({ "retentionDays": 3_650, "dryRun": false }))
            .needs_no_body()
            .records(&["audit.cleanup"])
            .again(200),
        Row::new("get_statistics", 200),
        Row::new("get_organization_statistics", 200),
        Row::new("get_login_series", 200),
        Row::new("list_outbox", 200),
        Row::new("get_outbox_item", 200),
        Row::new("retry_outbox_item", 200)
            .makes(Kind::GivenUpMail)
            .records(&["email.send.requeued"])
            .again(400),
        Row::new("withdraw_outbox_item", 204)
            .makes(Kind::GivenUpMail)
            .records(&["email.send.withdrawn"])
            .again(400),
        Row::new("import_manifest", 200)
            .body(|run| {
                let role = json!({
                    "name": "Given", "slug": run.unique("imported"), "application_slug": "planner",
                    "organization_slug": "acme",
                });
                json!({ "mode": "merge", "dryRun": false, "manifest": { "version": "1.0", "roles": [role] } })
            })
            .at_most(10 * 1024 * 1024)
            .records(&["admin.import", "role.created"])
            .again(200),
    ]
}

/// What an administrator with any role may search.
pub(super) fn lookup_rows() -> Vec<Row> {
    let mut rows = vec![Row::new("search_everything", 200).query("q=acme")];
    for operation in
        ["look_up_organizations", "look_up_applications", "look_up_clients", "look_up_roles", "look_up_users"]
    {
        rows.push(Row::new(operation, 200));
    }
    rows
}

pub(super) fn key_rows() -> Vec<Row> {
    vec![
        Row::new("list_signing_keys", 200).query(OF_THE_ORGANIZATION),
        // The key that waited is revoked: it never signed.
        Row::new("generate_signing_key", 201)
            .makes(Kind::Organization)
            .query(OF_THE_ORGANIZATION)
            .body(|_| json!({ "algorithm": "ES256" }))
            .needs_no_body()
            .records(&["key.generated", "key.revoked"])
            .again(201),
        Row::new("rotate_signing_keys", 201)
            .makes(Kind::Organization)
            .query(OF_THE_ORGANIZATION)
            .body(|_| json!({ "algorithm": "ES256", "emergency": true }))
            .needs_no_body()
            .records(&["key.generated", "key.rotated"])
            .again(201),
        Row::new("retire_signing_key", 200)
            .makes(Kind::Organization)
            .makes(Kind::Key)
            .query(OF_THE_ORGANIZATION)
            .body(|_| json!({ "emergency": true }))
            .needs_no_body()
            .records(&["key.generated", "key.rotated"])
            .again(400),
        Row::new("revoke_signing_key", 204)
            .makes(Kind::Organization)
            .makes(Kind::Key)
            .query(OF_THE_ORGANIZATION)
            .body(|_| json!({}))
            .needs_no_body()
            .records(&["key.generated", "key.revoked"])
            .again(400),
    ]
}
