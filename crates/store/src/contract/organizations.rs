//! Tenants and settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use porta_core::organization::{LoginMethod, OrganizationStatus, TwoFactorPolicy};
use porta_core::{Slug, Version};
use serde_json::json;

use super::fixture::{MINUTE, NOW, TwoTenants, organization};
use crate::{Store, StoreError, StoredSetting};

pub async fn round_trip(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut o = w.acme.organization.clone();
    assert_eq!(all.organizations().by_slug(&o.slug).await.unwrap().as_ref(), Some(&o));
    o.name = "Acme Ltd".to_owned();
    o.branding.logo_url = Some("https://acme.example/logo".to_owned());
    o.branding.favicon_url = Some("https://acme.example/icon".to_owned());
    o.branding.company_name = Some("ACME".to_owned());
    o.branding.custom_css = Some("body{}".to_owned());
    o.default_locale = "de".to_owned();
    o.two_factor_policy = TwoFactorPolicy::RequiredAny;
    o.default_login_methods = vec![LoginMethod::MagicLink];
    o.updated_at = NOW + MINUTE;
    assert!(all.organizations().update(&o).await.unwrap());
    o.version = o.version.next();
    assert_eq!(all.organizations().by_id(o.id).await.unwrap(), Some(o.clone()));
    let missing = organization("missing", &w.entropy);
    assert!(!all.organizations().update(&missing).await.unwrap());
    assert_eq!(all.organizations().by_slug(&missing.slug).await.unwrap(), None);
    let taken = organization("acme", &w.entropy);
    let refused = all.organizations().insert(&taken).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(rule)) if rule == "organizations_slug"),
        "{refused:?}"
    );
    let seeded = all.organizations().by_slug(&Slug::parse("porta-admin").unwrap()).await.unwrap().unwrap();
    assert!(seeded.is_super_admin);
}

pub async fn status_moves_are_guarded(store: Arc<dyn Store>) {
    use OrganizationStatus::{Active, Archived, Suspended};
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let id = w.acme.organization.id;
    assert!(all.organizations().set_status(id, Active, Suspended, NOW + MINUTE).await.unwrap());
    assert!(!all.organizations().set_status(id, Active, Archived, NOW + MINUTE).await.unwrap());
    let now = all.organizations().by_id(id).await.unwrap().unwrap();
    assert_eq!((now.status, now.updated_at), (Suspended, NOW + MINUTE));
}

pub async fn pages(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut expected = BTreeSet::from([w.acme.organization.id, w.other.organization.id]);
    for n in 0..9 {
        // All at the same time: only the id breaks the tie.
        let o = organization(&format!("tie-{n}"), &w.entropy);
        all.organizations().insert(&o).await.unwrap();
        expected.insert(o.id);
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = all.organizations().page(after, 4).await.unwrap();
        assert!(page.items.len() <= 4);
        seen.extend(page.items.into_iter().filter(|o| !o.is_super_admin).map(|o| o.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), expected.len(), "no row twice");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected);
    // A page that ends exactly with the last row has no next page.
    let whole = all.organizations().page(None, 12).await.unwrap();
    assert_eq!((whole.items.len(), whole.next), (12, None));
}

pub async fn settings_have_owners(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (acme, other) = (Some(w.acme.organization.id), Some(w.other.organization.id));
    for (owner, value) in [(None, 1), (acme, 2)] {
        all.settings(owner).set("session_ttl", &json!(0), None, NOW).await.unwrap();
        let seen = Some(Version::FIRST);
        all.settings(owner).set("session_ttl", &json!(value), seen, NOW + MINUTE).await.unwrap();
    }
    assert_eq!(all.settings(None).all().await.unwrap().get("session_ttl"), Some(&json!(1)));
    assert_eq!(all.settings(acme).all().await.unwrap().get("session_ttl"), Some(&json!(2)));
    assert!(all.settings(other).all().await.unwrap().is_empty());
    let found = all.settings(acme).find("session_ttl").await.unwrap();
    let stored = StoredSetting { value: json!(2), version: Version::FIRST.next(), updated_at: NOW + MINUTE };
    assert_eq!(found.as_ref(), Some(&stored));
    let expected = BTreeMap::from([("session_ttl".to_owned(), stored)]);
    assert_eq!(all.settings(acme).stored().await.unwrap(), expected);
    assert!(all.settings(other).stored().await.unwrap().is_empty());
    assert_eq!(all.settings(other).find("session_ttl").await.unwrap(), None);
    assert!(!all.settings(other).unset("session_ttl").await.unwrap());
    assert!(all.settings(acme).unset("session_ttl").await.unwrap());
    assert!(!all.settings(acme).unset("session_ttl").await.unwrap());
    assert_eq!(all.settings(None).all().await.unwrap().len(), 1);
    assert!(all.settings(None).unset("session_ttl").await.unwrap());
}
