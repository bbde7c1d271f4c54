//! Examples of request bodies, for the OpenAPI document. A test sends each of them.

use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Operation;

use crate::body::JSON;

/// Operations and bodies. The organization is called `harbor`, its application `dock-planner`; the ids are those of its
/// role, its permission and its user. The caller has the password `lantern-Quay-40` and got the code 492817 by mail.
const EXAMPLES: [(&str, &str); 50] = [
    ("update_own_profile", r#"{"givenName":"Kim","locale":"nl"}"#),
    ("change_own_password", r#"{"current":"lantern-Quay-40","new":"brisk-Walnut-Harbor-9"}"#),
    ("begin_own_two_factor", r#"{"method":"email"}"#),
    ("verify_own_two_factor", r#"{"code":"492817"}"#),
    (
        "create_application",
        r#"{"name":"Crane Planner","organizationId":"harbor","description":"Plans the use of cranes"}"#,
    ),
    ("update_application", r#"{"name":"Berth Planner","description":null}"#),
    ("create_claim", r#"{"claimName":"shift","name":"Shift","claimType":"string","includeInIdToken":true}"#),
    ("update_claim", r#"{"description":"Where the person works","includeInUserinfo":true}"#),
    ("set_claim_value", r#"{"value":"T4"}"#),
    ("create_module", r#"{"name":"Cargo","slug":"cargo","description":"Loading and unloading"}"#),
    ("update_module", r#"{"description":"Loading, unloading and storage"}"#),
    ("create_permission", r#"{"name":"Change berths","slug":"dock:berths:change"}"#),
    ("update_permission", r#"{"description":"Move ships to other berths"}"#),
    ("create_role", r#"{"name":"Chief planner","slug":"chief-planner"}"#),
    ("update_role", r#"{"name":"Planner","description":"Plans berths"}"#),
    ("add_role_permissions", r#"{"permissionIds":["0197c5a0-0000-7000-8000-000000000002"]}"#),
    ("remove_role_permissions", r#"{"permissionIds":["0197c5a0-0000-7000-8000-000000000002"]}"#),
    ("clean_audit_log", r#"{"retentionDays":365,"dryRun":true}"#),
    (
        "change_organization_statuses",
        r#"{"ids":["0197c5a0-0000-7000-8000-000000000004"],"action":"suspend","reason":"The contract ended"}"#,
    ),
    (
        "change_user_statuses",
        r#"{"ids":["0197c5a0-0000-7000-8000-000000000003"],"action":"suspend","organizationId":"harbor","reason":"On leave"}"#,
    ),
    (
        "create_client",
        r#"{"applicationId":"dock-planner","organizationId":"harbor","clientName":"Planner Web","redirectUris":["https://planner.example.com/callback"],"idTokenSignedResponseAlg":"ES256","secretLabel":"first"}"#,
    ),
    (
        "update_client",
        r#"{"clientName":"Planner","redirectUris":["https://planner.example.com/callback","https://planner.example.com/silent"]}"#,
    ),
    ("create_client_secret", r#"{"label":"rotated in spring","expiresAt":"2099-03-31T12:00:00Z"}"#),
    ("set_setting", r#"{"value":"15m"}"#),
    (
        "import_manifest",
        r#"{"mode":"merge","dryRun":true,"manifest":{"version":"1.0","organizations":[{"name":"North Harbor","slug":"north-harbor"}],"users":[{"email":"kim@north-harbor.example","organization_slug":"north-harbor","given_name":"Kim"}]}}"#,
    ),
    ("generate_signing_key", r#"{"organizationId":"harbor","algorithm":"ES256"}"#),
    ("rotate_signing_keys", r#"{"organizationId":"harbor","algorithm":"ES256","emergency":true}"#),
    ("retire_signing_key", r#"{"organizationId":"harbor","emergency":true}"#),
    ("revoke_signing_key", r#"{"organizationId":"harbor"}"#),
    (
        "create_organization",
        r#"{"name":"South Harbor","slug":"south-harbor","defaultLocale":"en","defaultLoginMethods":["password","magic_link"]}"#,
    ),
    ("update_organization", r#"{"name":"Harbor Works","defaultLocale":"de"}"#),
    ("update_branding", r##"{"companyName":"Harbor Works","primaryColor":"#0B6E4F"}"##),
    (
        "preview_branding",
        r##"{"branding":{"companyName":"Harbor Works","primaryColor":"#0B6E4F"},"page":"login","locale":"de"}"##,
    ),
    (
        "put_branding_asset",
        r#"{"contentType":"image/png","data":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="}"#,
    ),
    ("suspend_organization", r#"{"reason":"The contract ended"}"#),
    ("send_test_email", r#"{"to":"ops@harbor.example"}"#),
    ("set_two_factor_policy", r#"{"twoFactorPolicy":"required_totp"}"#),
    ("create_user", r#"{"email":"lou@harbor.example","givenName":"Lou","familyName":"Harbor"}"#),
    (
        "invite_user",
        r#"{"email":"mia@harbor.example","givenName":"Mia","personalMessage":"See you on Monday","locale":"en"}"#,
    ),
    ("preview_invitation", r#"{"email":"mia@harbor.example","givenName":"Mia","locale":"en"}"#),
    ("update_user", r#"{"givenName":"Kim","phoneNumber":"+442071234567"}"#),
    ("set_user_claim", r#"{"value":"T4"}"#),
    ("lock_user", r#"{"reason":"The laptop was lost"}"#),
    ("suspend_user", r#"{"reason":"On leave"}"#),
    ("set_user_password", r#"{"password":"lantern-Quay-41"}"#),
    ("purge_user", r#"{"confirmPurge":true}"#),
    ("add_user_roles", r#"{"roleIds":["0197c5a0-0000-7000-8000-000000000001"]}"#),
    ("remove_user_roles", r#"{"roleIds":["0197c5a0-0000-7000-8000-000000000001"]}"#),
    ("add_user_role", r#"{"roleId":"0197c5a0-0000-7000-8000-000000000001"}"#),
    ("revoke_sessions", r#"{"userId":"0197c5a0-0000-7000-8000-000000000003"}"#),
];

/// The example of an operation. The same operation under another path has the same one.
fn example(operation: &str) -> Option<Value> {
    let id = operation.strip_suffix("_by_id").unwrap_or(operation);
    let (_, text) = EXAMPLES.iter().find(|(known, _)| *known == id)?;
    serde_json::from_str(text).ok()
}

/// Adds the example of an operation that has a JSON body.
pub(crate) fn add_example(operation: &mut Operation) {
    let Some(example) = operation.operation_id.as_deref().and_then(example) else { return };
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    if let Some(RefOr::T(content)) = body.content.get_mut(JSON) {
        content.example = Some(example);
    }
}
