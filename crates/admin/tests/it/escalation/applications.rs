//! Administrators of applications and of organizations, and a super-admin, who want more.

use porta_testkit::TestApp;
use serde_json::json;

use super::Refusal::{Elsewhere, Forbidden, Item, Lacks, Protected};
use super::*;

porta_testkit::on_both_stores!(
    an_administrator_of_applications_stays_one,
    an_administrator_of_organizations_stays_one,
    even_a_super_admin_is_bound,
);

const BUILT_IN: &str = "is built in and cannot be changed";
const RESERVED: &str = "is reserved for built-in roles";

async fn an_administrator_of_applications_stays_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut apps = Culprit::person(&admins, APPS).await;
    let wanted = role(&mut root, "porta-admin", "porta-super-admin").await;
    let list = expect(&root.get("/applications/porta-admin/permissions").await, StatusCode::OK);
    let permission = list["data"][0]["id"].as_str().unwrap().to_owned();
    let own = format!("/organizations/porta-admin/users/{}/roles", id(&admins, APPS).await);
    let secrets = expect(&root.get("/clients/robot/secrets").await, StatusCode::OK);
    let secret = secrets["data"][0]["id"].as_str().unwrap().to_owned();
    let before = State::of(&admins, &mut root).await;
    let built_in = format!("/applications/porta-admin/roles/{wanted}");
    let permissions = json!({ "permissionIds": [permission] });
    let client = json!({
        "organizationId": "porta-admin", "applicationId": "porta-admin", "clientName": "Mine",
        "redirectUris": ["https://elsewhere.test/cb"],
    });
    let redirect = json!({ "redirectUris": ["https://elsewhere.test/cb"] });
    let name = json!({ "name": "X", "slug": "porta-super-admin" });
    apps.all_are_refused(
        &admins,
        vec![
            post("self-assignment", &own, json!({ "roleId": wanted }), Lacks("admin:role:assign")),
            post(
                "a same-named role elsewhere",
                "/applications/wiki/roles",
                name.clone(),
                Protected(RESERVED),
            ),
            post("a same-named role of a tenant", "/applications/planner/roles", name, Protected(RESERVED)),
            put(
                "more permissions for a built-in role",
                &format!("{built_in}/permissions"),
                permissions.clone(),
                Forbidden(BUILT_IN),
            ),
            delete(
                "fewer permissions for a built-in role",
                &format!("{built_in}/permissions"),
                Forbidden(BUILT_IN),
            )
            .carrying(permissions.clone()),
            delete("no built-in role", &format!("{built_in}?force=true"), Forbidden(BUILT_IN)),
            delete(
                "no built-in permission",
                &format!("/applications/porta-admin/permissions/{permission}?force=true"),
                Forbidden(BUILT_IN),
            ),
            put(
                "a role below another application",
                &format!("/applications/wiki/roles/{wanted}/permissions"),
                permissions,
                Elsewhere("Role not found"),
            ),
            post("a client of administration", "/clients", client, Forbidden(ADMIN_CLIENTS)),
            put(
                "the codes of the command line",
                &format!("/clients/{}", admins.command_line),
                redirect,
                Forbidden(ADMIN_CLIENTS),
            ),
            put(
                "the scope of a program",
                "/clients/robot",
                json!({ "scope": "admin:role:assign" }),
                Forbidden(ADMIN_CLIENTS),
            ),
            post("a secret of a program", "/clients/robot/secrets", json!({}), Forbidden(ADMIN_CLIENTS)),
            delete(
                "a secret below another client",
                &format!("/clients/web/secrets/{secret}"),
                Elsewhere("Secret not found"),
            ),
            post("revocation of a program", "/clients/robot/revoke", json!({}), Forbidden(ADMIN_CLIENTS)),
            post(
                "no application of administration",
                "/applications/porta-admin/archive",
                json!({}),
                Forbidden("cannot be deactivated or archived"),
            ),
            get("users", LIST, Lacks("admin:user:read")),
        ],
    )
    .await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

async fn an_administrator_of_organizations_stays_one(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut orgs = Culprit::person(&admins, ORGS).await;
    let own = format!("/users/{}", id(&admins, ORGS).await);
    let before = State::of(&admins, &mut root).await;
    let policy = json!({ "twoFactorPolicy": "required_any" });
    let bulk = json!({ "ids": [admins.organization("porta-admin").await.id], "action": "archive" });
    let purge = format!("/organizations/porta-admin/users/{}/purge", id(&admins, ROOT).await);
    orgs.all_are_refused(
        &admins,
        vec![
            put(
                "how administrators sign in",
                "/organizations/porta-admin",
                json!({ "defaultLoginMethods": ["magic_link"] }),
                Forbidden("Only a super-admin may change how"),
            ),
            put(
                "the factors that administrators need",
                "/organizations/porta-admin/two-factor/policy",
                policy,
                Forbidden("Cannot modify the super-admin organization policy"),
            ),
            post(
                "suspension of administration",
                "/organizations/porta-admin/suspend",
                json!({}),
                Protected("cannot be suspended"),
            ),
            post("archiving in bulk", "/bulk/organizations/status", bulk, Item("cannot be archived")),
            delete(
                "no administration",
                "/organizations/porta-admin",
                Protected("Cannot destroy the super-admin organization"),
            ),
            put("the own address", &own, json!({ "email": "root2@porta.test" }), Lacks("admin:user:update")),
            post(
                "erasure of the super-admin",
                &purge,
                json!({ "confirmPurge": true }),
                Lacks("admin:user:archive"),
            ),
            post("an import", "/import", import("merge", json!({})), Lacks("admin:import:write")),
        ],
    )
    .await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

/// What administration depends on is nobody's to change.
async fn even_a_super_admin_is_bound(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut culprit = Culprit::person(&admins, ROOT).await;
    let (own, bob) = (id(&admins, ROOT).await, admins.user("acme", "bob@acme.test").await.id);
    let held = role(&mut root, "porta-admin", "porta-super-admin").await;
    let before = State::of(&admins, &mut root).await;
    let bulk = json!({ "ids": [NOBODY, bob], "action": "suspend", "organizationId": "beta" });
    let config = import("overwrite", json!({ "config": { "super_admin_user_id": bob } }));
    culprit
        .all_are_refused(
            &admins,
            vec![
                put(
                    "another super-admin user",
                    "/config/super_admin_user_id",
                    json!({ "value": bob }),
                    Forbidden("cannot be changed"),
                ),
                delete("no super-admin user", "/config/super_admin_user_id", Forbidden("cannot be changed")),
                post("another super-admin user by import", "/import", config, Item("cannot be changed")),
                delete(
                    "no role of the super-admin user",
                    &format!("/organizations/porta-admin/users/{own}/roles/{held}"),
                    Forbidden("Cannot remove the role"),
                ),
                post(
                    "a user below another organization",
                    &format!("/organizations/beta/users/{bob}/password"),
                    json!({ "password": PASSWORD }),
                    Elsewhere("User not found"),
                ),
                post(
                    "suspension below another organization",
                    &format!("/organizations/beta/users/{bob}/suspend"),
                    json!({}),
                    Elsewhere("User not found"),
                ),
                get(
                    "a look below another organization",
                    &format!("/organizations/beta/users/{bob}"),
                    Elsewhere("User not found"),
                ),
                post("many below another organization", "/bulk/users/status", bulk, Item("user not found")),
            ],
        )
        .await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}
