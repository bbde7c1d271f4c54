//! What is found without its organization.

use std::sync::Arc;

use porta_core::signing_key::{SigningAlgorithm, SigningKeyStatus};
use porta_core::{EntityId as _, RoleId, SigningKeyId};

use super::applications::{claim, module, permission, role};
use super::clients::secret;
use super::fixture::{NOW, TwoTenants, client, one_round_trip};
use super::keys::key;
use crate::{
    ALL_ROWS, ClientFilter, ClientSort, Direction, FoundKey, ListedRole, PageRequest, PageStart, RoleFilter,
    RoleSort, Store,
};

fn by_name<S>(sort: S, limit: u32) -> PageRequest<S> {
    PageRequest { sort, direction: Direction::Ascending, start: PageStart::First, limit }
}

pub async fn roles_of_all_applications(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut made = Vec::new();
    for (tenant, slug, name) in [(&w.acme, "clerk", "B"), (&w.other, "clerk", "B"), (&w.acme, "baker", "A%")]
    {
        let role = role(tenant.application.id, slug, name, &w.entropy);
        all.applications(tenant.organization.id).insert_role(&role).await.unwrap();
        made.push(role);
    }
    // By name, and then by id.
    made.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let mut every = all.all_applications();
    let (mut seen, mut request) = (Vec::new(), by_name(RoleSort::Name, 2));
    loop {
        let page = one_round_trip(&w.store, every.roles(&RoleFilter::default(), &request)).await.unwrap();
        seen.extend(page.items);
        let Some(next) = page.next else { break };
        request.start = PageStart::After(next);
    }
    // Both applications have the same name.
    let expected: Vec<_> = made
        .iter()
        .map(|role| ListedRole { role: role.clone(), application_name: w.acme.application.name.clone() })
        .collect();
    // The migrations may have made roles of the admin application.
    seen.retain(|listed| made.contains(&listed.role));
    assert_eq!(seen, expected);
    let unknown = RoleId::new(NOW, &w.entropy);
    for (ids, search, found) in [
        (Some(vec![made[0].id, unknown]), None, vec![made[0].id]),
        (Some(Vec::new()), None, vec![]),
        (None, Some("%"), vec![made[0].id]),
        (None, Some("CLER"), vec![made[1].id, made[2].id]),
        (Some(vec![made[0].id]), Some("clerk"), vec![]),
        (None, Some("\0"), vec![]),
    ] {
        let filter = RoleFilter { ids, search: search.map(str::to_owned), application: None };
        let page = every.roles(&filter, &by_name(RoleSort::Name, 100)).await.unwrap();
        let ids: Vec<RoleId> = page.items.iter().map(|listed| listed.role.id).collect();
        assert_eq!(ids, found, "{filter:?}");
    }
    for application in [w.acme.application.id, w.other.application.id] {
        let filter = RoleFilter { application: Some(application), ..RoleFilter::default() };
        let page = every.roles(&filter, &by_name(RoleSort::Name, 100)).await.unwrap();
        let found: Vec<RoleId> = page.items.iter().map(|listed| listed.role.id).collect();
        let of_it = made.iter().filter(|role| role.application_id == application);
        assert_eq!(found, of_it.map(|role| role.id).collect::<Vec<_>>());
    }
}

pub async fn clients_by_their_oauth_id(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let owner = w.acme.organization.id;
    let odd = porta_core::client::Client {
        client_name: "Odd".to_owned(),
        ..client(owner, w.acme.application.id, "Zz_9", &w.entropy)
    };
    all.clients(owner).insert(&odd).await.unwrap();
    for (search, is_found) in [("zz_9", true), ("odd", true), ("zz", true), ("zzx", false), ("_9x", false)] {
        let filter = ClientFilter { search: Some(search.to_owned()), ..ClientFilter::default() };
        let page = all.all_clients().list(&filter, &by_name(ClientSort::ClientName, 100)).await.unwrap();
        let found: Vec<_> = page.items.iter().map(|row| row.client.id).collect();
        assert_eq!(found == [odd.id], is_found, "{filter:?}");
        assert_eq!(
            all.all_clients().count(&filter, ALL_ROWS).await.unwrap(),
            u64::from(is_found),
            "{filter:?}"
        );
    }
}

pub async fn a_key_of_any_organization(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    for tenant in [&w.acme, &w.other] {
        let made = key(&w, tenant.organization.id, SigningKeyStatus::Active);
        assert!(all.signing_keys(tenant.organization.id).insert_if_absent(&made).await.unwrap());
        let expected = Some(FoundKey {
            id: made.id,
            kid: made.kid.clone(),
            algorithm: SigningAlgorithm::Es256,
            status: SigningKeyStatus::Active,
            organization_id: tenant.organization.id,
            organization_name: tenant.organization.name.clone(),
        });
        let unknown = Some(SigningKeyId::new(NOW, &w.entropy));
        for (kid, id) in [(made.kid.as_str(), None), (made.kid.as_str(), unknown), ("none", Some(made.id))] {
            let found = one_round_trip(&w.store, all.organizations().signing_key(kid, id)).await.unwrap();
            assert_eq!(found, expected, "{kid} {id:?}");
        }
        for kid in ["none", "", &made.kid.to_uppercase(), "\0"] {
            assert_eq!(all.organizations().signing_key(kid, unknown).await.unwrap(), None, "{kid:?}");
        }
    }
}

pub async fn ids_of_all_kinds(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    for tenant in [&w.acme, &w.other] {
        let (owner, app) = (tenant.organization.id, tenant.application.id);
        let (r, m) = (role(app, "clerk", "Clerk", &w.entropy), module(app, &w.entropy));
        let (p, c) = (permission(app, "shop:order:read", &w.entropy), claim(app, "department", &w.entropy));
        let (s, k) = (secret(&w, &tenant.client, NOW), key(&w, owner, SigningKeyStatus::Active));
        let made = [r.id.uuid(), m.id.uuid(), p.id.uuid(), c.id.uuid(), s.id.uuid(), k.id.uuid()];
        for id in made {
            assert!(!all.administrators().names_something(id).await.unwrap(), "not stored yet");
        }
        let mut applications = all.applications(owner);
        applications.insert_role(&r).await.unwrap();
        applications.insert_module(&m).await.unwrap();
        applications.insert_permission(&p).await.unwrap();
        applications.insert_claim(&c).await.unwrap();
        drop(applications);
        all.clients(owner).insert_secret(&s).await.unwrap();
        assert!(all.signing_keys(owner).insert_if_absent(&k).await.unwrap());
        let before = [owner.uuid(), app.uuid(), tenant.client.id.uuid(), tenant.user.id.uuid()];
        for id in made.into_iter().chain(before) {
            let mut administrators = all.administrators();
            assert!(one_round_trip(&w.store, administrators.names_something(id)).await.unwrap(), "{id}");
        }
    }
    // What people and servers make all the time is none of them.
    for id in [uuid::Uuid::nil(), w.acme.session.id.uuid(), w.acme.grant.id.uuid()] {
        assert!(!all.administrators().names_something(id).await.unwrap(), "{id}");
    }
}
