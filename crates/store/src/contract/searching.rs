//! Searches by index: of people, organizations, applications and clients.

use std::sync::Arc;

use porta_core::EntityId as _;
use porta_core::client::Client;
use porta_core::organization::Organization;
use porta_core::user::{Email, Profile, User};
use porta_core::{OrganizationId, UserId};

use super::fixture::{NOW, TwoTenants, application, client, one_round_trip, organization, user};
use crate::{
    ALL_ROWS, ApplicationFilter, ApplicationSort, ClientFilter, ClientSort, Direction, OrganizationFilter,
    OrganizationSort, PageRequest, PageStart, Store, UserFilter, UserSort,
};

fn page<S>(sort: S, limit: u32) -> PageRequest<S> {
    PageRequest { sort, direction: Direction::Ascending, start: PageStart::First, limit }
}

fn of(text: &str) -> UserFilter {
    UserFilter { search: Some(text.to_owned()), ..UserFilter::default() }
}

fn person(w: &TwoTenants, address: &str, given_name: &str, family_name: &str) -> User {
    let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    User {
        profile: Profile {
            given_name: name(given_name),
            family_name: name(family_name),
            ..Profile::default()
        },
        ..user(w.acme.organization.id, address, &w.entropy)
    }
}

async fn add(w: &TwoTenants, people: &[User]) {
    for person in people {
        w.repositories().users(person.organization_id).insert(person).await.unwrap();
    }
}

/// Whom a search finds, which also tells their number.
async fn found(w: &TwoTenants, organization: OrganizationId, text: &str) -> Vec<UserId> {
    let (mut all, filter) = (w.repositories(), of(text));
    let mut users = all.users(organization);
    let page = page(UserSort::CreatedAt, 100);
    let listed = one_round_trip(&w.store, users.list(&filter, &page)).await.unwrap().items;
    let counted = one_round_trip(&w.store, users.count(&filter, ALL_ROWS)).await.unwrap();
    assert_eq!(counted, u64::try_from(listed.len()).unwrap(), "{text:?}");
    listed.iter().map(|user| user.id).collect()
}

pub async fn people_are_found_by_every_field(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let maria = person(&w, "Maria.Quist@Harbor.example", "Maria", "Quist-O'Hara");
    let unnamed = person(&w, "x7@harbor.example", "", "");
    let accented = person(&w, "eva@quay.example", "\u{c9}va", "\u{738b}\u{5c0f}\u{660e}");
    add(&w, &[maria.clone(), unnamed.clone(), accented.clone()]).await;
    for (text, mut expected) in [
        ("maria.quist@harbor.example", vec![maria.id]),
        ("MARIA", vec![maria.id]),
        ("t-o'h", vec![maria.id]),
        ("harbor", vec![maria.id, unnamed.id]),
        ("x7@harbor.example", vec![unnamed.id]),
        ("\u{c9}va", vec![accented.id]),
        ("\u{c9}VA", vec![accented.id]),
        // Only ASCII is folded.
        ("\u{e9}va", vec![]),
        ("\u{738b}\u{5c0f}\u{660e}", vec![accented.id]),
        ("\u{5c0f}\u{660e}", vec![]),
        // Not across two columns.
        ("example maria", vec![]),
        ("mariaquist", vec![]),
        ("nobody", vec![]),
        ("maria.quist@harbor.example.", vec![]),
        ("...", vec![]),
        (".ex", vec![maria.id, unnamed.id, accented.id]),
    ] {
        let mut seen = found(&w, acme, text).await;
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected, "{text:?}");
        assert_eq!(found(&w, w.other.organization.id, text).await, [], "{text:?}: another organization");
    }
    // By id, in its organization only.
    let id = maria.id.uuid().to_string();
    assert_eq!(found(&w, acme, &id).await, [maria.id]);
    assert_eq!(found(&w, acme, &id.to_uppercase()).await, [maria.id]);
    assert_eq!(found(&w, acme, &id[..35]).await, [], "not by a part of it");
    assert_eq!(found(&w, w.other.organization.id, &id).await, []);
    let people = page(UserSort::CreatedAt, 100);
    let everywhere = w.repositories().people().users(None, &of(&id), &people).await.unwrap().items;
    assert_eq!(everywhere.iter().map(|entry| entry.user.id).collect::<Vec<_>>(), [maria.id]);
}

pub async fn a_short_text_is_a_beginning(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let zora = person(&w, "zora@harbor.example", "Kim", "\u{738b}\u{5c0f}\u{660e}");
    let kim = person(&w, "q@harbor.example", "Zed", "Kz");
    add(&w, &[zora.clone(), kim.clone()]).await;
    for (text, mut expected) in [
        ("z", vec![zora.id, kim.id]),
        ("ZO", vec![zora.id]),
        ("ze", vec![kim.id]),
        ("k", vec![zora.id, kim.id]),
        ("kz", vec![kim.id]),
        ("\u{738b}", vec![zora.id]),
        ("\u{738b}\u{5c0f}", vec![zora.id]),
        ("\u{5c0f}", vec![]),
        ("or", vec![]),
        ("@", vec![]),
        ("q@", vec![kim.id]),
    ] {
        let mut seen = found(&w, acme, text).await;
        seen.sort();
        expected.sort();
        assert_eq!(seen, expected, "{text:?}");
    }
}

/// The index follows every change, and forgets who is gone.
pub async fn changes_are_found_at_once(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let mut one = person(&w, "first@harbor.example", "Maria", "");
    let two = person(&w, "second@harbor.example", "Maria", "");
    add(&w, &[one.clone(), two.clone()]).await;
    one.email = Email::parse("moved@quay.example").unwrap();
    one.profile.given_name = None;
    one.profile.family_name = Some("Newname".to_owned());
    assert!(w.repositories().users(acme).update(&one).await.unwrap());
    for (text, expected) in
        [("first@", vec![]), ("maria", vec![two.id]), ("moved@quay", vec![one.id]), ("NEWNAME", vec![one.id])]
    {
        assert_eq!(found(&w, acme, text).await, expected, "{text}");
    }
    // A unit of work that is given up leaves nothing behind.
    let mut unit = w.store.begin().await.unwrap();
    unit.users(acme).insert(&person(&w, "third@harbor.example", "Passing", "")).await.unwrap();
    assert_eq!(unit.users(acme).count(&of("passing"), ALL_ROWS).await.unwrap(), 1);
    drop(unit);
    assert_eq!(found(&w, acme, "passing").await, []);
    // With the organization its people go.
    assert!(w.repositories().organizations().destroy(acme, NOW).await.unwrap().is_some());
    let people = w.repositories().people().count_users(None, &of("harbor"), ALL_ROWS).await.unwrap();
    assert_eq!(people, 0);
    let again = User { organization_id: w.other.organization.id, ..two };
    add(&w, std::slice::from_ref(&again)).await;
    assert_eq!(found(&w, w.other.organization.id, "maria").await, [again.id]);
}

/// So many rows have the text that they are read in the order of the page; others of another organization, too.
pub async fn a_frequent_text_has_pages_in_order(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let mut unit = w.store.begin().await.unwrap();
    let mut expected = Vec::new();
    for n in 0..5_010 {
        let own = n % 100 == 7;
        let name = if own { "Frequent" } else { "Frequently" };
        let owner = if own { acme } else { w.other.organization.id };
        let one = User {
            organization_id: owner,
            created_at: NOW + std::time::Duration::from_secs(n * 37 % 500),
            ..person(&w, &format!("f{n}@many.example"), name, "")
        };
        unit.users(owner).insert(&one).await.unwrap();
        if own {
            expected.push((one.created_at, one.id));
        }
    }
    unit.commit().await.unwrap();
    expected.sort();
    let mut expected: Vec<UserId> = expected.into_iter().map(|(_, id)| id).collect();
    let mut all = w.repositories();
    for direction in [Direction::Ascending, Direction::Descending] {
        let (mut seen, mut start) = (Vec::new(), PageStart::First);
        loop {
            let page = PageRequest { sort: UserSort::CreatedAt, direction, start, limit: 4 };
            let mut users = all.users(acme);
            let found = one_round_trip(&w.store, users.list(&of("FREQUENT"), &page)).await.unwrap();
            seen.extend(found.items.iter().map(|user| user.id));
            let Some(next) = found.next else { break };
            start = PageStart::After(next);
        }
        assert_eq!(seen, expected, "{direction:?}");
        let third = PageRequest { direction, start: PageStart::Offset(8), ..page(UserSort::CreatedAt, 4) };
        let third = all.users(acme).list(&of("frequent"), &third).await.unwrap();
        assert_eq!(third.items.iter().map(|user| user.id).collect::<Vec<_>>(), expected[8..12]);
        expected.reverse();
    }
    assert_eq!(all.users(acme).count(&of("frequent"), ALL_ROWS).await.unwrap(), 51);
    // A part of them is rare.
    assert_eq!(found(&w, w.other.organization.id, "f1234@many").await.len(), 1);
}

pub async fn counts_stop_where_they_are_told(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = w.acme.organization.id;
    let people: Vec<User> =
        (0..6).map(|n| person(&w, &format!("p{n}@harbor.example"), "Maria", "")).collect();
    add(&w, &people).await;
    let mut all = w.repositories();
    for (filter, number) in [(of("maria"), 6), (of("p"), 6), (UserFilter::default(), 7), (of("nobody"), 0)] {
        for at_most in [0, 1, 5, 6, 7, 8, ALL_ROWS] {
            let expected = u64::min(number, at_most);
            assert_eq!(all.users(acme).count(&filter, at_most).await.unwrap(), expected, "{filter:?}");
        }
    }
}

pub async fn other_kinds_are_found(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let zoo = Organization { name: "Zoo & Sons".to_owned(), ..organization("aquarium", &w.entropy) };
    all.organizations().insert(&zoo).await.unwrap();
    let id = zoo.id.uuid().to_string();
    for (text, expected) in [
        ("zoo &", 1),
        ("AQUA", 1),
        ("zo", 1),
        ("aq", 1),
        ("oo", 0),
        (id.as_str(), 1),
        ("zooaqua", 0),
        ("umz", 0),
    ] {
        let filter = OrganizationFilter { search: Some(text.to_owned()), ..OrganizationFilter::default() };
        let listed = all.organizations().list(&filter, &page(OrganizationSort::Name, 9)).await.unwrap().items;
        assert_eq!((listed.len(), listed.iter().all(|o| o.id == zoo.id)), (expected, true), "{text}");
        let counted = all.organizations().count(&filter, ALL_ROWS).await.unwrap();
        assert_eq!(counted, u64::try_from(expected).unwrap(), "{text}");
    }
    let owner = w.acme.organization.id;
    let planner = application(Some(owner), "planner", &w.entropy);
    all.applications(owner).insert(&planner).await.unwrap();
    let id = planner.id.uuid().to_string();
    for (text, expected) in [("PLANN", 1), ("pl", 1), ("la", 0), (id.as_str(), 1), ("zzz", 0)] {
        let filter = ApplicationFilter { search: Some(text.to_owned()), ..ApplicationFilter::default() };
        let request = page(ApplicationSort::Name, 9);
        let listed = all.all_applications().list(&filter, &request).await.unwrap().items;
        assert_eq!((listed.len(), listed.iter().all(|a| a.id == planner.id)), (expected, true), "{text}");
        assert_eq!(all.applications(owner).list(&filter, &request).await.unwrap().items, listed, "{text}");
        let foreign = all.applications(w.other.organization.id).list(&filter, &request).await.unwrap();
        assert_eq!(foreign.items, [], "{text}");
    }
    let desk = Client { client_name: "Desk 7".to_owned(), ..client(owner, planner.id, "desk", &w.entropy) };
    all.clients(owner).insert(&desk).await.unwrap();
    let id = desk.id.uuid().to_string();
    for (text, expected) in [("DESK 7", 1), ("de", 1), ("sk", 0), (id.as_str(), 1), ("zzz", 0)] {
        let filter = ClientFilter { search: Some(text.to_owned()), ..ClientFilter::default() };
        let request = page(ClientSort::CreatedAt, 9);
        let listed = all.all_clients().list(&filter, &request).await.unwrap().items;
        assert_eq!((listed.len(), listed.iter().all(|c| c.client.id == desk.id)), (expected, true), "{text}");
        assert_eq!(all.clients(owner).list(&filter, &request).await.unwrap().items.len(), expected, "{text}");
        let foreign = all.clients(w.other.organization.id).list(&filter, &request).await.unwrap();
        assert_eq!(foreign.items, [], "{text}");
    }
}
