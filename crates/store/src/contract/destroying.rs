//! Deleting an organization: everything it owns goes with it, nothing else does, and the counts are the truth.

use std::sync::Arc;

use porta_core::branding::{AssetKind, BrandingAsset, PictureType};
use porta_core::client::Client;
use porta_core::one_time::TokenPurpose;
use porta_core::organization::CascadeCounts;
use porta_core::session::TokenFamily;
use porta_core::{BrandingAssetId, OrganizationId, Slug, TokenDigest, TokenFamilyId};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::applications::{claim, module, permission, role};
use super::fixture::{NOW, Tenant, TwoTenants, grant, one_round_trip, organization, user};
use crate::{Store, StoreError};

/// Gives acme's application parts, and acme a setting, a picture and a mailed link.
async fn furnish(w: &TwoTenants) {
    let (acme, app) = (w.acme.organization.id, w.acme.application.id);
    let mut all = w.repositories();
    let mut applications = all.applications(acme);
    applications.insert_module(&module(app, &w.entropy)).await.unwrap();
    for slug in ["reader", "writer"] {
        let role = role(app, slug, slug, &w.entropy);
        applications.insert_role(&role).await.unwrap();
        assert!(applications.assign_role(w.acme.user.id, role.id, None, NOW).await.unwrap());
    }
    for slug in ["a:b:c", "a:b:d", "a:b:e"] {
        applications.insert_permission(&permission(app, slug, &w.entropy)).await.unwrap();
    }
    let claim = claim(app, "department", &w.entropy);
    applications.insert_claim(&claim).await.unwrap();
    applications.set_claim_value(w.acme.user.id, claim.id, &json!("x"), NOW).await.unwrap();
    drop(applications);
    all.settings(Some(acme)).set("session_ttl", &json!(60), None, NOW).await.unwrap();
    let logo = BrandingAsset {
        id: BrandingAssetId::new(NOW, &w.entropy),
        kind: AssetKind::Logo,
        content_type: PictureType::Png,
        data: vec![1],
        created_at: NOW,
    };
    all.branding_assets(acme).put(&logo, None).await.unwrap();
    let link = w.link(TokenPurpose::PasswordReset);
    assert!(all.one_time_tokens(acme).issue(&link, &w.acme.user.email).await.unwrap());
}

/// A family of `person`'s user for `client`, which may be another organization's, with an access token.
async fn issue(w: &TwoTenants, person: &Tenant, client: &Client) -> TokenDigest {
    let (owner, mut all) = (person.organization.id, w.repositories());
    let wanted = grant(&person.user, client.id, &["openid"], &w.entropy);
    let stored = all.sessions(owner).extend_grant(None, &wanted, None).await.unwrap();
    let family = TokenFamily {
        id: TokenFamilyId::new(NOW, &w.entropy),
        organization_id: owner,
        client: client.id,
        user_id: person.user.id,
        grant_id: stored.id,
        session: person.session.id,
        ..w.family()
    };
    let access = w.access(family.id);
    assert!(all.tokens(owner).issue(&family, &access, None).await.unwrap());
    access.digest
}

pub async fn everything_goes_and_nothing_else(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    furnish(&w).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let mut all = w.repositories();
    let guests = Client { allowed_organizations: vec![other], ..w.acme.client.clone() };
    assert!(all.clients(acme).update(&guests).await.unwrap());
    let hosts = Client { allowed_organizations: vec![acme], ..w.other.client.clone() };
    assert!(all.clients(other).update(&hosts).await.unwrap());
    let as_a_guest = issue(&w, &w.other, &w.acme.client).await;
    let at_home = issue(&w, &w.other, &w.other.client).await;
    let own = issue(&w, &w.acme, &w.acme.client).await;
    all.audit().record(&w.event("org.updated")).await.unwrap();

    let expected = CascadeCounts {
        applications: 1,
        clients: 1,
        users: 1,
        roles: 2,
        permissions: 3,
        claim_definitions: 1,
    };
    let mut organizations = all.organizations();
    let preview = one_round_trip(&w.store, organizations.cascade_counts(acme)).await.unwrap();
    assert_eq!(preview, expected);
    assert_eq!(organizations.destroy(acme, NOW).await.unwrap(), Some(expected), "the preview is the effect");
    assert_eq!(organizations.destroy(acme, NOW).await.unwrap(), None);
    assert_eq!(organizations.cascade_counts(acme).await.unwrap(), CascadeCounts::default());
    assert_eq!(organizations.by_id(acme).await.unwrap(), None);
    drop(organizations);

    assert_eq!(all.users(acme).by_id(w.acme.user.id).await.unwrap(), None);
    assert_eq!(all.applications(acme).by_id(w.acme.application.id).await.unwrap(), None);
    assert_eq!(all.clients(acme).by_key(w.acme.client.id).await.unwrap(), None);
    assert_eq!(all.sessions(acme).by_id(w.acme.session.id).await.unwrap(), None);
    assert!(all.settings(Some(acme)).all().await.unwrap().is_empty());
    assert!(all.branding_assets(acme).summaries().await.unwrap().is_empty());
    assert_eq!(all.tokens(acme).access_facts(&own, NOW).await.unwrap(), None);
    let guest = all.tokens(other).access_facts(&as_a_guest, NOW).await.unwrap();
    assert_eq!(guest, None, "its clients' tokens of other organizations' people");
    assert!(w.events("org.updated").await > 0, "what was done stays known");

    assert_eq!(all.organizations().by_id(other).await.unwrap(), Some(w.other.organization.clone()));
    assert_eq!(all.users(other).by_id(w.other.user.id).await.unwrap().as_ref(), Some(&w.other.user));
    assert!(all.applications(other).by_id(w.other.application.id).await.unwrap().is_some());
    let theirs = all.clients(other).by_key(w.other.client.id).await.unwrap().unwrap();
    assert!(theirs.allowed_organizations.is_empty(), "it is nobody's guest any more");
    assert!(all.tokens(other).access_facts(&at_home, NOW).await.unwrap().is_some());

    // The name is free again, for an organization that has nothing of the one before.
    let again = organization("acme", &w.entropy);
    all.organizations().insert(&again).await.unwrap();
    assert_eq!(all.organizations().cascade_counts(again.id).await.unwrap(), CascadeCounts::default());
}

pub async fn what_stays(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let admin = Slug::parse("porta-admin").unwrap();
    let admin = all.organizations().by_slug(&admin).await.unwrap().unwrap();
    assert_eq!(all.organizations().destroy(admin.id, NOW).await.unwrap(), None);
    assert_eq!(all.organizations().by_id(admin.id).await.unwrap(), Some(admin));
    let nobody = OrganizationId::new(NOW, &w.entropy);
    assert_eq!(all.organizations().destroy(nobody, NOW).await.unwrap(), None);
    drop(all);

    // A unit of work that is given up has deleted nothing.
    let mut unit = w.store.begin().await.unwrap();
    assert!(unit.organizations().destroy(w.acme.organization.id, NOW).await.unwrap().is_some());
    assert_eq!(unit.organizations().by_id(w.acme.organization.id).await.unwrap(), None);
    drop(unit);
    let mut all = w.repositories();
    assert!(all.organizations().by_id(w.acme.organization.id).await.unwrap().is_some());
    assert_eq!(
        all.users(w.acme.organization.id).by_id(w.acme.user.id).await.unwrap().as_ref(),
        Some(&w.acme.user)
    );
}

/// More people than one statement deletes.
pub async fn many_people(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let mut unit = w.store.begin().await.unwrap();
    for n in 0..1_001 {
        let person = user(acme, &format!("u{n}@example.com"), &w.entropy);
        unit.users(acme).insert(&person).await.unwrap();
    }
    unit.commit().await.unwrap();
    let mut all = w.repositories();
    let preview = all.organizations().cascade_counts(acme).await.unwrap();
    assert_eq!(preview.users, 1_002);
    assert_eq!(all.organizations().destroy(acme, NOW).await.unwrap(), Some(preview));
    let other = all.users(w.other.organization.id).by_id(w.other.user.id).await.unwrap();
    assert_eq!(other.as_ref(), Some(&w.other.user));
}

/// People are added while the organization is deleted: each is deleted and counted, or is refused.
pub async fn racing_additions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let (start, mut tasks) = (Arc::new(Barrier::new(9)), JoinSet::new());
    for task in 0..8 {
        let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
        let people: Vec<_> =
            (0..6).map(|n| user(acme, &format!("u{task}-{n}@example.com"), &w.entropy)).collect();
        tasks.spawn(async move {
            start.wait().await;
            let mut added = 0_u64;
            for person in people {
                match store.repositories().users(acme).insert(&person).await {
                    Ok(()) => added += 1,
                    Err(error) => assert!(matches!(error, StoreError::MissingReference(_)), "{error:?}"),
                }
            }
            added
        });
    }
    start.wait().await;
    let counts = w.repositories().organizations().destroy(acme, NOW).await.unwrap().unwrap();
    let added: u64 = tasks.join_all().await.into_iter().sum();
    assert_eq!(counts.users, added + 1);
    assert_eq!(w.repositories().organizations().cascade_counts(acme).await.unwrap().users, 0);
}

pub async fn racing_to_destroy(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let (start, mut tasks) = (Arc::new(Barrier::new(6)), JoinSet::new());
    for _ in 0..6 {
        let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            store.repositories().organizations().destroy(acme, NOW).await.unwrap()
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().flatten().count(), 1, "{outcomes:?}");
}
