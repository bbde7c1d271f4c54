//! Clients and their secrets.

use std::sync::Arc;

use porta_core::client::{
    ApplicationType, Client, ClientId, ClientSecret, ClientStatus, ClientType, GrantType, SecretStatus,
    TokenEndpointAuthMethod,
};
use porta_core::organization::{LoginMethod, OrganizationStatus};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{ClientSecretId, Timestamp};

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, client, one_round_trip};
use crate::{Catalog, ClientFacts, RegisteredAddresses, Store, StoreError};

pub(super) fn secret(w: &TwoTenants, of: &Client, created_at: Timestamp) -> ClientSecret {
    ClientSecret {
        id: ClientSecretId::new(created_at, &w.entropy),
        client: of.id,
        digest: w.digest(),
        label: Some("first".to_owned()),
        expires_at: Some(NOW + HOUR),
        status: SecretStatus::Active,
        last_used_at: None,
        created_at,
    }
}

pub async fn round_trip(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.clients(w.acme.organization.id);
    let mut c = w.acme.client.clone();
    assert_eq!(acme.by_key(c.id).await.unwrap().as_ref(), Some(&c));
    c.client_name = "Renamed".to_owned();
    c.client_type = ClientType::Public;
    c.application_type = ApplicationType::Spa;
    c.redirect_uris = vec!["https://a.example/".to_owned(), "https://b.example/?x=\"".to_owned()];
    c.post_logout_redirect_uris = vec!["https://a.example/out".to_owned()];
    c.grant_types = vec![GrantType::ClientCredentials, GrantType::AuthorizationCode];
    c.scope = "openid".to_owned();
    c.token_endpoint_auth_method = TokenEndpointAuthMethod::None;
    c.allowed_origins = Vec::new();
    c.require_pkce = false;
    c.login_methods = Some(vec![LoginMethod::MagicLink, LoginMethod::Password]);
    c.id_token_signed_response_alg = SigningAlgorithm::EdDsa;
    c.userinfo_signed_response_alg = Some(SigningAlgorithm::Rs256);
    c.standard_claims_in_id_token = true;
    c.allowed_organizations = vec![w.other.organization.id];
    c.updated_at = NOW + MINUTE;
    for _ in 0..2 {
        assert!(acme.update(&c).await.unwrap(), "the second time with the same list of organizations");
        c.version = c.version.next();
    }
    assert_eq!(acme.by_client_id(&c.client_id).await.unwrap().as_ref(), Some(&c));
    assert_eq!(acme.by_name(c.application_id, "Renamed").await.unwrap().as_ref(), Some(&c));
    c.allowed_organizations.clear();
    assert!(acme.update(&c).await.unwrap());
    c.version = c.version.next();
    assert_eq!(acme.by_key(c.id).await.unwrap().as_ref(), Some(&c));
    assert!(acme.set_status(c.id, ClientStatus::Active, ClientStatus::Revoked, NOW).await.unwrap());
    assert!(!acme.set_status(c.id, ClientStatus::Active, ClientStatus::Inactive, NOW).await.unwrap());
    let taken = client(w.acme.organization.id, c.application_id, "other-web", &w.entropy);
    let refused = acme.insert(&taken).await;
    assert!(
        matches!(&refused, Err(StoreError::Conflict(rule)) if rule == "clients_client_id"),
        "{refused:?}"
    );
    let mut with_guests = client(w.acme.organization.id, c.application_id, "guests", &w.entropy);
    with_guests.allowed_organizations = vec![w.other.organization.id];
    with_guests.standard_claims_in_id_token = true;
    // Fails if a grant type has no migration.
    with_guests.grant_types = GrantType::ALL.to_vec();
    acme.insert(&with_guests).await.unwrap();
    assert_eq!(acme.by_key(with_guests.id).await.unwrap().as_ref(), Some(&with_guests));
    let mut ids: Vec<_> = acme.page(None, 10).await.unwrap().items.iter().map(|c| c.id).collect();
    ids.sort();
    let mut expected = [c.id, with_guests.id];
    expected.sort();
    assert_eq!(ids, expected);
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut c = w.acme.client.clone();
    let s = secret(&w, &c, NOW);
    all.clients(w.acme.organization.id).insert_secret(&s).await.unwrap();
    let mut other = all.clients(w.other.organization.id);
    assert_eq!(other.by_key(c.id).await.unwrap(), None);
    assert_eq!(other.by_client_id(&c.client_id).await.unwrap(), None);
    assert_eq!(other.by_name(c.application_id, &c.client_name).await.unwrap(), None);
    assert_eq!(other.for_protocol(&c.client_id).await.unwrap(), None);
    assert_eq!(other.client_id_of(c.id).await.unwrap(), None);
    assert!(!other.set_status(c.id, ClientStatus::Active, ClientStatus::Revoked, NOW).await.unwrap());
    c.client_name = "Stolen".to_owned();
    c.allowed_organizations = vec![w.other.organization.id];
    assert!(!other.update(&c).await.unwrap());
    assert!(other.secrets(c.id).await.unwrap().is_empty());
    assert!(!other.revoke_secret(c.id, s.id).await.unwrap());
    other.touch_secrets(&[(s.id, NOW)]).await.unwrap();
    assert!(matches!(other.insert_secret(&secret(&w, &c, NOW)).await, Err(StoreError::MissingReference(_))));
    let foreign = client(w.acme.organization.id, c.application_id, "foreign", &w.entropy);
    assert!(matches!(other.insert(&foreign).await, Err(StoreError::MissingReference(_))));
    let foreign = client(w.other.organization.id, c.application_id, "foreign", &w.entropy);
    assert!(
        matches!(other.insert(&foreign).await, Err(StoreError::MissingReference(_))),
        "acme's application"
    );
    assert!(other.page(None, 10).await.unwrap().items.iter().all(|c| c.id == w.other.client.id));
    drop(other);
    let mut acme = all.clients(w.acme.organization.id);
    assert_eq!(acme.by_key(c.id).await.unwrap().as_ref(), Some(&w.acme.client));
    assert_eq!(acme.secrets(c.id).await.unwrap(), [s]);
}

pub async fn what_a_protocol_request_sees(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let mut c = w.acme.client.clone();
    let id = c.client_id.clone();
    let plain = ClientFacts {
        client: c.clone(),
        secrets: Vec::new(),
        catalog: Catalog::default(),
        tokens_valid_since: None,
    };
    assert_eq!(all.clients(acme).for_protocol(&id).await.unwrap(), Some(plain.clone()));
    let (old, new) = (secret(&w, &c, NOW), secret(&w, &c, NOW + MINUTE));
    let revoked = ClientSecret { status: SecretStatus::Revoked, ..secret(&w, &c, NOW) };
    for s in [&old, &new, &revoked] {
        all.clients(acme).insert_secret(s).await.unwrap();
    }
    let seen = one_round_trip(&w.store, all.clients(acme).for_protocol(&id)).await.unwrap().unwrap();
    assert_eq!(seen, ClientFacts { secrets: vec![new, old], ..plain });
    assert_eq!(all.clients(other).client_id_of(c.id).await.unwrap(), None);
    assert_eq!(all.clients(acme).for_protocol(&ClientId::parse("ACME-WEB").unwrap()).await.unwrap(), None);
    c.allowed_organizations = vec![other];
    all.clients(acme).update(&c).await.unwrap();
    assert_eq!(all.clients(other).for_protocol(&id).await.unwrap().map(|f| f.client.id), Some(c.id));
    assert_eq!(all.clients(other).client_id_of(c.id).await.unwrap().as_ref(), Some(&id), "a guest");
    let (active, suspended) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    all.organizations().set_status(acme, active, suspended, NOW).await.unwrap();
    assert_eq!(all.clients(other).for_protocol(&id).await.unwrap(), None, "its owner is suspended");
    all.organizations().set_status(acme, suspended, active, NOW).await.unwrap();
    all.clients(acme).set_status(c.id, ClientStatus::Active, ClientStatus::Inactive, NOW).await.unwrap();
    assert_eq!(all.clients(acme).for_protocol(&id).await.unwrap(), None);
    assert_eq!(all.clients(other).for_protocol(&id).await.unwrap(), None);
    assert_eq!(all.clients(acme).client_id_of(c.id).await.unwrap(), Some(id), "whatever its status");
}

/// `tokens_valid_since` is the latest change of status of the client, its owner, or the organization it is used under.
pub async fn what_counts_since_when(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    let c = Client { allowed_organizations: vec![other], ..w.acme.client.clone() };
    all.clients(acme).update(&c).await.unwrap();
    let since = async || {
        let mut all = w.repositories();
        let at_home = all.clients(acme).for_protocol(&c.client_id).await.unwrap().unwrap();
        let as_a_guest = all.clients(other).for_protocol(&c.client_id).await.unwrap().unwrap();
        (at_home.tokens_valid_since, as_a_guest.tokens_valid_since)
    };
    assert_eq!(since().await, (None, None));
    let (on, off) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    // Reactivation also counts: an instance that had not noticed the suspension issued tokens until then.
    let later = |minutes: u32| NOW + minutes * MINUTE;
    all.organizations().set_status(other, on, off, later(1)).await.unwrap();
    all.organizations().set_status(other, off, on, later(2)).await.unwrap();
    assert_eq!(since().await, (None, Some(later(2))), "the organization it is used under");
    let (active, inactive) = (ClientStatus::Active, ClientStatus::Inactive);
    all.clients(acme).set_status(c.id, active, inactive, later(3)).await.unwrap();
    all.clients(acme).set_status(c.id, inactive, active, later(4)).await.unwrap();
    assert_eq!(since().await, (Some(later(4)), Some(later(4))), "the client");
    assert!(!all.clients(acme).set_status(c.id, inactive, active, later(9)).await.unwrap());
    all.organizations().set_status(acme, on, off, later(5)).await.unwrap();
    all.organizations().set_status(acme, off, on, later(6)).await.unwrap();
    assert_eq!(since().await, (Some(later(6)), Some(later(6))), "its owner");
    let stored = all.clients(acme).by_key(c.id).await.unwrap().unwrap();
    let renamed = Client { client_name: "Renamed".to_owned(), ..stored };
    assert!(all.clients(acme).update(&renamed).await.unwrap());
    let stored = all.organizations().by_id(acme).await.unwrap().unwrap();
    assert!(all.organizations().update(&stored).await.unwrap());
    assert_eq!(since().await, (Some(later(6)), Some(later(6))), "a change of anything else ends nothing");
    let theirs = all.clients(other).for_protocol(&w.other.client.client_id).await.unwrap().unwrap();
    assert_eq!(theirs.tokens_valid_since, Some(later(2)), "and nobody else's");
}

pub async fn secrets(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let c = &w.acme.client;
    let mut acme = all.clients(w.acme.organization.id);
    let (mut old, mut new) = (secret(&w, c, NOW), secret(&w, c, NOW + MINUTE));
    new.expires_at = None;
    new.label = None;
    acme.insert_secret(&old).await.unwrap();
    acme.insert_secret(&new).await.unwrap();
    acme.touch_secrets(&[]).await.unwrap();
    let uses = [(old.id, NOW + MINUTE), (new.id, NOW + MINUTE), (old.id, NOW + HOUR), (old.id, NOW)];
    one_round_trip(&w.store, acme.touch_secrets(&uses)).await.unwrap();
    acme.touch_secrets(&[(old.id, NOW)]).await.unwrap();
    old.last_used_at = Some(NOW + HOUR);
    new.last_used_at = Some(NOW + MINUTE);
    assert_eq!(acme.secrets(c.id).await.unwrap(), [new.clone(), old.clone()]);
    assert!(acme.revoke_secret(c.id, old.id).await.unwrap());
    assert!(!acme.revoke_secret(c.id, old.id).await.unwrap());
    old.status = SecretStatus::Revoked;
    assert_eq!(acme.secrets(c.id).await.unwrap(), [new, old]);
}

pub async fn origins(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (owner, other) = (w.acme.organization.id, w.other.organization.id);
    let mut all = w.repositories();
    let found = all.clients(owner).registered_addresses().await.unwrap();
    assert_eq!(found.origins, w.acme.client.allowed_origins);
    assert_eq!(found.redirect_uris, w.acme.client.redirect_uris);
    let others = all.clients(other).registered_addresses().await.unwrap();
    assert_eq!(others.origins, w.other.client.allowed_origins, "nothing of another organization");

    // A client that another organization allows is included there too.
    let guest = Client { allowed_organizations: vec![other], ..w.acme.client.clone() };
    assert!(all.clients(owner).update(&guest).await.unwrap());
    let mut with_guest = all.clients(other).registered_addresses().await.unwrap();
    with_guest.origins.sort();
    let mut expected =
        [w.acme.client.allowed_origins.clone(), w.other.client.allowed_origins.clone()].concat();
    expected.sort();
    assert_eq!(with_guest.origins, expected);

    let (active, suspended) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    all.organizations().set_status(owner, active, suspended, NOW).await.unwrap();
    for organization in [owner, other] {
        let found = all.clients(organization).registered_addresses().await.unwrap();
        assert!(!found.origins.contains(&w.acme.client.allowed_origins[0]), "its owner is suspended");
    }
    all.organizations().set_status(owner, suspended, active, NOW).await.unwrap();
    let mut acme = all.clients(owner);
    acme.set_status(w.acme.client.id, ClientStatus::Active, ClientStatus::Inactive, NOW).await.unwrap();
    assert_eq!(acme.registered_addresses().await.unwrap(), RegisteredAddresses::default());
}
