//! Applications, their children, and role and claim assignments.

use std::sync::Arc;

use porta_core::application::{
    ApplicationStatus, ClaimDefinition, ClaimType, Module, ModuleStatus, Permission, Role,
};
use porta_core::{
    ApplicationId, ClaimDefinitionId, ModuleId, OrganizationId, PermissionId, RoleId, SeededEntropy, Slug,
    Version,
};
use serde_json::json;

use super::fixture::{MINUTE, NOW, TwoTenants, application};
use crate::{Repositories, Store, StoreError, UpsertOutcome};

pub fn role(application: ApplicationId, slug: &str, name: &str, entropy: &SeededEntropy) -> Role {
    Role {
        id: RoleId::new(NOW, entropy),
        application_id: application,
        name: name.to_owned(),
        slug: Slug::for_role(slug).unwrap(),
        description: None,
        created_at: NOW,
        updated_at: NOW,
        version: Version::FIRST,
    }
}

pub fn permission(application: ApplicationId, slug: &str, entropy: &SeededEntropy) -> Permission {
    Permission {
        id: PermissionId::new(NOW, entropy),
        application_id: application,
        module_id: None,
        name: slug.to_owned(),
        slug: slug.to_owned(),
        description: None,
        created_at: NOW,
        version: Version::FIRST,
    }
}

pub fn claim(application: ApplicationId, name: &str, entropy: &SeededEntropy) -> ClaimDefinition {
    ClaimDefinition {
        id: ClaimDefinitionId::new(NOW, entropy),
        application_id: application,
        claim_name: name.to_owned(),
        display_name: None,
        claim_type: ClaimType::String,
        description: None,
        include_in_id_token: false,
        include_in_access_token: true,
        include_in_userinfo: true,
        created_at: NOW,
        updated_at: NOW,
        version: Version::FIRST,
    }
}

pub fn module(application: ApplicationId, entropy: &SeededEntropy) -> Module {
    Module {
        id: ModuleId::new(NOW, entropy),
        application_id: application,
        name: "Orders".to_owned(),
        slug: Slug::for_role("o").unwrap(),
        description: None,
        status: ModuleStatus::Active,
        created_at: NOW,
        updated_at: NOW,
        version: Version::FIRST,
    }
}

async fn super_admin(all: &mut dyn Repositories) -> OrganizationId {
    all.organizations().by_slug(&Slug::parse("porta-admin").unwrap()).await.unwrap().unwrap().id
}

fn is_missing<T>(result: &crate::Result<T>) -> bool {
    matches!(result, Err(StoreError::MissingReference(_)))
}

pub async fn own_before_shared(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let admin = super_admin(all.as_mut()).await;
    let shared = application(None, "shop", &w.entropy);
    let only_shared = application(None, "wiki", &w.entropy);
    all.applications(admin).insert(&shared).await.unwrap();
    all.applications(admin).insert(&only_shared).await.unwrap();
    let mut mine = w.acme.application.clone();
    let mut acme = all.applications(w.acme.organization.id);
    assert_eq!(acme.by_slug(&shared.slug).await.unwrap().as_ref(), Some(&mine));
    assert_eq!(acme.by_slug(&only_shared.slug).await.unwrap(), Some(only_shared.clone()));
    assert_eq!(acme.by_id(shared.id).await.unwrap().as_ref(), Some(&shared));
    assert_eq!(acme.by_id(w.other.application.id).await.unwrap(), None);
    mine.name = "Shop".to_owned();
    mine.description = Some("sells".to_owned());
    mine.updated_at = NOW + MINUTE;
    assert!(acme.update(&mine).await.unwrap());
    mine.version = mine.version.next();
    assert_eq!(acme.by_id(mine.id).await.unwrap(), Some(mine.clone()));
    let (active, inactive) = (ApplicationStatus::Active, ApplicationStatus::Inactive);
    assert!(acme.set_status(mine.id, active, inactive, NOW).await.unwrap());
    assert!(!acme.set_status(mine.id, active, inactive, NOW).await.unwrap());
    let again = application(Some(w.acme.organization.id), "shop", &w.entropy);
    assert!(matches!(acme.insert(&again).await, Err(StoreError::Conflict(_))));
    drop(acme);
    let again = application(None, "wiki", &w.entropy);
    assert!(matches!(all.applications(admin).insert(&again).await, Err(StoreError::Conflict(_))));
}

async fn of_slug(all: &mut dyn Repositories, slug: &Slug) -> Vec<ApplicationId> {
    let found = all.all_applications().by_slug(slug).await.unwrap();
    found.into_iter().map(|application| application.id).collect()
}

/// Operators name an application without its owner: the platform's comes first.
pub async fn what_a_slug_means(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let admin = super_admin(all.as_mut()).await;
    let slug = w.acme.application.slug.clone();
    // Both are of the same time, so the id decides.
    let mut tenants = [w.acme.application.id, w.other.application.id];
    tenants.sort();
    assert_eq!(of_slug(all.as_mut(), &slug).await, tenants);
    let shared = application(None, slug.as_str(), &w.entropy);
    all.applications(admin).insert(&shared).await.unwrap();
    assert_eq!(of_slug(all.as_mut(), &slug).await, [shared.id]);
    let own = application(Some(admin), slug.as_str(), &w.entropy);
    all.applications(admin).insert(&own).await.unwrap();
    assert_eq!(of_slug(all.as_mut(), &slug).await, [own.id]);
    let mut every = all.all_applications();
    assert!(every.by_slug(&Slug::parse("none").unwrap()).await.unwrap().is_empty());
    for known in [&w.acme.application, &w.other.application, &shared, &own] {
        assert_eq!(every.by_id(known.id).await.unwrap().as_ref(), Some(known));
    }
    assert_eq!(every.by_id(ApplicationId::new(NOW, &w.entropy)).await.unwrap(), None);
}

pub async fn only_the_super_admin_writes_shared(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let admin = super_admin(all.as_mut()).await;
    let mut shared = application(None, "wiki", &w.entropy);
    let (active, inactive) = (ApplicationStatus::Active, ApplicationStatus::Inactive);
    let r = role(shared.id, "reader", "Reader", &w.entropy);
    let mut acme = all.applications(w.acme.organization.id);
    assert!(is_missing(&acme.insert(&shared).await));
    let foreign = application(Some(w.other.organization.id), "mine-now", &w.entropy);
    assert!(is_missing(&acme.insert(&foreign).await));
    drop(acme);
    all.applications(admin).insert(&shared).await.unwrap();
    all.applications(admin).insert_role(&r).await.unwrap();
    shared.name = "Wiki".to_owned();
    let mut acme = all.applications(w.acme.organization.id);
    assert!(!acme.update(&shared).await.unwrap());
    assert!(!acme.update(&w.other.application).await.unwrap());
    assert!(!acme.set_status(shared.id, active, inactive, NOW).await.unwrap());
    assert!(!acme.set_status(w.other.application.id, active, inactive, NOW).await.unwrap());
    assert!(!acme.update_role(&r).await.unwrap());
    assert!(is_missing(&acme.insert_role(&role(shared.id, "owner", "Owner", &w.entropy)).await));
    // Reading a shared application and assigning its roles is allowed; changing it is not.
    assert_eq!(acme.roles(shared.id).await.unwrap(), std::slice::from_ref(&r));
    assert!(acme.assign_role(w.acme.user.id, r.id, None, NOW).await.unwrap());
    drop(acme);
    assert!(all.applications(admin).update(&shared).await.unwrap());
    assert!(all.applications(admin).set_status(shared.id, active, inactive, NOW).await.unwrap());
    // The super-admin organization writes shared applications, but not those of a tenant.
    assert!(!all.applications(admin).update(&w.acme.application).await.unwrap());
}

pub async fn children(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let app = w.acme.application.id;
    let mut acme = all.applications(w.acme.organization.id);
    let mut m = module(app, &w.entropy);
    acme.insert_module(&m).await.unwrap();
    m.name = "Invoices".to_owned();
    m.status = ModuleStatus::Inactive;
    assert!(acme.update_module(&m).await.unwrap());
    m.version = m.version.next();
    assert_eq!(acme.modules(app).await.unwrap(), [m.clone()]);
    assert!(matches!(acme.insert_module(&m).await, Err(StoreError::Conflict(_))));
    // Ordered by name, by code point: upper case first, on both databases.
    let mut roles = vec![
        role(app, "b", "b", &w.entropy),
        role(app, "a", "a", &w.entropy),
        role(app, "z", "Z", &w.entropy),
    ];
    for r in &roles {
        acme.insert_role(r).await.unwrap();
    }
    roles.sort_by(|x, y| x.name.cmp(&y.name));
    roles[0].description = Some("last letter".to_owned());
    roles[0].slug = Slug::for_role("omega").unwrap();
    roles[0].updated_at = NOW + MINUTE;
    assert!(acme.update_role(&roles[0]).await.unwrap());
    roles[0].version = roles[0].version.next();
    assert_eq!(acme.roles(app).await.unwrap(), roles);
    let mut p = Permission { module_id: Some(m.id), ..permission(app, "shop:order:read", &w.entropy) };
    acme.insert_permission(&p).await.unwrap();
    p.description = Some("reads orders".to_owned());
    assert!(acme.update_permission(&p).await.unwrap());
    p.version = p.version.next();
    assert_eq!(acme.permissions(app).await.unwrap(), [p.clone()]);
    assert!(acme.link_permission(roles[0].id, p.id, NOW).await.unwrap());
    assert!(!acme.link_permission(roles[0].id, p.id, NOW).await.unwrap());
    let mut c = claim(app, "department", &w.entropy);
    acme.insert_claim(&c).await.unwrap();
    c.claim_type = ClaimType::Json;
    c.display_name = Some("Department".to_owned());
    c.updated_at = NOW + MINUTE;
    c.include_in_id_token = true;
    assert!(acme.update_claim(&c).await.unwrap());
    c.version = c.version.next();
    assert_eq!(acme.claims(app).await.unwrap(), [c]);
}

pub async fn foreign_children(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let app = w.acme.application.id;
    let (m, r) = (module(app, &w.entropy), role(app, "reader", "Reader", &w.entropy));
    let (p, c) = (permission(app, "a:b:c", &w.entropy), claim(app, "department", &w.entropy));
    let mut other = all.applications(w.other.organization.id);
    assert!(is_missing(&other.insert_module(&m).await));
    assert!(is_missing(&other.insert_role(&r).await));
    assert!(is_missing(&other.insert_permission(&p).await));
    assert!(is_missing(&other.insert_claim(&c).await));
    drop(other);
    let mut acme = all.applications(w.acme.organization.id);
    acme.insert_module(&m).await.unwrap();
    acme.insert_role(&r).await.unwrap();
    acme.insert_permission(&p).await.unwrap();
    acme.insert_claim(&c).await.unwrap();
    drop(acme);
    let mut other = all.applications(w.other.organization.id);
    assert!(other.modules(app).await.unwrap().is_empty());
    assert!(other.roles(app).await.unwrap().is_empty());
    assert!(other.permissions(app).await.unwrap().is_empty());
    assert!(other.claims(app).await.unwrap().is_empty());
    assert!(!other.update_module(&m).await.unwrap());
    assert!(!other.update_role(&r).await.unwrap());
    assert!(!other.update_permission(&p).await.unwrap());
    assert!(!other.update_claim(&c).await.unwrap());
    assert!(is_missing(&other.link_permission(r.id, p.id, NOW).await));
    // A role and a permission of different applications cannot be linked.
    let q = permission(w.other.application.id, "a:b:c", &w.entropy);
    other.insert_permission(&q).await.unwrap();
    assert!(is_missing(&other.link_permission(r.id, q.id, NOW).await));
}

pub async fn roles_and_claims_of_people(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let app = w.acme.application.id;
    let (user, stranger) = (w.acme.user.id, w.other.user.id);
    let (r, c) = (role(app, "reader", "Reader", &w.entropy), claim(app, "department", &w.entropy));
    let mut acme = all.applications(w.acme.organization.id);
    acme.insert_role(&r).await.unwrap();
    acme.insert_claim(&c).await.unwrap();
    assert!(acme.assign_role(user, r.id, Some(user), NOW).await.unwrap());
    assert!(!acme.assign_role(user, r.id, None, NOW).await.unwrap());
    assert_eq!(acme.roles_of(user).await.unwrap(), std::slice::from_ref(&r));
    assert!(is_missing(&acme.assign_role(stranger, r.id, None, NOW).await));
    assert_eq!(acme.set_claim_value(user, c.id, &json!("one"), NOW).await.unwrap(), UpsertOutcome::Created);
    assert_eq!(
        acme.set_claim_value(user, c.id, &json!({"a": [1]}), NOW).await.unwrap(),
        UpsertOutcome::Updated
    );
    assert_eq!(acme.claim_value(user, c.id).await.unwrap(), Some(json!({"a": [1]})));
    assert!(is_missing(&acme.set_claim_value(stranger, c.id, &json!(1), NOW).await));
    drop(acme);
    let mut other = all.applications(w.other.organization.id);
    assert!(is_missing(&other.assign_role(user, r.id, None, NOW).await));
    assert!(is_missing(&other.assign_role(stranger, r.id, None, NOW).await), "the role is not theirs");
    assert!(other.roles_of(user).await.unwrap().is_empty());
    assert!(!other.remove_role(user, r.id).await.unwrap());
    assert!(is_missing(&other.set_claim_value(user, c.id, &json!(1), NOW).await));
    assert_eq!(other.claim_value(user, c.id).await.unwrap(), None);
    drop(other);
    let mut acme = all.applications(w.acme.organization.id);
    assert!(acme.remove_role(user, r.id).await.unwrap());
    assert!(!acme.remove_role(user, r.id).await.unwrap());
    assert!(acme.roles_of(user).await.unwrap().is_empty());
}
