//! Second factors under concurrency: many tasks, one winner (decision D2).

use std::sync::Arc;

use porta_core::second_factor::{EmailCode, TotpCredential};
use porta_core::user::TwoFactorMethod;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::fixture::{NOW, TwoTenants, totp};
use super::second_factors::right_attempt;
use crate::{EmailCodeOutcome, Store};

const ROUNDS: usize = 50;
const RACERS: usize = 8;

/// Runs `task` for each number below `racers`, all at once.
async fn race<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    racers: usize,
    task: impl Fn(usize) -> F,
) -> Vec<T> {
    let start = Arc::new(Barrier::new(racers));
    let mut tasks = JoinSet::new();
    for n in 0..racers {
        let (start, work) = (Arc::clone(&start), task(n));
        tasks.spawn(async move {
            start.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

/// Eight enrolments finish at once, seven with authenticators and one by mail: one factor remains (decision 0025).
pub async fn enrolling(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    for _ in 0..ROUNDS {
        let outcomes = race(RACERS, |n| {
            let (store, credential) = (Arc::clone(&w.store), totp(&w.acme.user, &w.entropy));
            async move {
                let mut all = store.repositories();
                let mut factors = all.second_factors(org);
                let won = if n == 0 {
                    factors.enrol_email(user, NOW).await
                } else {
                    factors.enrol_totp(&credential, None).await
                };
                won.unwrap().then_some((n, credential))
            }
        })
        .await;
        let winners: Vec<_> = outcomes.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        let (n, credential) = &winners[0];
        let mut all = w.repositories();
        let stored = all.second_factors(org).totp(user).await.unwrap();
        assert_eq!(stored.as_ref(), (*n > 0).then_some(credential));
        let method = all.users(org).by_id(user).await.unwrap().unwrap().two_factor_method;
        let expected = if *n > 0 { TwoFactorMethod::Totp } else { TwoFactorMethod::Email };
        assert_eq!(method, Some(expected));
        assert!(all.second_factors(org).disable(user, NOW).await.unwrap());
    }
}

/// An administrator removes the factors while the user enrols: afterwards method and authenticator are both there, or
/// neither.
pub async fn disabling(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    for _ in 0..ROUNDS {
        race(4, |n| {
            let (store, credential) = (Arc::clone(&w.store), totp(&w.acme.user, &w.entropy));
            async move {
                let mut all = store.repositories();
                let mut factors = all.second_factors(org);
                if n.is_multiple_of(2) {
                    factors.disable(user, NOW).await.unwrap()
                } else {
                    factors.enrol_totp(&credential, None).await.unwrap()
                }
            }
        })
        .await;
        let mut all = w.repositories();
        let stored = all.second_factors(org).totp(user).await.unwrap();
        let method = all.users(org).by_id(user).await.unwrap().unwrap().two_factor_method;
        assert_eq!(method.is_some(), stored.is_some());
    }
}

/// Eight tasks submit each code of an authenticator at once.
pub async fn steps(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let credential = TotpCredential { last_step: 0, ..totp(&w.acme.user, &w.entropy) };
    assert!(w.repositories().second_factors(org).enrol_totp(&credential, None).await.unwrap());
    for step in 1..=i64::try_from(ROUNDS).unwrap() {
        let outcomes = race(RACERS, |_| {
            let (store, credential) = (Arc::clone(&w.store), credential.clone());
            async move {
                let mut all = store.repositories();
                all.second_factors(org).accept_step(&credential, step, NOW).await.unwrap()
            }
        })
        .await;
        assert_eq!(outcomes.into_iter().filter(|won| *won).count(), 1, "step {step}");
    }
}

/// Eight tasks use each recovery code at once.
pub async fn recovery_codes(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    for _ in 0..5 {
        let codes = w.recovery_codes();
        assert!(
            w.repositories().second_factors(org).replace_recovery_codes(user, &codes, NOW).await.unwrap()
        );
        for (n, code) in codes.iter().enumerate() {
            let outcomes = race(RACERS, |_| {
                let (store, mac) = (Arc::clone(&w.store), code.mac);
                async move {
                    let mut all = store.repositories();
                    all.second_factors(org).use_recovery_code(user, &[mac], NOW).await.unwrap()
                }
            })
            .await;
            let left: Vec<_> = outcomes.into_iter().flatten().collect();
            assert_eq!(left, [u64::try_from(9 - n).unwrap()]);
        }
    }
}

/// Eight tasks replace the recovery codes at once: one whole set remains.
pub async fn replacements(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    for _ in 0..ROUNDS {
        let sets = race(RACERS, |_| {
            let (store, codes) = (Arc::clone(&w.store), w.recovery_codes());
            async move {
                let mut all = store.repositories();
                assert!(all.second_factors(org).replace_recovery_codes(user, &codes, NOW).await.unwrap());
                codes
            }
        })
        .await;
        let mut all = w.repositories();
        let mut factors = all.second_factors(org);
        assert_eq!(factors.unused_recovery_codes(user).await.unwrap(), 10);
        let mut usable = 0;
        for set in sets {
            usable +=
                usize::from(factors.use_recovery_code(user, &[set[0].mac], NOW).await.unwrap().is_some());
        }
        assert_eq!(usable, 1);
    }
}

/// Eight tasks submit a mailed code at once, then twenty guess at one, then eight request one.
pub async fn email_codes(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let attempts = async |code: &EmailCode, racers: usize| {
        race(racers, |_| {
            let (store, code) = (Arc::clone(&w.store), code.clone());
            async move {
                let mut all = store.repositories();
                let mut factors = all.second_factors(org);
                factors.try_email_code(&right_attempt(&code, 5), NOW).await.unwrap()
            }
        })
        .await
    };
    for _ in 0..ROUNDS {
        let code = w.email_code();
        w.repositories().second_factors(org).issue_email_code(&code).await.unwrap();
        let outcomes = attempts(&code, RACERS).await;
        assert_eq!(outcomes.into_iter().filter(|o| *o == EmailCodeOutcome::Accepted).count(), 1);
    }
    for _ in 0..10 {
        let code = w.email_code();
        w.repositories().second_factors(org).issue_email_code(&code).await.unwrap();
        let wrong = EmailCode { mac: w.mac(), ..code.clone() };
        let outcomes = attempts(&wrong, 20).await;
        let counted = outcomes.iter().filter(|o| **o != EmailCodeOutcome::NothingToMatch).count();
        assert_eq!(counted, 5, "no guess more than allowed");
        assert_eq!(attempts(&code, 1).await, [EmailCodeOutcome::NothingToMatch]);
    }
    for _ in 0..10 {
        let codes = race(RACERS, |_| {
            let (store, code) = (Arc::clone(&w.store), w.email_code());
            async move {
                store.repositories().second_factors(org).issue_email_code(&code).await.unwrap();
                code
            }
        })
        .await;
        let mut all = w.repositories();
        let mut factors = all.second_factors(org);
        let mut accepted = 0;
        for code in codes {
            let outcome = factors.try_email_code(&right_attempt(&code, 100), NOW).await.unwrap();
            accepted += usize::from(outcome == EmailCodeOutcome::Accepted);
        }
        assert_eq!(accepted, 1, "one code is left");
    }
}
