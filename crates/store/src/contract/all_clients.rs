//! Clients as operators name and list them: without their organization.

use std::collections::BTreeSet;
use std::sync::Arc;

use porta_core::client::{Client, ClientId, ClientSecret, ClientStatus, ClientType, SecretStatus};
use porta_core::organization::LoginMethod;
use porta_core::{ClientKey, ClientSecretId, Timestamp};

use super::fixture::{HOUR, MINUTE, NOW, Tenant, TwoTenants, client, one_round_trip};
use crate::{
    ALL_ROWS, ClientFilter, ClientSort, Direction, FoundClient, ListedClient, PageRequest, PageStart, Store,
};

fn found(tenant: &Tenant) -> FoundClient {
    FoundClient {
        client: tenant.client.clone(),
        organization: tenant.organization.clone(),
        application_name: tenant.application.name.clone(),
    }
}

pub async fn found_by_key_or_identifier(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let nobody = ClientId::parse("nobody").unwrap();
    let unknown = ClientKey::new(NOW, &w.entropy);
    for tenant in [&w.acme, &w.other] {
        let (key, id) = (tenant.client.id, &tenant.client.client_id);
        for (key, id) in [(Some(key), &nobody), (None, id), (Some(unknown), id), (Some(key), id)] {
            let seen = one_round_trip(&w.store, all.all_clients().find(key, id)).await.unwrap();
            assert_eq!(seen, Some(found(tenant)), "{key:?} {id}");
        }
    }
    for key in [None, Some(unknown)] {
        assert_eq!(all.all_clients().find(key, &nobody).await.unwrap(), None);
    }
    let upper = ClientId::parse("ACME-WEB").unwrap();
    assert_eq!(all.all_clients().find(None, &upper).await.unwrap(), None, "identifiers have a case");
    // An identifier may look like a key; the key comes first.
    let taken = w.acme.client.id.to_string();
    let other = w.other.organization.id;
    let twin = client(other, w.other.application.id, &taken, &w.entropy);
    all.clients(other).insert(&twin).await.unwrap();
    let seen = all.all_clients().find(Some(w.acme.client.id), &twin.client_id).await.unwrap();
    assert_eq!(seen, Some(found(&w.acme)));
    let seen = all.all_clients().find(Some(unknown), &twin.client_id).await.unwrap();
    assert_eq!(seen.map(|found| found.client), Some(twin));
    // Whatever its status, and with those who may use it.
    let changed = Client { allowed_organizations: vec![other], ..w.acme.client.clone() };
    let mut acme = all.clients(w.acme.organization.id);
    assert!(acme.update(&changed).await.unwrap());
    assert!(acme.set_status(changed.id, ClientStatus::Active, ClientStatus::Revoked, NOW).await.unwrap());
    drop(acme);
    let seen = all.all_clients().find(Some(changed.id), &nobody).await.unwrap().unwrap().client;
    assert_eq!((seen.status, seen.allowed_organizations), (ClientStatus::Revoked, vec![other]));
}

/// Clients of both organizations, with equal and different names and times.
async fn several(w: &TwoTenants) -> Vec<Client> {
    let mut clients = vec![w.acme.client.clone(), w.other.client.clone()];
    for (n, name) in ["B", "a", "B", "\u{c9}", "C", "A"].into_iter().enumerate() {
        let tenant = if n % 2 == 0 { &w.acme } else { &w.other };
        let owner = tenant.organization.id;
        let later = Timestamp::from_seconds(NOW.seconds() + i64::try_from(n / 2).unwrap());
        let client = Client {
            client_name: name.to_owned(),
            created_at: later,
            updated_at: later,
            ..client(owner, tenant.application.id, &format!("c{n}"), &w.entropy)
        };
        w.repositories().clients(owner).insert(&client).await.unwrap();
        clients.push(client);
    }
    clients
}

pub async fn pages_of_all_organizations(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let all = several(&w).await;
    let mut repositories = w.repositories();
    for sort in [ClientSort::ClientName, ClientSort::CreatedAt] {
        for direction in [Direction::Ascending, Direction::Descending] {
            let mut expected = all.clone();
            match sort {
                ClientSort::ClientName => {
                    expected.sort_by(|a, b| (&a.client_name, a.id).cmp(&(&b.client_name, b.id)));
                }
                ClientSort::CreatedAt => expected.sort_by_key(|c| (c.created_at, c.id)),
            }
            if direction == Direction::Descending {
                expected.reverse();
            }
            let (mut seen, mut start) = (Vec::new(), PageStart::First);
            loop {
                let request = PageRequest { sort, direction, start, limit: 3 };
                let page = repositories.all_clients().list(&ClientFilter::default(), &request).await.unwrap();
                seen.extend(page.items.into_iter().map(|row| row.client));
                let Some(next) = page.next else { break };
                start = PageStart::After(next);
            }
            assert_eq!(seen, expected, "{sort:?} {direction:?}");
            let request = PageRequest { sort, direction, start: PageStart::Offset(6), limit: 3 };
            let page = repositories.all_clients().list(&ClientFilter::default(), &request).await.unwrap();
            let rest: Vec<_> = page.items.into_iter().map(|row| row.client).collect();
            assert_eq!((rest.as_slice(), page.next), (&expected[6..], None));
        }
    }
    assert_eq!(repositories.all_clients().count(&ClientFilter::default(), ALL_ROWS).await.unwrap(), 8);
    // A row says what the client belongs to.
    let filter = ClientFilter { search: Some("\u{c9}".to_owned()), ..ClientFilter::default() };
    let request = PageRequest {
        sort: ClientSort::CreatedAt,
        direction: Direction::Ascending,
        start: PageStart::First,
        limit: 3,
    };
    let page = one_round_trip(&w.store, repositories.all_clients().list(&filter, &request)).await.unwrap();
    let expected = ListedClient {
        client: all[5].clone(),
        organization_name: w.other.organization.name.clone(),
        organization_login_methods: vec![LoginMethod::Password, LoginMethod::MagicLink],
        application_name: w.other.application.name.clone(),
    };
    assert_eq!(page.items, [expected]);
}

fn secret(w: &TwoTenants, of: &Client, expires_at: Option<Timestamp>, status: SecretStatus) -> ClientSecret {
    ClientSecret {
        id: ClientSecretId::new(NOW, &w.entropy),
        client: of.id,
        digest: w.digest(),
        label: None,
        expires_at,
        status,
        last_used_at: None,
        created_at: NOW,
    }
}

pub async fn filters(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let clients = several(&w).await;
    let mut all = w.repositories();
    let owner_of = |client: &Client| client.organization_id;
    let soon = Some(NOW + HOUR);
    // Of client 0 a secret ends, of 1 none does, of 2 one that is revoked, of 3 one later.
    for (client, expires_at, status) in [
        (&clients[0], soon, SecretStatus::Active),
        (&clients[0], None, SecretStatus::Active),
        (&clients[1], None, SecretStatus::Active),
        (&clients[2], soon, SecretStatus::Revoked),
        (&clients[3], Some(NOW + 48 * HOUR), SecretStatus::Active),
    ] {
        let secret = secret(&w, client, expires_at, status);
        all.clients(owner_of(client)).insert_secret(&secret).await.unwrap();
    }
    let stopped = &clients[4];
    let (from, to) = (ClientStatus::Active, ClientStatus::Inactive);
    assert!(all.clients(owner_of(stopped)).set_status(stopped.id, from, to, NOW).await.unwrap());
    let public = Client { client_type: ClientType::Public, ..clients[5].clone() };
    assert!(all.clients(owner_of(&public)).update(&public).await.unwrap());

    let none = ClientFilter::default;
    let unknown = ClientKey::new(NOW, &w.entropy);
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    for (filter, expected) in [
        (none(), vec![0, 1, 2, 3, 4, 5, 6, 7]),
        (ClientFilter { organization: Some(acme), ..none() }, vec![0, 2, 4, 6]),
        (ClientFilter { organization: Some(other), ..none() }, vec![1, 3, 5, 7]),
        (ClientFilter { application: Some(w.other.application.id), ..none() }, vec![1, 3, 5, 7]),
        (
            ClientFilter { organization: Some(acme), application: Some(w.other.application.id), ..none() },
            vec![],
        ),
        (ClientFilter { status: Some(ClientStatus::Inactive), ..none() }, vec![4]),
        (ClientFilter { client_type: Some(ClientType::Public), ..none() }, vec![5]),
        (ClientFilter { search: Some("WEB".to_owned()), ..none() }, vec![0, 1]),
        (ClientFilter { search: Some("b".to_owned()), ..none() }, vec![2, 4]),
        (ClientFilter { secret_expires_before: Some(NOW + HOUR), ..none() }, vec![]),
        (ClientFilter { secret_expires_before: Some(NOW + HOUR + MINUTE), ..none() }, vec![0]),
        (ClientFilter { secret_expires_before: Some(NOW + 96 * HOUR), ..none() }, vec![0, 3]),
        (ClientFilter { keys: Some(vec![clients[7].id, unknown, clients[0].id]), ..none() }, vec![0, 7]),
        (ClientFilter { keys: Some(Vec::new()), ..none() }, vec![]),
        (
            ClientFilter {
                keys: Some(vec![clients[7].id, clients[0].id]),
                organization: Some(acme),
                ..none()
            },
            vec![0],
        ),
    ] {
        let request = PageRequest {
            sort: ClientSort::CreatedAt,
            direction: Direction::Ascending,
            start: PageStart::First,
            limit: 100,
        };
        let page = all.all_clients().list(&filter, &request).await.unwrap();
        let seen: BTreeSet<ClientKey> = page.items.iter().map(|row| row.client.id).collect();
        let wanted: BTreeSet<ClientKey> = expected.iter().map(|n: &usize| clients[*n].id).collect();
        assert_eq!(seen, wanted, "{filter:?}");
        let number = u64::try_from(expected.len()).unwrap();
        assert_eq!(all.all_clients().count(&filter, ALL_ROWS).await.unwrap(), number, "{filter:?}");
    }
}
