//! Attempts of administrators to get rights that they do not have: all are refused, and change nothing.

use axum::http::{Method, StatusCode};
use porta_directory::{Actor, NewApplication};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use super::{NOBODY, application, each, forbidden, id_of, invalid};
use crate::services::{ROBOT, change, service};
use crate::support::*;

porta_testkit::on_both_stores!(
    nobody_makes_an_administrator_of_themselves_or_others,
    nobody_takes_the_rights_of_another_administrator,
    a_super_admin_decides_who_administers,
    the_super_admin_user_keeps_its_role,
    a_role_that_looks_like_one_of_administration_confers_nothing,
    built_in_roles_stay_as_they_are,
    an_id_in_the_body_does_not_lead_elsewhere,
    rights_that_were_taken_are_gone_with_the_next_request,
    a_service_account_makes_no_administrators,
    no_token_no_rights,
);

const ONLY_A_SUPER_ADMIN: &str =
    "Only a super-admin may assign or remove roles of the application `porta-admin`";
const ROLES: &str = "/applications/porta-admin/roles";

/// Ids of the built-in roles, and of one that confers nothing.
async fn roles_of_administration(root: &mut Admin) -> Vec<String> {
    each(&expect(&root.get(ROLES).await, StatusCode::OK), "id")
}

async fn path_of(admins: &Admins, person: Person) -> String {
    format!("/organizations/porta-admin/users/{}/roles", admins.user("porta-admin", person.0).await.id)
}

async fn slugs(admin: &mut Admin, path: &str) -> Vec<String> {
    each(&expect(&admin.get(path).await, StatusCode::OK), "slug")
}

/// Every request that gives a role to a user or takes it.
async fn all_ways(admin: &mut Admin, path: &str, role: &str) -> Vec<Answer> {
    let ids = json!({ "roleIds": [role] });
    vec![
        admin.put(path, &ids).await,
        admin.post(path, &json!({ "roleId": role })).await,
        admin.send(Method::DELETE, path, Some(&ids)).await,
        admin.delete(&format!("{path}/{role}")).await,
    ]
}

async fn nobody_makes_an_administrator_of_themselves_or_others(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = admins.sign_in(USERS).await;
    let roles = roles_of_administration(&mut root).await;
    assert_eq!(roles.len(), 6);
    let rows = admins.count("user.roles.assigned").await;
    for person in [USERS, WIKI, HELPER, AUDITOR] {
        let path = path_of(&admins, person).await;
        let before = slugs(&mut root, &path).await;
        for role in &roles {
            for answer in all_ways(&mut users, &path, role).await {
                forbidden(&answer, ONLY_A_SUPER_ADMIN);
            }
        }
        assert_eq!(slugs(&mut root, &path).await, before, "{}", person.0);
    }
    // Hidden among harmless ones: none of them is assigned.
    let wiki = expect(
        &root.post("/applications/wiki/roles", &json!({ "name": "Editor" })).await,
        StatusCode::CREATED,
    );
    let wiki = wiki["data"]["id"].as_str().unwrap();
    let path = path_of(&admins, WIKI).await;
    let answer = users.put(&path, &json!({ "roleIds": [wiki, roles[0]] })).await;
    forbidden(&answer, ONLY_A_SUPER_ADMIN);
    assert!(slugs(&mut root, &path).await.is_empty());
    assert_eq!(admins.count("user.roles.assigned").await, rows);
    expect(&users.put(&path, &json!({ "roleIds": [wiki] })).await, StatusCode::OK);
}

async fn nobody_takes_the_rights_of_another_administrator(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let super_admin = id_of(&mut root, ROLES, "porta-super-admin").await;
    let path = path_of(&admins, ROOT).await;
    for person in [ORGS, USERS, APPS, AUDITOR] {
        let mut admin = admins.sign_in(person).await;
        for answer in all_ways(&mut admin, &path, &super_admin).await {
            refused(&answer, StatusCode::FORBIDDEN, "Forbidden");
        }
    }
    assert_eq!(slugs(&mut root, &path).await, ["porta-super-admin"]);
    expect(&root.get("/organizations/acme/users").await, StatusCode::OK);
}

async fn a_super_admin_decides_who_administers(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let auditor = id_of(&mut root, ROLES, "porta-auditor").await;
    let path = path_of(&admins, WIKI).await;
    let mut wiki = admins.sign_in(WIKI).await;
    refused(&wiki.get(ROLES).await, StatusCode::FORBIDDEN, "Forbidden");
    expect(&root.post(&path, &json!({ "roleId": auditor })).await, StatusCode::NO_CONTENT);
    expect(&wiki.get(ROLES).await, StatusCode::OK);
    let row = admins.newest("user.roles.assigned").await;
    assert_eq!(
        (row.actor_label.as_deref(), &row.metadata["roles"]),
        (Some(ROOT.0), &json!(["porta-auditor"]))
    );
    expect(&root.delete(&format!("{path}/{auditor}")).await, StatusCode::NO_CONTENT);
    refused(&wiki.get(ROLES).await, StatusCode::FORBIDDEN, "Forbidden");
}

async fn the_super_admin_user_keeps_its_role(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let super_admin = id_of(&mut root, ROLES, "porta-super-admin").await;
    let (own, orgs) = (path_of(&admins, ROOT).await, path_of(&admins, ORGS).await);
    expect(&root.post(&orgs, &json!({ "roleId": super_admin })).await, StatusCode::NO_CONTENT);
    let mut second = admins.sign_in(ORGS).await;
    let text = "Cannot remove the role `porta-super-admin` from the super-admin user";
    for admin in [&mut root, &mut second] {
        let ids = json!({ "roleIds": [super_admin] });
        forbidden(&admin.send(Method::DELETE, &own, Some(&ids)).await, text);
        forbidden(&admin.delete(&format!("{own}/{super_admin}")).await, text);
    }
    assert_eq!(slugs(&mut root, &own).await, ["porta-super-admin"]);
    // Any other super-admin may lose it.
    expect(&root.delete(&format!("{orgs}/{super_admin}")).await, StatusCode::NO_CONTENT);
    refused(&second.get(ROLES).await, StatusCode::FORBIDDEN, "Forbidden");
}

/// Administrators of applications make roles, and administrators of users assign them.
async fn a_role_that_looks_like_one_of_administration_confers_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut apps, mut users) = (admins.sign_in(APPS).await, admins.sign_in(USERS).await);
    // No role is called so, wherever it is.
    for place in ["wiki", "planner", "porta-admin"] {
        let list = format!("/applications/{place}/roles");
        for new in [
            json!({ "name": "X", "slug": "porta-super-admin" }),
            json!({ "name": "Porta Super Admin" }),
            json!({ "name": "X", "slug": "porta-admin" }),
        ] {
            invalid(&apps.post(&list, &new).await, &json!(["slug"]));
        }
    }
    let editor = expect(
        &apps.post("/applications/wiki/roles", &json!({ "name": "Editor" })).await,
        StatusCode::CREATED,
    );
    let editor = editor["data"]["id"].as_str().unwrap().to_owned();
    let path = format!("/applications/wiki/roles/{editor}");
    invalid(&apps.put(&path, &json!({ "slug": "porta-super-admin" })).await, &json!(["slug"]));
    // A role of another application with permissions that are called like those of administration.
    let new = json!({ "name": "Everything", "slug": "admin:user:read" });
    let permission = expect(&apps.post("/applications/wiki/permissions", &new).await, StatusCode::CREATED);
    let ids = json!({ "permissionIds": [permission["data"]["id"]] });
    expect(&apps.put(&format!("{path}/permissions"), &ids).await, StatusCode::OK);
    let member = path_of(&admins, WIKI).await;
    expect(&users.post(&member, &json!({ "roleId": editor })).await, StatusCode::NO_CONTENT);
    // A role of the application of administration itself, with its permissions.
    let mut root = admins.sign_in(ROOT).await;
    let all = expect(&root.get("/applications/porta-admin/permissions").await, StatusCode::OK);
    let ids = json!({ "permissionIds": each(&all, "id") });
    let helper = id_of(&mut root, ROLES, "helper").await;
    expect(&apps.put(&format!("{ROLES}/{helper}/permissions"), &ids).await, StatusCode::OK);
    for person in [WIKI, HELPER] {
        let mut admin = admins.sign_in(person).await;
        forbidden(&admin.get("/organizations/acme/users").await, "Admin role required");
    }
}

async fn built_in_roles_stay_as_they_are(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, mut apps) = (admins.sign_in(ROOT).await, admins.sign_in(APPS).await);
    let permissions = "/applications/porta-admin/permissions";
    let permission = id_of(&mut root, permissions, "admin:key:rotate").await;
    let ids = json!({ "permissionIds": [permission] });
    let before = expect(&root.get(ROLES).await, StatusCode::OK);
    for slug in ["porta-super-admin", "porta-user-admin", "porta-app-admin", "porta-auditor"] {
        let path = format!("{ROLES}/{}", id_of(&mut root, ROLES, slug).await);
        let held = expect(&root.get(&format!("{path}/permissions")).await, StatusCode::OK);
        for admin in [&mut root, &mut apps] {
            for answer in [
                admin.put(&path, &json!({ "name": "Mine" })).await,
                admin.put(&path, &json!({ "slug": "mine" })).await,
                admin.put(&format!("{path}/permissions"), &ids).await,
                admin.send(Method::DELETE, &format!("{path}/permissions"), Some(&ids)).await,
                admin.delete(&path).await,
                admin.delete(&format!("{path}?force=true")).await,
                admin.post(&format!("{path}/archive"), &json!({})).await,
            ] {
                forbidden(&answer, &format!("`{slug}` is built in and cannot be changed"));
            }
        }
        let after = expect(&root.get(&format!("{path}/permissions")).await, StatusCode::OK);
        assert_eq!(after, held, "{slug}");
    }
    assert_eq!(expect(&root.get(ROLES).await, StatusCode::OK), before);
    let path = format!("{permissions}/{permission}");
    for admin in [&mut root, &mut apps] {
        for answer in [
            admin.put(&path, &json!({ "name": "Mine" })).await,
            admin.delete(&format!("{path}?force=true")).await,
            admin.post(&format!("{path}/archive"), &json!({})).await,
        ] {
            forbidden(&answer, "`admin:key:rotate` is built in and cannot be changed");
        }
    }
    let taken = json!({ "name": "X", "slug": "admin:key:rotate" });
    refused(
        &apps.post(permissions, &taken).await,
        StatusCode::CONFLICT,
        "Permission `admin:key:rotate` is already taken",
    );
}

/// Mass assignment, and ids of one application below the path of another.
async fn an_id_in_the_body_does_not_lead_elsewhere(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut root, mut apps) = (admins.sign_in(ROOT).await, admins.sign_in(APPS).await);
    let administration = application(&admins, "porta-admin").await;
    let super_admin = id_of(&mut root, ROLES, "porta-super-admin").await;
    let new = json!({
        "name": "X", "id": super_admin, "applicationId": administration, "permissions": ["admin:key:rotate"],
        "users": [NOBODY], "isSystem": true,
    });
    let role =
        expect(&apps.post("/applications/wiki/roles", &new).await, StatusCode::CREATED)["data"].clone();
    assert_ne!(role["id"], json!(super_admin));
    assert_ne!(role["applicationId"], json!(administration));
    // The permission of one application for the role of another, either way.
    let foreign = id_of(&mut root, "/applications/porta-admin/permissions", "admin:key:rotate").await;
    let path = format!("/applications/wiki/roles/{}/permissions", role["id"].as_str().unwrap());
    let answer = apps.put(&path, &json!({ "permissionIds": [foreign] })).await;
    refused(&answer, StatusCode::NOT_FOUND, &format!("Permission not found: {foreign}"));
    let path = format!("/applications/wiki/roles/{super_admin}/permissions");
    let answer = apps.put(&path, &json!({ "permissionIds": [foreign] })).await;
    refused(&answer, StatusCode::NOT_FOUND, &format!("Role not found: {super_admin}"));
    let answer = apps.delete(&format!("/applications/wiki/roles/{super_admin}?force=true")).await;
    refused(&answer, StatusCode::NOT_FOUND, &format!("Role not found: {super_admin}"));
    // A tenant's application of the same slug changes nothing about the platform's.
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let acme = unit.organization("acme").await.unwrap();
    let twin = NewApplication { name: "Porta Admin".to_owned(), ..NewApplication::default() };
    let twin = unit.applications().create(&acme, twin).await.unwrap().id;
    unit.commit().await.unwrap();
    let list = format!("/applications/{twin}/roles");
    let helper = expect(&apps.post(&list, &json!({ "name": "Helper" })).await, StatusCode::CREATED);
    assert_eq!(helper["data"]["applicationId"], json!(twin.to_string()));
    assert_eq!(roles_of_administration(&mut root).await.len(), 6);
    // There it is like any other application.
    let mut users = admins.sign_in(USERS).await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let one = json!({ "roleId": helper["data"]["id"] });
    expect(
        &users.post(&format!("/organizations/acme/users/{bob}/roles"), &one).await,
        StatusCode::NO_CONTENT,
    );
}

async fn rights_that_were_taken_are_gone_with_the_next_request(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let mut users = admins.sign_in(USERS).await;
    let reader = id_of(&mut root, "/applications/planner/roles", "reader").await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let path = format!("/organizations/acme/users/{bob}/roles");
    expect(&users.post(&path, &json!({ "roleId": reader })).await, StatusCode::NO_CONTENT);
    let role = id_of(&mut root, ROLES, "porta-user-admin").await;
    let own = path_of(&admins, USERS).await;
    expect(&root.delete(&format!("{own}/{role}")).await, StatusCode::NO_CONTENT);
    for answer in all_ways(&mut users, &path, &reader).await {
        forbidden(&answer, "Admin role required");
    }
    forbidden(&users.post(&own, &json!({ "roleId": role })).await, "Admin role required");
    assert_eq!(slugs(&mut root, &path).await, ["reader"]);
}

/// Whatever its scope: a service account is no super-admin.
async fn a_service_account_makes_no_administrators(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let scope = "admin:role:read admin:role:assign admin:role:update admin:role:archive".to_owned();
    change(&admins, |client| client.scope = scope).await;
    admins.app.wait_for_notices().await;
    let mut service_account = service(&admins, ROBOT, None).await;
    let path = path_of(&admins, WIKI).await;
    for role in roles_of_administration(&mut root).await {
        for answer in all_ways(&mut service_account, &path, &role).await {
            forbidden(&answer, ONLY_A_SUPER_ADMIN);
        }
    }
    assert!(slugs(&mut root, &path).await.is_empty());
    let auditor = id_of(&mut root, ROLES, "porta-auditor").await;
    let answer = service_account.delete(&format!("{ROLES}/{auditor}?force=true")).await;
    forbidden(&answer, "`porta-auditor` is built in and cannot be changed");
    // What its scope names it may do, in its own name.
    let reader = id_of(&mut root, "/applications/planner/roles", "reader").await;
    let bob = admins.user("acme", "bob@acme.test").await.id;
    let list = format!("/organizations/acme/users/{bob}/roles");
    expect(&service_account.post(&list, &json!({ "roleId": reader })).await, StatusCode::NO_CONTENT);
    let row = admins.newest("user.roles.assigned").await;
    assert_eq!((row.actor_id, row.actor_label.as_deref()), (None, Some("client:robot")));
    let held = expect(&root.get(&list).await, StatusCode::OK);
    assert_eq!(held["data"][0]["assignedBy"], Value::Null);
    // It reads no users, so it sees no addresses.
    let holders = expect(&service_account.get(&format!("/roles/{reader}/users")).await, StatusCode::OK);
    assert_eq!((&holders["total"], &holders["data"][0]["email"]), (&json!(2), &Value::Null));
}

async fn no_token_no_rights(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let role = id_of(&mut root, ROLES, "porta-super-admin").await;
    let path = path_of(&admins, WIKI).await;
    let ana = ("ana@acme.test", "lantern-Quay-41");
    let tenant = token(&admins.app, "acme", ana, ("cli", "http://127.0.0.1/cb")).await;
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.";
    for (token, status) in [
        ("none", StatusCode::UNAUTHORIZED),
        (unsigned, StatusCode::UNAUTHORIZED),
        (tenant.as_str(), StatusCode::FORBIDDEN),
    ] {
        let mut somebody = admins.bearer(token);
        for answer in all_ways(&mut somebody, &path, &role).await {
            assert_eq!(answer.status, status, "{}", answer.body);
        }
    }
    let mut by_wiki = admins.sign_in_with(ROOT, "wiki").await;
    for answer in all_ways(&mut by_wiki, &path, &role).await {
        forbidden(&answer, "Admin access requires a client of the admin application");
    }
    assert_eq!(expect(&root.get(&path).await, StatusCode::OK)["data"], Value::Array(Vec::new()));
}
