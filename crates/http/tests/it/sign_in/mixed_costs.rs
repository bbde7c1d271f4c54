//! Hashes of different costs do not enable user enumeration.

use std::collections::BTreeMap;
use std::time::Duration;

use porta_core::user::PasswordHash;
use porta_signin::{HashCost, PasswordHasher};
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    an_unknown_address_costs_what_one_of_the_known_costs,
    an_unknown_address_costs_what_a_hash_of_another_system_costs,
);

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
    all.users(bob.organization_id).set_password(bob.id, Some(&hash), false, app.now()).await.unwrap();
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

/// bcrypt and one digest of SHA, beside Argon2id.
async fn an_unknown_address_costs_what_a_hash_of_another_system_costs(app: TestApp) {
    for (person, hash) in [
        (BOB, "$2b$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO"),
        (INACTIVE, "{SSHA}vPxnBWZhUQZtiR7A+jYmHsn1FSlpbXBvcnRlZA=="),
    ] {
        let person = user(&app, "acme", person.0).await;
        let hash = PasswordHash::import(hash).unwrap();
        let mut all = app.store.repositories();
        all.users(person.organization_id)
            .set_password(person.id, Some(&hash), false, app.now())
            .await
            .unwrap();
    }
    let known = [cost(&app, 0, INACTIVE.0).await, cost(&app, 1, BOB.0).await, cost(&app, 2, ANA.0).await];
    assert!(known[0] < known[1] && known[1] < known[2], "{known:?}");
    let mut seen = BTreeMap::<u64, usize>::new();
    let mut digests = Vec::new();
    for n in 0..60 {
        let address = format!("nobody{n}@acme.test");
        let first = cost(&app, n + 3, &address).await;
        *seen.entry(first).or_default() += 1;
        if first == known[0] {
            digests.push(address.clone());
        }
        if n < 10 {
            assert_eq!(cost(&app, n + 100, &address).await, first, "the same each time");
        }
    }
    assert_eq!(seen.keys().copied().collect::<Vec<_>>(), known, "no cost that nobody has");
    assert!(seen.values().all(|people| *people >= 5), "roughly a third each: {seen:?}");
    // Once everybody was rehashed, nobody is told apart by the hash that they had.
    let ours = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    for person in [BOB.0, INACTIVE.0] {
        let person = user(&app, "acme", person).await;
        let mut all = app.store.repositories();
        all.users(person.organization_id)
            .set_password(person.id, Some(&ours), false, app.now())
            .await
            .unwrap();
    }
    app.advance(Duration::from_mins(11));
    for (n, address) in digests.iter().take(5).enumerate() {
        assert_eq!(cost(&app, n + 200, address).await, known[2], "{address}");
    }
}
