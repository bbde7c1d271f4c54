//! What belongs to the entities of a page.

use std::sync::Arc;

use porta_core::application::Role;
use porta_core::client::{ClientSecret, SecretStatus};
use porta_core::{
    ApplicationId, ClaimDefinitionId, ClientKey, ClientSecretId, OrganizationId, PermissionId, RoleId,
    Timestamp,
};
use serde_json::json;

use super::applications::{claim, module, permission, role};
use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, client, one_round_trip, user};
use crate::{ApplicationCounts, OrganizationCounts, RoleCounts, SecretCounts, Store};

pub async fn of_organizations(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let nobody = OrganizationId::new(NOW, &w.entropy);
    let mut all = w.repositories();
    for n in 0..3 {
        all.users(acme).insert(&user(acme, &format!("u{n}@example.com"), &w.entropy)).await.unwrap();
    }
    let second = client(acme, w.acme.application.id, "second", &w.entropy);
    all.clients(acme).insert(&second).await.unwrap();
    let mut organizations = all.organizations();
    let found = one_round_trip(&w.store, organizations.counts(&[acme, nobody, other])).await.unwrap();
    assert_eq!(found[&acme], OrganizationCounts { users: 4, clients: 2 });
    assert_eq!(found[&other], OrganizationCounts { users: 1, clients: 1 });
    assert_eq!(found[&nobody], OrganizationCounts::default());
    assert_eq!(organizations.counts(&[other]).await.unwrap().len(), 1, "of a page only");
    let before = w.store.round_trips();
    assert!(organizations.counts(&[]).await.unwrap().is_empty());
    assert_eq!(w.store.round_trips(), before, "nothing is asked about an empty page");
}

pub async fn of_applications(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (own, theirs) = (w.acme.application.id, w.other.application.id);
    let nothing = ApplicationId::new(NOW, &w.entropy);
    let mut all = w.repositories();
    let mut acme = all.applications(w.acme.organization.id);
    acme.insert_module(&module(own, &w.entropy)).await.unwrap();
    for slug in ["a", "b"] {
        acme.insert_role(&role(own, slug, slug, &w.entropy)).await.unwrap();
    }
    drop(acme);
    let mut every = all.all_applications();
    let found = one_round_trip(&w.store, every.counts(&[own, theirs, nothing])).await.unwrap();
    assert_eq!(found[&own], ApplicationCounts { modules: 1, clients: 1, roles: 2 });
    assert_eq!(found[&theirs], ApplicationCounts { modules: 0, clients: 1, roles: 0 });
    assert_eq!(found[&nothing], ApplicationCounts::default());
}

pub async fn of_roles_permissions_and_claims(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (owner, application) = (w.acme.organization.id, w.acme.application.id);
    let roles: Vec<Role> =
        ["a", "b"].into_iter().map(|slug| role(application, slug, slug, &w.entropy)).collect();
    let (read, write) =
        (permission(application, "x:y:read", &w.entropy), permission(application, "x:y:write", &w.entropy));
    let (team, level) = (claim(application, "team", &w.entropy), claim(application, "level", &w.entropy));
    let mut all = w.repositories();
    let colleague = user(owner, "u1@example.com", &w.entropy);
    all.users(owner).insert(&colleague).await.unwrap();
    let mut acme = all.applications(owner);
    for role in &roles {
        acme.insert_role(role).await.unwrap();
    }
    for permission in [&read, &write] {
        acme.insert_permission(permission).await.unwrap();
    }
    for claim in [&team, &level] {
        acme.insert_claim(claim).await.unwrap();
    }
    for (role, permission) in [(0, &read), (0, &write), (1, &read)] {
        assert!(acme.link_permission(roles[role].id, permission.id, NOW).await.unwrap());
    }
    for user in [w.acme.user.id, colleague.id] {
        assert!(acme.assign_role(user, roles[0].id, None, NOW).await.unwrap());
    }
    acme.set_claim_value(colleague.id, team.id, &json!("blue"), NOW).await.unwrap();
    drop(acme);

    let mut every = all.all_applications();
    let nothing = RoleId::new(NOW, &w.entropy);
    let ids = [roles[0].id, roles[1].id, nothing];
    let found = one_round_trip(&w.store, every.role_counts(&ids)).await.unwrap();
    let expected = [(2, 2), (1, 0), (0, 0)].map(|(permissions, users)| RoleCounts { permissions, users });
    assert_eq!(ids.map(|id| found[&id]), expected);
    let ids = [read.id, write.id, PermissionId::new(NOW, &w.entropy)];
    let found = one_round_trip(&w.store, every.permission_counts(&ids)).await.unwrap();
    assert_eq!(ids.map(|id| found[&id]), [2, 1, 0]);
    let ids = [team.id, level.id, ClaimDefinitionId::new(NOW, &w.entropy)];
    let found = one_round_trip(&w.store, every.claim_counts(&ids)).await.unwrap();
    assert_eq!(ids.map(|id| found[&id]), [1, 0, 0]);
}

pub async fn of_secrets(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let owner = w.acme.organization.id;
    let mut all = w.repositories();
    let mut acme = all.clients(owner);
    let soon = NOW + MINUTE;
    for (expires_at, status, last_used_at) in [
        (None, SecretStatus::Active, None),
        (Some(NOW + HOUR), SecretStatus::Active, Some(NOW)),
        (Some(soon), SecretStatus::Active, None),
        (Some(NOW), SecretStatus::Active, Some(soon)),
        (Some(soon), SecretStatus::Revoked, None),
    ] {
        let secret = ClientSecret {
            id: ClientSecretId::new(NOW, &w.entropy),
            client: w.acme.client.id,
            digest: w.digest(),
            label: None,
            expires_at,
            status,
            last_used_at,
            created_at: NOW,
        };
        acme.insert_secret(&secret).await.unwrap();
    }
    drop(acme);
    let (own, theirs) = (w.acme.client.id, w.other.client.id);
    let nothing = ClientKey::new(NOW, &w.entropy);
    let at = |now: Timestamp, usable, next_expiry| {
        (now, SecretCounts { usable, next_expiry, last_used_at: Some(soon) })
    };
    let mut clients = all.all_clients();
    for (now, expected) in [
        at(NOW, 3, Some(soon)),
        // What expires at this time has expired.
        at(soon, 2, Some(NOW + HOUR)),
        at(NOW + HOUR, 1, None),
    ] {
        let found =
            one_round_trip(&w.store, clients.secret_counts(&[own, theirs, nothing], now)).await.unwrap();
        assert_eq!(found[&own], expected);
        assert_eq!((found[&theirs], found[&nothing]), (SecretCounts::default(), SecretCounts::default()));
    }
}
