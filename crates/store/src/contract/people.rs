//! People and sessions of all organizations.

use std::sync::Arc;
use std::time::Duration;

use porta_core::session::{SessionRecord, TokenFamily};
use porta_core::user::User;
use porta_core::{SessionKey, Timestamp, TokenDigest};
use tokio::task::JoinSet;

use super::fixture::{HOUR, MINUTE, NOW, Tenant, TwoTenants, family, one_round_trip, session, user};
use crate::{
    ALL_ROWS, Direction, EndedSessions, PageRequest, PageStart, SessionEntry, SessionFilter, SessionSort,
    SessionsOf, Store, UserEntry, UserFilter, UserSort,
};

fn page(sort: SessionSort, direction: Direction, limit: u32) -> PageRequest<SessionSort> {
    PageRequest { sort, direction, start: PageStart::First, limit }
}

fn newest() -> PageRequest<SessionSort> {
    page(SessionSort::LastActivityAt, Direction::Descending, 100)
}

/// Another session of the tenant's user, last used after a while.
async fn sign_in(w: &TwoTenants, tenant: &Tenant, after: Duration) -> SessionRecord {
    let at = NOW + after;
    let record = SessionRecord {
        id: SessionKey::new(at, &w.entropy),
        created_at: at,
        last_activity_at: at,
        ..session(&tenant.user, &w.entropy)
    };
    let mut all = w.repositories();
    let mut users = all.users(tenant.organization.id);
    assert!(users.record_sign_in(&tenant.user, HOUR, &record, &w.event("in")).await.unwrap());
    record
}

/// Tokens of the tenant's client in a session.
async fn issue(w: &TwoTenants, tenant: &Tenant, session: SessionKey, is_offline: bool) -> TokenDigest {
    let family = TokenFamily { session, is_offline, ..family(tenant, &w.entropy) };
    let access = w.access(family.id);
    let mut all = w.repositories();
    assert!(all.tokens(tenant.organization.id).issue(&family, &access, None).await.unwrap());
    access.digest
}

async fn is_live(w: &TwoTenants, tenant: &Tenant, token: &TokenDigest, now: Timestamp) -> bool {
    let mut all = w.repositories();
    let facts = all.tokens(tenant.organization.id).access_facts(token, now).await.unwrap();
    facts.unwrap().validity.is_live(now)
}

async fn listed(w: &TwoTenants, filter: SessionFilter, page: &PageRequest<SessionSort>) -> Vec<SessionEntry> {
    let mut all = w.repositories();
    let mut people = all.people();
    let found = one_round_trip(&w.store, people.sessions(&filter, page)).await.unwrap();
    assert_eq!(
        people.count_sessions(&filter, ALL_ROWS).await.unwrap(),
        u64::try_from(found.items.len()).unwrap()
    );
    found.items
}

async fn ids(w: &TwoTenants, filter: SessionFilter) -> Vec<SessionKey> {
    listed(w, filter, &newest()).await.into_iter().map(|entry| entry.session.id).collect()
}

pub async fn sessions_in_every_order(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut expected = vec![w.acme.session.clone(), w.other.session.clone()];
    for n in 0..4 {
        // Two per time: the id breaks the tie.
        expected.push(sign_in(&w, &w.acme, (n / 2) * MINUTE).await);
        expected.push(sign_in(&w, &w.other, n * MINUTE).await);
    }
    for sort in [SessionSort::CreatedAt, SessionSort::LastActivityAt] {
        for direction in [Direction::Ascending, Direction::Descending] {
            expected.sort_by_key(|s| (s.last_activity_at, s.id));
            if direction == Direction::Descending {
                expected.reverse();
            }
            let (mut seen, mut request) = (Vec::new(), page(sort, direction, 3));
            loop {
                let mut all = w.repositories();
                let found = all.people().sessions(&SessionFilter::default(), &request).await.unwrap();
                seen.extend(found.items.into_iter().map(|entry| entry.session));
                let Some(next) = found.next else { break };
                request.start = PageStart::After(next);
            }
            assert_eq!(seen, expected, "{sort:?} {direction:?}");
            let mut all = w.repositories();
            let request = PageRequest { start: PageStart::Offset(4), ..page(sort, direction, 2) };
            let found = all.people().sessions(&SessionFilter::default(), &request).await.unwrap();
            let found: Vec<_> = found.items.into_iter().map(|entry| entry.session).collect();
            assert_eq!(found, expected[4..6], "{sort:?} {direction:?}");
        }
    }
}

pub async fn filtered_sessions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let later = sign_in(&w, &w.acme, MINUTE).await;
    issue(&w, &w.acme, later.id, false).await;
    let ended = sign_in(&w, &w.other, 2 * MINUTE).await;
    let mut all = w.repositories();
    assert!(all.sessions(w.other.organization.id).end(ended.id, NOW, &w.event("ended")).await.unwrap());
    drop(all);
    let none = SessionFilter::default();
    let (acme, theirs) = (w.acme.session.id, w.other.session.id);
    assert_eq!(ids(&w, none.clone()).await.len(), 4);
    let of_user = SessionFilter { user: Some(w.acme.user.id), ..none.clone() };
    assert_eq!(ids(&w, of_user.clone()).await, [later.id, acme]);
    let of_tenant = SessionFilter { organization: Some(w.other.organization.id), ..none.clone() };
    assert_eq!(ids(&w, of_tenant.clone()).await, [ended.id, theirs]);
    let of_both = SessionFilter { organization: of_tenant.organization, ..of_user };
    assert!(ids(&w, of_both).await.is_empty(), "a user of another organization");
    let live = SessionFilter { live_at: Some(NOW), ..of_tenant };
    assert_eq!(ids(&w, live.clone()).await, [theirs]);
    let over = SessionFilter { live_at: Some(w.other.session.expires_at), ..live };
    assert!(ids(&w, over).await.is_empty(), "at its end it is over");
    let of_client = SessionFilter { client: Some(w.acme.client.id), ..none.clone() };
    assert_eq!(ids(&w, of_client).await, [later.id]);
    // Those of the fixture began from one address.
    let address = w.acme.session.ip_address.clone();
    assert!(address.is_some());
    let from_there = SessionFilter { ip_address: address, ..none.clone() };
    let mine = SessionFilter { user: Some(w.acme.user.id), ..from_there.clone() };
    assert_eq!(ids(&w, from_there).await.len(), 4);
    assert_eq!(ids(&w, mine).await, [later.id, acme]);
    let from_elsewhere = SessionFilter { ip_address: Some("198.51.100.9".to_owned()), ..none.clone() };
    assert!(ids(&w, from_elsewhere).await.is_empty());
    let chosen = SessionFilter { ids: Some(vec![acme, ended.id]), ..none.clone() };
    assert_eq!(ids(&w, chosen.clone()).await, [ended.id, acme]);
    let live = SessionFilter { live_at: Some(NOW), ..chosen };
    assert_eq!(ids(&w, live).await, [acme]);
    assert!(ids(&w, SessionFilter { ids: Some(Vec::new()), ..none.clone() }).await.is_empty());
    let elsewhere = SessionFilter { client: Some(w.other.client.id), ..none };
    assert!(ids(&w, elsewhere).await.is_empty());
}

pub async fn ending_sessions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let token = issue(&w, &w.acme, w.acme.session.id, false).await;
    let mut all = w.repositories();
    let mut people = all.people();
    let found = one_round_trip(&w.store, people.session(w.acme.session.id)).await.unwrap().unwrap();
    assert_eq!(found.session, w.acme.session);
    assert_eq!((found.user_email.as_str(), found.organization_name.as_str()), ("Ana@Example.com", "acme"));
    let client = found.client.unwrap();
    assert_eq!((client.key, client.grant), (w.acme.client.id, w.acme.grant.id));
    assert_eq!(client.name, w.acme.client.client_name);
    let bare = people.session(w.other.session.id).await.unwrap().unwrap();
    assert_eq!(bare.client, None, "no client got tokens in it");
    assert_eq!(people.session(SessionKey::new(NOW, &w.entropy)).await.unwrap(), None);
    drop(people);
    assert!(all.sessions(w.acme.organization.id).end(w.acme.session.id, NOW, &w.event("e")).await.unwrap());
    assert!(!is_live(&w, &w.acme, &token, NOW).await);
    let found = all.people().session(w.acme.session.id).await.unwrap().unwrap();
    assert_eq!(found.session.revoked_at, Some(NOW), "an ended one is found too");
}

pub async fn ending_many_sessions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut tokens = Vec::new();
    for tenant in [&w.acme, &w.other] {
        for n in 1..4 {
            let record = sign_in(&w, tenant, n * MINUTE).await;
            tokens.push((tenant, issue(&w, tenant, record.id, n == 3).await));
        }
    }
    let end = async |of, keep| w.repositories().people().end_sessions(of, keep, NOW).await.unwrap();
    let live = async |tenant: &Tenant| {
        let mut live = 0;
        for (owner, token) in &tokens {
            let is_theirs = owner.organization.id == tenant.organization.id;
            live += usize::from(is_theirs && is_live(&w, tenant, token, NOW).await);
        }
        live
    };
    let ended = |sessions, token_families| EndedSessions { sessions, token_families };

    // All of a user but one: what was kept stays usable.
    let mine = SessionFilter { user: Some(w.acme.user.id), live_at: Some(NOW), ..SessionFilter::default() };
    let keep = ids(&w, mine.clone()).await[0];
    assert_eq!(end(SessionsOf::User(w.acme.user.id), Some(keep)).await, ended(3, 2));
    assert_eq!(ids(&w, mine.clone()).await, [keep]);
    assert_eq!((live(&w.acme).await, live(&w.other).await), (1, 3));
    assert_eq!(end(SessionsOf::User(w.acme.user.id), Some(keep)).await, ended(0, 0), "a second time");
    assert_eq!(end(SessionsOf::User(w.acme.user.id), None).await, ended(1, 1));
    assert_eq!((live(&w.acme).await, live(&w.other).await), (0, 3));

    // Of a client: only sessions in which it got tokens.
    assert_eq!(end(SessionsOf::Client(w.acme.client.id), None).await, ended(0, 0));
    assert_eq!(end(SessionsOf::Client(w.other.client.id), None).await, ended(3, 3));
    assert_eq!(live(&w.other).await, 0);
    let theirs = SessionFilter {
        organization: Some(w.other.organization.id),
        live_at: Some(NOW),
        ..SessionFilter::default()
    };
    assert_eq!(ids(&w, theirs.clone()).await, [w.other.session.id], "without tokens");

    // Of an organization, and of everybody.
    assert_eq!(end(SessionsOf::Organization(w.acme.organization.id), None).await, ended(0, 0));
    assert_eq!(end(SessionsOf::Organization(w.other.organization.id), None).await, ended(1, 0));
    sign_in(&w, &w.acme, MINUTE).await;
    sign_in(&w, &w.other, MINUTE).await;
    let kept = sign_in(&w, &w.other, MINUTE).await.id;
    assert_eq!(end(SessionsOf::Everybody, Some(kept)).await, ended(2, 0));
    assert_eq!(ids(&w, theirs).await, [kept]);
    assert_eq!(end(SessionsOf::Everybody, None).await, ended(1, 0));
}

/// Eight administrators end all sessions of a user at once: each session is ended once, and the tokens with it.
pub async fn racing_to_end_sessions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut tokens = vec![issue(&w, &w.acme, w.acme.session.id, false).await];
    for n in 1..20 {
        let record = sign_in(&w, &w.acme, n * MINUTE).await;
        tokens.push(issue(&w, &w.acme, record.id, true).await);
    }
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        let (store, user) = (Arc::clone(&w.store), w.acme.user.id);
        tasks.spawn(async move {
            let mut unit = store.begin().await.unwrap();
            let ended = unit.people().end_sessions(SessionsOf::User(user), None, NOW).await.unwrap();
            unit.commit().await.unwrap();
            ended.sessions
        });
    }
    let ended = tasks.join_all().await;
    assert_eq!(ended.iter().sum::<u64>(), 20, "{ended:?}");
    for token in &tokens {
        assert!(!is_live(&w, &w.acme, token, NOW).await);
    }
}

pub async fn users_of_all_organizations(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut made = vec![(w.acme.user.clone(), "acme"), (w.other.user.clone(), "other")];
    for (n, (tenant, name)) in
        [(&w.acme, "acme"), (&w.other, "other"), (&w.acme, "acme")].into_iter().enumerate()
    {
        let person = User {
            created_at: NOW + (u32::try_from(n).unwrap() / 2) * MINUTE,
            ..user(tenant.organization.id, &format!("u{n}@example.com"), &w.entropy)
        };
        all.users(tenant.organization.id).insert(&person).await.unwrap();
        made.push((person, name));
    }
    made.sort_by_key(|(user, _)| std::cmp::Reverse((user.created_at, user.id)));
    let expected: Vec<UserEntry> = made
        .iter()
        .map(|(user, name)| UserEntry { user: user.clone(), organization_name: (*name).to_owned() })
        .collect();
    let first = PageRequest {
        sort: UserSort::CreatedAt,
        direction: Direction::Descending,
        start: PageStart::First,
        limit: 2,
    };
    let (mut seen, mut request, none) = (Vec::new(), first.clone(), UserFilter::default());
    let mut people = all.people();
    loop {
        let page = one_round_trip(&w.store, people.users(None, &none, &request)).await.unwrap();
        seen.extend(page.items);
        let Some(next) = page.next else { break };
        request.start = PageStart::After(next);
    }
    assert_eq!(seen, expected);
    assert_eq!(one_round_trip(&w.store, people.count_users(None, &none, ALL_ROWS)).await.unwrap(), 5);
    let acme = Some(w.acme.organization.id);
    let whole = PageRequest { limit: 100, ..first };
    let mine: Vec<_> =
        expected.iter().filter(|entry| Some(entry.user.organization_id) == acme).cloned().collect();
    assert_eq!(people.users(acme, &none, &whole).await.unwrap().items, mine);
    assert_eq!(people.count_users(acme, &none, ALL_ROWS).await.unwrap(), 3);
    // The same address in both organizations.
    let same = UserFilter { search: Some("ana@".to_owned()), ..none.clone() };
    assert_eq!(people.count_users(None, &same, ALL_ROWS).await.unwrap(), 2);
    let chosen = UserFilter { ids: Some(vec![w.acme.user.id, w.other.user.id]), ..none };
    assert_eq!(people.users(None, &chosen, &whole).await.unwrap().items.len(), 2);
    assert_eq!(people.count_users(acme, &chosen, ALL_ROWS).await.unwrap(), 1, "of this organization only");
}
