//! Service accounts that want more than their scope.

use porta_testkit::TestApp;
use serde_json::json;

use super::Refusal::{Forbidden, Item, Lacks};
use super::*;
use crate::services::{ROBOT, change, service};

porta_testkit::on_both_stores!(
    a_program_stays_within_its_scope,
    a_program_with_every_permission_makes_no_administrators,
    a_program_that_imports_creates_what_it_may_create,
    a_program_asks_for_no_more_than_its_client_has,
    a_program_that_lost_its_client_is_out,
);

const LABEL: &str = "client:robot";

async fn program(admins: &Admins, scope: Option<&str>) -> Culprit {
    Culprit { label: LABEL.to_owned(), admin: service(admins, ROBOT, scope).await }
}

/// Gives the client every permission.
async fn almighty(admins: &Admins) -> Culprit {
    let all = porta_core::admin::AdminPermission::ALL.iter().map(|permission| permission.as_str());
    with_scope(admins, &all.collect::<Vec<_>>().join(" ")).await
}

async fn with_scope(admins: &Admins, scope: &str) -> Culprit {
    change(admins, |client| scope.clone_into(&mut client.scope)).await;
    admins.app.wait_for_notices().await;
    program(admins, None).await
}

async fn a_program_stays_within_its_scope(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut service_account = program(&admins, None).await;
    let mut reader = program(&admins, Some("admin:user:read")).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let before = State::of(&admins, &mut root).await;
    let (client, more) = ("/clients/robot", json!({ "scope": "admin:user:read admin:import:write" }));
    let second = json!({
        "organizationId": "porta-admin", "applicationId": "porta-admin", "clientName": "Second",
        "grantTypes": ["client_credentials"], "scope": "admin:user:read",
    });
    service_account
        .all_are_refused(
            &admins,
            vec![
                post("suspension", &format!("/users/{bob}/suspend"), json!({}), Lacks("admin:user:suspend")),
                put("its own scope", client, more, Lacks("admin:client:update")),
                post("another program", "/clients", second, Lacks("admin:client:create")),
                post(
                    "a secret of its own",
                    &format!("{client}/secrets"),
                    json!({}),
                    Lacks("admin:client:update"),
                ),
                get("settings", "/config", Lacks("admin:config:read")),
                get("a manifest", "/export/manifest?organizationId=acme", Lacks("admin:export:read")),
            ],
        )
        .await;
    let user = json!({ "email": "new@acme.test" });
    reader.is_refused(&admins, post("what the token left out", LIST, user, Lacks("admin:user:create"))).await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

/// Whatever its scope, it is no super-admin.
async fn a_program_with_every_permission_makes_no_administrators(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut service_account = almighty(&admins).await;
    let highest = format!("/users/{}", id(&admins, ROOT).await);
    let wanted = role(&mut root, "porta-admin", "porta-super-admin").await;
    let member = format!("/organizations/porta-admin/users/{}/roles", id(&admins, WIKI).await);
    let before = State::of(&admins, &mut root).await;
    let (client, more) = ("/clients/robot", json!({ "scope": "admin:user:read" }));
    let second = json!({
        "organizationId": "porta-admin", "applicationId": "porta-admin", "clientName": "Second",
        "grantTypes": ["client_credentials"], "scope": "admin:user:read",
    });
    let redirect = json!({ "redirectUris": ["http://127.0.0.1/mine"] });
    let user = json!({ "users": [{
        "email": ROOT.0, "organization_slug": "porta-admin", "status": "inactive", "nickname": "mine",
    }] });
    let assigns = Item(ONLY_A_SUPER_ADMIN_ASSIGNS);
    let password = json!({ "password": PASSWORD });
    let attempts = vec![
        post("a role", &member, json!({ "roleId": wanted }), Forbidden(ONLY_A_SUPER_ADMIN_ASSIGNS)),
        post("a role by import, dry", "/import", import("dry-run", super_admin_role()), assigns),
        post("a role by import, merged", "/import", import("merge", super_admin_role()), assigns),
        post("a role by import, overwriting", "/import", import("overwrite", super_admin_role()), assigns),
        post("a super-admin by import", "/import", import("overwrite", user), Item(OTHER_MEMBER)),
        post("a program by import", "/import", import("merge", program_by_import()), Item(ADMIN_CLIENTS)),
        post(
            "the password of a super-admin",
            &format!("{highest}/password"),
            password,
            Forbidden(OTHER_MEMBER),
        ),
        put("its own scope", client, more, Forbidden(ADMIN_CLIENTS)),
        post("another program", "/clients", second, Forbidden(ADMIN_CLIENTS)),
        post("a secret of its own", &format!("{client}/secrets"), json!({}), Forbidden(ADMIN_CLIENTS)),
        put(
            "the codes of administrators",
            &format!("/clients/{}", admins.command_line),
            redirect,
            Forbidden(ADMIN_CLIENTS),
        ),
        put(
            "another super-admin user",
            "/config/super_admin_user_id",
            json!({ "value": "x" }),
            Forbidden("cannot be changed"),
        ),
    ];
    service_account.all_are_refused(&admins, attempts).await;
    assert_eq!(State::of(&admins, &mut root).await, before);
}

/// What items of a manifest need, of a program that may import and create users.
fn imports() -> Vec<(&'static str, &'static str, Value, &'static str)> {
    let of_planner = |mut item: Value| {
        item["application_slug"] = json!("planner");
        item["organization_slug"] = json!("acme");
        json!([item])
    };
    let clients = of_planner(json!({ "client_name": "X", "client_type": "public" }));
    let right = |slug: &str| of_planner(json!({ "name": "X", "slug": slug }));
    let claims = of_planner(json!({ "name": "X", "slug": "x", "claim_type": "string" }));
    let mapping = of_planner(json!({ "role_slug": "editor", "permission_slugs": ["x:y:z"] }));
    let user = json!({ "email": "new@acme.test", "organization_slug": "acme", "nickname": "X" });
    let bob = |mut item: Value| {
        item["email"] = json!("bob@acme.test");
        of_planner(item)
    };
    let assignment = bob(json!({ "role_slug": "editor" }));
    let value = bob(json!({ "claim_slug": "x", "value": 1 }));
    vec![
        (
            "an organization",
            "merge",
            json!({ "organizations": [{ "name": "X", "slug": "x" }] }),
            "org:create",
        ),
        (
            "an application",
            "merge",
            json!({ "applications": [{ "name": "X", "slug": "x", "organization_slug": "acme" }] }),
            "app:create",
        ),
        ("a client", "merge", json!({ "clients": clients }), "client:create"),
        ("a client, dry", "dry-run", json!({ "clients": clients }), "client:create"),
        ("a role", "merge", json!({ "roles": right("x") }), "role:create"),
        ("a permission", "merge", json!({ "permissions": right("x:y:z") }), "permission:create"),
        ("a claim", "merge", json!({ "claim_definitions": claims }), "claim:create"),
        ("a module", "merge", json!({ "application_modules": right("x") }), "app:update"),
        ("a permission of a role", "merge", json!({ "role_permission_mappings": mapping }), "role:update"),
        ("a role of a user", "merge", json!({ "user_role_assignments": assignment }), "role:assign"),
        ("a value of a user", "merge", json!({ "user_claim_values": value }), "claim:update"),
        ("a setting", "merge", json!({ "config": { "session_ttl": 7200 } }), "config:update"),
        ("a change of a user", "overwrite", json!({ "users": [user] }), "user:update"),
    ]
}

/// Whoever may import gets no more by it than by the requests that do the same.
async fn a_program_that_imports_creates_what_it_may_create(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut service_account = with_scope(&admins, "admin:import:write admin:user:create").await;
    let before = State::of(&admins, &mut root).await;
    for (what, mode, items, lacking) in imports() {
        let attempt = post(what, "/import", import(mode, items), Lacks(lacking));
        service_account.is_refused(&admins, attempt).await;
    }
    assert_eq!(State::of(&admins, &mut root).await, before);
    let user = json!({ "users": [{ "email": "new@acme.test", "organization_slug": "acme" }] });
    let report = service_account.admin.post("/import", &import("merge", user)).await;
    assert_eq!(expect(&report, StatusCode::OK)["created"][0]["slug"], "new@acme.test");
    assert_eq!(admins.newest("user.created").await.actor_label.as_deref(), Some(LABEL));
}

fn program_by_import() -> Value {
    json!({ "clients": [{
        "client_name": "Second", "organization_slug": "porta-admin", "application_slug": "porta-admin",
        "client_type": "confidential", "grant_types": ["client_credentials"], "scope": "admin:user:read",
    }] })
}

/// RFC 6749 §3.3.
async fn a_program_asks_for_no_more_than_its_client_has(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut browser = admins.app.browser();
    for scope in ["admin:role:assign", "admin:user:read admin:import:write"] {
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        let answer = browser.token("porta-admin", (ROBOT.0, Some(ROBOT.1)), &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{scope}: {}", answer.body);
        assert_eq!(answer.json()["error"], "invalid_scope", "{scope}");
    }
}

async fn a_program_that_lost_its_client_is_out(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut service_account = program(&admins, None).await;
    expect(&service_account.admin.get(LIST).await, StatusCode::OK);
    expect(&root.post("/clients/robot/revoke", &json!({})).await, StatusCode::NO_CONTENT);
    let no = Forbidden("Admin access requires a client of the admin application");
    service_account.is_refused(&admins, get("with a revoked client", LIST, no)).await;
    expect(&root.post("/clients/robot/restore", &json!({})).await, StatusCode::NO_CONTENT);
    service_account.is_refused(&admins, get("with a token from before", LIST, no)).await;
}
