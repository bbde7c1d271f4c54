//! Operator operations on a real store: what they write, announce, reject and terminate.

use crate::support::{START, World, refused};
use porta_core::application::{
    Application, ApplicationStatus, ClaimDefinition, ClaimType, Module, ModuleStatus, Permission, Role,
};
use porta_core::client::{Client, ClientStatus, ClientType, GrantType, TokenEndpointAuthMethod};
use porta_core::mail::{Mail, OutgoingEmail, SecondFactorChange, SecurityEvent};
use porta_core::organization::{LoginMethod, Organization, OrganizationStatus, TwoFactorPolicy};
use porta_core::outbox::OutboxKind;
use porta_core::password_rules::ContextWords;
use porta_core::signing_key::SigningAlgorithm;
use porta_core::user::{Profile, User, UserStatus};
use porta_core::{Change, Slug, TokenDigest};
use porta_directory::{
    NewApplication, NewClaim, NewClient, NewModule, NewOrganization, NewPermission, NewRole, NewSecret,
    NewUser, SettingSource, Transaction, Urgency,
};
use secrecy::ExposeSecret as _;
use serde_json::json;

both_stores!(
    an_organization_is_made_with_keys_and_audit,
    a_unit_of_work_without_commit_leaves_nothing,
    every_operation_and_its_audit_row_stand_or_fall_together,
    organizations_that_are_refused,
    an_update_writes_only_what_changed,
    suspending_an_organization_ends_its_tokens_here_and_elsewhere,
    the_super_admin_organization_stays,
    destroying_an_organization_ends_its_tokens_here_and_elsewhere,
    a_slug_of_several_organizations_names_no_application,
    applications_belong_to_their_organization,
    parts_of_an_application_are_audited,
    an_archived_application_takes_no_clients,
    a_confidential_client_has_a_secret_at_once,
    secrets_that_are_refused,
    secrets_overlap_until_one_is_revoked,
    clients_that_are_refused,
    client_identifiers_are_unique_on_the_platform,
    stopping_a_client_ends_its_tokens_everywhere,
    a_restored_client_comes_back_without_its_tokens,
    a_guest_that_is_removed_loses_its_tokens,
    suspending_a_person_ends_their_tokens_only,
    people_that_are_refused,
    a_new_address_is_unverified,
    passwords_are_set_and_taken_away,
    second_factors_are_reset_and_the_person_hears_of_it,
    roles_are_given_once,
    claim_values_have_their_type,
    settings_have_layers,
    lookups_do_not_cross_tenants,
    a_client_is_found_by_either_name_in_one_round_trip,
    an_application_is_found_where_a_client_may_use_it,
);

async fn an_organization_is_made_with_keys_and_audit(world: World) {
    let organization = world.organization("harbor").await;
    assert_eq!(organization.default_locale, "en");
    assert_eq!(organization.default_login_methods, [LoginMethod::Password, LoginMethod::MagicLink]);
    let keys = world.directory.signing_keys(&organization).await.unwrap();
    assert_eq!(keys.len(), 2, "one signs, one is published");
    assert_eq!(world.audit_names().await, ["key.generated", "key.generated", "org.created"]);
    let audit = world.audit().await;
    let created = audit.iter().find(|e| e.event_type == "org.created").unwrap();
    assert_eq!(created.actor_label.as_deref(), Some("cli:tester"));
    assert_eq!(created.organization_label.as_deref(), Some("harbor"));
    let heard = world.heard();
    assert!(heard.contains(&Change::Organization(organization.slug.clone())));
    assert!(heard.contains(&Change::SigningKeys(organization.id)));
}

async fn a_unit_of_work_without_commit_leaves_nothing(world: World) {
    let mut work = world.work().await;
    let new = NewOrganization { name: "Harbor".to_owned(), ..NewOrganization::default() };
    work.organizations().create(new).await.unwrap();
    drop(work);
    assert!(refused(world.work().await.organization("harbor").await).contains("was not found"));
    assert!(world.audit().await.is_empty());
    assert!(world.heard().is_empty());
}

/// Creates one entity of each kind in one unit of work; returns the audit events in order.
async fn one_of_everything(work: &mut Transaction) -> Vec<&'static str> {
    let harbor = NewOrganization { name: "Harbor".into(), ..NewOrganization::default() };
    let harbor = work.organizations().create(harbor).await.unwrap();
    let named = Organization { name: "Harbor Ltd".into(), ..harbor.clone() };
    work.organizations().update(&harbor, named).await.unwrap();
    let dock = NewApplication { name: "Dock".into(), ..NewApplication::default() };
    let dock = work.applications().create(&harbor, dock).await.unwrap();
    let described = Application { description: Some("Berths".into()), ..dock.clone() };
    work.applications().update(&harbor, &dock, described).await.unwrap();
    let module = NewModule { name: "M".into(), slug: None, description: None, status: ModuleStatus::Active };
    let module = work.applications().create_module(&harbor, &dock, module).await.unwrap();
    let named = Module { name: "N".into(), ..module.clone() };
    work.applications().update_module(&harbor, &dock, &module, named).await.unwrap();
    let role = NewRole { name: "R".into(), ..NewRole::default() };
    let role = work.roles().create(&harbor, &dock, role).await.unwrap();
    let named = Role { name: "S".into(), ..role.clone() };
    let (role, _) = work.roles().update(&harbor, &dock, &role, named).await.unwrap();
    let permission =
        NewPermission { name: "P".into(), slug: "a:b:c".into(), module: None, description: None };
    let permission = work.roles().create_permission(&harbor, &dock, permission).await.unwrap();
    let named = Permission { name: "Q".into(), ..permission.clone() };
    let (permission, _) = work.roles().update_permission(&harbor, &dock, &permission, named).await.unwrap();
    work.roles().link_permission(&harbor, &dock, &role, &permission).await.unwrap();
    let claim = work.claims().define(&harbor, &dock, number_claim("limit")).await.unwrap();
    let shown = ClaimDefinition { include_in_id_token: true, ..claim.clone() };
    let (claim, _) = work.claims().update(&harbor, &dock, &claim, shown).await.unwrap();
    let (web, secret) = work.clients().create(&harbor, &dock, confidential("Web")).await.unwrap();
    let named = Client { client_name: "Site".into(), ..web.clone() };
    let (web, _) = work.clients().update(&harbor, &web, named).await.unwrap();
    work.clients().revoke_secret(&harbor, &web, secret.unwrap().stored.id).await.unwrap();
    work.clients().set_status(&harbor, &web, ClientStatus::Inactive).await.unwrap();
    let ana = NewUser { email: "ana@harbor.test".into(), ..NewUser::default() };
    let ana = work.users().create(&harbor, ana).await.unwrap();
    let verified = User { email_verified: true, ..ana.clone() };
    work.users().update(&harbor, &ana, verified).await.unwrap();
    work.users().set_password(&harbor, &ana, None).await.unwrap();
    work.roles().assign(&harbor, &ana, &role).await.unwrap();
    work.roles().unassign(&harbor, &ana, &role).await.unwrap();
    work.claims().set_value(&harbor, &ana, &claim, &json!(1)).await.unwrap();
    work.claims().delete_value(&harbor, &ana, &claim).await.unwrap();
    work.claims().delete(&harbor, &dock, &claim).await.unwrap();
    work.permissions().unlink(&harbor, &dock, &role, &[permission.id]).await.unwrap();
    work.permissions().delete(&harbor, &dock, &permission, false).await.unwrap();
    work.roles().delete(&harbor, &dock, &role, false).await.unwrap();
    work.users().set_status(&harbor, &ana, UserStatus::Locked, None).await.unwrap();
    let rotation =
        work.signing_keys().rotate(&harbor, SigningAlgorithm::Es256, Urgency::Planned).await.unwrap();
    work.signing_keys().revoke(&harbor, &rotation.retired.unwrap()).await.unwrap();
    work.settings().set(None, "id_token_ttl", &json!(60)).await.unwrap();
    work.applications().set_status(&harbor, &dock, ApplicationStatus::Inactive).await.unwrap();
    work.organizations().set_status(&harbor, OrganizationStatus::Suspended, None).await.unwrap();
    work.organizations().destroy(&harbor).await.unwrap();
    vec![
        "org.created",
        "key.generated",
        "key.generated",
        "org.updated",
        "app.created",
        "app.updated",
        "app.module.created",
        "app.module.updated",
        "role.created",
        "role.updated",
        "permission.created",
        "permission.updated",
        "role.permissions.assigned",
        "claim.defined",
        "claim.updated",
        "client.created",
        "client.secret.generated",
        "client.updated",
        "client.secret.revoked",
        "client.deactivated",
        "user.created",
        "user.updated",
        "user.password.cleared",
        "user.roles.assigned",
        "user.roles.removed",
        "claim.value.set",
        "claim.value.deleted",
        "claim.deleted",
        "role.permissions.removed",
        "permission.deleted",
        "role.deleted",
        "user.locked",
        "key.generated",
        "key.rotated",
        "key.revoked",
        "config.updated",
        "app.deactivated",
        "org.suspended",
        "org.destroyed",
    ]
}

async fn every_operation_and_its_audit_row_stand_or_fall_together(world: World) {
    let mut work = world.work().await;
    one_of_everything(&mut work).await;
    drop(work);
    assert!(world.audit().await.is_empty());
    assert_eq!(world.heard(), []);
    let mut work = world.work().await;
    let mut expected = one_of_everything(&mut work).await;
    work.commit().await.unwrap();
    expected.sort_unstable();
    assert_eq!(world.audit_names().await, expected);
    assert!(world.audit().await.iter().all(|e| e.actor_label.as_deref() == Some("cli:tester")));
}

fn number_claim(name: &str) -> NewClaim {
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

async fn organizations_that_are_refused(world: World) {
    world.organization("harbor").await;
    let named = |name: &str| NewOrganization { name: name.to_owned(), ..NewOrganization::default() };
    let slugged = |slug: &str| NewOrganization { slug: Some(slug.to_owned()), ..named("Name") };
    let branded = |branding| NewOrganization { branding, ..named("Branded") };
    let cases = [
        (named(""), "slug"),
        (named("東京"), "slug"),
        (slugged("admin"), "reserved"),
        (slugged("Harbor"), "slug"),
        (slugged("harbor"), "already taken"),
        (NewOrganization { default_locale: Some("english".into()), ..named("Lang") }, "default_locale"),
        (
            NewOrganization { default_login_methods: Some(vec![]), ..named("Methods") },
            "default_login_methods",
        ),
        (
            branded(porta_core::organization::Branding {
                primary_color: Some("red".into()),
                ..Default::default()
            }),
            "primary_color",
        ),
        (
            branded(porta_core::organization::Branding {
                logo_url: Some("javascript:alert(1)".into()),
                ..Default::default()
            }),
            "logo_url",
        ),
    ];
    for (new, expected) in cases {
        let mut work = world.work().await;
        let shown = format!("{new:?}");
        let problem = refused(work.organizations().create(new).await);
        assert!(problem.contains(expected), "{shown}: {problem}");
    }
}

async fn an_update_writes_only_what_changed(world: World) {
    let before = world.organization("harbor").await;
    world.heard();
    let mut work = world.work().await;
    let (same, fields) = work.organizations().update(&before, before.clone()).await.unwrap();
    assert!(fields.is_empty());
    assert_eq!(same, before);
    let mut after = before.clone();
    after.two_factor_policy = TwoFactorPolicy::RequiredAny;
    after.status = OrganizationStatus::Archived;
    let (after, fields) = work.organizations().update(&before, after).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(fields, ["two_factor_policy"]);
    assert_eq!(after.status, OrganizationStatus::Active, "a status moves by its own operation");
    let names = world.audit_names().await;
    assert!(names.contains(&"org.updated".to_owned()) && names.contains(&"org.2fa.policyChanged".to_owned()));
    assert_eq!(world.heard(), [Change::Organization(before.slug.clone())]);
    assert_eq!(
        world.work().await.organization("harbor").await.unwrap().two_factor_policy,
        after.two_factor_policy
    );
}

async fn suspending_an_organization_ends_its_tokens_here_and_elsewhere(world: World) {
    let (harbor, guest) = (world.organization("harbor").await, world.organization("guest").await);
    let application = world.application(&harbor, "dock").await;
    let client = world.client(&harbor, &application, "dock-web", &[&guest]).await;
    let other_application = world.application(&guest, "suite").await;
    let other_client = world.client(&guest, &other_application, "suite-web", &[]).await;
    let (ana, gil) =
        (world.user(&harbor, "ana@harbor.test").await, world.user(&guest, "gil@guest.test").await);
    let here = world.token(&harbor, &ana, &client).await;
    let elsewhere = world.token(&guest, &gil, &client).await;
    let untouched = world.token(&guest, &gil, &other_client).await;

    let mut work = world.work().await;
    let suspended = work
        .organizations()
        .set_status(&harbor, OrganizationStatus::Suspended, Some("unpaid"))
        .await
        .unwrap();
    work.commit().await.unwrap();
    assert!(world.is_revoked(&harbor, &here).await);
    assert!(world.is_revoked(&guest, &elsewhere).await);
    assert!(!world.is_revoked(&guest, &untouched).await);
    let audit = world.audit().await;
    let event = audit.iter().find(|e| e.event_type == "org.suspended").unwrap();
    assert_eq!(event.metadata["reason"], "unpaid");

    let mut work = world.work().await;
    let problem = work.organizations().set_status(&suspended, OrganizationStatus::Suspended, None).await;
    assert!(refused(problem).contains("status"));
    let stale = work.organizations().set_status(&harbor, OrganizationStatus::Archived, None).await;
    assert!(refused(stale).contains("changed at the same moment"), "the entity in hand says active");
    drop(work);
    let mut work = world.work().await;
    work.organizations().set_status(&suspended, OrganizationStatus::Active, None).await.unwrap();
    work.commit().await.unwrap();
    assert!(world.is_revoked(&harbor, &here).await, "activation revives no token");
}

async fn the_super_admin_organization_stays(world: World) {
    let mut work = world.work().await;
    let admin = work.organization("porta-admin").await.unwrap();
    for to in [OrganizationStatus::Suspended, OrganizationStatus::Archived] {
        assert!(refused(work.organizations().set_status(&admin, to, None).await).contains("super-admin"));
    }
    assert!(refused(work.organizations().destroy(&admin).await).contains("cannot be destroyed"));
}

async fn destroying_an_organization_ends_its_tokens_here_and_elsewhere(world: World) {
    let (harbor, guest) = (world.organization("harbor").await, world.organization("guest").await);
    let application = world.application(&harbor, "dock").await;
    let client = world.client(&harbor, &application, "dock-web", &[&guest]).await;
    let other_application = world.application(&guest, "suite").await;
    let other_client = world.client(&guest, &other_application, "suite-web", &[&harbor]).await;
    let (ana, gil) =
        (world.user(&harbor, "ana@harbor.test").await, world.user(&guest, "gil@guest.test").await);
    let here = world.token(&harbor, &ana, &client).await;
    let elsewhere = world.token(&guest, &gil, &client).await;
    let untouched = world.token(&guest, &gil, &other_client).await;
    world.heard();

    let preview = world.directory.queries().organizations().cascade_counts(harbor.id).await.unwrap();
    let mut work = world.work().await;
    let counts = work.organizations().destroy(&harbor).await.unwrap();
    assert_eq!((counts, counts.applications, counts.clients, counts.users), (preview, 1, 1, 1));
    assert!(refused(work.organization("harbor").await).contains("was not found"));
    work.commit().await.unwrap();
    assert!(world.is_revoked(&harbor, &here).await);
    assert!(world.is_revoked(&guest, &elsewhere).await);
    assert!(!world.is_revoked(&guest, &untouched).await);
    assert_eq!(world.heard(), [Change::Organization(harbor.slug.clone())]);

    let audit = world.audit().await;
    let event = audit.iter().find(|e| e.event_type == "org.destroyed").unwrap();
    assert_eq!(event.organization_label.as_deref(), Some("harbor"));
    assert_eq!((&event.metadata["slug"], &event.metadata["name"]), (&json!("harbor"), &json!("harbor")));
    let counted = json!({
        "applications": 1, "clients": 1, "users": 1, "roles": 0, "permissions": 0, "claim_definitions": 0,
    });
    assert_eq!(event.metadata["cascadeCounts"], counted);
    assert!(audit.iter().any(|e| e.event_type == "user.created"), "what was done before stays known");
    let gone = world.work().await.organizations().destroy(&harbor).await;
    assert!(refused(gone).contains("was not found"));
}

/// An application has a name of its own in each organization.
async fn a_slug_of_several_organizations_names_no_application(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let dock = world.application(&harbor, "dock").await;
    let queries = world.directory.queries();
    assert_eq!(queries.applications().find("dock").await.unwrap(), dock);
    let (owner, found) = world.work().await.applications().find(&dock.id.to_string()).await.unwrap();
    assert_eq!((owner, found), (harbor, dock));
    let second = world.application(&other, "dock").await;
    assert!(refused(queries.applications().find("dock").await).contains("use its id"));
    assert_eq!(queries.applications().find(&second.id.to_string()).await.unwrap(), second);

    let mut work = world.work().await;
    let admin = work.organization("porta-admin").await.unwrap();
    let new = NewApplication { name: "Dock".into(), is_shared: true, ..NewApplication::default() };
    let shared = work.applications().create(&admin, new).await.unwrap();
    assert_eq!(work.applications().find("dock").await.unwrap(), (admin, shared));
    for missing in ["none", "", "../dock", "00000000-0000-0000-0000-000000000000"] {
        assert!(refused(work.applications().find(missing).await).contains("was not found"), "{missing}");
    }
}

async fn applications_belong_to_their_organization(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let application = world.application(&harbor, "dock").await;
    world.application(&other, "dock").await;

    let mut work = world.work().await;
    let renamed = porta_core::application::Application { name: "Mine".into(), ..application.clone() };
    assert!(
        refused(work.applications().update(&other, &application, renamed).await).contains("was not found")
    );
    let archived = work.applications().set_status(&other, &application, ApplicationStatus::Archived).await;
    assert!(refused(archived).contains("was not found"));
    let role =
        work.roles().create(&other, &application, NewRole { name: "Spy".into(), ..NewRole::default() }).await;
    assert!(refused(role).contains("was not found"));
    let shared = NewApplication { name: "Shared".into(), is_shared: true, ..NewApplication::default() };
    assert!(refused(work.applications().create(&harbor, shared.clone()).await).contains("is_shared"));
    drop(work);

    let mut work = world.work().await;
    let admin = work.organization("porta-admin").await.unwrap();
    let shared = work.applications().create(&admin, shared).await.unwrap();
    work.commit().await.unwrap();
    let mut work = world.work().await;
    assert_eq!(work.applications().visible(&harbor, "shared").await.unwrap(), shared);
    assert_eq!(work.applications().owned(&harbor, &shared.slug).await.unwrap(), None);
    let role =
        work.roles().create(&harbor, &shared, NewRole { name: "Spy".into(), ..NewRole::default() }).await;
    assert!(refused(role).contains("was not found"), "a tenant does not change a shared application");
    let reserved = NewApplication { name: "System".into(), ..NewApplication::default() };
    assert!(refused(work.applications().create(&harbor, reserved).await).contains("reserved"));
}

async fn parts_of_an_application_are_audited(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let mut work = world.work().await;
    let module =
        NewModule { name: "Berths".into(), slug: None, description: None, status: ModuleStatus::Active };
    let module = work.applications().create_module(&harbor, &application, module).await.unwrap();
    assert_eq!(module.slug.as_str(), "berths");
    let mut renamed = module.clone();
    renamed.status = ModuleStatus::Inactive;
    let (after, fields) =
        work.applications().update_module(&harbor, &application, &module, renamed).await.unwrap();
    assert_eq!(fields, ["status"]);
    assert_eq!((after.status, after.version), (ModuleStatus::Inactive, module.version.next()));
    let role = NewRole { name: "Planner".into(), ..NewRole::default() };
    let role = work.roles().create(&harbor, &application, role).await.unwrap();
    let permission = NewPermission {
        name: "See".into(),
        slug: "dock:berths:read".into(),
        module: None,
        description: None,
    };
    let permission = work.roles().create_permission(&harbor, &application, permission).await.unwrap();
    assert!(work.roles().link_permission(&harbor, &application, &role, &permission).await.unwrap());
    assert!(!work.roles().link_permission(&harbor, &application, &role, &permission).await.unwrap());
    let short = NewPermission { name: "See".into(), slug: "read".into(), module: None, description: None };
    assert!(
        refused(work.roles().create_permission(&harbor, &application, short).await)
            .contains("three segments")
    );
    let claim = NewClaim {
        claim_name: "sub".into(),
        display_name: None,
        claim_type: ClaimType::String,
        description: None,
        include_in_id_token: None,
        include_in_access_token: None,
        include_in_userinfo: None,
    };
    assert!(
        refused(work.claims().define(&harbor, &application, claim.clone()).await).contains("standard claim")
    );
    let claim = NewClaim { claim_name: "terminal".into(), ..claim };
    let claim = work.claims().define(&harbor, &application, claim).await.unwrap();
    assert!(!claim.include_in_id_token && claim.include_in_access_token && claim.include_in_userinfo);
    let mut retyped = claim.clone();
    retyped.claim_type = ClaimType::Number;
    assert!(
        refused(work.claims().update(&harbor, &application, &claim, retyped).await).contains("claim_type")
    );
    work.commit().await.unwrap();
    let names = world.audit_names().await;
    for expected in [
        "app.created",
        "app.module.created",
        "app.module.deactivated",
        "role.created",
        "permission.created",
        "role.permissions.assigned",
        "claim.defined",
    ] {
        assert_eq!(names.iter().filter(|n| *n == expected).count(), 1, "{expected} in {names:?}");
    }
}

async fn an_archived_application_takes_no_clients(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let mut work = world.work().await;
    let archived =
        work.applications().set_status(&harbor, &application, ApplicationStatus::Archived).await.unwrap();
    let inactive = work.applications().set_status(&harbor, &archived, ApplicationStatus::Inactive).await;
    assert!(refused(inactive).contains("archived"));
    let client = work.clients().create(&harbor, &archived, NewClient::default()).await.map(|_| ());
    assert!(refused(client).contains("application is not active"));
    let back = work.applications().set_status(&harbor, &archived, ApplicationStatus::Active).await.unwrap();
    assert_eq!(back.status, ApplicationStatus::Active);
    work.commit().await.unwrap();
    assert!(world.audit_names().await.contains(&"app.restored".to_owned()));
}

fn confidential(name: &str) -> NewClient {
    NewClient {
        client_name: name.to_owned(),
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        id_token_signed_response_alg: Some(SigningAlgorithm::Es256),
        ..NewClient::default()
    }
}

async fn a_confidential_client_has_a_secret_at_once(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    world.heard();
    let mut work = world.work().await;
    let (client, secret) = work.clients().create(&harbor, &application, confidential("Web")).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(client.client_type, ClientType::Confidential);
    assert_eq!(client.token_endpoint_auth_method, TokenEndpointAuthMethod::ClientSecretBasic);
    assert_eq!(
        client.grant_types,
        [GrantType::AuthorizationCode, GrantType::RefreshToken, GrantType::ClientCredentials]
    );
    assert_eq!(client.client_id.as_str().len(), 43);
    let secret = secret.unwrap();
    let value = secret.generated.unwrap();
    assert_eq!(value.expose_secret().len(), 64);
    let mut repositories = world.store.repositories();
    let stored = repositories.clients(harbor.id).secrets(client.id).await.unwrap();
    assert_eq!(stored, [secret.stored]);
    assert_eq!(stored[0].digest, TokenDigest::of(value.expose_secret()));
    assert!(world.heard().contains(&Change::Client(client.client_id)));
    let audit = world.audit().await;
    assert!(audit.iter().all(|e| !e.metadata.to_string().contains(value.expose_secret())));
    assert!(audit.iter().any(|e| e.event_type == "client.secret.generated"));
}

async fn secrets_that_are_refused(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let with = |secret| NewClient { secret, ..confidential("Web") };
    let value = |text: &str| NewSecret { value: Some(text.into()), ..NewSecret::default() };
    let public = NewClient { client_type: Some(ClientType::Public), ..with(value("a-long-enough-secret")) };
    let cases = [
        (with(value("fifteen chars..")), "secret.value"),
        (with(value("sixteen chars \u{e4}\u{e4}\u{e4}")), "secret.value"),
        (with(value(&"x".repeat(256))), "secret.value"),
        (with(NewSecret { expires_at: Some(START), ..NewSecret::default() }), "secret.expires_at"),
        (with(NewSecret { label: Some("x".repeat(256)), ..NewSecret::default() }), "secret.label"),
        (public, "public clients cannot have secrets"),
    ];
    for (new, expected) in cases {
        let mut work = world.work().await;
        let problem = refused(work.clients().create(&harbor, &application, new).await.map(|_| ()));
        assert!(problem.contains(expected), "{expected}: {problem}");
    }
    let mut work = world.work().await;
    let given = with(value("a-long-enough-secret"));
    let (_, secret) = work.clients().create(&harbor, &application, given).await.unwrap();
    let secret = secret.unwrap();
    assert!(secret.generated.is_none(), "nothing new to tell");
    assert_eq!(secret.stored.digest, TokenDigest::of("a-long-enough-secret"));
}

async fn secrets_overlap_until_one_is_revoked(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let mut work = world.work().await;
    let (client, first) = work.clients().create(&harbor, &application, confidential("Web")).await.unwrap();
    work.clients().create_secret(&harbor, &client, NewSecret::default()).await.unwrap();
    let first = first.unwrap().stored.id;
    work.clients().revoke_secret(&harbor, &client, first).await.unwrap();
    assert!(refused(work.clients().revoke_secret(&harbor, &client, first).await).contains("already revoked"));
    work.commit().await.unwrap();
    let mut repositories = world.store.repositories();
    let secrets = repositories.clients(harbor.id).secrets(client.id).await.unwrap();
    assert_eq!(secrets.iter().filter(|s| s.is_usable(START)).count(), 1);
    assert!(world.audit_names().await.contains(&"client.secret.revoked".to_owned()));
}

async fn clients_that_are_refused(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let mut work = world.work().await;
    let new =
        NewClient { require_pkce: Some(false), client_type: Some(ClientType::Public), ..confidential("") };
    let problem = refused(work.clients().create(&harbor, &application, new).await.map(|_| ()));
    assert!(problem.contains("client_name") && problem.contains("require_pkce"), "all at once: {problem}");
    let new = NewClient { client_id: Some("with space".into()), ..confidential("Web") };
    assert!(
        refused(work.clients().create(&harbor, &application, new).await.map(|_| ())).contains("client_id")
    );
    let (client, _) = work.clients().create(&harbor, &application, confidential("Web")).await.unwrap();
    let mut retyped = client.clone();
    retyped.client_type = ClientType::Public;
    assert!(refused(work.clients().update(&harbor, &client, retyped).await).contains("client_type"));
    let mut broken = client.clone();
    broken.redirect_uris = vec!["https://app.example/#".into()];
    assert!(refused(work.clients().update(&harbor, &client, broken).await).contains("redirect_uris"));
}

async fn client_identifiers_are_unique_on_the_platform(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let application = world.application(&harbor, "dock").await;
    let others = world.application(&other, "dock").await;
    world.client(&harbor, &application, "dock-web", &[]).await;
    let mut work = world.work().await;
    let new = NewClient { client_id: Some("dock-web".into()), ..confidential("Web") };
    assert!(refused(work.clients().create(&other, &others, new).await.map(|_| ())).contains("already taken"));
}

async fn stopping_a_client_ends_its_tokens_everywhere(world: World) {
    let (harbor, guest) = (world.organization("harbor").await, world.organization("guest").await);
    let application = world.application(&harbor, "dock").await;
    let client = world.client(&harbor, &application, "dock-web", &[&guest]).await;
    let second = world.client(&harbor, &application, "dock-app", &[]).await;
    let (ana, gil) =
        (world.user(&harbor, "ana@harbor.test").await, world.user(&guest, "gil@guest.test").await);
    let here = world.token(&harbor, &ana, &client).await;
    let elsewhere = world.token(&guest, &gil, &client).await;
    let untouched = world.token(&harbor, &ana, &second).await;
    let mut work = world.work().await;
    let (organization, found) = work.client("dock-web").await.unwrap();
    assert_eq!((organization.id, &found), (harbor.id, &client));
    let stopped = work.clients().set_status(&harbor, &client, ClientStatus::Inactive).await.unwrap();
    work.commit().await.unwrap();
    assert!(world.is_revoked(&harbor, &here).await);
    assert!(world.is_revoked(&guest, &elsewhere).await);
    assert!(!world.is_revoked(&harbor, &untouched).await);
    let mut work = world.work().await;
    let active = work.clients().set_status(&harbor, &stopped, ClientStatus::Active).await.unwrap();
    let revoked = work.clients().set_status(&harbor, &active, ClientStatus::Revoked).await.unwrap();
    let back = work.clients().set_status(&harbor, &revoked, ClientStatus::Active).await;
    assert!(refused(back).contains("revoked"));
    work.commit().await.unwrap();
    let names = world.audit_names().await;
    for expected in ["client.deactivated", "client.activated", "client.revoked"] {
        assert!(names.iter().any(|n| n == expected), "{expected}");
    }
}

async fn a_restored_client_comes_back_without_its_tokens(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let client = world.client(&harbor, &application, "dock-web", &[]).await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let token = world.token(&harbor, &ana, &client).await;
    let mut work = world.work().await;
    assert!(refused(work.clients().restore(&harbor, &client).await).contains("cannot be restored"));
    let revoked = work.clients().set_status(&harbor, &client, ClientStatus::Revoked).await.unwrap();
    let back = work.clients().restore(&harbor, &revoked).await.unwrap();
    assert_eq!((back.status, back.version), (ClientStatus::Active, revoked.version.next()));
    assert!(refused(work.clients().restore(&harbor, &revoked).await).contains("moment"));
    let stopped = work.clients().set_status(&harbor, &back, ClientStatus::Inactive).await.unwrap();
    let back = work.clients().restore(&harbor, &stopped).await.unwrap();
    work.commit().await.unwrap();
    let mut repositories = world.store.repositories();
    assert_eq!(repositories.clients(harbor.id).by_key(client.id).await.unwrap(), Some(back));
    assert!(world.is_revoked(&harbor, &token).await);
    let audit = world.audit().await;
    let restored: Vec<_> = audit.iter().filter(|e| e.event_type == "client.restored").collect();
    let from: Vec<_> = restored.iter().map(|e| e.metadata["previousStatus"].as_str().unwrap()).collect();
    assert_eq!((from.len(), from.contains(&"revoked"), from.contains(&"inactive")), (2, true, true));
}

async fn a_guest_that_is_removed_loses_its_tokens(world: World) {
    let (harbor, guest) = (world.organization("harbor").await, world.organization("guest").await);
    let application = world.application(&harbor, "dock").await;
    let client = world.client(&harbor, &application, "dock-web", &[&guest, &harbor]).await;
    assert_eq!(client.allowed_organizations, [guest.id], "the owner is not its own guest");
    let gil = world.user(&guest, "gil@guest.test").await;
    let token = world.token(&guest, &gil, &client).await;
    let mut after = client.clone();
    after.allowed_organizations = vec![];
    let mut work = world.work().await;
    let (_, fields) = work.clients().update(&harbor, &client, after).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(fields, ["allowed_organizations"]);
    assert!(world.is_revoked(&guest, &token).await);
}

async fn suspending_a_person_ends_their_tokens_only(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let client = world.client(&harbor, &application, "dock-web", &[]).await;
    let (ana, ben) =
        (world.user(&harbor, "ana@harbor.test").await, world.user(&harbor, "ben@harbor.test").await);
    let (hers, his) = (world.token(&harbor, &ana, &client).await, world.token(&harbor, &ben, &client).await);
    let mut work = world.work().await;
    let found = work.user(&harbor, "ANA@harbor.test").await.unwrap();
    let suspended =
        work.users().set_status(&harbor, &found, UserStatus::Suspended, Some("left")).await.unwrap();
    assert_eq!(suspended.status, UserStatus::Suspended);
    work.commit().await.unwrap();
    assert!(world.is_revoked(&harbor, &hers).await);
    assert!(!world.is_revoked(&harbor, &his).await);
    let mut work = world.work().await;
    let locked = work.users().set_status(&harbor, &suspended, UserStatus::Locked, None).await;
    assert!(refused(locked).contains("suspended"));
    work.users().set_status(&harbor, &suspended, UserStatus::Active, None).await.unwrap();
    work.commit().await.unwrap();
    let names = world.audit_names().await;
    assert!(names.contains(&"user.suspended".to_owned()) && names.contains(&"user.activated".to_owned()));
}

async fn people_that_are_refused(world: World) {
    let harbor = world.organization("harbor").await;
    world.user(&harbor, "ana@harbor.test").await;
    let with = |email: &str, profile| NewUser { email: email.to_owned(), profile, ..NewUser::default() };
    let birth = Profile { birthdate: Some("1990-02-30".into()), ..Profile::default() };
    for (new, expected) in [
        (with("ana", Profile::default()), "email"),
        (with("Ana@Harbor.test", Profile::default()), "already taken"),
        (with("ben@harbor.test", birth), "birthdate"),
    ] {
        let mut work = world.work().await;
        let problem = refused(work.users().create(&harbor, new).await);
        assert!(problem.contains(expected), "{expected}: {problem}");
    }
    let ana = world.user(&harbor, "zora.okonkwo@harbor.test").await;
    let hash = async |password: &str| {
        world.directory.hash_password(&password.into(), ContextWords::of(&ana, &harbor)).await
    };
    for (password, expected) in [
        ("1234567", "at least 8"),
        ("", "at least 8"),
        ("u\u{308}u\u{308}u\u{308}u\u{308}", "at least 8"),
        (&*"x".repeat(129), "at most 128"),
        (&*"x".repeat(100_000), "at most 128"),
        ("lantern\tQuay-41", "leave out tabs"),
        ("lantern-Quay-41\n", "leave out tabs"),
        ("password1", "among the first"),
        ("Okonkwo-2026", "built from"),
        ("Summer2024!", "a longer one"),
        ("\u{3000}\u{a0}        ", "a longer one"),
    ] {
        let problem = refused(hash(password).await);
        assert!(problem.contains(expected) && problem.contains("password"), "{password:?}: {problem}");
    }
    assert!(hash("静かな湖畔の森の影").await.is_ok(), "code points count");
    let hashed = hash("cre\u{300}me\u{a0}lantern-41").await.unwrap();
    assert_eq!(hashed.as_str(), "$argon2id$test$cr\u{e8}me lantern-41", "normalised");
    let other = world.organization("other").await;
    world.user(&other, "ana@harbor.test").await;
}

async fn a_new_address_is_unverified(world: World) {
    let harbor = world.organization("harbor").await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let link = world.link(&ana).await;
    let mut work = world.work().await;
    let verified = porta_core::user::User { email_verified: true, ..ana.clone() };
    let (verified, fields) = work.users().update(&harbor, &ana, verified).await.unwrap();
    assert_eq!(fields, ["email_verified"]);
    work.commit().await.unwrap();
    let looked = async || {
        let mut all = world.store.repositories();
        let found = all.one_time_tokens(harbor.id).find(&link.digest, link.purpose).await.unwrap();
        found.filter(|link| link.is_live(START))
    };
    assert!(looked().await.is_some(), "the same address");
    let mut moved = verified.clone();
    moved.email = porta_core::user::Email::parse("ana@new.test").unwrap();
    let mut work = world.work().await;
    let (moved, _) = work.users().update(&harbor, &verified, moved).await.unwrap();
    work.commit().await.unwrap();
    assert!(!moved.email_verified);
    assert_eq!(looked().await, None, "whoever reads the old mailbox has no business here");
}

async fn passwords_are_set_and_taken_away(world: World) {
    let harbor = world.organization("harbor").await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let around = ContextWords::of(&ana, &harbor);
    let hash = world.directory.hash_password(&"lantern-Quay-41".into(), around).await.unwrap();
    let mut work = world.work().await;
    work.users().set_password(&harbor, &ana, Some(&hash)).await.unwrap();
    assert_eq!(work.user(&harbor, "ana@harbor.test").await.unwrap().password_hash, Some(hash));
    work.users().set_password(&harbor, &ana, None).await.unwrap();
    work.commit().await.unwrap();
    let names = world.audit_names().await;
    assert!(
        names.contains(&"user.password.set".to_owned())
            && names.contains(&"user.password.cleared".to_owned())
    );
}

async fn second_factors_are_reset_and_the_person_hears_of_it(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let application = world.application(&harbor, "dock").await;
    let client = world.client(&harbor, &application, "dock-web", &[]).await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let token = world.token(&harbor, &ana, &client).await;
    let mut work = world.work().await;
    assert!(
        refused(work.users().second_factors().reset(&harbor, &ana).await).contains("has no second factor")
    );
    drop(work);
    let mut repositories = world.store.repositories();
    assert!(repositories.second_factors(harbor.id).enrol_email(ana.id, START).await.unwrap());
    let ana = repositories.users(harbor.id).by_id(ana.id).await.unwrap().unwrap();
    let mut work = world.work().await;
    assert!(refused(work.users().second_factors().reset(&other, &ana).await).contains("was not found"));
    drop(work);
    let untouched = repositories.users(harbor.id).by_id(ana.id).await.unwrap().unwrap();
    assert!(untouched.two_factor_method.is_some() && !world.is_revoked(&harbor, &token).await);
    let mut work = world.work().await;
    work.users().second_factors().reset(&harbor, &ana).await.unwrap();
    work.commit().await.unwrap();
    let after = repositories.users(harbor.id).by_id(ana.id).await.unwrap().unwrap();
    assert_eq!(after.two_factor_method, None);
    assert!(world.is_revoked(&harbor, &token).await);
    let claims = repositories.outbox().claim(&[OutboxKind::Mail], START, START, 10).await.unwrap();
    let outgoing = OutgoingEmail::open(&claims[0], &crate::support::outbox_keys()).unwrap();
    assert_eq!((claims.len(), outgoing.recipient.address.shown()), (1, "ana@harbor.test"));
    let event = SecurityEvent { at: START, address: None, user_agent: None };
    assert_eq!(outgoing.mail, Mail::SecondFactorChanged { change: SecondFactorChange::Disabled, event });
    let events = world.audit().await;
    let reset: Vec<_> = events.iter().filter(|e| e.event_type == "user.2fa.reset").collect();
    assert_eq!((reset.len(), reset[0].user_id), (1, Some(ana.id)));
    assert_eq!(reset[0].metadata["previousMethod"], "email");
}

async fn roles_are_given_once(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let mut work = world.work().await;
    let role = NewRole { name: "Planner".into(), ..NewRole::default() };
    let role = work.roles().create(&harbor, &application, role).await.unwrap();
    assert!(work.roles().assign(&harbor, &ana, &role).await.unwrap());
    assert!(!work.roles().assign(&harbor, &ana, &role).await.unwrap());
    assert!(work.roles().unassign(&harbor, &ana, &role).await.unwrap());
    assert!(!work.roles().unassign(&harbor, &ana, &role).await.unwrap());
    work.commit().await.unwrap();
    let audit = world.audit().await;
    let assigned: Vec<_> = audit.iter().filter(|e| e.event_type == "user.roles.assigned").collect();
    assert_eq!(assigned.len(), 1);
    assert_eq!(assigned[0].user_id, Some(ana.id));
}

async fn claim_values_have_their_type(world: World) {
    let harbor = world.organization("harbor").await;
    let application = world.application(&harbor, "dock").await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let mut work = world.work().await;
    let claim = work.claims().define(&harbor, &application, number_claim("limit")).await.unwrap();
    for bad in [json!("15"), json!(null), json!(true), json!([15])] {
        assert!(
            refused(work.claims().set_value(&harbor, &ana, &claim, &bad).await).contains("takes a number")
        );
    }
    assert!(work.claims().set_value(&harbor, &ana, &claim, &json!(15)).await.unwrap());
    assert!(!work.claims().set_value(&harbor, &ana, &claim, &json!(15)).await.unwrap());
    assert!(work.claims().set_value(&harbor, &ana, &claim, &json!(16)).await.unwrap());
    work.commit().await.unwrap();
    let audit = world.audit().await;
    let set: Vec<_> = audit.iter().filter(|e| e.event_type == "claim.value.set").collect();
    assert_eq!(set.len(), 2);
    assert!(set[0].metadata.get("value").is_none(), "values are personal data");
}

async fn settings_have_layers(world: World) {
    let harbor = world.organization("harbor").await;
    world.heard();
    let mut work = world.work().await;
    assert!(work.settings().set(None, "access_token_ttl", &json!("20m")).await.unwrap());
    assert!(!work.settings().set(None, "access_token_ttl", &json!(1200)).await.unwrap());
    assert!(work.settings().set(Some(&harbor), "lockout_duration_seconds", &json!(60)).await.unwrap());
    for (key, value, expected) in [
        ("cookie_secure", json!(true), "was not found"),
        ("access_token_ttl", json!("soon"), "takes a duration"),
        ("authorization_code_ttl", json!(600), "1 to 60"),
    ] {
        assert!(refused(work.settings().set(None, key, &value).await).contains(expected));
    }
    let platform_only = work.settings().set(Some(&harbor), "interaction_ttl", &json!(600)).await;
    assert!(refused(platform_only).contains("whole platform"));
    work.commit().await.unwrap();
    assert_eq!(world.heard(), [Change::Settings(None), Change::Settings(Some(harbor.id))]);

    let settings = world.directory.settings(Some(&harbor)).await.unwrap();
    let of = |key: &str| settings.iter().find(|s| s.definition.key == key).unwrap();
    assert_eq!(
        (&of("access_token_ttl").value, of("access_token_ttl").source),
        (&json!(1200), SettingSource::Platform)
    );
    assert_eq!(
        (&of("lockout_duration").value, of("lockout_duration").source),
        (&json!(60), SettingSource::Organization)
    );
    assert_eq!(of("id_token_ttl").source, SettingSource::Default);
    assert!(settings.iter().all(|s| s.definition.per_organization));

    let mut work = world.work().await;
    assert!(work.settings().unset(Some(&harbor), "lockout_duration").await.unwrap());
    assert!(!work.settings().unset(Some(&harbor), "lockout_duration").await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(world.audit_names().await.iter().filter(|n| *n == "config.updated").count(), 3);
}

async fn lookups_do_not_cross_tenants(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let mut work = world.work().await;
    assert_eq!(work.organization(&harbor.id.to_string()).await.unwrap(), harbor);
    assert!(refused(work.user(&other, "ana@harbor.test").await).contains("was not found"));
    assert!(refused(work.user(&other, &ana.id.to_string()).await).contains("was not found"));
    assert!(refused(work.client("nobody").await).contains("was not found"));
    assert!(
        refused(work.users().set_status(&other, &ana, UserStatus::Suspended, None).await).contains("moment")
    );
    assert_eq!(work.applications().owned(&other, &Slug::parse("dock").unwrap()).await.unwrap(), None);
}

async fn a_client_is_found_by_either_name_in_one_round_trip(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let (dock, shop) = (world.application(&harbor, "dock").await, world.application(&other, "shop").await);
    let web = world.client(&harbor, &dock, "dock-web", &[&other]).await;
    let twin = world.client(&other, &shop, &web.id.to_string(), &[]).await;
    let mut work = world.work().await;
    for (name, organization, client) in [
        ("dock-web".to_owned(), &harbor, &web),
        (web.id.to_string(), &harbor, &web),
        (twin.id.to_string(), &other, &twin),
    ] {
        let before = world.store.round_trips();
        let found = work.clients().find(&name).await.unwrap();
        assert_eq!(world.store.round_trips() - before, 1, "{name}");
        assert_eq!((&found.client, found.organization.id), (client, organization.id), "{name}");
    }
    assert_eq!(work.clients().find("dock-web").await.unwrap().application_name, "dock");
    for name in ["nobody", "", "dock web", "DOCK-WEB", "00000000-0000-0000-0000-000000000000"] {
        assert!(refused(work.clients().find(name).await).contains("was not found"), "{name}");
    }
}

async fn an_application_is_found_where_a_client_may_use_it(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    let (dock, theirs) = (world.application(&harbor, "dock").await, world.application(&other, "dock").await);
    let shop = world.application(&other, "shop").await;
    let mut work = world.work().await;
    let mut clients = work.clients();
    for (organization, name, expected) in [
        (Some(&harbor), "dock".to_owned(), &dock),
        (Some(&other), "dock".to_owned(), &theirs),
        (Some(&harbor), dock.id.to_string(), &dock),
        (None, dock.id.to_string(), &dock),
        (None, "shop".to_owned(), &shop),
    ] {
        let found = clients.application(organization, &name).await.unwrap();
        assert_eq!(found, *expected, "{organization:?} {name}");
    }
    for (organization, name) in [
        (Some(&harbor), "shop".to_owned()),
        (Some(&harbor), theirs.id.to_string()),
        (Some(&harbor), "No Slug".to_owned()),
        (None, "none".to_owned()),
        (None, "No Slug".to_owned()),
        (None, harbor.id.to_string()),
    ] {
        let outcome = clients.application(organization, &name).await;
        assert!(refused(outcome).contains("was not found"), "{organization:?} {name}");
    }
    let problem = refused(clients.application(None, "dock").await);
    assert!(problem.contains("organization_id: several organizations"), "{problem}");
}
