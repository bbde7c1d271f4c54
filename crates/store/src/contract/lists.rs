//! Lists with filters, sort columns and pages.

use std::collections::BTreeSet;
use std::sync::Arc;

use porta_core::application::ApplicationStatus;
use porta_core::client::{Client, ClientStatus};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::user::{Profile, User, UserStatus};
use porta_core::{Slug, Timestamp, UserId};

use super::fixture::{MINUTE, NOW, TwoTenants, application, client, organization, user};
use crate::{
    ALL_ROWS, ApplicationFilter, ApplicationSort, ClientFilter, ClientSort, Direction, OrganizationFilter,
    OrganizationSort, PageRequest, PageStart, SortValue, SortedCursor, Store, StoreError, UserFilter,
    UserRepository, UserSort,
};

const DIRECTIONS: [Direction; 2] = [Direction::Ascending, Direction::Descending];

fn first<S>(sort: S, direction: Direction, limit: u32) -> PageRequest<S> {
    PageRequest { sort, direction, start: PageStart::First, limit }
}

fn everything<S>(sort: S) -> PageRequest<S> {
    first(sort, Direction::Ascending, 100)
}

fn named(w: &TwoTenants, n: usize, given_name: Option<&str>, last_login_at: Option<Timestamp>) -> User {
    User {
        profile: Profile { given_name: given_name.map(str::to_owned), ..Profile::default() },
        last_login_at,
        ..user(w.acme.organization.id, &format!("u{n}@example.com"), &w.entropy)
    }
}

/// People with equal, different and missing sort values; acme's own Ana has no name.
async fn people(w: &TwoTenants) -> Vec<User> {
    let mut people = vec![w.acme.user.clone()];
    let names = [
        Some("B"),
        None,
        Some("A"),
        Some("b"),
        Some("B"),
        None,
        Some("\u{c9}va"),
        Some("A"),
        Some("B"),
        None,
    ];
    for (n, name) in names.into_iter().enumerate() {
        let seen = [None, Some(NOW), Some(NOW + MINUTE)][n % 3];
        let person = named(w, n, name, seen);
        w.repositories().users(w.acme.organization.id).insert(&person).await.unwrap();
        people.push(person);
    }
    people
}

/// Sort value as the contract orders it: missing values last.
fn key(sort: UserSort, user: &User) -> (bool, String, Option<Timestamp>) {
    let text = |value: Option<&str>| (value.is_none(), value.unwrap_or_default().to_owned(), None);
    match sort {
        UserSort::Email => text(Some(user.email.key())),
        UserSort::GivenName => text(user.profile.given_name.as_deref()),
        UserSort::FamilyName => text(user.profile.family_name.as_deref()),
        UserSort::CreatedAt => (false, String::new(), Some(user.created_at)),
        UserSort::LastLoginAt => (user.last_login_at.is_none(), String::new(), user.last_login_at),
    }
}

const SORTS: [UserSort; 5] =
    [UserSort::Email, UserSort::GivenName, UserSort::FamilyName, UserSort::CreatedAt, UserSort::LastLoginAt];

/// Every sort column in both directions: the pages follow each other to the end, ties are broken by id, and rows without
/// a value are neither lost nor repeated.
pub async fn pages_in_every_order(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let all = people(&w).await;
    for sort in SORTS {
        for direction in DIRECTIONS {
            let mut expected: Vec<_> = all.iter().map(|user| (key(sort, user), user.id)).collect();
            expected.sort();
            if direction == Direction::Descending {
                expected.reverse();
            }
            let expected: Vec<UserId> = expected.into_iter().map(|(_, id)| id).collect();
            for limit in [1, 3, 4, 100] {
                let (mut seen, mut request) = (Vec::new(), first(sort, direction, limit));
                loop {
                    let mut repositories = w.repositories();
                    let mut users = repositories.users(w.acme.organization.id);
                    let page = users.list(&UserFilter::default(), &request).await.unwrap();
                    assert!(page.items.len() <= usize::try_from(limit).unwrap());
                    seen.extend(page.items.iter().map(|user| user.id));
                    let Some(next) = page.next else { break };
                    request.start = PageStart::After(next);
                }
                assert_eq!(seen, expected, "{sort:?} {direction:?} {limit}");
                let mut repositories = w.repositories();
                let mut users = repositories.users(w.acme.organization.id);
                let skipped = PageRequest { start: PageStart::Offset(4), ..first(sort, direction, limit) };
                let page = users.list(&UserFilter::default(), &skipped).await.unwrap();
                let ids: Vec<UserId> = page.items.iter().map(|user| user.id).collect();
                let wanted = expected.iter().skip(4).take(usize::try_from(limit).unwrap()).copied();
                assert_eq!(ids, wanted.collect::<Vec<_>>(), "{sort:?} {direction:?} {limit}");
            }
        }
    }
    // A page that ends exactly with the last row has no next page.
    let mut repositories = w.repositories();
    let mut users = repositories.users(w.acme.organization.id);
    let whole = first(UserSort::GivenName, Direction::Descending, 11);
    let whole = users.list(&UserFilter::default(), &whole).await.unwrap();
    assert_eq!((whole.items.len(), whole.next), (11, None));
    assert_eq!(users.count(&UserFilter::default(), ALL_ROWS).await.unwrap(), 11);
    let named = UserFilter { search: Some("u1@".to_owned()), ..UserFilter::default() };
    assert_eq!(users.count(&named, ALL_ROWS).await.unwrap(), 1);
}

/// Rows are inserted before and after the current position while somebody reads page after page: every row that was
/// there at the beginning is seen exactly once.
pub async fn rows_inserted_meanwhile(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let there: BTreeSet<UserId> = people(&w).await.iter().map(|user| user.id).collect();
    let mut late = 100;
    for sort in SORTS {
        for direction in DIRECTIONS {
            let (mut seen, mut request) = (Vec::new(), first(sort, direction, 2));
            loop {
                let mut repositories = w.repositories();
                let mut users = repositories.users(w.acme.organization.id);
                let page = users.list(&UserFilter::default(), &request).await.unwrap();
                seen.extend(page.items.iter().map(|user| user.id));
                let Some(next) = page.next else { break };
                request.start = PageStart::After(next);
                // The new rows are finitely many, so that the pages have an end.
                if late % 20 != 0 || seen.len() < 4 {
                    for (name, time) in
                        [(Some("A"), None), (None, Some(NOW)), (Some("z"), Some(NOW + MINUTE))]
                    {
                        late += 1;
                        if late % 20 == 0 {
                            break;
                        }
                        users.insert(&named(&w, late, name, time)).await.unwrap();
                    }
                }
            }
            late += 1;
            let distinct: BTreeSet<UserId> = seen.iter().copied().collect();
            assert_eq!(distinct.len(), seen.len(), "{sort:?} {direction:?}: no row twice");
            assert!(distinct.is_superset(&there), "{sort:?} {direction:?}: no row is left out");
        }
    }
}

async fn ids(users: &mut dyn UserRepository, filter: &UserFilter) -> Vec<UserId> {
    let page = users.list(filter, &everything(UserSort::CreatedAt)).await.unwrap();
    page.items.iter().map(|user| user.id).collect()
}

pub async fn filters(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    people(&w).await;
    let mut all = w.repositories();
    let mut acme = all.users(w.acme.organization.id);
    let suspended = User { status: UserStatus::Suspended, ..named(&w, 50, Some("Bea"), None) };
    acme.insert(&suspended).await.unwrap();
    let (status, search) = (Some(UserStatus::Suspended), Some("bEA".to_owned()));
    let (active, none) = (Some(UserStatus::Active), UserFilter::default());
    for (filter, is_found) in [
        (UserFilter { status, ..none.clone() }, true),
        (UserFilter { search: search.clone(), ..none.clone() }, true),
        (UserFilter { status, search: search.clone(), ..none.clone() }, true),
        (UserFilter { search: Some("U50@".to_owned()), ..none.clone() }, true),
        (UserFilter { status: active, search, ..none.clone() }, false),
        (UserFilter { ids: Some(vec![suspended.id, w.other.user.id]), ..none.clone() }, true),
        (UserFilter { ids: Some(vec![suspended.id]), status: active, ..none.clone() }, false),
        (UserFilter { ids: Some(Vec::new()), ..none.clone() }, false),
        (UserFilter { status, has_signed_in: Some(false), ..none.clone() }, true),
        (UserFilter { status, has_signed_in: Some(true), ..none.clone() }, false),
        (UserFilter { status, has_second_factor: Some(false), ..none.clone() }, true),
        (UserFilter { status, has_second_factor: Some(true), ..none.clone() }, false),
        (UserFilter { has_second_factor: Some(true), ..none }, false),
    ] {
        let expected = if is_found { vec![suspended.id] } else { Vec::new() };
        assert_eq!(ids(acme.as_mut(), &filter).await, expected, "{filter:?}");
    }
    drop(acme);
    let mut other = all.users(w.other.organization.id);
    assert_eq!(ids(other.as_mut(), &UserFilter::default()).await, [w.other.user.id], "another organization");
    // The sort column of a cursor must be that of the list.
    let cursor = SortedCursor { value: SortValue::Text(None), id: uuid::Uuid::nil() };
    let request = PageRequest { start: PageStart::After(cursor), ..everything(UserSort::CreatedAt) };
    assert!(matches!(other.list(&UserFilter::default(), &request).await, Err(StoreError::UnfitCursor)));
}

/// What a person types into a search field is text, whatever it contains.
pub async fn a_search_is_literal(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let hostile = [
        "100%",
        "100x",
        "a_b",
        "axb",
        "back\\slash",
        "quote'; DROP TABLE users; --",
        "double\"quote",
        "$1",
        "?",
        "%s",
    ];
    let mut made = Vec::new();
    for (n, name) in hostile.into_iter().enumerate() {
        let person = named(&w, n, Some(name), None);
        all.users(w.acme.organization.id).insert(&person).await.unwrap();
        made.push((name, person.id));
    }
    for text in [
        "%", "_", "\\", "'", "\"", "$1", "?", "0%", "%s", "a_", "ax", "\0", "100", "00%", "a_b", "k\\s",
        "'; DROP", "QUOTE", "e\"q", "100%\\", "...", "\u{1f}",
    ] {
        let filter = UserFilter { search: Some(text.to_owned()), ..UserFilter::default() };
        let mut users = all.users(w.acme.organization.id);
        let page = users.list(&filter, &everything(UserSort::CreatedAt)).await.unwrap();
        let found: BTreeSet<UserId> = page.items.iter().map(|user| user.id).collect();
        let text = text.to_ascii_lowercase();
        let expected: BTreeSet<UserId> = made
            .iter()
            .filter(|(name, _)| {
                let name = name.to_ascii_lowercase();
                if text.len() < 3 { name.starts_with(&text) } else { name.contains(&text) }
            })
            .map(|(_, id)| *id)
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }
    assert_eq!(
        all.users(w.acme.organization.id).page(None, 100).await.unwrap().items.len(),
        hostile.len() + 1
    );
}

pub async fn organizations_applications_clients(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let zoo = Organization {
        name: "Zoo".to_owned(),
        status: OrganizationStatus::Suspended,
        ..organization("aquarium", &w.entropy)
    };
    all.organizations().insert(&zoo).await.unwrap();
    for (status, search, found) in [
        (Some(OrganizationStatus::Suspended), None, true),
        (None, Some("zO"), true),
        (None, Some("AQUA"), true),
        (Some(OrganizationStatus::Active), Some("zoo"), false),
    ] {
        let filter = OrganizationFilter { status, search: search.map(str::to_owned), ids: None };
        let page = all.organizations().list(&filter, &everything(OrganizationSort::Name)).await.unwrap();
        let ids: Vec<_> = page.items.iter().map(|o| o.id).collect();
        assert_eq!(ids == [zoo.id], found, "{filter:?}: {ids:?}");
        assert_eq!(
            all.organizations().count(&filter, ALL_ROWS).await.unwrap(),
            u64::from(found),
            "{filter:?}"
        );
    }
    let ids = Some(vec![zoo.id, w.acme.organization.id]);
    for (status, expected) in [(None, 2), (Some(OrganizationStatus::Suspended), 1)] {
        let filter = OrganizationFilter { status, ids: ids.clone(), search: None };
        assert_eq!(all.organizations().count(&filter, ALL_ROWS).await.unwrap(), expected);
    }
    let by_name = first(OrganizationSort::Name, Direction::Descending, 1);
    let page = all.organizations().list(&OrganizationFilter::default(), &by_name).await.unwrap();
    assert!(page.next.is_some());
    let next = PageRequest { start: PageStart::After(page.next.unwrap()), ..by_name };
    let next = all.organizations().list(&OrganizationFilter::default(), &next).await.unwrap();
    assert!(page.items[0].name > next.items[0].name);

    let admin = Slug::parse("porta-admin").unwrap();
    let admin = all.organizations().by_slug(&admin).await.unwrap().unwrap().id;
    let shared = application(None, "wiki", &w.entropy);
    all.applications(admin).insert(&shared).await.unwrap();
    let mut acme = all.applications(w.acme.organization.id);
    let filter = ApplicationFilter::default();
    let page = acme.list(&filter, &everything(ApplicationSort::Name)).await.unwrap();
    let ids: Vec<_> = page.items.iter().map(|a| a.id).collect();
    assert!(ids.contains(&w.acme.application.id) && ids.contains(&shared.id));
    assert!(!ids.contains(&w.other.application.id), "another organization's");
    let filter = ApplicationFilter {
        status: Some(ApplicationStatus::Active),
        search: Some("WIKI".to_owned()),
        ..ApplicationFilter::default()
    };
    let page = acme.list(&filter, &everything(ApplicationSort::CreatedAt)).await.unwrap();
    assert_eq!(page.items, [shared]);
    drop(acme);

    let (owner, app) = (w.acme.organization.id, w.acme.application.id);
    let stopped = Client {
        status: ClientStatus::Inactive,
        allowed_organizations: vec![w.other.organization.id],
        ..client(owner, app, "stopped", &w.entropy)
    };
    let mut acme = all.clients(owner);
    acme.insert(&stopped).await.unwrap();
    let filter = ClientFilter {
        application: Some(app),
        status: Some(ClientStatus::Inactive),
        search: Some("client ST".to_owned()),
        ..ClientFilter::default()
    };
    let page = acme.list(&filter, &everything(ClientSort::ClientName)).await.unwrap();
    assert_eq!(page.items, [stopped]);
    let elsewhere = ClientFilter { application: Some(w.other.application.id), ..ClientFilter::default() };
    let page = acme.list(&elsewhere, &everything(ClientSort::CreatedAt)).await.unwrap();
    assert!(page.items.is_empty());
    let page = acme.list(&ClientFilter::default(), &everything(ClientSort::CreatedAt)).await.unwrap();
    assert_eq!(page.items.len(), 2, "own clients only");
}

pub async fn applications_of_all_owners(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let admin = Slug::parse("porta-admin").unwrap();
    let admin = all.organizations().by_slug(&admin).await.unwrap().unwrap().id;
    let shared = application(None, "wiki", &w.entropy);
    all.applications(admin).insert(&shared).await.unwrap();
    let mut every = all.all_applications();
    let own = Some(w.acme.organization.id);
    for (owner, search, found) in [
        (None, None, vec![&w.acme.application, &w.other.application, &shared]),
        (own, None, vec![&w.acme.application]),
        (None, Some("WIKI"), vec![&shared]),
        (own, Some("wiki"), vec![]),
    ] {
        let search = search.map(str::to_owned);
        let filter = ApplicationFilter { owner, search, ..ApplicationFilter::default() };
        let page = every.list(&filter, &everything(ApplicationSort::CreatedAt)).await.unwrap();
        let ids: BTreeSet<_> = page.items.iter().map(|a| a.id).collect();
        assert_eq!(ids, found.iter().map(|a| a.id).collect::<BTreeSet<_>>(), "{filter:?}");
        let counted = u64::try_from(found.len()).unwrap();
        assert_eq!(every.count(&filter, ALL_ROWS).await.unwrap(), counted, "{filter:?}");
    }
    let ids = Some(vec![shared.id]);
    let only = ApplicationFilter { ids, ..ApplicationFilter::default() };
    let page = every.list(&only, &everything(ApplicationSort::Name)).await.unwrap();
    assert_eq!(page.items, std::slice::from_ref(&shared));
    let two = first(ApplicationSort::Name, Direction::Ascending, 2);
    let page = every.list(&ApplicationFilter::default(), &two).await.unwrap();
    let rest = PageRequest { start: PageStart::After(page.next.unwrap()), ..two };
    let rest = every.list(&ApplicationFilter::default(), &rest).await.unwrap();
    assert_eq!((page.items.len(), rest.items.as_slice(), rest.next), (2, [shared].as_slice(), None));
}
