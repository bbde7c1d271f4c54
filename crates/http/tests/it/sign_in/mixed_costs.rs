//! Hashes of different costs do not enable user enumeration.

use std::collections::BTreeMap;

use porta_signin::{HashCost, PasswordHasher};
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(an_unknown_address_costs_what_one_of_the_known_costs,);

/// Work that judging a wrong password takes.
async fn cost(app: &TestApp, round: usize, email: &str) -> u64 {
    let before = app.hasher.work();
    let answer = guess_from(app, &format!("198.51.{}.{}", round / 250, round % 250 + 1), email, WRONG).await;
    assert!(is_refusal(&answer), "{}", answer.status);
    app.hasher.work() - before
}

async fn an_unknown_address_costs_what_one_of_the_known_costs(app: TestApp) {
    let bob = user(&app, "acme", BOB.0).await;
    // Imported, or hashed before the cost was changed.
    let dear = HashCost { memory_kib: 1024, iterations: 3, parallelism: 1 };
    let entropy = std::sync::Arc::new(porta_core::SeededEntropy::new(7));
    let other = PasswordHasher::start(dear, 1, 8, entropy).unwrap();
    let hash = other.hash(porta_core::Password::parse(BOB.1).unwrap()).await.unwrap();
    let mut all = app.store.repositories();
    all.users(bob.organization_id).set_password(bob.id, Some(&hash), app.now()).await.unwrap();
    let known = [cost(&app, 0, ANA.0).await, cost(&app, 1, BOB.0).await];
    assert!(known[0] < known[1], "{known:?}");
    let mut seen = BTreeMap::<u64, usize>::new();
    for n in 0..60 {
        let address = format!("nobody{n}@acme.test");
        let first = cost(&app, n + 2, &address).await;
        *seen.entry(first).or_default() += 1;
        if n < 10 {
            assert_eq!(cost(&app, n + 100, &address).await, first, "the same each time");
        }
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), known, "no cost that nobody has");
    // One person of acme has the expensive hash; fake costs of unknown addresses follow that share, roughly.
    assert!(seen[&known[1]] >= 5, "{seen:?}");
    // Hashes of another organization have no influence.
    let before = app.hasher.work();
    app.browser().submit_login(&beta(), "nobody@acme.test", WRONG).await;
    assert_eq!(app.hasher.work() - before, known[0]);
    // A right password is rehashed with the current cost.
    assert!(is_signed_in(&guess(&app, BOB.0, BOB.1).await));
    assert_eq!(cost(&app, 200, BOB.0).await, known[0]);
}
