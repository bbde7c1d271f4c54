//! Documents that are made of manifests: their items may belong to something that only the database has.

use std::collections::BTreeMap;

use porta_core::admin::AdminRole;
use porta_core::application::ClaimType;
use porta_core::client::ClientType;
use porta_directory::provision::document::{
    ApplicationItem, ClaimItem, ClaimValueItem, ClientItem, Document, ModuleItem, OrganizationItem,
    PermissionItem, RoleItem, RoleReference, UserItem,
};
use porta_directory::provision::{Format, ItemKind, Mode, Options, Patch, Report, read};
use porta_directory::{Actor, Administrator, NewApplication, RequestOrigin};
use serde_json::json;

use crate::installation::installed;
use crate::support::{World, actor};

both_stores!(
    references_are_found_and_not_reported,
    what_is_not_there_is_told_for_each_item_that_needs_it,
    a_reference_changes_nothing,
    a_client_may_belong_to_a_shared_application,
    published_names_are_taken,
    nobody_grants_more_than_they_hold,
    an_export_is_recorded,
);

const HARBOR: &str = "version: \"1.0\"\norganizations:\n  - name: Harbor\n    slug: harbor\n    applications:\n      - name: Dock\n        slug: dock\n        permissions: [{ name: See, slug: \"dock:berths:read\" }]\n        roles: [{ name: Planner, slug: planner }]\n        claim_definitions: [{ name: Badge, slug: badge, claim_type: number }]\n    users: [{ email: Kim@harbor.test }]\n";

fn document(organizations: Vec<OrganizationItem>) -> Document {
    Document {
        version: "1.0".to_owned(),
        allow_passwords: true,
        config: BTreeMap::new(),
        organizations,
        is_manifest: true,
    }
}

fn organization(slug: &str) -> OrganizationItem {
    OrganizationItem {
        name: slug.to_owned(),
        slug: Some(slug.to_owned()),
        is_reference: true,
        ..OrganizationItem::default()
    }
}

fn application(slug: &str) -> ApplicationItem {
    ApplicationItem {
        name: slug.to_owned(),
        slug: Some(slug.to_owned()),
        is_reference: true,
        ..ApplicationItem::default()
    }
}

fn role(slug: &str, permissions: &[&str], is_reference: bool) -> RoleItem {
    RoleItem {
        name: slug.to_owned(),
        slug: Some(slug.to_owned()),
        permissions: permissions.iter().map(|&slug| slug.to_owned()).collect(),
        is_reference,
        ..RoleItem::default()
    }
}

fn person(email: &str, role: &str) -> UserItem {
    UserItem {
        email: email.to_owned(),
        roles: vec![RoleReference { app: "dock".to_owned(), role: role.to_owned() }],
        claims: vec![ClaimValueItem { app: "dock".to_owned(), claim: "badge".to_owned(), value: json!(7) }],
        is_reference: true,
        ..UserItem::default()
    }
}

fn permission(slug: &str) -> PermissionItem {
    PermissionItem { name: slug.to_owned(), slug: slug.to_owned(), description: Patch::Keep }
}

fn claim(slug: &str) -> ClaimItem {
    ClaimItem {
        name: format!("The {slug}"),
        slug: slug.to_owned(),
        claim_type: ClaimType::String,
        description: Patch::Keep,
        include_in_id_token: None,
        include_in_access_token: None,
        include_in_userinfo: None,
    }
}

fn client(name: &str) -> ClientItem {
    ClientItem {
        client_id: None,
        client_name: name.to_owned(),
        client_type: ClientType::Public,
        application_type: None,
        grant_types: None,
        response_types: None,
        redirect_uris: Some(vec!["https://a.example/cb".to_owned()]),
        post_logout_redirect_uris: None,
        allowed_origins: None,
        scope: None,
        login_methods: Patch::Keep,
        require_pkce: None,
        token_endpoint_auth_method: None,
        id_token_signed_response_alg: Some(porta_core::signing_key::SigningAlgorithm::Es256),
        userinfo_signed_response_alg: Patch::Keep,
        standard_claims_in_id_token: None,
        allowed_organizations: None,
        secret: None,
    }
}

async fn prepared(world: &World) {
    let document = read(HARBOR, Format::Yaml, &|_| None).unwrap();
    let report = world.directory.provision(actor(), &document, Options::default()).await.unwrap();
    assert!(report.applied, "{:?}", report.errors);
}

async fn run(world: &World, actor: Actor, organizations: Vec<OrganizationItem>, mode: Mode) -> Report {
    let options = Options { mode, keep_going: true, ..Options::default() };
    world.directory.provision(actor, &document(organizations), options).await.unwrap()
}

fn kinds(report: &Report) -> Vec<ItemKind> {
    report.created.iter().map(|entry| entry.kind).collect()
}

fn told(report: &Report) -> Vec<(ItemKind, &str)> {
    report.errors.iter().map(|error| (error.kind, error.error.as_str())).collect()
}

async fn references_are_found_and_not_reported(world: World) {
    prepared(&world).await;
    let dock = ApplicationItem {
        roles: vec![role("planner", &["dock:berths:read"], true), role("clerk", &[], false)],
        ..application("dock")
    };
    let harbor = OrganizationItem {
        applications: vec![dock],
        // In another spelling of the address.
        users: vec![person("kim@HARBOR.test", "clerk")],
        ..organization("harbor")
    };
    let report = run(&world, actor(), vec![harbor], Mode::Merge).await;
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    assert_eq!(
        kinds(&report),
        [ItemKind::Role, ItemKind::RolePermission, ItemKind::UserRole, ItemKind::UserClaim]
    );
    assert!(report.applied && report.updated.is_empty() && report.skipped.is_empty());
}

async fn what_is_not_there_is_told_for_each_item_that_needs_it(world: World) {
    prepared(&world).await;
    let quay = ApplicationItem {
        roles: vec![role("clerk", &["quay:x:y"], true)],
        permissions: vec![permission("quay:x:y")],
        claim_definitions: vec![claim("size")],
        modules: vec![ModuleItem {
            name: "M".to_owned(),
            slug: "m".to_owned(),
            description: Patch::Keep,
            status: None,
        }],
        clients: vec![client("Web")],
        ..application("quay")
    };
    let dock = ApplicationItem {
        roles: vec![role("planner", &["dock:none:read"], true), role("captain", &["dock:berths:read"], true)],
        ..application("dock")
    };
    let unknown_claim = UserItem {
        claims: vec![ClaimValueItem { app: "dock".to_owned(), claim: "size".to_owned(), value: json!(7) }],
        ..person("kim@harbor.test", "captain")
    };
    let harbor = OrganizationItem {
        applications: vec![quay, dock],
        users: vec![person("eve@harbor.test", "planner"), unknown_claim],
        ..organization("harbor")
    };
    let nowhere = OrganizationItem {
        applications: vec![ApplicationItem { is_reference: false, ..application("pier") }],
        users: vec![UserItem { is_reference: false, ..person("eve@nowhere.test", "planner") }],
        ..organization("nowhere")
    };
    let report = run(&world, actor(), vec![harbor, nowhere], Mode::Merge).await;
    let (without_quay, without_nowhere) =
        ("Parent application 'quay' not found", "Parent organization 'nowhere' not found");
    let without_eve = "User not found: eve@harbor.test in org harbor";
    assert_eq!(
        told(&report),
        [
            (ItemKind::Application, without_nowhere),
            (ItemKind::Client, without_quay),
            (ItemKind::Permission, without_quay),
            (ItemKind::ClaimDefinition, without_quay),
            (ItemKind::RolePermission, without_quay),
            (ItemKind::RolePermission, "Permission not found: dock:none:read"),
            (ItemKind::RolePermission, "Role not found: captain"),
            (ItemKind::Module, without_quay),
            (ItemKind::User, without_nowhere),
            (ItemKind::UserRole, without_eve),
            (ItemKind::UserRole, "Role not found: captain"),
            (ItemKind::UserRole, without_nowhere),
            (ItemKind::UserClaim, without_eve),
            (ItemKind::UserClaim, "Claim definition not found: size"),
            (ItemKind::UserClaim, without_nowhere),
        ]
    );
    assert!(report.created.is_empty());
}

async fn a_reference_changes_nothing(world: World) {
    prepared(&world).await;
    let before = world.audit_names().await;
    let dock = ApplicationItem { roles: vec![role("planner", &[], true)], ..application("dock") };
    let kim = UserItem { email: "kim@harbor.test".to_owned(), is_reference: true, ..UserItem::default() };
    let harbor = OrganizationItem { applications: vec![dock], users: vec![kim], ..organization("harbor") };
    let report = run(&world, actor(), vec![harbor], Mode::Overwrite).await;
    assert!(report.updated.is_empty() && report.created.is_empty() && report.errors.is_empty(), "{report:?}");
    let mut after = world.audit_names().await;
    let import = after.iter().position(|name| name == "admin.import").unwrap();
    after.remove(import);
    assert_eq!(after, before);
    let harbor = world.work().await.organization("harbor").await.unwrap();
    let kim = world.work().await.user(&harbor, "kim@harbor.test").await.unwrap();
    assert_eq!((harbor.name.as_str(), kim.email.shown()), ("Harbor", "Kim@harbor.test"));
}

async fn a_client_may_belong_to_a_shared_application(world: World) {
    prepared(&world).await;
    let mut work = world.work().await;
    let admin = work.organization("porta-admin").await.unwrap();
    let new = NewApplication { name: "Wiki".to_owned(), is_shared: true, ..NewApplication::default() };
    let wiki = work.applications().create(&admin, new).await.unwrap();
    work.commit().await.unwrap();
    let shared = ApplicationItem {
        clients: vec![client("Wiki of Harbor")],
        roles: vec![role("editor", &[], false)],
        ..application("wiki")
    };
    let harbor = OrganizationItem { applications: vec![shared], ..organization("harbor") };
    let report = run(&world, actor(), vec![harbor], Mode::Merge).await;
    assert_eq!(kinds(&report), [ItemKind::Client]);
    assert_eq!(told(&report), [(ItemKind::Role, "Application not found: wiki")], "it is not the tenant's");
    let harbor = world.work().await.organization("harbor").await.unwrap();
    let mut all = world.store.repositories();
    let stored = all.clients(harbor.id).by_name(wiki.id, "Wiki of Harbor").await.unwrap();
    assert!(stored.is_some());
}

/// Files of the reference name permissions and claims so; files of this program may not.
async fn published_names_are_taken(world: World) {
    prepared(&world).await;
    let dock = ApplicationItem {
        permissions: vec![permission("read"), permission("dashboard.read"), permission("No!")],
        claim_definitions: vec![claim("employee-id"), claim("sub")],
        ..application("dock")
    };
    let harbor = OrganizationItem { applications: vec![dock], ..organization("harbor") };
    let report = run(&world, actor(), vec![harbor], Mode::Merge).await;
    let made: Vec<&str> = report.created.iter().map(|entry| entry.slug.as_str()).collect();
    assert_eq!(made, ["read", "dashboard.read", "employee-id"]);
    let refused: Vec<&str> = report.errors.iter().map(|error| error.slug.as_str()).collect();
    assert_eq!(refused, ["No!", "sub"]);
    let mut work = world.work().await;
    let harbor = work.organization("harbor").await.unwrap();
    let claim = work.claims().visible(&harbor, "dock", "employee-id").await.unwrap();
    assert_eq!((claim.display_name.as_deref(), claim.description), (Some("The employee-id"), None));
}

async fn nobody_grants_more_than_they_hold(world: World) {
    let installed = installed(&world).await;
    let mallory = world.user(&installed.organization, "mallory@porta.test").await;
    let victim = world.user(&installed.organization, "victim@porta.test").await;
    let of = |role: AdminRole| {
        Actor::Admin(Box::new(Administrator {
            user: mallory.id,
            organization: mallory.organization_id,
            email: mallory.email.shown().to_owned(),
            name: None,
            client_id: "cli".to_owned(),
            roles: vec![role],
            origin: RequestOrigin::default(),
        }))
    };
    let super_admin = AdminRole::SuperAdmin.as_str();
    let promoted = UserItem {
        roles: vec![RoleReference { app: "porta-admin".to_owned(), role: super_admin.to_owned() }],
        claims: Vec::new(),
        ..person("mallory@porta.test", super_admin)
    };
    let changed = UserItem {
        email: "victim@porta.test".to_owned(),
        nickname: Patch::Set("V".to_owned()),
        ..UserItem::default()
    };
    let document = || {
        let users = vec![copy_of(&promoted), copy_of(&changed)];
        vec![OrganizationItem { users, ..organization("porta-admin") }]
    };
    let report = run(&world, of(AdminRole::UserAdmin), document(), Mode::Overwrite).await;
    assert_eq!(
        told(&report),
        [
            (ItemKind::User, "Only a super-admin may change another member of the admin organization"),
            (
                ItemKind::UserRole,
                "Only a super-admin may assign or remove roles of the application `porta-admin`"
            ),
        ]
    );
    let mut work = world.work().await;
    assert!(work.roles().of_user(&installed.organization, &mallory).await.unwrap().is_empty());
    let after = work.user(&installed.organization, "victim@porta.test").await.unwrap();
    assert_eq!(after, victim);
    drop(work);

    let report = run(&world, of(AdminRole::SuperAdmin), document(), Mode::Overwrite).await;
    assert_eq!((told(&report), kinds(&report)), (Vec::new(), vec![ItemKind::UserRole]));
}

/// Documents own their items.
fn copy_of(item: &UserItem) -> UserItem {
    let role = |role: &RoleReference| RoleReference { app: role.app.clone(), role: role.role.clone() };
    UserItem {
        email: item.email.clone(),
        nickname: item.nickname.clone(),
        roles: item.roles.iter().map(role).collect(),
        is_reference: item.is_reference,
        ..UserItem::default()
    }
}

async fn an_export_is_recorded(world: World) {
    prepared(&world).await;
    let harbor = world.work().await.organization("harbor").await.unwrap();
    let application = world.work().await.applications().visible(&harbor, "dock").await.unwrap();
    let export = porta_directory::Export {
        entity_type: "roles",
        format: "csv",
        rows: 3,
        organization: Some(harbor),
        application: Some(application.id),
    };
    export.record(&world.directory, actor()).await.unwrap();
    let row = world.audit().await.into_iter().find(|row| row.event_type == "data.exported").unwrap();
    assert_eq!(row.organization_label.as_deref(), Some("harbor"));
    let expected =
        json!({ "entityType": "roles", "format": "csv", "rows": 3, "applicationId": application.id });
    assert_eq!(row.metadata, expected);
}
