//! Single use under load: many tasks, one winner (decision D2).

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::fixture::{NOW, World};
use crate::{Revocation, Store};

const FAMILIES: usize = 200;
const RACERS: usize = 8;

/// Each family is issued by eight at once.
pub async fn issuing(store: Arc<dyn Store>) {
    let w = World::new(store).await;
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

/// Each refresh token is rotated by eight at once.
pub async fn rotating(store: Arc<dyn Store>) {
    let w = World::new(store).await;
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
                let won = store.repositories().tokens(org).rotate(&old, &next, &access, NOW).await.unwrap();
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

/// A code is redeemed and replayed at once: whoever comes first, nothing usable is left.
pub async fn forbidding_while_issuing(store: Arc<dyn Store>) {
    let w = World::new(store).await;
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
                    store.repositories().tokens(org).rotate(&old, &next, &token, NOW).await.unwrap();
            });
        }
        tasks.join_all().await;
        let mut all = w.repositories();
        let mut tokens = all.tokens(org);
        if let Some(facts) = tokens.access_facts(&access.digest, NOW).await.unwrap() {
            assert!(!facts.liveness.is_live(NOW), "family {n}");
        }
        assert_eq!(
            tokens.revoke(Revocation::Family(family.id), NOW).await.unwrap(),
            0,
            "it was revoked already"
        );
    }
}
