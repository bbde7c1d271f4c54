//! Roles, permissions and claims: who may decide about them, what is deleted with them, and how they are found.

use porta_core::admin::{AdminPermissions, AdminRole};
use porta_core::application::{Application, ClaimDefinition, ClaimType, ModuleStatus, Permission, Role};
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{Change, ClientKey, ModuleId, PermissionId, RoleId, SeededEntropy, Slug};
use porta_directory::{
    Actor, Administrator, DirectoryError, Installed, NewApplication, NewClaim, NewInvitation, NewModule,
    NewPermission, NewRole, RequestOrigin, ServiceAccount, Transaction,
};
use serde_json::{Value, json};

use crate::installation::installed;
use crate::support::{START, World, refused};

both_stores!(
    only_a_super_admin_decides_who_administers,
    a_shared_application_of_administration_is_guarded_for_tenants_too,
    a_tenants_application_of_that_name_is_like_any_other,
    a_lesser_administrator_decides_about_other_applications,
    the_super_admin_user_keeps_its_role,
    what_is_built_in_cannot_be_taken_apart,
    a_role_that_people_have_is_deleted_by_force_only,
    a_permission_that_roles_have_is_deleted_by_force_only,
    a_claim_is_deleted_with_its_values,
    the_same_change_again_is_none,
    a_slug_may_change_unless_it_is_taken_or_reserved,
    a_permission_belongs_to_a_module_of_its_application,
    a_claim_has_a_name_for_operators,
    a_value_that_cannot_be_stored_is_refused,
    an_application_is_found_by_id_and_by_an_unambiguous_slug,
    parts_of_another_application_are_not_found,
);

const ONLY_A_SUPER_ADMIN: &str =
    "Only a super-admin may assign or remove roles of the application `porta-admin`";

fn administrator(user: &User, roles: &[AdminRole]) -> Actor {
    Actor::Admin(Box::new(Administrator {
        user: user.id,
        organization: user.organization_id,
        email: user.email.shown().to_owned(),
        name: None,
        client_id: "cli".to_owned(),
        roles: roles.to_vec(),
        origin: RequestOrigin::default(),
    }))
}

/// A service account that has every permission.
fn service(organization: &Organization) -> Actor {
    Actor::Service(Box::new(ServiceAccount {
        client: ClientKey::new(START, &SeededEntropy::new(8)),
        organization: organization.id,
        client_id: "robot".to_owned(),
        permissions: AdminPermissions::all(),
        origin: RequestOrigin::default(),
    }))
}

async fn work_of(world: &World, actor: &Actor) -> Transaction {
    world.directory.begin(actor.clone()).await.unwrap()
}

/// Expects a refusal that says what is protected.
#[track_caller]
fn forbidden<T: std::fmt::Debug>(outcome: Result<T, DirectoryError>, expected: &str) {
    match outcome {
        Err(DirectoryError::Forbidden(text)) => assert_eq!(text, expected),
        other => panic!("{other:?}"),
    }
}

async fn a_role(
    world: &World,
    (organization, application): (&Organization, &Application),
    slug: &str,
) -> Role {
    let mut work = world.work().await;
    let new = NewRole { name: slug.to_owned(), ..NewRole::default() };
    let role = work.roles().create(organization, application, new).await.unwrap();
    work.commit().await.unwrap();
    role
}

async fn a_permission(
    world: &World,
    (organization, application): (&Organization, &Application),
    slug: &str,
) -> Permission {
    let mut work = world.work().await;
    let new = NewPermission { name: slug.to_owned(), slug: slug.to_owned(), ..NewPermission::default() };
    let permission = work.roles().create_permission(organization, application, new).await.unwrap();
    work.commit().await.unwrap();
    permission
}

fn number(name: &str) -> NewClaim {
    NewClaim {
        claim_name: name.to_owned(),
        display_name: None,
        claim_type: ClaimType::Number,
        description: None,
        include_in_id_token: None,
        include_in_access_token: None,
        include_in_userinfo: None,
    }
}

async fn a_claim(
    world: &World,
    (organization, application): (&Organization, &Application),
    new: NewClaim,
) -> ClaimDefinition {
    let mut work = world.work().await;
    let claim = work.claims().define(organization, application, new).await.unwrap();
    work.commit().await.unwrap();
    claim
}

async fn slugs_of(world: &World, organization: &Organization, user: &User) -> Vec<String> {
    let held = world.work().await.roles().of_user(organization, user).await.unwrap();
    held.into_iter().map(|held| held.role.slug.to_string()).collect()
}

async fn built_in(world: &World, installed: &Installed, role: AdminRole) -> Role {
    let mut work = world.work().await;
    work.roles().visible(&installed.organization, "porta-admin", role.as_str()).await.unwrap()
}

async fn count(world: &World, event: &str) -> usize {
    world.audit_names().await.iter().filter(|name| *name == event).count()
}

async fn metadata(world: &World, event: &str) -> Value {
    let events = world.audit().await;
    events.into_iter().rfind(|row| row.event_type == event).unwrap().metadata
}

async fn only_a_super_admin_decides_who_administers(world: World) {
    let installed = installed(&world).await;
    let (organization, application) = (&installed.organization, &installed.application);
    let helper = a_role(&world, (organization, application), "helper").await;
    let (eve, dan) =
        (world.user(organization, "eve@admin.test").await, world.user(organization, "dan@admin.test").await);
    let mut roles = vec![helper];
    for role in AdminRole::BUILT_IN {
        roles.push(built_in(&world, &installed, role).await);
    }
    let mut work = world.work().await;
    let auditor = roles.iter().find(|role| role.slug.as_str() == "porta-auditor").unwrap().clone();
    assert!(work.roles().assign(organization, &dan, &auditor).await.unwrap());
    work.commit().await.unwrap();
    let before = (count(&world, "user.roles.assigned").await, count(&world, "user.roles.removed").await);

    let lesser = [AdminRole::OrgAdmin, AdminRole::UserAdmin, AdminRole::AppAdmin, AdminRole::Auditor];
    let everything = service(organization);
    for actor in [administrator(&eve, &[AdminRole::UserAdmin]), administrator(&eve, &lesser), everything] {
        for role in &roles {
            for user in [&eve, &dan, &installed.administrator] {
                let mut work = work_of(&world, &actor).await;
                forbidden(work.roles().assign(organization, user, role).await, ONLY_A_SUPER_ADMIN);
                forbidden(work.roles().assign_all(organization, user, &[role.id]).await, ONLY_A_SUPER_ADMIN);
                forbidden(work.roles().unassign(organization, user, role).await, ONLY_A_SUPER_ADMIN);
                forbidden(
                    work.roles().unassign_all(organization, user, &[role.id]).await,
                    ONLY_A_SUPER_ADMIN,
                );
            }
            let invitation = NewInvitation {
                email: "new@admin.test".to_owned(),
                roles: vec![("porta-admin".to_owned(), role.slug.to_string())],
                ..NewInvitation::default()
            };
            let mut work = work_of(&world, &actor).await;
            let outcome = work
                .users()
                .invitations()
                .send(organization, "https://id.test/porta-admin", invitation)
                .await;
            forbidden(outcome, ONLY_A_SUPER_ADMIN);
        }
    }
    assert!(slugs_of(&world, organization, &eve).await.is_empty());
    assert_eq!(slugs_of(&world, organization, &dan).await, ["porta-auditor"]);
    assert_eq!(
        (count(&world, "user.roles.assigned").await, count(&world, "user.roles.removed").await),
        before
    );

    for role in [AdminRole::SuperAdmin, AdminRole::Legacy] {
        let actor = administrator(&installed.administrator, &[role]);
        let mut work = work_of(&world, &actor).await;
        assert_eq!(work.roles().assign_all(organization, &eve, &[auditor.id]).await.unwrap(), 1);
        assert_eq!(work.roles().unassign_all(organization, &eve, &[auditor.id]).await.unwrap(), 1);
        work.commit().await.unwrap();
    }
}

async fn a_shared_application_of_administration_is_guarded_for_tenants_too(world: World) {
    let installed = installed(&world).await;
    let harbor = world.organization("harbor").await;
    let bob = world.user(&harbor, "bob@harbor.test").await;
    let mut work = world.work().await;
    let shared = NewApplication {
        name: "Porta Admin".to_owned(),
        slug: Some("porta-admin".to_owned()),
        is_shared: true,
        ..NewApplication::default()
    };
    let shared = work.applications().create(&installed.organization, shared).await.unwrap();
    work.commit().await.unwrap();
    let helper = a_role(&world, (&installed.organization, &shared), "helper").await;
    let actor = administrator(&installed.administrator, &[AdminRole::UserAdmin]);
    let mut work = work_of(&world, &actor).await;
    forbidden(work.roles().assign_all(&harbor, &bob, &[helper.id]).await, ONLY_A_SUPER_ADMIN);
    forbidden(work.roles().unassign_all(&harbor, &bob, &[helper.id]).await, ONLY_A_SUPER_ADMIN);
}

async fn a_tenants_application_of_that_name_is_like_any_other(world: World) {
    let installed = installed(&world).await;
    let harbor = world.organization("harbor").await;
    let bob = world.user(&harbor, "bob@harbor.test").await;
    let theirs = world.application(&harbor, "porta-admin").await;
    let helper = a_role(&world, (&harbor, &theirs), "helper").await;
    let mut work = work_of(&world, &administrator(&installed.administrator, &[AdminRole::UserAdmin])).await;
    assert_eq!(work.roles().assign_all(&harbor, &bob, &[helper.id]).await.unwrap(), 1);
    assert!(work.roles().unassign(&harbor, &bob, &helper).await.unwrap());
}

async fn a_lesser_administrator_decides_about_other_applications(world: World) {
    let installed = installed(&world).await;
    let wiki = world.application(&installed.organization, "wiki").await;
    let own = a_role(&world, (&installed.organization, &wiki), "reader").await;
    let harbor = world.organization("harbor").await;
    let bob = world.user(&harbor, "bob@harbor.test").await;
    let dock = world.application(&harbor, "dock").await;
    let pilot = a_role(&world, (&harbor, &dock), "pilot").await;
    let eve = world.user(&installed.organization, "eve@admin.test").await;
    let mut work = work_of(&world, &administrator(&eve, &[AdminRole::UserAdmin])).await;
    assert!(work.roles().assign(&installed.organization, &eve, &own).await.unwrap());
    assert!(work.roles().assign(&harbor, &bob, &pilot).await.unwrap());
    let held = work.roles().of_user(&harbor, &bob).await.unwrap();
    assert_eq!(held[0].assigned_by, Some(eve.id), "the actor is remembered");
    // What the user's organization does not see cannot be assigned.
    let outcome = work.roles().assign_all(&harbor, &bob, &[pilot.id, own.id]).await;
    assert_eq!(refused(outcome), format!("role `{}` was not found", own.id));
    assert_eq!(work.roles().unassign_all(&harbor, &bob, &[own.id]).await.unwrap(), 0);
}

async fn the_super_admin_user_keeps_its_role(world: World) {
    let installed = installed(&world).await;
    let organization = &installed.organization;
    let super_admin = built_in(&world, &installed, AdminRole::SuperAdmin).await;
    let root = &installed.administrator;
    let dan = world.user(organization, "dan@admin.test").await;
    let mut work = world.work().await;
    assert!(work.roles().assign(organization, &dan, &super_admin).await.unwrap());
    work.commit().await.unwrap();
    let text = "Cannot remove the role `porta-super-admin` from the super-admin user";
    for actor in [
        Actor::System,
        Actor::Cli { os_user: None },
        administrator(root, &[AdminRole::SuperAdmin]),
        administrator(&dan, &[AdminRole::SuperAdmin]),
    ] {
        let mut work = work_of(&world, &actor).await;
        forbidden(work.roles().unassign(organization, root, &super_admin).await, text);
        forbidden(work.roles().unassign_all(organization, root, &[super_admin.id]).await, text);
    }
    assert_eq!(slugs_of(&world, organization, root).await, ["porta-super-admin"]);
    // Another super-admin may lose it, and the user may lose what another application calls so.
    let wiki = world.application(organization, "wiki").await;
    let twin = Role {
        id: RoleId::new(START, &SeededEntropy::new(5)),
        application_id: wiki.id,
        ..super_admin.clone()
    };
    world.store.repositories().applications(organization.id).insert_role(&twin).await.unwrap();
    let mut work = work_of(&world, &administrator(root, &[AdminRole::SuperAdmin])).await;
    assert!(work.roles().assign(organization, root, &twin).await.unwrap());
    assert!(work.roles().unassign(organization, root, &twin).await.unwrap());
    assert!(work.roles().unassign(organization, &dan, &super_admin).await.unwrap());
}

async fn what_is_built_in_cannot_be_taken_apart(world: World) {
    let installed = installed(&world).await;
    let (organization, application) = (&installed.organization, &installed.application);
    let mut all = world.store.repositories();
    let permission = all.applications(organization.id).permissions(application.id).await.unwrap().remove(0);
    drop(all);
    let auditor = built_in(&world, &installed, AdminRole::Auditor).await;
    let is_built_in = |slug: &str| format!("`{slug}` is built in and cannot be changed");
    let text = is_built_in("porta-auditor");
    let mut work = work_of(&world, &administrator(&installed.administrator, &[AdminRole::SuperAdmin])).await;
    for force in [false, true] {
        forbidden(work.roles().delete(organization, application, &auditor, force).await, &text);
        let outcome = work.permissions().delete(organization, application, &permission, force).await;
        forbidden(outcome, &is_built_in(&permission.slug));
    }
    let outcome = work.permissions().unlink(organization, application, &auditor, &[permission.id]).await;
    forbidden(outcome, &text);
    let moved = Role { slug: Slug::for_role("auditor").unwrap(), ..auditor.clone() };
    forbidden(work.roles().update(organization, application, &auditor, moved).await, &text);
}

async fn a_role_that_people_have_is_deleted_by_force_only(world: World) {
    let harbor = world.organization("harbor").await;
    let dock = world.application(&harbor, "dock").await;
    let pilot = a_role(&world, (&harbor, &dock), "pilot").await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let mut work = world.work().await;
    assert!(work.roles().assign(&harbor, &ana, &pilot).await.unwrap());
    work.commit().await.unwrap();
    world.heard();
    let mut work = world.work().await;
    assert_eq!(
        refused(work.roles().delete(&harbor, &dock, &pilot, false).await),
        "Cannot delete role \"pilot\": 1 user(s) still assigned. Use force=true to override."
    );
    work.roles().delete(&harbor, &dock, &pilot, true).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(world.heard(), [Change::Application(dock.id)]);
    assert!(slugs_of(&world, &harbor, &ana).await.is_empty());
    let row = metadata(&world, "role.deleted").await;
    assert_eq!(row, json!({ "roleId": pilot.id, "applicationId": dock.id, "slug": "pilot", "force": true }));
    let again = world.work().await.roles().delete(&harbor, &dock, &pilot, true).await;
    assert_eq!(refused(again), format!("role `{}` was not found", pilot.id));
}

async fn a_permission_that_roles_have_is_deleted_by_force_only(world: World) {
    let harbor = world.organization("harbor").await;
    let dock = world.application(&harbor, "dock").await;
    let pilot = a_role(&world, (&harbor, &dock), "pilot").await;
    let steer = a_permission(&world, (&harbor, &dock), "dock:ship:steer").await;
    let mut work = world.work().await;
    let one = std::slice::from_ref(&steer);
    assert_eq!(work.permissions().link(&harbor, &dock, &pilot, one).await.unwrap(), 1);
    work.commit().await.unwrap();
    world.heard();
    let mut work = world.work().await;
    assert_eq!(
        refused(work.permissions().delete(&harbor, &dock, &steer, false).await),
        "Cannot delete permission \"dock:ship:steer\": assigned to 1 role(s). Use force=true to override."
    );
    work.permissions().delete(&harbor, &dock, &steer, true).await.unwrap();
    assert!(work.permissions().of_role(&harbor, &pilot).await.unwrap().is_empty());
    work.commit().await.unwrap();
    assert_eq!(world.heard(), [Change::Application(dock.id)]);
    let row = metadata(&world, "permission.deleted").await;
    assert_eq!((&row["slug"], &row["force"]), (&json!("dock:ship:steer"), &json!(true)));
}

async fn a_claim_is_deleted_with_its_values(world: World) {
    let harbor = world.organization("harbor").await;
    let dock = world.application(&harbor, "dock").await;
    let claim = a_claim(&world, (&harbor, &dock), number("limit")).await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let mut work = world.work().await;
    assert!(work.claims().set_value(&harbor, &ana, &claim, &json!(3)).await.unwrap());
    assert_eq!(work.claims().value(&harbor, &ana, &claim).await.unwrap().unwrap().value, json!(3));
    work.commit().await.unwrap();
    world.heard();
    let mut work = world.work().await;
    work.claims().delete(&harbor, &dock, &claim).await.unwrap();
    assert_eq!(work.claims().value(&harbor, &ana, &claim).await.unwrap(), None);
    work.commit().await.unwrap();
    assert_eq!(world.heard(), [Change::Application(dock.id)]);
    let row = metadata(&world, "claim.deleted").await;
    let expected = json!({ "definitionId": claim.id, "applicationId": dock.id, "claimName": "limit" });
    assert_eq!(row, expected);
}

async fn the_same_change_again_is_none(world: World) {
    let harbor = world.organization("harbor").await;
    let dock = world.application(&harbor, "dock").await;
    let pilot = a_role(&world, (&harbor, &dock), "pilot").await;
    let (a, b) = (
        a_permission(&world, (&harbor, &dock), "dock:ship:steer").await,
        a_permission(&world, (&harbor, &dock), "dock:ship:stop").await,
    );
    let claim = a_claim(&world, (&harbor, &dock), number("limit")).await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let mut work = world.work().await;
    let both = [b.clone(), a.clone(), b.clone()];
    assert_eq!(work.permissions().link(&harbor, &dock, &pilot, &both).await.unwrap(), 2);
    assert_eq!(work.permissions().link(&harbor, &dock, &pilot, &both).await.unwrap(), 0);
    assert_eq!(work.permissions().unlink(&harbor, &dock, &pilot, &[a.id]).await.unwrap(), 1);
    assert_eq!(work.permissions().unlink(&harbor, &dock, &pilot, &[a.id]).await.unwrap(), 0);
    assert_eq!(work.roles().assign_all(&harbor, &ana, &[pilot.id, pilot.id]).await.unwrap(), 1);
    assert_eq!(work.roles().assign_all(&harbor, &ana, &[pilot.id]).await.unwrap(), 0);
    assert!(!work.claims().delete_value(&harbor, &ana, &claim).await.unwrap());
    assert!(work.claims().set_value(&harbor, &ana, &claim, &json!(1)).await.unwrap());
    assert!(work.claims().delete_value(&harbor, &ana, &claim).await.unwrap());
    work.commit().await.unwrap();
    for event in ["role.permissions.assigned", "role.permissions.removed", "user.roles.assigned"] {
        assert_eq!(count(&world, event).await, 1, "{event}");
    }
    let row = metadata(&world, "role.permissions.assigned").await;
    assert_eq!(row["permissionIds"].as_array().unwrap().len(), 2, "one row for all");
    assert_eq!(metadata(&world, "user.roles.assigned").await["roleIds"], json!([pilot.id]));
    assert_eq!(count(&world, "claim.value.deleted").await, 1);
}

async fn a_slug_may_change_unless_it_is_taken_or_reserved(world: World) {
    let harbor = world.organization("harbor").await;
    let dock = world.application(&harbor, "dock").await;
    let (pilot, guard) =
        (a_role(&world, (&harbor, &dock), "pilot").await, a_role(&world, (&harbor, &dock), "guard").await);
    let with = |slug: &str| Role { slug: Slug::for_role(slug).unwrap(), ..pilot.clone() };
    let outcome = world.work().await.roles().update(&harbor, &dock, &pilot, with("guard")).await;
    assert_eq!(refused(outcome), "role `guard` is already taken");
    let outcome = world.work().await.roles().update(&harbor, &dock, &pilot, with("porta-super-admin")).await;
    assert!(refused(outcome).contains("`porta-` is reserved"));
    let mut work = world.work().await;
    let (after, fields) = work.roles().update(&harbor, &dock, &pilot, with("captain")).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!((after.slug.as_str(), fields), ("captain", vec!["slug"]));
    let stored = world.work().await.roles().find(&harbor, &dock, &pilot.id.to_string()).await.unwrap();
    assert_eq!(stored, after);
    assert_ne!(guard.id, stored.id);
}

async fn a_permission_belongs_to_a_module_of_its_application(world: World) {
    let harbor = world.organization("harbor").await;
    let (dock, yard) = (world.application(&harbor, "dock").await, world.application(&harbor, "yard").await);
    let mut work = world.work().await;
    let module = NewModule {
        name: "Ships".to_owned(),
        slug: Some("ships".to_owned()),
        description: None,
        status: ModuleStatus::Active,
    };
    let module = work.applications().create_module(&harbor, &yard, module).await.unwrap();
    let new = |module: ModuleId| NewPermission {
        name: "Steer".to_owned(),
        slug: "dock:ship:steer".to_owned(),
        module: Some(module),
        description: None,
    };
    let elsewhere = work.roles().create_permission(&harbor, &dock, new(module.id)).await;
    assert_eq!(refused(elsewhere), format!("module `{}` was not found", module.id));
    let permission = work.roles().create_permission(&harbor, &yard, new(module.id)).await.unwrap();
    assert_eq!(permission.module_id, Some(module.id));
    let found = work.permissions().find(&harbor, &yard, &permission.id.to_string()).await.unwrap();
    assert_eq!(found, permission);
}

async fn a_claim_has_a_name_for_operators(world: World) {
    let harbor = world.organization("harbor").await;
    let dock = world.application(&harbor, "dock").await;
    let named = |name: &str, display_name: &str| NewClaim {
        display_name: Some(display_name.to_owned()),
        ..number(name)
    };
    let claim = a_claim(&world, (&harbor, &dock), named("limit", " Speed limit ")).await;
    assert_eq!(claim.display_name.as_deref(), Some("Speed limit"));
    let same = a_claim(&world, (&harbor, &dock), named("speed", "speed")).await;
    assert_eq!(same.display_name, None);
    let mut work = world.work().await;
    for unfit in ["", " ", "a\nb"] {
        assert!(refused(work.claims().define(&harbor, &dock, named("other", unfit)).await).contains("name"));
    }
    let renamed = ClaimDefinition { display_name: Some("Knots".to_owned()), ..claim.clone() };
    let (after, fields) = work.claims().update(&harbor, &dock, &claim, renamed).await.unwrap();
    assert_eq!((after.display_name.as_deref(), fields), (Some("Knots"), vec!["display_name"]));
    let stored = work.claims().find(&harbor, &dock, &claim.id.to_string()).await.unwrap();
    assert_eq!(stored, after);
}

/// PostgreSQL stores no U+0000 in JSON; both stores refuse it.
async fn a_value_that_cannot_be_stored_is_refused(world: World) {
    let harbor = world.organization("harbor").await;
    let dock = world.application(&harbor, "dock").await;
    let new = NewClaim { claim_type: ClaimType::Json, ..number("anything") };
    let claim = a_claim(&world, (&harbor, &dock), new).await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let mut work = world.work().await;
    for unfit in [json!(["a\0b"]), json!({ "a\0": 1 }), json!({ "a": [{ "b": "\0" }] })] {
        let outcome = work.claims().set_value(&harbor, &ana, &claim, &unfit).await;
        assert!(refused(outcome).contains("U+0000"), "{unfit}");
    }
    let wide = json!({ "a": ["é\u{1}\u{ffff}", 1e300, -0.5, null] });
    assert!(work.claims().set_value(&harbor, &ana, &claim, &wide).await.unwrap());
    assert_eq!(work.claims().value(&harbor, &ana, &claim).await.unwrap().unwrap().value, wide);
}

async fn an_application_is_found_by_id_and_by_an_unambiguous_slug(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let (dock, twin) = (world.application(&harbor, "dock").await, world.application(&other, "dock").await);
    let yard = world.application(&harbor, "yard").await;
    let mut work = world.work().await;
    let root = work.organization("porta-admin").await.unwrap();
    let shared = NewApplication { name: "Wiki".to_owned(), is_shared: true, ..NewApplication::default() };
    let shared = work.applications().create(&root, shared).await.unwrap();
    work.commit().await.unwrap();
    let mut work = world.work().await;
    for (name, organization, application) in [
        (dock.id.to_string(), &harbor, &dock),
        (twin.id.to_string(), &other, &twin),
        ("yard".to_owned(), &harbor, &yard),
        ("wiki".to_owned(), &root, &shared),
        (shared.id.to_string(), &root, &shared),
    ] {
        let (owner, found) = work.applications().find(&name).await.unwrap();
        assert_eq!((owner.id, &found), (organization.id, application), "{name}");
        let found = world.directory.queries().applications().find(&name).await.unwrap();
        assert_eq!(&found, application, "{name}");
    }
    let text = "several organizations have an application `dock`; use its id";
    assert_eq!(refused(work.applications().find("dock").await), text);
    for missing in ["nothing", "", "x y", "00000000-0000-4000-8000-000000000000"] {
        let text = format!("application `{missing}` was not found");
        assert_eq!(refused(work.applications().find(missing).await), text);
    }
    // A slug may look like an id.
    let odd = "00000000-0000-4000-8000-00000000000a";
    let new =
        NewApplication { name: "Odd".to_owned(), slug: Some(odd.to_owned()), ..NewApplication::default() };
    let application = work.applications().create(&harbor, new).await.unwrap();
    assert_eq!(work.applications().find(odd).await.unwrap().1, application);
}

async fn parts_of_another_application_are_not_found(world: World) {
    let harbor = world.organization("harbor").await;
    let (dock, yard) = (world.application(&harbor, "dock").await, world.application(&harbor, "yard").await);
    let pilot = a_role(&world, (&harbor, &dock), "pilot").await;
    let steer = a_permission(&world, (&harbor, &dock), "dock:ship:steer").await;
    let claim = a_claim(&world, (&harbor, &dock), number("limit")).await;
    let mut work = world.work().await;
    for id in [pilot.id.to_string(), "x".to_owned()] {
        let text = format!("role `{id}` was not found");
        assert_eq!(refused(work.roles().find(&harbor, &yard, &id).await), text);
    }
    for id in [steer.id.to_string(), "x".to_owned()] {
        let text = format!("permission `{id}` was not found");
        assert_eq!(refused(work.permissions().find(&harbor, &yard, &id).await), text);
    }
    for id in [claim.id.to_string(), "x".to_owned()] {
        let text = format!("custom claim `{id}` was not found");
        assert_eq!(refused(work.claims().find(&harbor, &yard, &id).await), text);
    }
    let unknown = PermissionId::new(START, &SeededEntropy::new(3));
    let outcome = work.permissions().find_all(&harbor, &dock, &[steer.id, unknown]).await;
    assert_eq!(refused(outcome), format!("permission `{unknown}` was not found"));
    let outcome = work.permissions().find_all(&harbor, &yard, &[steer.id]).await;
    assert_eq!(refused(outcome), format!("permission `{}` was not found", steer.id));
    drop(work);
    // Somebody whose organization does not see the application.
    let other = world.organization("other").await;
    let eve = world.user(&other, "eve@other.test").await;
    let mut work = world.work().await;
    let outcome = work.claims().person(&dock, &eve.id.to_string()).await;
    assert_eq!(refused(outcome), format!("user `{}` was not found", eve.id));
    assert!(
        refused(work.claims().find_visible(&other, &claim.id.to_string()).await).contains("was not found")
    );
}
