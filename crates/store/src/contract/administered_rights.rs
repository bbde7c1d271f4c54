//! Roles, permissions and claims as operators administer them.

use std::sync::Arc;

use porta_core::application::{Application, Permission, Role};
use porta_core::user::User;
use porta_core::{ApplicationId, ClaimDefinitionId, OrganizationId, Slug, UserId};
use serde_json::json;
use tokio::sync::Barrier;

use super::applications::{claim, permission, role};
use super::fixture::{MINUTE, NOW, TwoTenants, application, one_round_trip, user};
use crate::{
    ALL_ROWS, DeleteOutcome, Direction, HolderSort, PageRequest, PageStart, Repositories, RoleHolder, Store,
    StoreError,
};

async fn super_admin(all: &mut dyn Repositories) -> OrganizationId {
    all.organizations().by_slug(&Slug::parse("porta-admin").unwrap()).await.unwrap().unwrap().id
}

/// A shared application with a role.
async fn shared(w: &TwoTenants) -> (OrganizationId, Application, Role) {
    let mut all = w.repositories();
    let admin = super_admin(all.as_mut()).await;
    let wiki = application(None, "wiki", &w.entropy);
    let reader = role(wiki.id, "reader", "Reader", &w.entropy);
    all.applications(admin).insert(&wiki).await.unwrap();
    all.applications(admin).insert_role(&reader).await.unwrap();
    (admin, wiki, reader)
}

async fn a_role(w: &TwoTenants, slug: &str, name: &str) -> Role {
    let new = role(w.acme.application.id, slug, name, &w.entropy);
    w.repositories().applications(w.acme.organization.id).insert_role(&new).await.unwrap();
    new
}

async fn a_permission(w: &TwoTenants, slug: &str) -> Permission {
    let new = permission(w.acme.application.id, slug, &w.entropy);
    w.repositories().applications(w.acme.organization.id).insert_permission(&new).await.unwrap();
    new
}

async fn link(w: &TwoTenants, role: &Role, permission: &Permission) {
    let mut all = w.repositories();
    let mut acme = all.applications(w.acme.organization.id);
    assert!(acme.link_permission(role.id, permission.id, NOW).await.unwrap());
}

async fn assign(w: &TwoTenants, user: UserId, role: &Role) {
    let mut all = w.repositories();
    let mut acme = all.applications(w.acme.organization.id);
    assert!(acme.assign_role(user, role.id, None, NOW).await.unwrap());
}

pub async fn who_may_change_a_role(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (admin, wiki, reader) = shared(&w).await;
    let own = a_role(&w, "reader", "Reader").await;
    let mut all = w.repositories();
    let mut organizations = all.organizations();
    assert_eq!(organizations.of_role(own.id).await.unwrap(), Some(w.acme.organization.clone()));
    assert_eq!(organizations.of_role(reader.id).await.unwrap().unwrap().id, admin, "shared");
    let missing = role(wiki.id, "none", "None", &w.entropy);
    assert_eq!(organizations.of_role(missing.id).await.unwrap(), None);
}

pub async fn single_ones(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (admin, wiki, shared_role) = shared(&w).await;
    let (app, elsewhere) = (w.acme.application.id, wiki.id);
    let (r, p) = (a_role(&w, "reader", "Reader").await, a_permission(&w, "a:b:c").await);
    let c = claim(app, "department", &w.entropy);
    let mut all = w.repositories();
    all.applications(w.acme.organization.id).insert_claim(&c).await.unwrap();
    let mut acme = all.rights(w.acme.organization.id);
    assert_eq!(acme.role(app, r.id).await.unwrap(), Some(r.clone()));
    assert_eq!(acme.permission(app, p.id).await.unwrap(), Some(p.clone()));
    assert_eq!(acme.claim(app, c.id).await.unwrap(), Some(c.clone()));
    assert_eq!(acme.visible_role(r.id).await.unwrap(), Some(r.clone()));
    assert_eq!(acme.visible_claim(c.id).await.unwrap(), Some(c.clone()));
    assert_eq!(acme.visible_role(shared_role.id).await.unwrap(), Some(shared_role.clone()), "shared");
    assert_eq!(acme.role(elsewhere, r.id).await.unwrap(), None, "of another application");
    assert_eq!(acme.permission(elsewhere, p.id).await.unwrap(), None);
    assert_eq!(acme.claim(elsewhere, c.id).await.unwrap(), None);
    drop(acme);
    for stranger in [w.other.organization.id, admin] {
        let mut theirs = all.rights(stranger);
        assert_eq!(theirs.role(app, r.id).await.unwrap(), None);
        assert_eq!(theirs.permission(app, p.id).await.unwrap(), None);
        assert_eq!(theirs.claim(app, c.id).await.unwrap(), None);
        assert_eq!(theirs.visible_role(r.id).await.unwrap(), None);
        assert_eq!(theirs.visible_claim(c.id).await.unwrap(), None);
    }
}

pub async fn links(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (b, a) = (a_role(&w, "first", "B").await, a_role(&w, "second", "A").await);
    let (write, read) = (a_permission(&w, "a:b:write").await, a_permission(&w, "a:b:read").await);
    for (role, permission) in [(&a, &write), (&a, &read), (&b, &read)] {
        link(&w, role, permission).await;
    }
    let mut all = w.repositories();
    let mut other = all.rights(w.other.organization.id);
    assert!(other.permissions_of_role(&a).await.unwrap().is_empty());
    assert!(other.roles_with_permission(&read).await.unwrap().is_empty());
    assert!(!other.unlink_permission(a.id, read.id).await.unwrap());
    drop(other);
    let mut acme = all.rights(w.acme.organization.id);
    assert_eq!(acme.permissions_of_role(&a).await.unwrap(), [read.clone(), write.clone()]);
    assert_eq!(acme.roles_with_permission(&read).await.unwrap(), [a.clone(), b.clone()]);
    assert!(acme.unlink_permission(a.id, read.id).await.unwrap());
    assert!(!acme.unlink_permission(a.id, read.id).await.unwrap());
    assert_eq!(acme.permissions_of_role(&a).await.unwrap(), [write]);
    assert_eq!(acme.roles_with_permission(&read).await.unwrap(), [b]);
}

fn is_stale<T>(result: &crate::Result<T>) -> bool {
    matches!(result, Err(StoreError::Stale(_)))
}

pub async fn deletions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let person = w.acme.user.id;
    let (r, p) = (a_role(&w, "reader", "Reader").await, a_permission(&w, "a:b:c").await);
    let c = claim(w.acme.application.id, "department", &w.entropy);
    link(&w, &r, &p).await;
    assign(&w, person, &r).await;
    let mut all = w.repositories();
    let mut apps = all.applications(w.acme.organization.id);
    apps.insert_claim(&c).await.unwrap();
    apps.set_claim_value(person, c.id, &json!("x"), NOW).await.unwrap();
    drop(apps);

    let mut other = all.rights(w.other.organization.id);
    assert_eq!(other.delete_role(&r, true).await.unwrap(), DeleteOutcome::Missing);
    assert_eq!(other.delete_permission(&p, true).await.unwrap(), DeleteOutcome::Missing);
    assert_eq!(other.delete_claim(&c).await.unwrap(), DeleteOutcome::Missing);
    drop(other);
    let mut acme = all.rights(w.acme.organization.id);
    let seen = Role { version: r.version.next(), ..r.clone() };
    assert!(is_stale(&acme.delete_role(&seen, true).await), "another version than the stored one");
    let elsewhere = Role { application_id: w.other.application.id, ..r.clone() };
    assert_eq!(acme.delete_role(&elsewhere, true).await.unwrap(), DeleteOutcome::Missing);
    assert_eq!(acme.delete_role(&r, false).await.unwrap(), DeleteOutcome::InUse(1));
    assert_eq!(acme.delete_permission(&p, false).await.unwrap(), DeleteOutcome::InUse(1));
    assert_eq!(acme.permissions_of_role(&r).await.unwrap(), std::slice::from_ref(&p), "nothing was deleted");

    assert_eq!(acme.delete_permission(&p, true).await.unwrap(), DeleteOutcome::Deleted);
    assert!(acme.permissions_of_role(&r).await.unwrap().is_empty());
    assert_eq!(acme.delete_permission(&p, true).await.unwrap(), DeleteOutcome::Missing);
    assert_eq!(acme.delete_role(&r, true).await.unwrap(), DeleteOutcome::Deleted);
    assert!(acme.roles_of_user(person).await.unwrap().is_empty());
    assert_eq!(acme.delete_role(&r, false).await.unwrap(), DeleteOutcome::Missing);
    assert_eq!(acme.delete_claim(&c).await.unwrap(), DeleteOutcome::Deleted);
    assert!(acme.values_of_user(person).await.unwrap().is_empty());
    assert_eq!(acme.delete_claim(&c).await.unwrap(), DeleteOutcome::Missing);
    drop(acme);
    let unused = a_role(&w, "unused", "Unused").await;
    let deleted = w.repositories().rights(w.acme.organization.id).delete_role(&unused, false).await;
    assert_eq!(deleted.unwrap(), DeleteOutcome::Deleted);
}

/// A refusal leaves the unit of work usable, and a deletion is part of it.
pub async fn deletions_in_a_unit(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let (used, unused) = (a_role(&w, "used", "Used").await, a_role(&w, "unused", "Unused").await);
    assign(&w, w.acme.user.id, &used).await;
    let mut unit = w.store.begin().await.unwrap();
    assert_eq!(unit.rights(org).delete_role(&used, false).await.unwrap(), DeleteOutcome::InUse(1));
    assert_eq!(unit.rights(org).delete_role(&unused, false).await.unwrap(), DeleteOutcome::Deleted);
    drop(unit);
    let kept = w.repositories().rights(org).role(unused.application_id, unused.id).await.unwrap();
    assert_eq!(kept, Some(unused.clone()), "without a commit");
    let mut unit = w.store.begin().await.unwrap();
    assert_eq!(unit.rights(org).delete_role(&used, false).await.unwrap(), DeleteOutcome::InUse(1));
    assert_eq!(unit.rights(org).delete_role(&unused, false).await.unwrap(), DeleteOutcome::Deleted);
    unit.commit().await.unwrap();
    let mut all = w.repositories();
    assert_eq!(all.rights(org).role(unused.application_id, unused.id).await.unwrap(), None);
    assert!(all.rights(org).role(used.application_id, used.id).await.unwrap().is_some());
}

const ROUNDS: usize = 30;

/// Somebody is given a role while it is deleted because nobody has it: one of the two is refused.
pub async fn racing_to_assign_what_is_deleted(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, person) = (w.acme.organization.id, w.acme.user.id);
    for round in 0..ROUNDS {
        let role = a_role(&w, &format!("role-{round}"), "Role").await;
        let start = Arc::new(Barrier::new(2));
        let (theirs, store, at) = (role.clone(), Arc::clone(&w.store), Arc::clone(&start));
        let deletion = tokio::spawn(async move {
            at.wait().await;
            store.repositories().rights(org).delete_role(&theirs, false).await
        });
        start.wait().await;
        let assigned = w.repositories().applications(org).assign_role(person, role.id, None, NOW).await;
        let deleted = deletion.await.unwrap();
        let is_consistent = matches!(
            (&assigned, &deleted),
            (Ok(true), Ok(DeleteOutcome::InUse(1)))
                | (Err(StoreError::MissingReference(_)), Ok(DeleteOutcome::Deleted))
        );
        assert!(is_consistent, "{assigned:?} {deleted:?}");
    }
}

fn request(direction: Direction, start: PageStart, limit: u32) -> PageRequest<HolderSort> {
    PageRequest { sort: HolderSort::AssignedAt, direction, start, limit }
}

async fn all_pages(
    w: &TwoTenants,
    (by, role): (OrganizationId, &Role),
    of: Option<OrganizationId>,
    direction: Direction,
) -> Vec<RoleHolder> {
    let (mut seen, mut page) = (Vec::new(), request(direction, PageStart::First, 2));
    loop {
        let found = w.repositories().rights(by).holders(role.id, of, &page).await.unwrap();
        seen.extend(found.items);
        let Some(next) = found.next else { return seen };
        page.start = PageStart::After(next);
    }
}

pub async fn holders(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (admin, _, reader) = shared(&w).await;
    let mut people: Vec<User> = vec![w.acme.user.clone(), w.other.user.clone()];
    let mut all = w.repositories();
    for n in 0..5 {
        let owner = if n % 2 == 0 { &w.acme } else { &w.other };
        let person = user(owner.organization.id, &format!("p{n}@example.com"), &w.entropy);
        all.users(owner.organization.id).insert(&person).await.unwrap();
        people.push(person);
    }
    // Equal times, so that the id decides.
    let mut expected = Vec::new();
    for (n, person) in people.iter().enumerate() {
        let assigned_at = if n < 4 { NOW } else { NOW + MINUTE };
        let by = (n == 0).then_some(person.id);
        let mut apps = all.applications(person.organization_id);
        assert!(apps.assign_role(person.id, reader.id, by, assigned_at).await.unwrap());
        let is_acme = person.organization_id == w.acme.organization.id;
        let organization = if is_acme { &w.acme.organization } else { &w.other.organization };
        expected.push(RoleHolder {
            user_id: person.id,
            role_id: reader.id,
            assigned_by: by,
            assigned_at,
            email: person.email.shown().to_owned(),
            given_name: person.profile.given_name.clone(),
            family_name: person.profile.family_name.clone(),
            organization_id: organization.id,
            organization_name: organization.name.clone(),
        });
    }
    expected.sort_by_key(|holder| (holder.assigned_at, holder.user_id));
    assert_eq!(all_pages(&w, (admin, &reader), None, Direction::Ascending).await, expected);
    expected.reverse();
    assert_eq!(all_pages(&w, (admin, &reader), None, Direction::Descending).await, expected);
    let mut rights = all.rights(admin);
    assert_eq!(rights.count_holders(reader.id, None, ALL_ROWS).await.unwrap(), 7);
    let page = request(Direction::Descending, PageStart::Offset(3), 2);
    let third = rights.holders(reader.id, None, &page).await.unwrap();
    assert_eq!(third.items, expected[3..5]);
    for owner in [w.acme.organization.id, w.other.organization.id] {
        let mut of_one = expected.clone();
        of_one.retain(|holder| holder.organization_id == owner);
        assert_eq!(
            all_pages(&w, (admin, &reader), Some(owner), Direction::Descending).await,
            of_one,
            "of one organization"
        );
        assert_eq!(
            rights.count_holders(reader.id, Some(owner), ALL_ROWS).await.unwrap(),
            u64::try_from(of_one.len()).unwrap()
        );
    }
    drop(rights);
    // A role of a tenant is nobody else's business.
    let own = a_role(&w, "own", "Own").await;
    assign(&w, w.acme.user.id, &own).await;
    for stranger in [w.other.organization.id, admin] {
        assert!(all_pages(&w, (stranger, &own), None, Direction::Ascending).await.is_empty());
        assert_eq!(all.rights(stranger).count_holders(own.id, None, ALL_ROWS).await.unwrap(), 0);
    }
    assert_eq!(all.rights(w.acme.organization.id).count_holders(own.id, None, ALL_ROWS).await.unwrap(), 1);
}

async fn a_claim(w: &TwoTenants, application: ApplicationId, name: &str) -> ClaimDefinitionId {
    let new = claim(application, name, &w.entropy);
    let mut all = w.repositories();
    let mut acme = all.applications(w.acme.organization.id);
    acme.insert_claim(&new).await.unwrap();
    acme.set_claim_value(w.acme.user.id, new.id, &json!({ "of": name }), NOW).await.unwrap();
    new.id
}

pub async fn what_a_user_has(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (person, app) = (w.acme.user.id, w.acme.application.id);
    let (b, a) = (a_role(&w, "first", "B").await, a_role(&w, "second", "A").await);
    let (write, read) = (a_permission(&w, "a:b:write").await, a_permission(&w, "a:b:read").await);
    for (role, permission) in [(&a, &write), (&a, &read), (&b, &read)] {
        link(&w, role, permission).await;
    }
    let (size, department) = (a_claim(&w, app, "size").await, a_claim(&w, app, "department").await);
    let mut all = w.repositories();
    let mut apps = all.applications(w.acme.organization.id);
    assert!(apps.assign_role(person, b.id, Some(person), NOW).await.unwrap());
    assert!(apps.assign_role(person, a.id, None, NOW + MINUTE).await.unwrap());
    apps.set_claim_value(person, size, &json!([1, null]), NOW + MINUTE).await.unwrap();
    drop(apps);

    let mut acme = all.rights(w.acme.organization.id);
    let held = one_round_trip(&w.store, acme.roles_of_user(person)).await.unwrap();
    let held: Vec<_> = held.into_iter().map(|one| (one.role, one.assigned_by, one.assigned_at)).collect();
    assert_eq!(held, [(a, None, NOW + MINUTE), (b, Some(person), NOW)]);
    let permissions = one_round_trip(&w.store, acme.permissions_of_user(person)).await.unwrap();
    assert_eq!(permissions, [read, write], "each once");
    let values = one_round_trip(&w.store, acme.values_of_user(person)).await.unwrap();
    let values: Vec<_> = values
        .into_iter()
        .map(|v| (v.user_id, v.definition.id, v.value, v.created_at, v.updated_at))
        .collect();
    let expected = [
        (person, department, json!({ "of": "department" }), NOW, NOW),
        (person, size, json!([1, null]), NOW, NOW + MINUTE),
    ];
    assert_eq!(values, expected);
    drop(acme);

    let mut other = all.rights(w.other.organization.id);
    assert!(other.roles_of_user(person).await.unwrap().is_empty());
    assert!(other.permissions_of_user(person).await.unwrap().is_empty());
    assert!(other.values_of_user(person).await.unwrap().is_empty());
    assert!(!other.delete_value(person, size).await.unwrap());
    drop(other);
    let mut acme = all.rights(w.acme.organization.id);
    assert!(acme.delete_value(person, size).await.unwrap());
    assert!(!acme.delete_value(person, size).await.unwrap());
    assert_eq!(acme.values_of_user(person).await.unwrap().len(), 1);
}
