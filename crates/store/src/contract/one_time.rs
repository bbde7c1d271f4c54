//! One-time tokens of mailed links.

use std::sync::Arc;
use std::time::Duration;

use porta_core::invitation::InvitationState;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::{Email, User};
use porta_core::{EntityId as _, Timestamp, TokenDigest, UserId};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, link, one_round_trip, user};
use crate::{
    ALL_ROWS, Direction, InvitationEntry, InvitationFilter, InvitationSort, PageRequest, PageStart, Store,
    StoreError,
};

const RACES: usize = 100;
const RACERS: usize = 8;

async fn issue(w: &TwoTenants, token: &OneTimeToken) {
    issue_to(w, token, &w.acme.user.email).await;
}

async fn issue_to(w: &TwoTenants, token: &OneTimeToken, address: &Email) {
    let mut all = w.repositories();
    let mut tokens = all.one_time_tokens(w.acme.organization.id);
    assert!(one_round_trip(&w.store, tokens.issue(token, address)).await.unwrap());
}

async fn look(w: &TwoTenants, token: &OneTimeToken, now: Timestamp) -> Option<OneTimeToken> {
    let mut all = w.repositories();
    let mut tokens = all.one_time_tokens(w.acme.organization.id);
    let found = one_round_trip(&w.store, tokens.find(&token.digest, token.purpose)).await.unwrap();
    found.filter(|token| token.is_live(now))
}

async fn consume(w: &TwoTenants, token: &OneTimeToken, now: Timestamp) -> Option<OneTimeToken> {
    let mut all = w.repositories();
    let mut tokens = all.one_time_tokens(w.acme.organization.id);
    one_round_trip(&w.store, tokens.consume(&token.digest, token.purpose, now)).await.unwrap()
}

pub async fn round_trip(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let operator = user(w.other.organization.id, "operator@example.com", &w.entropy);
    w.repositories().users(w.other.organization.id).insert(&operator).await.unwrap();
    let complete = OneTimeToken {
        interaction: Some("journey".to_owned()),
        details: Some(serde_json::json!({"roles": ["editor"], "message": "Grüße"})),
        invited_by: Some(operator.id),
        ..w.link(TokenPurpose::Invitation)
    };
    issue(&w, &complete).await;
    assert_eq!(look(&w, &complete, NOW).await.as_ref(), Some(&complete));
    let used = OneTimeToken { used_at: Some(NOW + MINUTE), ..complete.clone() };
    assert_eq!(consume(&w, &complete, NOW + MINUTE).await, Some(used));
    assert_eq!(consume(&w, &complete, NOW + MINUTE).await, None, "once");
    assert_eq!(look(&w, &complete, NOW).await, None);
    // A token is stored as unused even if it says otherwise, and only for an existing user.
    let claims_used = OneTimeToken { used_at: Some(NOW), ..w.link(TokenPurpose::MagicLink) };
    issue(&w, &claims_used).await;
    assert!(consume(&w, &claims_used, NOW).await.is_some());
    let nobody = OneTimeToken { user_id: UserId::from_uuid(Uuid::nil()), ..w.link(TokenPurpose::MagicLink) };
    let mut all = w.repositories();
    let mut tokens = all.one_time_tokens(w.acme.organization.id);
    assert!(!tokens.issue(&nobody, &w.acme.user.email).await.unwrap());
}

/// Mail scanners open links, so looking a token up must not consume it.
pub async fn looking_consumes_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let token = w.link(TokenPurpose::MagicLink);
    issue(&w, &token).await;
    for _ in 0..3 {
        assert_eq!(look(&w, &token, NOW).await.as_ref(), Some(&token));
    }
    let unknown = OneTimeToken { digest: TokenDigest::of("unknown"), ..token.clone() };
    assert_eq!(look(&w, &unknown, NOW).await, None);
    assert_eq!(consume(&w, &unknown, NOW).await, None);
    // The same digest for another purpose.
    for &purpose in TokenPurpose::ALL.iter().filter(|p| **p != token.purpose) {
        let elsewhere = OneTimeToken { purpose, ..token.clone() };
        assert_eq!(look(&w, &elsewhere, NOW).await, None, "{purpose}");
        assert_eq!(consume(&w, &elsewhere, NOW).await, None, "{purpose}");
    }
    assert!(consume(&w, &token, NOW).await.is_some());
}

pub async fn clock_edges(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (end, last) = (NOW + HOUR, Timestamp::from_micros((NOW + HOUR).micros() - 1));
    let token = w.link(TokenPurpose::PasswordReset);
    issue(&w, &token).await;
    assert_eq!(look(&w, &token, end).await, None, "at its end it is over");
    assert_eq!(consume(&w, &token, end).await, None);
    assert!(look(&w, &token, last).await.is_some());
    assert!(consume(&w, &token, last).await.is_some());
}

/// A new token replaces the previous one, even an expired one.
pub async fn a_newer_one_replaces(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let first = w.link(TokenPurpose::MagicLink);
    let reset = w.link(TokenPurpose::PasswordReset);
    let bea = user(w.acme.organization.id, "bea@example.com", &w.entropy);
    w.repositories().users(w.acme.organization.id).insert(&bea).await.unwrap();
    let beas = OneTimeToken { user_id: bea.id, ..w.link(TokenPurpose::MagicLink) };
    let theirs = link(&w.other, TokenPurpose::MagicLink, &w.entropy);
    for token in [&first, &reset] {
        issue(&w, token).await;
    }
    issue_to(&w, &beas, &bea.email).await;
    let mut all = w.repositories();
    let address = &w.other.user.email;
    assert!(all.one_time_tokens(w.other.organization.id).issue(&theirs, address).await.unwrap());
    drop(all);
    let second = OneTimeToken { interaction: Some("journey".to_owned()), ..w.link(TokenPurpose::MagicLink) };
    issue(&w, &second).await;
    assert_eq!(look(&w, &first, NOW).await, None);
    assert_eq!(consume(&w, &first, NOW).await, None);
    for kept in [&second, &reset, &beas] {
        assert_eq!(look(&w, kept, NOW).await.as_ref(), Some(kept));
    }
    let mut all = w.repositories();
    let found = all.one_time_tokens(w.other.organization.id).find(&theirs.digest, theirs.purpose).await;
    assert_eq!(found.unwrap(), Some(theirs));
    drop(all);
    // A used token stays used; an expired one does not block a new one.
    assert!(consume(&w, &second, NOW).await.is_some());
    let over = OneTimeToken { expires_at: NOW, ..w.link(TokenPurpose::MagicLink) };
    issue(&w, &over).await;
    let third = w.link(TokenPurpose::MagicLink);
    issue(&w, &third).await;
    assert!(consume(&w, &third, NOW).await.is_some());
    assert_eq!(consume(&w, &second, NOW).await, None);
}

pub async fn withdrawing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let used = w.link(TokenPurpose::Invitation);
    issue(&w, &used).await;
    assert!(consume(&w, &used, NOW).await.is_some());
    let over = OneTimeToken { expires_at: NOW, ..w.link(TokenPurpose::Invitation) };
    let (magic, reset) = (w.link(TokenPurpose::MagicLink), w.link(TokenPurpose::PasswordReset));
    let theirs = link(&w.other, TokenPurpose::MagicLink, &w.entropy);
    for token in [&over, &magic, &reset] {
        issue(&w, token).await;
    }
    let mut all = w.repositories();
    let address = &w.other.user.email;
    assert!(all.one_time_tokens(w.other.organization.id).issue(&theirs, address).await.unwrap());
    let mut acme = all.one_time_tokens(w.acme.organization.id);
    let count = one_round_trip(&w.store, acme.withdraw(w.acme.user.id, NOW)).await.unwrap();
    assert_eq!(count, 2, "neither the used nor the expired one");
    assert_eq!(acme.withdraw(w.acme.user.id, NOW).await.unwrap(), 0);
    drop(acme);
    for token in [&magic, &reset] {
        assert_eq!(consume(&w, token, NOW).await, None);
    }
    let mut other = all.one_time_tokens(w.other.organization.id);
    assert!(other.consume(&theirs.digest, theirs.purpose, NOW).await.unwrap().is_some());
}

/// A token is stored only for the user's own address, in any letter case.
pub async fn only_to_ones_own_address(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut tokens = all.one_time_tokens(w.acme.organization.id);
    let first = w.link(TokenPurpose::MagicLink);
    let shouted = Email::parse(&w.acme.user.email.shown().to_uppercase()).unwrap();
    assert!(tokens.issue(&first, &shouted).await.unwrap());
    let second = w.link(TokenPurpose::MagicLink);
    for address in ["x@example.com", "nobody@example.com"] {
        assert!(!tokens.issue(&second, &Email::parse(address).unwrap()).await.unwrap(), "{address}");
    }
    drop(tokens);
    assert_eq!(look(&w, &first, NOW).await.as_ref(), Some(&first), "the one before stays");
    assert_eq!(look(&w, &second, NOW).await, None);
}

/// An address changes while a token for it is being stored: in any interleaving, no token for the old address works
/// afterwards.
pub async fn racing_a_change_of_address(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let mut refused = 0;
    for round in 0..2 * RACES {
        let before = w.repositories().users(org).by_id(id).await.unwrap().unwrap();
        let token = w.link(TokenPurpose::PasswordReset);
        let start = Arc::new(Barrier::new(2));
        let (store, gate, link, address) =
            (Arc::clone(&w.store), Arc::clone(&start), token.clone(), before.email.clone());
        let issuing = tokio::spawn(async move {
            gate.wait().await;
            // Sometimes before, sometimes after, mostly in between.
            tokio::time::sleep(Duration::from_micros(round as u64 % 8 * 150)).await;
            let mut all = store.repositories();
            all.one_time_tokens(org).issue(&link, &address).await.unwrap()
        });
        let email = Email::parse(&format!("moved{round}@example.com")).unwrap();
        let after = User { email, ..before };
        start.wait().await;
        let mut unit = w.store.begin().await.unwrap();
        assert!(unit.users(org).update(&after).await.unwrap());
        unit.one_time_tokens(org).withdraw(id, NOW).await.unwrap();
        unit.commit().await.unwrap();
        refused += usize::from(!issuing.await.unwrap());
        assert_eq!(
            look(&w, &token, NOW).await,
            None,
            "round {round}: a link to an address that is not theirs"
        );
    }
    assert!(refused > 0, "in no round was the change first");
}

/// A token consumed in a unit of work that was rolled back still works.
pub async fn in_a_unit(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let token = w.link(TokenPurpose::Invitation);
    issue(&w, &token).await;
    let mut unit = w.store.begin().await.unwrap();
    let mut tokens = unit.one_time_tokens(w.acme.organization.id);
    assert!(tokens.consume(&token.digest, token.purpose, NOW).await.unwrap().is_some());
    drop(tokens);
    drop(unit);
    assert!(look(&w, &token, NOW).await.is_some());
    let mut unit = w.store.begin().await.unwrap();
    let mut tokens = unit.one_time_tokens(w.acme.organization.id);
    assert!(tokens.consume(&token.digest, token.purpose, NOW).await.unwrap().is_some());
    drop(tokens);
    unit.commit().await.unwrap();
    assert_eq!(look(&w, &token, NOW).await, None);
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let token = w.link(TokenPurpose::PasswordReset);
    issue(&w, &token).await;
    let mut all = w.repositories();
    let mut other = all.one_time_tokens(w.other.organization.id);
    assert_eq!(other.find(&token.digest, token.purpose).await.unwrap(), None);
    assert_eq!(other.consume(&token.digest, token.purpose, NOW).await.unwrap(), None);
    assert_eq!(other.withdraw(w.acme.user.id, NOW).await.unwrap(), 0);
    let stray = w.link(TokenPurpose::MagicLink);
    let address = &w.acme.user.email;
    assert!(matches!(other.issue(&stray, address).await, Err(StoreError::MissingReference(_))));
    // It names their organization, but the user belongs to another one.
    let forged =
        OneTimeToken { organization_id: w.other.organization.id, ..w.link(TokenPurpose::PasswordReset) };
    assert!(!other.issue(&forged, address).await.unwrap());
    assert!(!other.issue(&forged, &w.other.user.email).await.unwrap());
    drop(other);
    drop(all);
    assert_eq!(look(&w, &token, NOW).await, Some(token));
}

/// Eight tasks consume each token at once.
pub async fn racing_to_consume(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    for _ in 0..RACES {
        let token = w.link(TokenPurpose::MagicLink);
        issue(&w, &token).await;
        let start = Arc::new(Barrier::new(RACERS));
        let mut tasks = JoinSet::new();
        for _ in 0..RACERS {
            let (store, start, token) = (Arc::clone(&w.store), Arc::clone(&start), token.clone());
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                all.one_time_tokens(org).consume(&token.digest, token.purpose, NOW).await.unwrap()
            });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().flatten().count(), 1);
    }
}

/// Eight tokens are issued at once while the previous one is consumed: one remains.
pub async fn racing_to_issue(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let mut current = w.link(TokenPurpose::PasswordReset);
    issue(&w, &current).await;
    for _ in 0..RACES {
        let start = Arc::new(Barrier::new(RACERS + 1));
        let mut tasks = JoinSet::new();
        for _ in 0..RACERS {
            let (store, start) = (Arc::clone(&w.store), Arc::clone(&start));
            let (token, address) = (w.link(TokenPurpose::PasswordReset), w.acme.user.email.clone());
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                assert!(all.one_time_tokens(org).issue(&token, &address).await.unwrap());
                Some(token)
            });
        }
        let (store, gate, before) = (Arc::clone(&w.store), Arc::clone(&start), current.clone());
        tasks.spawn(async move {
            gate.wait().await;
            let mut all = store.repositories();
            all.one_time_tokens(org).consume(&before.digest, before.purpose, NOW).await.unwrap();
            None
        });
        let mut live = Vec::new();
        for token in tasks.join_all().await.into_iter().flatten() {
            live.extend(look(&w, &token, NOW).await);
        }
        assert_eq!(live.len(), 1);
        assert_eq!(look(&w, &current, NOW).await, None);
        current = live.remove(0);
    }
}

/// Eight tokens are issued at once, each only if none is usable: one is stored and stays until it expires.
pub async fn racing_for_the_only_one(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let mut now = NOW;
    for _ in 0..RACES {
        let start = Arc::new(Barrier::new(RACERS));
        let mut tasks = JoinSet::new();
        for _ in 0..RACERS {
            let (store, start, address) =
                (Arc::clone(&w.store), Arc::clone(&start), w.acme.user.email.clone());
            let token =
                OneTimeToken { created_at: now, expires_at: now + MINUTE, ..w.link(TokenPurpose::MagicLink) };
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                let mut links = all.one_time_tokens(org);
                links.issue_if_none_live(&token, &address).await.unwrap().then_some(token)
            });
        }
        let made: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(made.len(), 1);
        assert!(look(&w, &made[0], now).await.is_some());
        now = now + MINUTE;
    }
    // A used token, or one of another purpose or user, does not block a new one.
    let (used, next) = (w.link(TokenPurpose::PasswordReset), w.link(TokenPurpose::PasswordReset));
    let mut all = w.repositories();
    let mut links = all.one_time_tokens(org);
    assert!(links.issue_if_none_live(&used, &w.acme.user.email).await.unwrap());
    assert!(!links.issue_if_none_live(&next, &w.acme.user.email).await.unwrap());
    assert!(links.consume(&used.digest, used.purpose, NOW).await.unwrap().is_some());
    assert!(links.issue_if_none_live(&next, &w.acme.user.email).await.unwrap());
}

/// An invitation of acme's user or of somebody new, made a while after the others.
async fn invited(w: &TwoTenants, address: &str, after: Duration) -> OneTimeToken {
    let org = w.acme.organization.id;
    let mut all = w.repositories();
    let person = user(org, address, &w.entropy);
    all.users(org).insert(&person).await.unwrap();
    let token = OneTimeToken {
        user_id: person.id,
        details: Some(serde_json::json!({ "inviter": "Kim" })),
        invited_by: Some(w.other.user.id),
        created_at: NOW + after,
        expires_at: NOW + after + HOUR,
        ..w.link(TokenPurpose::Invitation)
    };
    assert!(all.one_time_tokens(org).issue(&token, &person.email).await.unwrap());
    token
}

async fn listed(w: &TwoTenants, filter: InvitationFilter) -> Vec<InvitationEntry> {
    let mut all = w.repositories();
    let mut tokens = all.one_time_tokens(w.acme.organization.id);
    let newest = PageRequest {
        sort: InvitationSort::CreatedAt,
        direction: Direction::Descending,
        start: PageStart::First,
        limit: 100,
    };
    let found = one_round_trip(&w.store, tokens.invitations(&filter, &newest)).await.unwrap().items;
    let count = one_round_trip(&w.store, tokens.count_invitations(&filter, ALL_ROWS)).await.unwrap();
    assert_eq!(count, u64::try_from(found.len()).unwrap());
    found
}

pub async fn invitations(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (old, open, used) = (
        invited(&w, "old@example.com", Duration::ZERO).await,
        invited(&w, "open@example.com", 2 * HOUR).await,
        invited(&w, "used@example.com", 3 * HOUR).await,
    );
    // Links of other purposes and invitations of another organization are not among them.
    issue(&w, &w.link(TokenPurpose::MagicLink)).await;
    let theirs = link(&w.other, TokenPurpose::Invitation, &w.entropy);
    let mut all = w.repositories();
    let address = &w.other.user.email;
    assert!(all.one_time_tokens(w.other.organization.id).issue(&theirs, address).await.unwrap());
    drop(all);
    assert!(consume(&w, &used, NOW).await.is_some());
    let used = OneTimeToken { used_at: Some(NOW), ..used };
    let now = NOW + HOUR;
    let entry = |link: &OneTimeToken, email: &str| InvitationEntry {
        link: link.clone(),
        email: email.to_owned(),
        inviter_email: Some("Ana@Example.com".to_owned()),
    };
    let (old_one, open_one, used_one) =
        (entry(&old, "old@example.com"), entry(&open, "open@example.com"), entry(&used, "used@example.com"));
    let every = vec![used_one.clone(), open_one.clone(), old_one.clone()];
    assert_eq!(listed(&w, InvitationFilter::default()).await, every);
    for (state, expected) in [
        (InvitationState::Open, &open_one),
        (InvitationState::Expired, &old_one),
        (InvitationState::Used, &used_one),
    ] {
        let filter = InvitationFilter { state: Some((state, now)), search: None };
        assert_eq!(listed(&w, filter).await, std::slice::from_ref(expected), "{state}");
        assert_eq!(InvitationState::of(&expected.link, now), state);
    }
    for (search, found) in [("OPEN@", 1), ("example.com", 3), ("_", 0)] {
        let filter = InvitationFilter { state: None, search: Some(search.to_owned()) };
        assert_eq!(listed(&w, filter).await.len(), found, "{search}");
    }
    let mut all = w.repositories();
    let mut acme = all.one_time_tokens(w.acme.organization.id);
    let found = one_round_trip(&w.store, acme.invitation(open.id)).await.unwrap();
    assert_eq!(found.as_ref(), Some(&open_one));
    assert_eq!(acme.invitation(theirs.id).await.unwrap(), None);
    assert!(!acme.withdraw_invitation(theirs.id, now).await.unwrap());
    assert!(!acme.withdraw_invitation(used.id, now).await.unwrap());
    assert!(one_round_trip(&w.store, acme.withdraw_invitation(open.id, now)).await.unwrap());
    assert!(!acme.withdraw_invitation(open.id, now).await.unwrap());
    assert!(acme.withdraw_invitation(old.id, now).await.unwrap(), "an expired one too");
    drop(acme);
    drop(all);
    assert_eq!(consume(&w, &open, now).await, None);
}

/// Eight tasks withdraw an invitation while eight accept it: one of all of them does.
pub async fn racing_to_withdraw(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    for round in 0..20 {
        let token = invited(&w, &format!("p{round}@example.com"), Duration::ZERO).await;
        let start = Arc::new(Barrier::new(2 * RACERS));
        let mut tasks = JoinSet::new();
        for n in 0..2 * RACERS {
            let (store, start, token) = (Arc::clone(&w.store), Arc::clone(&start), token.clone());
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                let mut tokens = all.one_time_tokens(org);
                if n % 2 == 0 {
                    tokens.withdraw_invitation(token.id, NOW).await.unwrap()
                } else {
                    tokens.consume(&token.digest, token.purpose, NOW).await.unwrap().is_some()
                }
            });
        }
        assert_eq!(tasks.join_all().await.into_iter().filter(|won| *won).count(), 1);
    }
}
