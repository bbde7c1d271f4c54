//! Who asks.

use axum::http::StatusCode;
use porta_core::admin::{AdminPermission, AdminRole};
use porta_directory::Actor;
use porta_testkit::TestApp;
use serde_json::{Value, json};

use crate::support::*;

porta_testkit::on_both_stores!(
    an_administrator_sees_roles_and_permissions,
    several_roles_are_united,
    a_program_sees_its_scope,
    whoever_has_no_role_sees_nothing,
);

async fn me(admin: &mut Admin) -> Value {
    expect(&admin.get("/me").await, StatusCode::OK)["data"].clone()
}

fn permissions(role: AdminRole) -> Value {
    role.permissions().iter().map(AdminPermission::as_str).collect()
}

async fn an_administrator_sees_roles_and_permissions(app: TestApp) {
    let admins = Admins::of(app).await;
    let organization = admins.organization("porta-admin").await;
    let mut root = admins.sign_in(ROOT).await;
    for (person, role, is_protected) in [
        (ROOT, AdminRole::SuperAdmin, true),
        (ORGS, AdminRole::OrgAdmin, false),
        (USERS, AdminRole::UserAdmin, false),
        (APPS, AdminRole::AppAdmin, false),
        (AUDITOR, AdminRole::Auditor, false),
    ] {
        let seen = me(&mut admins.sign_in(person).await).await;
        let id = admins.user("porta-admin", person.0).await.id;
        let user = expect(&root.get(&format!("/users/{id}")).await, StatusCode::OK)["data"].clone();
        let expected = json!({
            "user": user,
            "clientId": admins.command_line,
            "organization": {
                "id": organization.id, "name": organization.name, "slug": "porta-admin", "isSuperAdmin": true,
            },
            "roles": [{ "slug": role.as_str(), "name": role.display_name() }],
            "permissions": permissions(role),
            "isProtected": is_protected,
        });
        assert_eq!(seen, expected, "{}", person.0);
    }
}

async fn several_roles_are_united(app: TestApp) {
    let admins = Admins::of(app).await;
    let organization = admins.organization("porta-admin").await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let user = unit.user(&organization, ORGS.0).await.unwrap();
    let role = unit.roles().visible(&organization, "porta-admin", "porta-user-admin").await.unwrap();
    assert!(unit.roles().assign(&organization, &user, &role).await.unwrap());
    unit.commit().await.unwrap();
    let seen = me(&mut admins.sign_in(ORGS).await).await;
    let mut slugs: Vec<_> =
        seen["roles"].as_array().unwrap().iter().map(|role| role["slug"].as_str().unwrap()).collect();
    slugs.sort_unstable();
    assert_eq!(slugs, ["porta-org-admin", "porta-user-admin"]);
    let both = AdminRole::OrgAdmin.permissions().with(AdminRole::UserAdmin.permissions());
    let both: Value = both.iter().map(AdminPermission::as_str).collect();
    assert_eq!(seen["permissions"], both);
}

async fn a_program_sees_its_scope(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut browser = admins.app.browser();
    let form = [("grant_type", "client_credentials"), ("scope", "admin:user:read")];
    let robot = ("robot", Some("robot-secret-0123456789abcdef"));
    let answer = browser.token("porta-admin", robot, &form).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let seen = me(&mut admins.bearer(&token)).await;
    assert_eq!(
        (&seen["user"], &seen["clientId"], &seen["roles"]),
        (&Value::Null, &json!("robot"), &json!([]))
    );
    assert_eq!((&seen["permissions"], &seen["isProtected"]), (&json!(["admin:user:read"]), &json!(false)));
    assert_eq!(seen["organization"]["slug"], "porta-admin");
}

async fn whoever_has_no_role_sees_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    for person in [HELPER, WIKI] {
        let answer = admins.sign_in(person).await.get("/me").await;
        assert_eq!(refused(&answer, StatusCode::FORBIDDEN, "Forbidden")["message"], "Admin role required");
    }
    refused(&admins.bearer("none").get("/me").await, StatusCode::UNAUTHORIZED, "Invalid token");
}
