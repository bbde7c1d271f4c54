//! Fields in bodies that no operation offers (mass assignment, OWASP API3:2023): they are ignored, and a request that has
//! nothing else changes nothing.

use porta_core::user::UserStatus;
use porta_testkit::TestApp;
use serde_json::json;

use super::Refusal::Unfit;
use super::*;

porta_testkit::on_both_stores!(
    a_new_user_is_what_its_operation_makes,
    a_change_of_a_user_changes_no_more_than_its_fields,
    a_change_with_nothing_but_other_fields_is_refused,
    a_new_client_is_of_its_application,
    a_setting_is_the_one_of_the_path,
);

/// What somebody would like to be.
fn wishes(admins_id: &str) -> Value {
    let rights = json!({
        "id": admins_id, "isSuperAdmin": true, "is_super_admin": true, "roles": ["porta-super-admin"],
        "roleIds": [admins_id], "role": "porta-super-admin", "permissions": ["admin:key:rotate"],
        "organizationId": "porta-admin", "organization_id": "porta-admin", "isProtected": true,
        "__proto__": { "isSuperAdmin": true }, "constructor": { "prototype": { "isSuperAdmin": true } },
    });
    let account = json!({
        "status": "locked", "passwordHash": "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "password_hash": "x", "emailVerified": true, "email_verified": true, "twoFactorEnabled": true,
        "twoFactorMethod": "email", "version": 99, "createdAt": "2001-01-01T00:00:00.000Z", "lockedReason": "x",
    });
    with(rights, &account)
}

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn a_new_user_is_what_its_operation_makes(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let highest = id(&admins, ROOT).await;
    let new = with(json!({ "email": "new@acme.test" }), &wishes(&highest));
    let created = expect(&users.post(LIST, &new).await, StatusCode::CREATED)["data"]["id"].clone();
    let user = admins.user("acme", "new@acme.test").await;
    assert_eq!(created, json!(user.id.to_string()));
    assert_ne!(created, json!(highest));
    assert_eq!(user.organization_id, admins.organization("acme").await.id);
    assert_eq!((user.status, user.password_hash, user.email_verified), (UserStatus::Active, None, false));
    assert_eq!(user.two_factor_method, None);
    let roles = expect(&users.get(&format!("{LIST}/{}/roles", user.id)).await, StatusCode::OK);
    assert_eq!(roles["data"], json!([]));
}

async fn a_change_of_a_user_changes_no_more_than_its_fields(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    let before = admins.user("porta-admin", USERS.0).await;
    let path = format!("/users/{}", before.id);
    let change = with(json!({ "nickname": "U" }), &wishes(&id(&admins, ROOT).await));
    expect(&users.put(&path, &change).await, StatusCode::OK);
    let mut after = admins.user("porta-admin", USERS.0).await;
    assert_eq!(after.profile.nickname.as_deref(), Some("U"));
    assert_eq!(after.version, before.version.next());
    after.profile.nickname.clone_from(&before.profile.nickname);
    (after.version, after.updated_at) = (before.version, before.updated_at);
    assert_eq!(after, before);
    let roles = format!("/organizations/porta-admin/users/{}/roles", before.id);
    let roles = expect(&users.get(&roles).await, StatusCode::OK);
    assert_eq!((&roles["total"], &roles["data"][0]["slug"]), (&json!(1), &json!("porta-user-admin")));
}

async fn a_change_with_nothing_but_other_fields_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = Culprit::person(&admins, USERS).await;
    let mut orgs = Culprit::person(&admins, ORGS).await;
    let own = format!("/users/{}", id(&admins, USERS).await);
    let wishes = wishes(&id(&admins, ROOT).await);
    let before = State::of(&admins, &mut root).await;
    let nothing = Unfit("No fields to update");
    users.is_refused(&admins, put("a user", &own, wishes.clone(), nothing)).await;
    orgs.is_refused(&admins, put("an organization", "/organizations/acme", wishes, nothing)).await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

async fn a_new_client_is_of_its_application(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut apps = admins.sign_in(APPS).await;
    let new = json!({
        "organizationId": "acme", "applicationId": "planner", "clientName": "Portal", "id": "x",
        "redirectUris": ["https://portal.test/cb"], "idTokenSignedResponseAlg": "ES256",
        "clientId": "robot", "client_id": "robot", "secret": "known", "clientSecret": "known",
        "secretHash": "known", "status": "revoked", "application_id": "porta-admin", "isSuperAdmin": true,
    });
    let answer = apps.post("/clients", &new).await;
    let data = expect(&answer, StatusCode::CREATED)["data"].clone();
    assert_ne!(data["clientId"], "robot");
    assert_eq!(data["status"], "active");
    assert_eq!(data["organizationId"], json!(admins.organization("acme").await.id.to_string()));
    assert!(!answer.body.contains("\"known\""), "{}", answer.body);
    // A client never changes its application, its organization or its name at the protocol.
    let path = format!("/clients/{}", data["id"].as_str().unwrap());
    let change = json!({
        "name": "Portal", "organizationId": "porta-admin", "applicationId": "porta-admin", "clientId": "mine",
    });
    let after = expect(&apps.put(&path, &change).await, StatusCode::OK)["data"].clone();
    for field in ["clientId", "organizationId", "applicationId"] {
        assert_eq!(after[field], data[field], "{field}");
    }
}

async fn a_setting_is_the_one_of_the_path(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let before = admins.count("config.updated").await;
    let body = json!({
        "value": "7200", "key": "super_admin_user_id", "isSensitive": false, "valueType": "string",
    });
    let entry = expect(&root.put("/config/session_ttl", &body).await, StatusCode::OK)["data"].clone();
    assert_eq!(entry["key"], "session_ttl");
    assert_eq!(admins.count("config.updated").await, before + 1);
    let mut unit = admins.app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let administrator = unit.installation().find().await.unwrap().administrator.unwrap();
    assert_eq!(administrator.email.shown(), ROOT.0);
}
