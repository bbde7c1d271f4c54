//! What operators may do to people, and to whom nobody may.

use crate::support::administrators::{administrator, installed, service};
use crate::support::{START, World, actor, refused};
use porta_core::admin::AdminRole;
use porta_core::organization::Organization;
use porta_core::user::{TwoFactorMethod, User, UserStatus};
use porta_directory::{Actor, NewInvitation, Transaction};
use serde_json::json;

both_stores!(
    no_request_takes_the_super_admin_user_out_of_action,
    whoever_has_shell_access_may,
    members_of_the_admin_organization_are_for_super_admins,
    an_invitation_grants_no_more_than_its_sender_may,
    a_purge_is_recorded_and_happens_once,
    whoever_administers_is_not_purged,
);

const MEMBERS: &str = "Only a super-admin may change another member of the admin organization";

/// Somebody with mailed codes as second factor.
async fn with_a_factor(world: &World, organization: &Organization, user: &User) -> User {
    let mut all = world.store.repositories();
    assert!(all.second_factors(organization.id).enrol_email(user.id, START).await.unwrap());
    let user = all.users(organization.id).by_id(user.id).await.unwrap().unwrap();
    assert_eq!(user.two_factor_method, Some(TwoFactorMethod::Email));
    user
}

/// What is said to whoever manages second factors of the user.
async fn refused_factors(work: &mut Transaction, organization: &Organization, user: &User) -> [String; 3] {
    [
        refused(work.users().second_factors().reset(organization, user).await),
        refused(work.users().second_factors().disable(organization, user).await),
        refused(work.users().second_factors().replace_recovery_codes(organization, user, &[]).await),
    ]
}

async fn no_request_takes_the_super_admin_user_out_of_action(world: World) {
    let installed = installed(&world).await;
    let organization = &installed.organization;
    let root = with_a_factor(&world, organization, &installed.administrator).await;
    let rows = world.audit().await.len();
    for actor in [
        administrator(&installed, AdminRole::SuperAdmin),
        administrator(&installed, AdminRole::UserAdmin),
        service(&installed),
    ] {
        let who = actor.label();
        let mut work = world.directory.begin(actor).await.unwrap();
        for (to, verb) in [
            (UserStatus::Suspended, "suspend"),
            (UserStatus::Locked, "lock"),
            (UserStatus::Inactive, "deactivate"),
        ] {
            let outcome = work.users().set_status(organization, &root, to, None).await;
            assert_eq!(refused(outcome), format!("Cannot {verb} the super-admin user"), "{who}");
        }
        let told = refused_factors(&mut work, organization, &root).await;
        assert!(told.iter().all(|text| text == "Cannot manage-2fa the super-admin user"), "{who} {told:?}");
        let outcome = work.users().personal_data().purge(organization, &root).await;
        assert_eq!(refused(outcome), "Cannot delete the super-admin user", "{who}");
        work.commit().await.unwrap();
    }
    let stored = world.store.repositories().users(organization.id).by_id(root.id).await.unwrap();
    assert_eq!(stored, Some(root));
    assert_eq!(world.audit().await.len(), rows);
}

/// Somebody must be able to help a super-admin who lost the second factor.
async fn whoever_has_shell_access_may(world: World) {
    let installed = installed(&world).await;
    let organization = &installed.organization;
    let root = with_a_factor(&world, organization, &installed.administrator).await;
    for (n, actor) in [actor(), Actor::System].into_iter().enumerate() {
        let mut work = world.directory.begin(actor).await.unwrap();
        let root = work.users().find(None, &root.id.to_string()).await.unwrap().1;
        if n == 0 {
            work.users().second_factors().reset(organization, &root).await.unwrap();
        }
        let root = work.users().find(None, &root.id.to_string()).await.unwrap().1;
        let locked = work.users().set_status(organization, &root, UserStatus::Locked, None).await.unwrap();
        work.users().set_status(organization, &locked, UserStatus::Active, None).await.unwrap();
        work.commit().await.unwrap();
    }
}

async fn members_of_the_admin_organization_are_for_super_admins(world: World) {
    let installed = installed(&world).await;
    let organization = &installed.organization;
    let lea = world.user(organization, "lea@admin.test").await;
    let lea = with_a_factor(&world, organization, &lea).await;
    let invitation = || NewInvitation { email: "lea@admin.test".to_owned(), ..NewInvitation::default() };
    let issuer = "https://id.example/porta-admin";
    for actor in [administrator(&installed, AdminRole::UserAdmin), service(&installed)] {
        let who = actor.label();
        let mut work = world.directory.begin(actor).await.unwrap();
        let outcome = work.users().set_status(organization, &lea, UserStatus::Suspended, None).await;
        assert_eq!(refused(outcome), MEMBERS, "{who}");
        let told = refused_factors(&mut work, organization, &lea).await;
        assert!(told.iter().all(|text| text == MEMBERS), "{who} {told:?}");
        let outcome = work.users().invitations().send(organization, issuer, invitation()).await;
        assert_eq!(refused(outcome), MEMBERS, "{who}");
    }
    let super_admin = administrator(&installed, AdminRole::SuperAdmin);
    let mut work = world.directory.begin(super_admin).await.unwrap();
    work.users().second_factors().reset(organization, &lea).await.unwrap();
    let lea = work.user(organization, "lea@admin.test").await.unwrap();
    work.users().invitations().send(organization, issuer, invitation()).await.unwrap();
    work.users().set_status(organization, &lea, UserStatus::Suspended, None).await.unwrap();
    work.commit().await.unwrap();
}

async fn an_invitation_grants_no_more_than_its_sender_may(world: World) {
    let installed = installed(&world).await;
    let issuer = "https://id.example/porta-admin";
    let auditor = || NewInvitation {
        email: "new@admin.test".to_owned(),
        roles: vec![("porta-admin".to_owned(), "porta-auditor".to_owned())],
        ..NewInvitation::default()
    };
    let admins = "Only a super-admin may assign or remove roles of the application `porta-admin`";
    for (actor, text) in [
        (administrator(&installed, AdminRole::UserAdmin), admins),
        (service(&installed), admins),
        (
            administrator(&installed, AdminRole::AppAdmin),
            "Insufficient permissions. Required: admin:role:assign",
        ),
    ] {
        let who = actor.label();
        let mut work = world.directory.begin(actor).await.unwrap();
        let outcome = work.users().invitations().send(&installed.organization, issuer, auditor()).await;
        assert_eq!(refused(outcome), text, "{who}");
    }
    let super_admin = administrator(&installed, AdminRole::SuperAdmin);
    let mut work = world.directory.begin(super_admin).await.unwrap();
    let sent = work.users().invitations().send(&installed.organization, issuer, auditor()).await.unwrap();
    assert!(sent.created);
}

async fn a_purge_is_recorded_and_happens_once(world: World) {
    let installed = installed(&world).await;
    let harbor = world.organization("harbor").await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let user_admin = administrator(&installed, AdminRole::UserAdmin);
    let mut work = world.directory.begin(user_admin.clone()).await.unwrap();
    work.users().personal_data().purge(&harbor, &ana).await.unwrap();
    drop(work);
    let stored = world.store.repositories().users(harbor.id).by_id(ana.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&ana), "nothing is erased without a commit");

    let mut work = world.directory.begin(user_admin).await.unwrap();
    work.users().personal_data().record_export(&harbor, &ana).await.unwrap();
    let (address, purged) = work.users().personal_data().purge(&harbor, &ana).await.unwrap();
    assert_eq!(address.shown(), format!("purged-{}@purged.local", ana.id));
    assert_eq!(purged.audit_rows, 2, "of being created and exported");
    let again = work.users().personal_data().purge(&harbor, &ana).await;
    assert!(refused(again).contains("changed at the same moment"));
    work.commit().await.unwrap();

    let audit = world.audit().await;
    let mine: Vec<_> = audit.iter().filter(|event| event.user_id == Some(ana.id)).collect();
    let row = |name: &str| *mine.iter().find(|event| event.event_type == name).unwrap();
    assert_eq!(mine.len(), 3);
    assert_eq!(row("user.created").metadata, json!({ "userId": ana.id }));
    assert_eq!(row("user.data.exported").metadata["by"], "administrator");
    let row = row("user.purged");
    assert_eq!(row.organization_label.as_deref(), Some("harbor"));
    assert_eq!(row.actor_id, Some(installed.administrator.id));
    assert!(mine.iter().all(|event| !format!("{event:?}").contains("ana@")));
}

async fn whoever_administers_is_not_purged(world: World) {
    let installed = installed(&world).await;
    let lea = world.user(&installed.organization, "lea@admin.test").await;
    let text = "Cannot purge users belonging to the super-admin organization";
    for actor in [administrator(&installed, AdminRole::SuperAdmin), service(&installed), actor()] {
        let who = actor.label();
        let mut work = world.directory.begin(actor).await.unwrap();
        let outcome = work.users().personal_data().purge(&installed.organization, &lea).await;
        assert_eq!(refused(outcome), text, "{who}");
    }
}
