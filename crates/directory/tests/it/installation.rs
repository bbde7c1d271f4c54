//! What administration needs: created at once, once, and repaired.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{START, World, actor, refused};
use porta_core::admin::{AdminPermission, AdminRole};
use porta_core::application::{ApplicationStatus, Permission, Role};
use porta_core::client::{ApplicationType, Client, ClientType, GrantType, TokenEndpointAuthMethod};
use porta_core::organization::{LoginMethod, Organization};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::user::{Profile, UserStatus};
use porta_core::{ApplicationId, Change, RoleId, SeededEntropy, Slug, TokenDigest, Version};
use porta_directory::{
    Directory, DirectoryError, Installation, Installed, InstalledPart, NewAdministrator, NewApplication,
    NewClient, NewConsole, NewInstallation, NewRole,
};
use secrecy::ExposeSecret as _;
use serde_json::json;

both_stores!(
    everything_is_created_at_once,
    built_in_roles_have_their_permissions,
    the_command_line_and_the_console_can_sign_people_in,
    the_first_administrator_can_sign_in_and_is_remembered,
    every_step_is_audited_and_announced,
    a_second_run_is_refused,
    what_is_refused_leaves_nothing,
    a_repair_creates_what_is_missing_and_nothing_else,
    one_of_many_at_once_installs,
    repairs_at_once_create_no_client_twice,
    what_is_built_in_cannot_be_changed,
    a_tenants_application_of_that_name_confers_nothing,
);

const PASSWORD: &str = "lantern-Quay-41";

pub(crate) async fn installation(world: &World) -> Installation {
    world.work().await.installation().find().await.unwrap()
}

async fn new_administrator(
    world: &World,
    email: &str,
    password: &str,
) -> Result<NewAdministrator, DirectoryError> {
    let organization = installation(world).await.organization;
    let named = |name: &str| Some(name.to_owned());
    let profile = Profile { given_name: named("Ana"), family_name: named("Berg"), ..Profile::default() };
    world.directory.new_administrator(&organization, email, profile, &password.into()).await
}

pub(crate) async fn ana(world: &World) -> Option<NewAdministrator> {
    Some(new_administrator(world, "ana@admin.test", PASSWORD).await.unwrap())
}

pub(crate) fn wanted(administrator: Option<NewAdministrator>, is_repair: bool) -> NewInstallation {
    let console = NewConsole {
        url: "https://console.example".to_owned(),
        login_methods: Some(vec![LoginMethod::MagicLink]),
    };
    NewInstallation { administrator, console, is_repair }
}

pub(crate) async fn install(
    directory: &Directory,
    new: NewInstallation,
) -> Result<Installed, DirectoryError> {
    let mut work = directory.begin(actor()).await?;
    let installed = work.installation().install(new).await?;
    work.commit().await?;
    Ok(installed)
}

pub(crate) async fn installed(world: &World) -> Installed {
    install(&world.directory, wanted(ana(world).await, false)).await.unwrap()
}

/// Installs six times at once.
async fn six_at_once(world: &World, new: &NewInstallation) -> Vec<Result<Installed, DirectoryError>> {
    world.warm().await;
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (directory, new) = (world.directory.clone(), new.clone());
            tokio::spawn(async move { install(&directory, new).await })
        })
        .collect();
    let mut outcomes = Vec::new();
    for task in tasks {
        outcomes.push(task.await.unwrap());
    }
    outcomes
}

/// Stores a role as an earlier version could, which reserved no slugs.
async fn stored_role(world: &World, organization: &Organization, id: ApplicationId, slug: &str) -> Role {
    let role = Role {
        id: RoleId::new(START, &SeededEntropy::new(99)),
        application_id: id,
        name: "Reader".to_owned(),
        slug: Slug::trusted(slug.to_owned()),
        description: None,
        created_at: START,
        updated_at: START,
        version: Version::FIRST,
    };
    world.store.repositories().applications(organization.id).insert_role(&role).await.unwrap();
    role
}

async fn stored_permissions(world: &World, installed: &Installed) -> Vec<Permission> {
    let mut all = world.store.repositories();
    all.applications(installed.organization.id).permissions(installed.application.id).await.unwrap()
}

/// Names of the super-admin organization's clients, and its number of users.
async fn clients_and_users(world: &World) -> (Vec<String>, usize) {
    let organization = installation(world).await.organization;
    let mut all = world.store.repositories();
    let clients = all.clients(organization.id).page(None, 100).await.unwrap().items;
    let users = all.users(organization.id).page(None, 100).await.unwrap().items;
    let mut names: Vec<String> = clients.into_iter().map(|client| client.client_name).collect();
    names.sort();
    (names, users.len())
}

async fn everything_is_created_at_once(world: World) {
    let before = installation(&world).await;
    assert!(before.application.is_none() && before.administrator.is_none());
    let installed = installed(&world).await;
    assert_eq!(
        installed.created,
        [
            InstalledPart::Application,
            InstalledPart::SigningKeys,
            InstalledPart::Permissions(43),
            InstalledPart::Role(AdminRole::SuperAdmin, 43),
            InstalledPart::Role(AdminRole::OrgAdmin, 6),
            InstalledPart::Role(AdminRole::UserAdmin, 12),
            InstalledPart::Role(AdminRole::AppAdmin, 19),
            InstalledPart::Role(AdminRole::Auditor, 13),
            InstalledPart::CommandLineClient,
            InstalledPart::ConsoleClient,
            InstalledPart::Administrator,
        ]
    );
    let found = installation(&world).await;
    assert!(found.organization.is_super_admin);
    let application = found.application.unwrap();
    assert_eq!(application, installed.application);
    assert_eq!(application.organization_id, Some(found.organization.id), "no tenant sees it");
    assert_eq!(found.administrator.unwrap().id, installed.administrator.id);
    let keys = world.directory.signing_keys(&found.organization).await.unwrap();
    assert_eq!(keys.len(), 2, "one signs, one is published");
    assert!(keys.iter().all(|key| key.algorithm == SigningAlgorithm::Es256));
}

async fn built_in_roles_have_their_permissions(world: World) {
    let installed = installed(&world).await;
    let permissions = stored_permissions(&world, &installed).await;
    let slugs: BTreeSet<_> = permissions.iter().map(|permission| permission.slug.as_str()).collect();
    let expected: BTreeSet<_> = AdminPermission::ALL.iter().map(|permission| permission.as_str()).collect();
    assert_eq!(slugs, expected);
    let names: BTreeSet<_> = permissions.iter().map(|permission| permission.name.as_str()).collect();
    assert_eq!(names.len(), permissions.len(), "each is called by what it permits");
    assert!(names.contains("Read organizations"), "{names:?}");
    let mut all = world.store.repositories();
    let mut applications = all.applications(installed.organization.id);
    let roles = applications.roles(installed.application.id).await.unwrap();
    assert_eq!(roles.len(), AdminRole::BUILT_IN.len());
    for role in &roles {
        let held = AdminRole::parse(role.slug.as_str()).unwrap().permissions();
        for permission in &permissions {
            let was_missing = applications.link_permission(role.id, permission.id, START).await.unwrap();
            let is_held = held.contains(AdminPermission::parse(&permission.slug).unwrap());
            assert_eq!(was_missing, !is_held, "{} {}", role.slug, permission.slug);
        }
    }
}

async fn the_command_line_and_the_console_can_sign_people_in(world: World) {
    let Installed { organization, command_line, console, console_secret, .. } = installed(&world).await;
    let secret = console_secret.unwrap();
    for client in [&command_line, &console] {
        assert_eq!(client.grant_types, [GrantType::AuthorizationCode, GrantType::RefreshToken]);
        assert_eq!(client.scope, "openid profile email offline_access");
        assert!(client.require_pkce);
        assert_eq!(client.id_token_signed_response_alg, SigningAlgorithm::Es256);
    }
    assert_eq!(
        (command_line.client_type, command_line.application_type),
        (ClientType::Public, ApplicationType::Native)
    );
    assert!(command_line.redirect_uris.contains(&"http://127.0.0.1/callback".to_owned()));
    assert_eq!(command_line.login_methods, None);
    assert_eq!(
        (console.client_type, console.application_type),
        (ClientType::Confidential, ApplicationType::Web)
    );
    assert_eq!(console.token_endpoint_auth_method, TokenEndpointAuthMethod::ClientSecretPost);
    assert_eq!(console.redirect_uris, ["https://console.example/auth/callback"]);
    assert_eq!(
        console.post_logout_redirect_uris,
        ["https://console.example/auth/signed-out", "https://console.example"]
    );
    assert_eq!(console.login_methods, Some(vec![LoginMethod::MagicLink]));
    let mut all = world.store.repositories();
    let mut clients = all.clients(organization.id);
    assert!(clients.secrets(command_line.id).await.unwrap().is_empty());
    let stored = clients.secrets(console.id).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].digest, TokenDigest::of(secret.expose_secret()));
    assert_eq!(stored[0].label.as_deref(), Some("Initial secret (porta init)"));
}

async fn the_first_administrator_can_sign_in_and_is_remembered(world: World) {
    let Installed { organization, administrator, .. } = installed(&world).await;
    let mut all = world.store.repositories();
    let stored = all.users(organization.id).by_email("ana@admin.test").await.unwrap().unwrap();
    assert_eq!(stored.id, administrator.id);
    assert!(stored.email_verified && stored.status == UserStatus::Active);
    assert_eq!(stored.profile.full_name().as_deref(), Some("Ana Berg"));
    assert!(stored.password_hash.unwrap().as_str().ends_with(PASSWORD), "the fake hash ends with it");
    let roles = all.applications(organization.id).roles_of(stored.id).await.unwrap();
    let slugs: Vec<_> = roles.iter().map(|role| role.slug.as_str()).collect();
    assert_eq!(slugs, ["porta-super-admin"]);
    let key = "super_admin_user_id";
    let setting = all.settings(None).find(key).await.unwrap().unwrap();
    assert_eq!(setting.value, json!(stored.id));
    let mut work = world.work().await;
    assert!(refused(work.settings().set(None, key, &json!("x")).await).contains("cannot be changed"));
    assert!(refused(work.settings().unset(None, key).await).contains("cannot be changed"));
}

async fn every_step_is_audited_and_announced(world: World) {
    let installed = installed(&world).await;
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in world.audit_names().await {
        *counts.entry(name).or_insert(0) += 1;
    }
    let expected: BTreeMap<&str, usize> = BTreeMap::from([
        ("app.created", 1),
        ("client.created", 2),
        ("client.secret.generated", 1),
        ("config.updated", 1),
        ("key.generated", 2),
        ("permission.created", 43),
        ("role.created", 5),
        ("role.permissions.assigned", 5),
        ("user.created", 1),
        ("user.roles.assigned", 1),
    ]);
    let counts: BTreeMap<&str, usize> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(counts, expected);
    let secret = installed.console_secret.unwrap();
    for event in world.audit().await {
        assert_eq!(event.actor_label.as_deref(), Some("cli:tester"));
        let metadata = event.metadata.to_string();
        assert!(!metadata.contains(secret.expose_secret()) && !metadata.contains(PASSWORD), "{metadata}");
    }
    let heard = world.heard();
    for change in [
        Change::Application(installed.application.id),
        Change::Client(installed.command_line.client_id),
        Change::Client(installed.console.client_id),
        Change::Settings(None),
        Change::SigningKeys(installed.organization.id),
    ] {
        assert!(heard.contains(&change), "{change:?}");
    }
}

async fn a_second_run_is_refused(world: World) {
    installed(&world).await;
    let before = world.audit_names().await;
    let again = new_administrator(&world, "eve@admin.test", PASSWORD).await.unwrap();
    let again = install(&world.directory, wanted(Some(again), false)).await;
    assert_eq!(refused(again), "the installation is already initialized");
    assert_eq!(world.audit_names().await, before);
    assert_eq!(clients_and_users(&world).await.1, 1);
}

async fn what_is_refused_leaves_nothing(world: World) {
    for (email, password, problem) in [
        ("ana", PASSWORD, "email"),
        ("ana@admin.test", "short", "at least 8"),
        ("ana@admin.test", "porta-admin-1", "built from"),
    ] {
        let outcome = new_administrator(&world, email, password).await;
        assert!(refused(outcome).contains(problem), "{email} {password}");
    }
    let mut insecure = wanted(ana(&world).await, false);
    "http://console.example".clone_into(&mut insecure.console.url);
    assert!(refused(install(&world.directory, insecure).await).contains("redirect_uris"));
    let nobody = install(&world.directory, wanted(None, false)).await;
    assert!(refused(nobody).contains("first administrator"));
    assert!(installation(&world).await.application.is_none());
    assert!(world.audit().await.is_empty() && world.heard().is_empty());
}

async fn a_repair_creates_what_is_missing_and_nothing_else(world: World) {
    let organization = installation(&world).await.organization;
    let mut work = world.work().await;
    let ours = NewApplication {
        name: "Ours".to_owned(),
        slug: Some("porta-admin".to_owned()),
        ..NewApplication::default()
    };
    let ours = work.applications().create(&organization, ours).await.unwrap();
    let client = NewClient {
        client_name: "Porta Admin CLI".to_owned(),
        client_type: Some(ClientType::Public),
        redirect_uris: vec!["https://ours.example/cb".to_owned()],
        id_token_signed_response_alg: Some(SigningAlgorithm::Es256),
        ..NewClient::default()
    };
    let (client, _) = work.clients().create(&organization, &ours, client).await.unwrap();
    work.commit().await.unwrap();
    let reader = stored_role(&world, &organization, ours.id, "porta-auditor").await;
    let refusal = install(&world.directory, wanted(ana(&world).await, false)).await;
    assert!(refused(refusal).contains("already initialized"));
    let nobody = install(&world.directory, wanted(None, true)).await;
    assert!(refused(nobody).contains("first administrator"));

    let repaired = install(&world.directory, wanted(ana(&world).await, true)).await.unwrap();
    assert_eq!((repaired.application.id, repaired.application.name.as_str()), (ours.id, "Ours"));
    assert_eq!(repaired.command_line, client, "a client that exists stays as it is");
    for (part, is_created) in [
        (InstalledPart::Application, false),
        (InstalledPart::CommandLineClient, false),
        (InstalledPart::Permissions(43), true),
        (InstalledPart::Role(AdminRole::Auditor, 13), true),
        (InstalledPart::ConsoleClient, true),
        (InstalledPart::Administrator, true),
    ] {
        assert_eq!(repaired.created.contains(&part), is_created, "{part:?}");
    }
    let found = installation(&world).await;
    assert_eq!(found.application.as_ref(), Some(&repaired.application), "its version is the stored one");
    let mut work = world.work().await;
    let auditor = work.roles().visible(&organization, "porta-admin", "porta-auditor").await.unwrap();
    assert_eq!(auditor, reader, "so does a role");

    // The role that makes the administrator one comes back.
    let super_admin = work.roles().visible(&organization, "porta-admin", "porta-super-admin").await.unwrap();
    drop(work);
    let mut all = world.store.repositories();
    let mut applications = all.applications(organization.id);
    assert!(applications.remove_role(repaired.administrator.id, super_admin.id).await.unwrap());
    drop(applications);
    drop(all);
    let again = install(&world.directory, wanted(None, true)).await.unwrap();
    assert_eq!(again.created, [InstalledPart::Administrator]);
    let again = install(&world.directory, wanted(None, true)).await.unwrap();
    assert!(again.created.is_empty() && again.console_secret.is_none());
    let mut all = world.store.repositories();
    let secrets = all.clients(organization.id).secrets(repaired.console.id).await.unwrap();
    assert_eq!(secrets.len(), 1, "no secret was replaced");
}

async fn one_of_many_at_once_installs(world: World) {
    let new = wanted(ana(&world).await, false);
    let (done, refusals): (Vec<_>, Vec<_>) =
        six_at_once(&world, &new).await.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for refusal in refusals {
        assert_eq!(refused(refusal), "the installation is already initialized");
    }
    let names = ["Porta Admin CLI", "Porta Admin GUI"].map(str::to_owned).to_vec();
    assert_eq!(clients_and_users(&world).await, (names, 1));
}

async fn repairs_at_once_create_no_client_twice(world: World) {
    let Installed { organization, command_line, console, .. } = installed(&world).await;
    let mut work = world.work().await;
    for client in [command_line, console] {
        let former = Client { client_name: "Former".to_owned(), ..client.clone() };
        work.clients().update(&organization, &client, former).await.unwrap();
    }
    work.commit().await.unwrap();
    let mut done = 0;
    for outcome in six_at_once(&world, &wanted(None, true)).await {
        match outcome {
            Ok(_) => done += 1,
            Err(error) => assert!(error.is_about_the_request(), "{error:?}"),
        }
    }
    assert!(done > 0);
    let names = ["Former", "Former", "Porta Admin CLI", "Porta Admin GUI"].map(str::to_owned).to_vec();
    assert_eq!(clients_and_users(&world).await, (names, 1));
}

async fn what_is_built_in_cannot_be_changed(world: World) {
    let installed = installed(&world).await;
    let permission = stored_permissions(&world, &installed).await.remove(0);
    let (organization, application) = (installed.organization, installed.application);
    let mut work = world.work().await;
    let role = work.roles().visible(&organization, "porta-admin", "porta-auditor").await.unwrap();
    let renamed = Role { name: "Reader".to_owned(), ..role.clone() };
    let outcome = work.roles().update(&organization, &application, &role, renamed).await;
    assert!(refused(outcome).contains("`porta-auditor` is built in"));
    let outcome = work.roles().link_permission(&organization, &application, &role, &permission).await;
    assert!(refused(outcome).contains("`porta-auditor` is built in"));
    let renamed = Permission { name: "Everything".to_owned(), ..permission.clone() };
    let outcome = work.roles().update_permission(&organization, &application, &permission, renamed).await;
    assert!(refused(outcome).contains("is built in"));
    for to in [ApplicationStatus::Inactive, ApplicationStatus::Archived] {
        let outcome = work.applications().set_status(&organization, &application, to).await;
        assert!(refused(outcome).contains("cannot be deactivated or archived"));
    }
    let guard = NewRole { name: "Porta Guard".to_owned(), ..NewRole::default() };
    assert!(refused(work.roles().create(&organization, &application, guard).await).contains("reserved"));
    let helper = NewRole { name: "Helper".to_owned(), ..NewRole::default() };
    let helper = work.roles().create(&organization, &application, helper).await.unwrap();
    assert!(work.roles().link_permission(&organization, &application, &helper, &permission).await.unwrap());
}

async fn a_tenants_application_of_that_name_confers_nothing(world: World) {
    let harbor = world.organization("harbor").await;
    let theirs = world.application(&harbor, "porta-admin").await;
    let role = stored_role(&world, &harbor, theirs.id, "porta-super-admin").await;
    let eve = world.user(&harbor, "eve@harbor.test").await;
    let mut work = world.work().await;
    assert!(work.roles().assign(&harbor, &eve, &role).await.unwrap());
    work.commit().await.unwrap();
    let found = installation(&world).await;
    assert!(found.application.is_none() && found.administrator.is_none());

    let installed = installed(&world).await;
    assert_ne!(installed.application.id, theirs.id);
    let mut work = world.work().await;
    assert_eq!(work.applications().visible(&harbor, "porta-admin").await.unwrap(), theirs);
    let twin = NewRole { slug: Some("porta-auditor".to_owned()), ..NewRole::default() };
    assert!(refused(work.roles().create(&harbor, &theirs, twin).await).contains("reserved"));
    let renamed = Role { name: "Captain".to_owned(), ..role.clone() };
    work.roles().update(&harbor, &theirs, &role, renamed).await.unwrap();
    work.applications().set_status(&harbor, &theirs, ApplicationStatus::Archived).await.unwrap();
}
