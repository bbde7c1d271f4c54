//! Single use under concurrency: many tasks, one winner (decision D2).

use std::sync::Arc;

use porta_core::GrantId;
use porta_core::session::{Grant, TokenFamily};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::fixture::{NOW, TwoTenants};
use crate::{Revocation, Store};

const FAMILIES: usize = 200;
const RACERS: usize = 8;

/// Eight tasks issue each family at once.
pub async fn issuing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    for _ in 0..FAMILIES {
        let family = w.family();
        let start = Arc::new(Barrier::new(RACERS));
        let mut tasks = JoinSet::new();
        for _ in 0..RACERS {
            let (store, start, family) = (Arc::clone(&w.store), Arc::clone(&start), family.clone());
            let (access, refresh) = (w.access(family.id), w.refresh(family.id));
            tasks.spawn(async move {
                start.wait().await;
                let won =
                    store.repositories().tokens(org).issue(&family, &access, Some(&refresh)).await.unwrap();
                (won, access, refresh)
            });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|(won, ..)| *won).count(), 1);
        for (won, access, refresh) in outcomes {
            let mut all = w.repositories();
            let mut tokens = all.tokens(org);
            assert_eq!(tokens.access_facts(&access.digest, NOW).await.unwrap().is_some(), won);
            assert_eq!(tokens.refresh_facts(&refresh.digest, NOW).await.unwrap().is_some(), won);
        }
    }
}

/// Eight tasks rotate each refresh token at once.
pub async fn rotating(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let family = w.family();
    let mut current = w.refresh(family.id);
    assert!(w.repositories().tokens(org).issue(&family, &w.access(family.id), Some(&current)).await.unwrap());
    for _ in 0..FAMILIES {
        let start = Arc::new(Barrier::new(RACERS));
        let mut tasks = JoinSet::new();
        for _ in 0..RACERS {
            let (store, start, old) = (Arc::clone(&w.store), Arc::clone(&start), current.digest);
            let (access, next) = (w.access(family.id), w.refresh(family.id));
            tasks.spawn(async move {
                start.wait().await;
                let won =
                    store.repositories().tokens(org).rotate(&old, &next, &access, &old, NOW).await.unwrap();
                (won, access, next)
            });
        }
        let outcomes = tasks.join_all().await;
        let winners: Vec<_> = outcomes.iter().filter(|(won, ..)| *won).collect();
        assert_eq!(winners.len(), 1);
        let mut all = w.repositories();
        let mut tokens = all.tokens(org);
        let old = tokens.refresh_facts(&current.digest, NOW).await.unwrap().unwrap();
        assert_eq!(old.token.successor, Some(winners[0].2.digest), "the successor is the winner's");
        for (won, access, next) in &outcomes {
            assert_eq!(tokens.access_facts(&access.digest, NOW).await.unwrap().is_some(), *won);
            assert_eq!(tokens.refresh_facts(&next.digest, NOW).await.unwrap().is_some(), *won);
        }
        current = winners[0].2.clone();
    }
}

/// A code is exchanged and replayed at once: in either order, no usable token is left.
pub async fn forbidding_while_issuing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    for n in 0..FAMILIES {
        let family = w.family();
        let (access, refresh) = (w.access(family.id), w.refresh(family.id));
        let start = Arc::new(Barrier::new(3));
        let mut tasks = JoinSet::new();
        {
            let (store, start, family) = (Arc::clone(&w.store), Arc::clone(&start), family.clone());
            let (access, refresh) = (access.clone(), refresh.clone());
            tasks.spawn(async move {
                start.wait().await;
                store.repositories().tokens(org).issue(&family, &access, Some(&refresh)).await.unwrap();
            });
        }
        {
            let (store, start, family) = (Arc::clone(&w.store), Arc::clone(&start), family.clone());
            let event = w.event("replay");
            tasks.spawn(async move {
                start.wait().await;
                store.repositories().tokens(org).forbid_family(&family, NOW, &event).await.unwrap();
            });
        }
        {
            let (store, start, old) = (Arc::clone(&w.store), Arc::clone(&start), refresh.digest);
            let (next, token) = (w.refresh(family.id), w.access(family.id));
            tasks.spawn(async move {
                start.wait().await;
                let _rotated =
                    store.repositories().tokens(org).rotate(&old, &next, &token, &old, NOW).await.unwrap();
            });
        }
        tasks.join_all().await;
        let mut all = w.repositories();
        let mut tokens = all.tokens(org);
        if let Some(facts) = tokens.access_facts(&access.digest, NOW).await.unwrap() {
            assert!(!facts.validity.is_live(NOW), "family {n}");
        }
        assert_eq!(
            tokens.revoke(Revocation::Family(family.id), NOW).await.unwrap(),
            0,
            "it was revoked already"
        );
    }
}

/// A code is exchanged while the user withdraws the grant: in either order, no token stays valid.
pub async fn withdrawing_a_grant_while_issuing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    for n in 0..FAMILIES {
        let grant = Grant { id: GrantId::new(NOW, &w.entropy), ..w.acme.grant.clone() };
        let known = w.repositories().sessions(org).grant(user, grant.client).await.unwrap();
        if known.is_none() {
            w.repositories().sessions(org).extend_grant(None, &grant, None).await.unwrap();
        }
        let grant = known.map_or(grant.id, |known| known.id);
        let family = TokenFamily { is_offline: true, grant_id: grant, ..w.family() };
        let (store, event) = (Arc::clone(&w.store), w.event("withdrawn"));
        let end = async move {
            assert!(store.repositories().sessions(org).end_grant(user, grant, NOW, &event).await.unwrap());
        };
        nothing_outlives(&w, &family, end, n).await;
    }
}

/// The same while all tokens of the user are revoked.
pub async fn ending_the_tokens_of_a_person_while_issuing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    for n in 0..FAMILIES {
        let family = TokenFamily { is_offline: true, ..w.family() };
        let store = Arc::clone(&w.store);
        let end = async move {
            store.repositories().tokens(org).revoke(Revocation::TokensOf(user), NOW).await.unwrap();
        };
        nothing_outlives(&w, &family, end, n).await;
    }
}

/// Issues the family and rotates its refresh token while `end` revokes it; asserts that no token stays valid.
async fn nothing_outlives(
    w: &TwoTenants,
    family: &TokenFamily,
    end: impl Future<Output = ()> + Send + 'static,
    round: usize,
) {
    let org = w.acme.organization.id;
    let start = Arc::new(Barrier::new(2));
    let (access, refresh) = (w.access(family.id), w.refresh(family.id));
    let (next, later) = (w.refresh(family.id), w.access(family.id));
    let mut tasks = JoinSet::new();
    {
        let (store, start, family) = (Arc::clone(&w.store), Arc::clone(&start), family.clone());
        let (access, refresh, next, later) = (access.clone(), refresh.clone(), next.clone(), later.clone());
        tasks.spawn(async move {
            start.wait().await;
            // In every second round, let the other task go first.
            if round.is_multiple_of(2) {
                tokio::task::yield_now().await;
            }
            let mut all = store.repositories();
            let mut tokens = all.tokens(org);
            tokens.issue(&family, &access, Some(&refresh)).await.unwrap();
            tokens.rotate(&refresh.digest, &next, &later, &refresh.digest, NOW).await.unwrap();
        });
    }
    tasks.spawn(async move {
        start.wait().await;
        end.await;
    });
    tasks.join_all().await;
    let mut all = w.repositories();
    let mut tokens = all.tokens(org);
    for token in [&access, &later] {
        if let Some(facts) = tokens.access_facts(&token.digest, NOW).await.unwrap() {
            assert!(!facts.validity.is_live(NOW), "round {round}");
        }
    }
    for token in [&refresh, &next] {
        if let Some(facts) = tokens.refresh_facts(&token.digest, NOW).await.unwrap() {
            assert!(!facts.validity.is_live(NOW), "round {round}");
        }
    }
}
