//! Updates that are based on an older state: the error `Stale`, and of two writers one wins.

use std::sync::Arc;

use porta_core::application::{Application, ApplicationStatus, ClaimDefinition, Module, Permission, Role};
use porta_core::branding::{AssetKind, BrandingAsset, PictureType};
use porta_core::client::{Client, ClientStatus};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::user::{PasswordHash, Profile, User, UserStatus};
use porta_core::{BrandingAssetId, Version};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::applications::{claim, module, permission, role};
use super::fixture::{MINUTE, NOW, TwoTenants, session, totp};
use crate::{Result, Store, StoreError};

fn is_stale<T>(result: &Result<T>) -> bool {
    matches!(result, Err(StoreError::Stale(_)))
}

pub async fn organizations(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let read = w.acme.organization.clone();
    assert!(
        all.organizations().update(&Organization { name: "First".to_owned(), ..read.clone() }).await.unwrap()
    );
    let second = Organization { name: "Second".to_owned(), ..read.clone() };
    let refused = all.organizations().update(&second).await;
    assert!(is_stale(&refused), "{refused:?}");
    let stored = all.organizations().by_id(read.id).await.unwrap().unwrap();
    assert_eq!((stored.name.as_str(), stored.version), ("First", read.version.next()));
    let ahead = Organization { version: stored.version.next(), ..second };
    assert!(is_stale(&all.organizations().update(&ahead).await), "a version that does not exist yet");
    // A change of status is a change.
    let (from, to) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    assert!(all.organizations().set_status(read.id, from, to, NOW).await.unwrap());
    assert!(is_stale(&all.organizations().update(&stored).await));
    let stored = all.organizations().by_id(read.id).await.unwrap().unwrap();
    assert!(all.organizations().set_status(read.id, to, to, NOW).await.unwrap(), "the same status is none");
    assert!(all.organizations().update(&stored).await.unwrap());
}

pub async fn applications(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.applications(w.acme.organization.id);
    let read = w.acme.application.clone();
    assert!(acme.update(&Application { name: "First".to_owned(), ..read.clone() }).await.unwrap());
    let refused = acme.update(&Application { name: "Second".to_owned(), ..read.clone() }).await;
    assert!(is_stale(&refused), "{refused:?}");
    let stored = acme.by_id(read.id).await.unwrap().unwrap();
    assert_eq!((stored.name.as_str(), stored.version), ("First", read.version.next()));
    let (from, to) = (ApplicationStatus::Active, ApplicationStatus::Inactive);
    assert!(acme.set_status(read.id, from, to, NOW).await.unwrap());
    assert!(is_stale(&acme.update(&stored).await));
    drop(acme);
    let mut other = all.applications(w.other.organization.id);
    assert!(!other.update(&read).await.unwrap(), "for another organization there is no such application");
}

pub async fn parts_of_applications(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.applications(w.acme.organization.id);
    let app = w.acme.application.id;

    let m = module(app, &w.entropy);
    acme.insert_module(&m).await.unwrap();
    assert!(acme.update_module(&Module { name: "First".to_owned(), ..m.clone() }).await.unwrap());
    assert!(is_stale(&acme.update_module(&Module { name: "Second".to_owned(), ..m.clone() }).await));
    let stored = acme.modules(app).await.unwrap().remove(0);
    assert_eq!((stored.name.as_str(), stored.version), ("First", m.version.next()));

    let r = role(app, "reader", "Reader", &w.entropy);
    acme.insert_role(&r).await.unwrap();
    assert!(acme.update_role(&Role { name: "First".to_owned(), ..r.clone() }).await.unwrap());
    assert!(is_stale(&acme.update_role(&Role { name: "Second".to_owned(), ..r.clone() }).await));
    let stored = acme.roles(app).await.unwrap().remove(0);
    assert_eq!((stored.name.as_str(), stored.version), ("First", r.version.next()));

    let p = permission(app, "a:b:c", &w.entropy);
    acme.insert_permission(&p).await.unwrap();
    assert!(acme.update_permission(&Permission { name: "First".to_owned(), ..p.clone() }).await.unwrap());
    assert!(is_stale(&acme.update_permission(&Permission { name: "Second".to_owned(), ..p.clone() }).await));
    let stored = acme.permissions(app).await.unwrap().remove(0);
    assert_eq!((stored.name.as_str(), stored.version), ("First", p.version.next()));

    let c = claim(app, "department", &w.entropy);
    acme.insert_claim(&c).await.unwrap();
    let described = |text: &str| ClaimDefinition { description: Some(text.to_owned()), ..c.clone() };
    assert!(acme.update_claim(&described("First")).await.unwrap());
    assert!(is_stale(&acme.update_claim(&described("Second")).await));
    let stored = acme.claims(app).await.unwrap().remove(0);
    assert_eq!((stored.description.as_deref(), stored.version), (Some("First"), c.version.next()));
}

pub async fn clients(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.clients(w.acme.organization.id);
    let read = w.acme.client.clone();
    let first = Client { allowed_organizations: vec![w.other.organization.id], ..read.clone() };
    assert!(acme.update(&first).await.unwrap());
    let refused = acme.update(&Client { client_name: "Second".to_owned(), ..read.clone() }).await;
    assert!(is_stale(&refused), "{refused:?}");
    let stored = acme.by_key(read.id).await.unwrap().unwrap();
    let expected = Client { version: read.version.next(), ..first };
    assert_eq!(stored, expected, "a refused update leaves the guests alone, too");
    assert!(acme.set_status(read.id, ClientStatus::Active, ClientStatus::Inactive, NOW).await.unwrap());
    assert!(is_stale(&acme.update(&stored).await));
}

pub async fn users(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, read) = (w.acme.organization.id, w.acme.user.clone());
    let named = |name: &str, user: &User| User {
        profile: Profile { given_name: Some(name.to_owned()), ..Profile::default() },
        ..user.clone()
    };
    let mut all = w.repositories();
    assert!(all.users(org).update(&named("First", &read)).await.unwrap());
    let refused = all.users(org).update(&named("Second", &read)).await;
    assert!(is_stale(&refused), "{refused:?}");
    let mut before = all.users(org).by_id(read.id).await.unwrap().unwrap();
    assert_eq!(before.profile.given_name.as_deref(), Some("First"));
    assert_eq!(before.version, read.version.next());

    let unverified = User { email_verified: false, ..before.clone() };
    assert!(all.users(org).update(&unverified).await.unwrap());
    before = all.users(org).by_id(read.id).await.unwrap().unwrap();

    // Every change that operators may see makes what they read before it stale.
    let (active, suspended) = (UserStatus::Active, UserStatus::Suspended);
    for change in 0..7 {
        let hash = PasswordHash::trusted(format!("$argon2id${change}"));
        let changed = match change {
            0 => all.users(org).set_status(read.id, active, suspended, None, NOW).await,
            1 => all.users(org).set_status(read.id, suspended, active, None, NOW).await,
            2 => all.users(org).set_password(read.id, Some(&hash), true, NOW).await,
            3 => all.users(org).verify_email(read.id, NOW).await,
            4 => all.users(org).recover_password(read.id, &hash, NOW).await,
            5 => all.second_factors(org).enrol_totp(&totp(&read, &w.entropy), None).await,
            _ => all.second_factors(org).disable(read.id, NOW).await,
        };
        assert!(changed.unwrap(), "{change}");
        assert!(is_stale(&all.users(org).update(&before).await), "{change}");
        let after = all.users(org).by_id(read.id).await.unwrap().unwrap();
        assert_eq!(after.version, before.version.next(), "{change}");
        before = after;
    }

    // A sign-in is none: it must not refuse what an operator is editing.
    let (event, new) = (w.event("user.login.password"), session(&before, &w.entropy));
    assert!(all.users(org).record_sign_in(&before, MINUTE, &new, &event).await.unwrap());
    assert!(
        all.users(org).verify_email(read.id, NOW).await.unwrap(),
        "by a mailed link, to a verified address"
    );
    assert_eq!(all.users(org).count_factor_failure(read.id).await.unwrap(), Some(1));
    assert!(all.users(org).update(&named("Third", &before)).await.unwrap());
}

pub async fn settings(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    for owner in [None, Some(w.acme.organization.id)] {
        let mut settings = all.settings(owner);
        settings.set("session_ttl", &json!(1), None, NOW).await.unwrap();
        assert!(is_stale(&settings.set("session_ttl", &json!(2), None, NOW).await), "it was set since");
        settings.set("session_ttl", &json!(3), Some(Version::FIRST), NOW).await.unwrap();
        assert!(is_stale(&settings.set("session_ttl", &json!(4), Some(Version::FIRST), NOW).await));
        let stored = settings.find("session_ttl").await.unwrap().unwrap();
        assert_eq!((stored.value, stored.version), (json!(3), Version::FIRST.next()));
        assert!(settings.unset("session_ttl").await.unwrap());
        assert!(is_stale(&settings.set("session_ttl", &json!(5), Some(stored.version), NOW).await));
        assert_eq!(settings.find("session_ttl").await.unwrap(), None);
    }
}

fn picture(w: &TwoTenants, data: &[u8]) -> BrandingAsset {
    BrandingAsset {
        id: BrandingAssetId::new(NOW, &w.entropy),
        kind: AssetKind::Logo,
        content_type: PictureType::Png,
        data: data.to_vec(),
        created_at: NOW,
    }
}

pub async fn pictures(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut assets = all.branding_assets(w.acme.organization.id);
    let (first, second, third) = (picture(&w, b"1"), picture(&w, b"2"), picture(&w, b"3"));
    assert!(is_stale(&assets.put(&first, Some(second.id)).await), "there is none to replace");
    assets.put(&first, None).await.unwrap();
    assert!(is_stale(&assets.put(&second, None).await), "one was added since");
    assets.put(&second, Some(first.id)).await.unwrap();
    assert!(is_stale(&assets.put(&third, Some(first.id)).await), "it was replaced since");
    assert_eq!(assets.find(AssetKind::Logo).await.unwrap(), Some(second));
}

const ROUNDS: usize = 20;
const WRITERS: usize = 8;

/// Eight writers read the same state and write at once: one wins in each round, and the others learn that they did not.
pub async fn racing_writers(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let id = w.acme.organization.id;
    for round in 0..ROUNDS {
        let (start, mut tasks) = (Arc::new(Barrier::new(WRITERS)), JoinSet::new());
        let organization = w.repositories().organizations().by_id(id).await.unwrap().unwrap();
        for n in 0..WRITERS {
            let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
            let mine = Organization { name: format!("{round}-{n}"), ..organization.clone() };
            tasks.spawn(async move {
                start.wait().await;
                (mine.name.clone(), store.repositories().organizations().update(&mine).await)
            });
        }
        let outcomes = tasks.join_all().await;
        let winners: Vec<_> = outcomes.iter().filter(|(_, result)| matches!(result, Ok(true))).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        assert_eq!(
            outcomes.iter().filter(|(_, result)| is_stale(result)).count(),
            WRITERS - 1,
            "{outcomes:?}"
        );
        let stored = w.repositories().organizations().by_id(id).await.unwrap().unwrap();
        assert_eq!((&stored.name, stored.version), (&winners[0].0, organization.version.next()));
    }
}

/// The same with a setting that nobody has set, and with a client, whose list of guests is a table of its own.
pub async fn racing_for_settings_and_guests(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, key) = (w.acme.organization.id, w.acme.client.id);
    for round in 0..ROUNDS {
        let (start, mut tasks) = (Arc::new(Barrier::new(WRITERS)), JoinSet::new());
        let client = w.repositories().clients(org).by_key(key).await.unwrap().unwrap();
        for n in 0..WRITERS {
            let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
            let guests = if n % 2 == 0 { vec![w.other.organization.id] } else { Vec::new() };
            let mine = Client { client_name: n.to_string(), allowed_organizations: guests, ..client.clone() };
            let setting = format!("key-{round}");
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                let set = all.settings(Some(org)).set(&setting, &json!(n), None, NOW).await;
                let updated = all.clients(org).update(&mine).await;
                (n, set, updated, mine)
            });
        }
        let outcomes = tasks.join_all().await;
        let set: Vec<_> = outcomes.iter().filter(|(_, set, ..)| set.is_ok()).map(|(n, ..)| *n).collect();
        assert_eq!(set.len(), 1, "{outcomes:?}");
        assert_eq!(outcomes.iter().filter(|(_, set, ..)| is_stale(set)).count(), WRITERS - 1, "{outcomes:?}");
        let stored =
            w.repositories().settings(Some(org)).find(&format!("key-{round}")).await.unwrap().unwrap();
        assert_eq!(stored.value, json!(set[0]));
        let updated: Vec<_> =
            outcomes.iter().filter(|(_, _, updated, _)| matches!(updated, Ok(true))).collect();
        assert_eq!(updated.len(), 1, "{outcomes:?}");
        let stored = w.repositories().clients(org).by_key(key).await.unwrap().unwrap();
        let expected = Client { version: client.version.next(), ..updated[0].3.clone() };
        assert_eq!(stored, expected, "name and guests are those of the winner");
    }
}
